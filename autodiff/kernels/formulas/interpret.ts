/** The formulas as functions without any generated code: the tree that `parse` makes of their text, walked at each call. */
import type { Expression, Routine, Statement } from "./language.js";

type Numbers = Record<string, number | boolean>;
// biome-ignore lint/suspicious/noExplicitAny: functions of one to three numbers, some of which give booleans
export type Functions = Record<string, (...xs: any[]) => any>;

/** The routines by name, calling each other and the primitives. */
export function interpret(routines: readonly Routine[], primitives: Functions): Functions {
  const functions: Functions = { ...primitives, sqrt: Math.sqrt };
  for (const { name, parameters, body } of routines)
    functions[name] = (...args: number[]) => {
      const names: Numbers = {};
      parameters.forEach((x, i) => {
        names[x] = args[i] as number;
      });
      return run(body, names, functions);
    };
  return functions;
}

/** Run statements; what they return, or undefined where they come to their end. */
function run(statements: readonly Statement[], names: Numbers, functions: Functions): number | boolean | undefined {
  for (const statement of statements) {
    if (statement.kind === "return") return valueOf(statement.value, names, functions);
    if (statement.kind === "set") names[statement.name] = valueOf(statement.value, names, functions);
    else if (statement.kind === "do") valueOf(statement.call, names, functions);
    else {
      const { kind, test, body } = statement;
      while (valueOf(test, names, functions)) {
        const returned = run(body, names, functions);
        if (returned !== undefined) return returned;
        if (kind === "if") break;
      }
    }
  }
  return undefined;
}

function valueOf(x: Expression, names: Numbers, functions: Functions): number | boolean {
  switch (x.kind) {
    case "number":
      return x.value;
    case "name":
      return names[x.name] as number;
    case "call":
      return (functions[x.name] as Functions[string])(...x.args.map((arg) => valueOf(arg, names, functions)));
    case "negative":
      return -(valueOf(x.of, names, functions) as number);
    case "choice":
      return valueOf(valueOf(x.test, names, functions) ? x.yes : x.no, names, functions);
    case "binary":
      return binary(x.operator, valueOf(x.left, names, functions), () => valueOf(x.right, names, functions));
  }
}

function binary(operator: string, a: number | boolean, right: () => number | boolean): number | boolean {
  if (operator === "&&") return a && right();
  if (operator === "||") return a || right();
  return OPERATORS[operator]?.(a as number, right() as number) as number | boolean;
}

const OPERATORS: Record<string, (a: number, b: number) => number | boolean> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "===": (a, b) => a === b,
  "!==": (a, b) => a !== b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
};
