/**
 * The text of a scalar function, so that generated code can contain its arithmetic instead of a call. A function is inlined only if it is
 * an arrow function whose body is one expression of parameters, numbers, operators and pure functions of Math. Any other function is
 * called, such as a function that a minifier, a coverage tool or a wrapper has changed. A name such as Math may mean one thing where the
 * function was written and another in the generated code, so the expression must also agree with the function on a few numbers.
 */
import { canGenerateCode } from "../../../../../provenance/base/codeGeneration.js";

/** An arrow function whose body is one expression, as text. */
export interface InlineFunction {
  readonly parameters: readonly string[];
  readonly body: string;
}

const inlineFunctions = new WeakMap<object, InlineFunction | null>();

/** The text of `f`; null if `f` must be called. */
export function inlineFunctionOf(f: (...xs: number[]) => number): InlineFunction | null {
  const cached = inlineFunctions.get(f);
  if (cached !== undefined) return cached;
  const parsed = parse(Function.prototype.toString.call(f));
  const inlined = parsed !== null && canGenerateCode() && agreesOnSamples(parsed, f) ? parsed : null;
  inlineFunctions.set(f, inlined);
  return inlined;
}

const ARROW = /^(?:([\w$]+)|\(([\w$\s,]*)\))\s*=>\s*([^{][\s\S]*)$/;
const TOKEN =
  /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w$.])|[A-Za-z_$][\w$]*(?:\.[A-Za-z]\w*)?|[=!]==?|[<>]=?|\*\*|&&|\|\||[-+*/%!?:,()]/g;
const NAMES = /^(?:Infinity|NaN|isNaN|Number\.isNaN|Math\.\w+)$/;
/** Two of these characters in a row are another operator, or the beginning of a longer operator or a comment. */
const DOUBLED = /([-+/<>])\1/;

function parse(text: string): InlineFunction | null {
  const [, singleName, nameList, body] = ARROW.exec(text) ?? [];
  if (body === undefined) return null;
  const parameters: readonly string[] = (singleName ?? nameList)?.match(/[\w$]+/g) ?? [];
  // Anything other than tokens and spaces is refused, such as `=`, `=>`, a string or a comment.
  if (body.replace(TOKEN, "").trim() !== "" || DOUBLED.test(body)) return null;
  const names = body.match(TOKEN)?.filter((token) => /^[A-Za-z_$]/.test(token));
  const isAllowed = (name: string): boolean => NAMES.test(name) || parameters.includes(name);
  return names?.every(isAllowed) ? { parameters, body: body.trim() } : null;
}

const SAMPLES = [0.7, -1.3, 2, 0, -0, 1, Number.NaN, Infinity, -2.5, 1e300];

/** Whether the text and the function give the same results for the samples. */
function agreesOnSamples({ parameters, body }: InlineFunction, f: (...xs: number[]) => number): boolean {
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

/** The body of the function with its parameters replaced by the texts of the operands, each a single value. */
export const substituteInto = ({ parameters, body }: InlineFunction, operands: readonly string[]): string =>
  body.replace(/(?<![\w$.])[A-Za-z_$][\w$]*/g, (name) => {
    const i = parameters.indexOf(name);
    return i < 0 ? name : (operands[i] as string);
  });
