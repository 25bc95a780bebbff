/**
 * The text of a scalar function, so that generated code can contain its arithmetic instead of a call. A function is inlined only if it is
 * an arrow function whose body is one expression of parameters, numbers, operators and pure functions of Math. Any other function is
 * called, such as a function that a minifier, a coverage tool or a wrapper has changed. A name such as Math may mean one thing where the
 * function was written and another in the generated code, so the expression must also agree with the function on a few numbers.
 */
import { canGenerateCode } from "../../../../provenance/base/codeGeneration.js";

export interface Expression {
  readonly parameters: readonly string[];
  readonly body: string;
}

const expressions = new WeakMap<object, Expression | null>();

/** The expression of `f`; null if `f` must be called. */
export function expressionOf(f: (...xs: number[]) => number): Expression | null {
  const cached = expressions.get(f);
  if (cached !== undefined) return cached;
  const parsed = parse(Function.prototype.toString.call(f));
  const expression = parsed !== null && canGenerateCode() && agreesOnSamples(parsed, f) ? parsed : null;
  expressions.set(f, expression);
  return expression;
}

const ARROW = /^(?:([\w$]+)|\(([\w$\s,]*)\))\s*=>\s*([^{][\s\S]*)$/;
const TOKEN =
  /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w$.])|[A-Za-z_$][\w$]*(?:\.[A-Za-z]\w*)?|[=!]==?|[<>]=?|\*\*|&&|\|\||[-+*/%!?:,()]/y;
const NAMES = /^(?:Infinity|NaN|isNaN|Number\.isNaN|Math\.\w+)$/;
/** Characters that must not occur twice in a row, because the pair is another operator or the beginning of another. */
const DOUBLED = "+-/<>";

function parse(text: string): Expression | null {
  const [, singleName, nameList, body] = ARROW.exec(text) ?? [];
  if (body === undefined) return null;
  const parameters = singleName === undefined ? namesIn(nameList as string) : [singleName];
  const tokens = tokensOf(body);
  const isAllowed = (token: string): boolean => !isName(token) || NAMES.test(token) || parameters.includes(token);
  return tokens?.every(isAllowed) ? { parameters, body: body.trim() } : null;
}

const namesIn = (list: string): string[] =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
const isName = (token: string): boolean => /^[A-Za-z_$]/.test(token);

/** The tokens of an expression; null if the text has anything else, such as `=`, `=>`, `++`, a string or a comment. */
function tokensOf(text: string): string[] | null {
  const tokens: string[] = [];
  let last = "";
  for (let at = 0; at < text.length; ) {
    if (/\s/.test(text[at] as string)) {
      at++;
      last = "";
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined || (token[0] === last && DOUBLED.includes(last))) return null;
    tokens.push(token);
    last = token;
    at += token.length;
  }
  return tokens;
}

const SAMPLES = [0.7, -1.3, 2, 0, -0, 1, Number.NaN, Infinity, -2.5, 1e300];

/** Whether the text and the function give the same results for the samples. */
function agreesOnSamples({ parameters, body }: Expression, f: (...xs: number[]) => number): boolean {
  try {
    const compiled = new Function(...parameters, `"use strict"; return ${body};`) as typeof f;
    return SAMPLES.every((_, i) => {
      const xs = parameters.map((_, k) => SAMPLES[(i + 3 * k) % SAMPLES.length] as number);
      return typeof f(...xs) === "number" && Object.is(compiled(...xs), f(...xs));
    });
  } catch {
    return false;
  }
}

/** The expression with its parameters replaced by the texts of its operands, each a single value. */
export const substituteInto = ({ parameters, body }: Expression, operands: readonly string[]): string =>
  body.replace(/(?<![\w$.])[A-Za-z_$][\w$]*/g, (name) => {
    const i = parameters.indexOf(name);
    return i < 0 ? name : (operands[i] as string);
  });
