/**
 * The language in which kernels and formulas are written: the small part of JavaScript that has a direct meaning as SIMD code. A program is
 * a text of functions. Statements are `let`, `=`, `+=`, `-=`, `while`, `if` and `return`; expressions are numbers, names, calls, operators and
 * `?:`. The same text can run as JavaScript, one number at a time, or be translated by `assemble` into SIMD code, which processes two
 * numbers at a time.
 */

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly name: string }
  | Call
  | { readonly kind: "negative"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "choice"; readonly test: Expression; readonly yes: Expression; readonly no: Expression };

export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expression[];
}

export type Statement =
  | { readonly kind: "set"; readonly name: string; readonly value: Expression }
  | { readonly kind: "do"; readonly call: Call }
  | { readonly kind: "while" | "if"; readonly test: Expression; readonly body: readonly Statement[] }
  | { readonly kind: "return"; readonly value: Expression };

/** A function of a program. `body` has its statements in order. */
export interface Routine {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

const TOKEN =
  /0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?:Math\.)?[A-Za-z_]\w*|===|!==|>>>|<<|<=|>=|[-+]=|&&|\|\||\S/g;
/** Binary operators, from the lowest to the highest precedence. */
const LEVELS = "|| && | & ===,!== <,<=,>,>= <<,>>> +,- *,/".split(" ").map((level) => level.split(","));
const COMPARISONS = LEVELS.slice(4, 6).flat();

/** The functions of a text. Throws a SyntaxError if the text is not in this language. */
export function parse(text: string): Routine[] {
  const tokens = text.match(TOKEN) ?? [];
  let at = 0;
  const refuse = (): never => {
    throw new SyntaxError(`kernel text: syntax error at "${tokens.slice(at - 1, at + 9).join(" ")}"`);
  };
  const isNext = (token: string): boolean => tokens[at] === token && at++ >= 0;
  const next = (expected?: string): string => {
    const token = tokens[at++] ?? "";
    return expected === undefined || expected === token ? token : refuse();
  };
  const name = (): string => (/^[A-Za-z_]/.test(tokens[at] ?? "") ? next().replace("Math.", "") : refuse());
  const list = <T>(item: () => T): T[] => {
    const items: T[] = [];
    next("(");
    while (!isNext(")")) {
      items.push(item());
      if (tokens[at] !== ")") next(",");
    }
    return items;
  };

  const expression = (): Expression => {
    const test = binary(0);
    if (!isNext("?")) return test;
    if (!isTest(test)) return refuse();
    const yes = expression();
    next(":");
    return { kind: "choice", test, yes, no: expression() };
  };
  const binary = (level: number): Expression => {
    const operators = LEVELS[level];
    if (operators === undefined) return primary();
    let left = binary(level + 1);
    while (operators.includes(tokens[at] as string))
      left = { kind: "binary", operator: next(), left, right: binary(level + 1) };
    return left;
  };
  const primary = (): Expression => {
    if (isNext("-")) {
      const of = primary();
      return of.kind === "number" ? { kind: "number", value: -of.value } : { kind: "negative", of };
    }
    if (isNext("(")) {
      const inside = expression();
      next(")");
      return inside;
    }
    if (/^(\d|\.\d|Infinity$|NaN$)/.test(tokens[at] ?? "")) return { kind: "number", value: Number(next()) };
    const identifier = name();
    if (tokens[at] === "(") return { kind: "call", name: identifier, args: list(expression) };
    return { kind: "name", name: identifier };
  };

  const block = (): Statement[] => {
    const statements: Statement[] = [];
    next("{");
    while (!isNext("}")) statements.push(statement());
    return statements;
  };
  const statement = (): Statement => {
    if (isNext("while")) return { kind: "while", test: primary(), body: block() };
    if (isNext("if")) return { kind: "if", test: primary(), body: block() };
    const result = simple();
    next(";");
    return result;
  };
  const simple = (): Statement => {
    if (isNext("return")) return { kind: "return", value: expression() };
    isNext("let");
    const target = primary();
    if (target.kind === "call") return { kind: "do", call: target };
    const operator = /^([-+]?)=$/.exec(next())?.[1];
    if (target.kind !== "name" || operator === undefined) return refuse();
    const value = expression();
    const isSum = operator !== "";
    return {
      kind: "set",
      name: target.name,
      value: isSum ? { kind: "binary", operator, left: target, right: value } : value,
    };
  };

  const routines: Routine[] = [];
  while (at < tokens.length) {
    next("function");
    routines.push({ name: name(), parameters: list(name), body: block() });
  }
  return routines;
}

/**
 * Whether x is a test: a comparison, or comparisons joined by && and ||, whose operands satisfy `isOperand`. The condition of a choice must
 * be a test, because SIMD code uses the bits of the condition as a mask.
 */
const isTest = (x: Expression, isOperand = (_: Expression): boolean => true): boolean =>
  x.kind === "binary" &&
  (COMPARISONS.includes(x.operator)
    ? isOperand(x.left) && isOperand(x.right)
    : /^(&&|\|\|)$/.test(x.operator) && isTest(x.left, isOperand) && isTest(x.right, isOperand));

/**
 * The functions of Math that SIMD code computes by one instruction, and the number of operands of each. Their results are the same to the
 * last bit everywhere.
 */
const INSTRUCTIONS: Readonly<Record<string, number>> = { abs: 1, sqrt: 1, floor: 1, ceil: 1, min: 2, max: 2 };

/** Whether SIMD code computes x as JavaScript does. For this, x and all its operands must be numbers, not masks. */
export function isNumeric(x: Expression): boolean {
  if (x.kind === "call") return x.args.length === INSTRUCTIONS[x.name] && x.args.every(isNumeric);
  if (x.kind === "choice") return isTest(x.test, isNumeric) && isNumeric(x.yes) && isNumeric(x.no);
  if (x.kind === "binary") return "+-*/".includes(x.operator) && isNumeric(x.left) && isNumeric(x.right);
  return x.kind !== "negative" || isNumeric(x.of);
}
