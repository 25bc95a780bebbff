/**
 * The text of a scalar function, so that generated code can contain its arithmetic instead of a call. Only arrow functions of
 * one expression that use nothing but their parameters, numbers and Math are inlined; everything else is called. The
 * functions are the library's own op tables: no text from outside ever gets here.
 */
export interface Expression {
  readonly parameters: readonly string[];
  readonly body: string;
}

const known = new WeakMap<object, Expression | null>();

/** The expression of `f`, or null where it must be called. */
export function expressionOf(f: (...xs: number[]) => number): Expression | null {
  const seen = known.get(f);
  if (seen !== undefined) return seen;
  const expression = parse(String(f));
  known.set(f, expression);
  return expression;
}

const ALLOWED = new Set(["Math", "Number", "Infinity", "NaN", "isNaN"]);

function parse(text: string): Expression | null {
  const match = /^\(?([\w$,\s]*)\)?\s*=>\s*([^{][\s\S]*)$/.exec(text);
  if (match === null) return null;
  const parameters = (match[1] as string).split(",").map((name) => name.trim());
  const body = (match[2] as string).trim();
  if (/["'`;[\]{}\\]|\/\/|\/\*/.test(body)) return null;
  const free = body.match(/(?<![\w$.])[A-Za-z_$][\w$]*/g) ?? [];
  return free.every((name) => ALLOWED.has(name) || parameters.includes(name)) ? { parameters, body } : null;
}

/** The expression with its parameters replaced by texts that stand for single values. */
export const substituteInto = ({ parameters, body }: Expression, operands: readonly string[]): string =>
  body.replace(/(?<![\w$.])[A-Za-z_$][\w$]*/g, (name) => {
    const i = parameters.indexOf(name);
    return i < 0 ? name : (operands[i] as string);
  });

/** A number as source text. */
export function literal(x: number): string {
  if (Object.is(x, -0)) return "(-0)";
  return x < 0 || Number.isNaN(x) ? `(${x})` : String(x);
}
