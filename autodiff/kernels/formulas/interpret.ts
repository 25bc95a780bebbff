/**
 * Formulas as functions, for pages that forbid code generation. Each routine becomes a tree of closures, which do the same operations in
 * the same order as the text does when it runs as JavaScript. So the results have the same bits, but take about thirty times as long.
 */
import { type Expression, parse, type Routine, type Statement } from "./language.js";

type Value = number | boolean;
/** The parameters and variables of one call. */
type Frame = Value[];
type Evaluate = (frame: Frame) => Value;
/** Runs statements. Returns the value of the first `return` statement that is reached, or undefined. */
type Execute = (frame: Frame) => Value | undefined;
// biome-ignore lint/suspicious/noExplicitAny: formulas take and give numbers, their helpers booleans too
type Any = any;
type Functions = Record<string, (...xs: Any[]) => Any>;

/** The functions of a text. They may call each other and `primitives`. */
export function interpret(text: string, primitives: Functions): Functions {
  const functions: Functions = { ...primitives };
  for (const routine of parse(text)) functions[routine.name] = functionOf(routine, functions);
  return functions;
}

function functionOf({ parameters, body }: Routine, functions: Functions): (...xs: Value[]) => Value {
  const slots = new Map(parameters.map((name, i) => [name, i]));
  const run = block(body, slots, functions);
  return (...xs) => run(xs) as Value;
}

/** For each variable, its index in the frame. */
type Slots = Map<string, number>;

function block(statements: readonly Statement[], slots: Slots, functions: Functions): Execute {
  const steps = statements.map((statement) => execute(statement, slots, functions));
  return (frame) => {
    for (const step of steps) {
      const returned = step(frame);
      if (returned !== undefined) return returned;
    }
    return undefined;
  };
}

/** A statement of a formula is an assignment, an `if` or a `return`. */
function execute(statement: Statement, slots: Slots, functions: Functions): Execute {
  if (statement.kind === "set") {
    const value = evaluate(statement.value, slots, functions);
    const slot = slots.get(statement.name) ?? slots.size;
    slots.set(statement.name, slot);
    return (frame) => {
      frame[slot] = value(frame);
      return undefined;
    };
  }
  if (statement.kind === "return") return evaluate(statement.value, slots, functions);
  const { test: condition, body } = statement as Extract<Statement, { kind: "if" }>;
  const [test, run] = [evaluate(condition, slots, functions), block(body, slots, functions)];
  return (frame) => (test(frame) ? run(frame) : undefined);
}

const CONSTANTS: Readonly<Record<string, number>> = { Infinity, NaN };

function evaluate(x: Expression, slots: Slots, functions: Functions): Evaluate {
  const of = (part: Expression) => evaluate(part, slots, functions);
  switch (x.kind) {
    case "number": {
      const { value } = x;
      return () => value;
    }
    case "name": {
      const slot = slots.get(x.name);
      if (slot !== undefined) return (frame) => frame[slot] as Value;
      const value = CONSTANTS[x.name] as number;
      return () => value;
    }
    case "negative": {
      const value = of(x.of);
      return (frame) => -value(frame);
    }
    case "choice": {
      const [test, yes, no] = [of(x.test), of(x.yes), of(x.no)];
      return (frame) => (test(frame) ? yes(frame) : no(frame));
    }
    case "call": {
      const { name } = x;
      const args = x.args.map(of);
      return (frame) => (functions[name] as Functions[string])(...args.map((arg) => arg(frame)));
    }
    case "binary": {
      const operate = OPERATORS[x.operator] as (a: Evaluate, b: Evaluate) => Evaluate;
      return operate(of(x.left), of(x.right));
    }
  }
}

const OPERATORS: Readonly<Record<string, (a: Evaluate, b: Evaluate) => Evaluate>> = {
  "||": (a, b) => (frame) => a(frame) || b(frame),
  "&&": (a, b) => (frame) => a(frame) && b(frame),
  "===": (a, b) => (frame) => a(frame) === b(frame),
  "!==": (a, b) => (frame) => a(frame) !== b(frame),
  "<": (a, b) => (frame) => a(frame) < b(frame),
  "<=": (a, b) => (frame) => a(frame) <= b(frame),
  ">": (a, b) => (frame) => a(frame) > b(frame),
  ">=": (a, b) => (frame) => a(frame) >= b(frame),
  "+": (a, b) => (frame) => (a(frame) as number) + (b(frame) as number),
  "-": (a, b) => (frame) => (a(frame) as number) - (b(frame) as number),
  "*": (a, b) => (frame) => (a(frame) as number) * (b(frame) as number),
  "/": (a, b) => (frame) => (a(frame) as number) / (b(frame) as number),
};
