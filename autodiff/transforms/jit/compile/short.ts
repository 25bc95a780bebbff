/**
 * Text for softmaxes along short axes, with a local variable for each number. Softmaxes of the same numbers are computed together, so that
 * a density of classes and its gradient share their exponentials. The arithmetic is the same as in kernels/softmax.ts, in the same order.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import { stridesOf } from "../../../core/view.js";
import { exp, log } from "../../../kernels/formulas/scalarFormulas.js";
import type { Normaliser } from "../../../kernels/softmax.js";
import type { ReduceParams } from "../../../ops/array/reduce.js";
import { logSoftmaxOp, logsumexpOp, softmaxOp } from "../../../ops/array/softmax.js";
import type { OpValue } from "../program/program.js";
import type { Layout } from "./layout.js";
import type { Views } from "./views.js";

/** Axes with at most this many numbers in all are short. */
const MAX_SHORT = 8;

const kindOf = ({ op }: OpValue): Normaliser | undefined =>
  [logsumexpOp, softmaxOp, logSoftmaxOp].includes(op) ? (op.name as Normaliser) : undefined;
const axesOf = ({ params }: OpValue): readonly number[] =>
  Array.isArray(params) ? (params as readonly number[]) : (params as ReduceParams).axes;

/** The softmaxes in a list of ops, each with the group of softmaxes with which it is computed. */
export function findShort(views: Views, list: readonly number[]): Map<number, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const i of list) {
    const value = views.op(i);
    if (kindOf(value) === undefined) continue;
    const [x] = value.inputs as [number];
    const { shape } = views.view(x);
    const axes = axesOf(value);
    const n = sizeOf(axes.map((axis) => shape[axis] as number));
    if (n === 0 || n > MAX_SHORT) continue;
    const key = `${x}|${axes}`;
    if (!groups.get(key)?.push(i)) groups.set(key, [i]);
  }
  return new Map([...groups.values()].flatMap((members) => members.map((i) => [i, members] as const)));
}

type Call = (scalar: (x: number) => number, operand: string) => string;

/**
 * The source of a nameless function that computes these softmaxes together, and the arguments with which to call this function: the offsets
 * at which the input and each result begin. `call` returns the text of a call of a function of one operand. For logSoftmax and softmax of
 * one matrix of shape [4, 2], the source is
 *
 *     (from, to0, to1) {
 *       for (let i0 = 0; i0 < 4; i0++) {
 *         const x0 = M[from + 2 * i0];
 *         const x1 = M[from + 2 * i0 + 1];
 *         … the lines of `sharedText`
 *         M[to0 + 2 * i0] = d0 - logTotal;
 *         M[to0 + 2 * i0 + 1] = d1 - logTotal;
 *         M[to1 + 2 * i0] = e0 / total;
 *         M[to1 + 2 * i0 + 1] = e1 / total;
 *       }
 *     }
 */
export function shortText(
  layout: Layout,
  members: readonly number[],
  call: Call,
): { text: string; places: readonly number[] } {
  const values = members.map((i) => layout.views.op(i));
  const [first] = values as [OpValue];
  const [x] = first.inputs as [number];
  const axes = axesOf(first);
  const { shape, stride } = layout.view(x);
  const outerAxes = [...shape.keys()].filter((axis) => !axes.includes(axis) && shape[axis] !== 1);
  /** The text of each element along the axes of the softmax, in an array that begins at `place`. */
  const elements = (place: string, strides: readonly number[]): string[] => {
    const start = [place, ...outerAxes.map((axis) => `${strides[axis]} * i${axis}`)].join(" + ");
    return offsetsAlong(axes, shape, strides).map((offset) => `M[${start}${offset === 0 ? "" : ` + ${offset}`}]`);
  };
  const stores = values.flatMap((value, r): readonly string[] => {
    const kind = kindOf(value);
    const strides = stridesOf(kind === "logsumexp" ? shape.map((n, axis) => (axes.includes(axis) ? 1 : n)) : shape);
    const to = elements(`to${r}`, strides);
    if (kind === "logsumexp") return [`${to[0]} = shift + logTotal;`];
    return to.map((element, k) => `${element} = ${kind === "softmax" ? `e${k} / total` : `d${k} - logTotal`};`);
  });
  const needsLog = values.some((value) => kindOf(value) !== "softmax");
  const lines = [...sharedText(elements("from", stride), needsLog, call), ...stores];
  const nest = outerAxes.map((axis) => `for (let i${axis} = 0; i${axis} < ${shape[axis]}; i${axis}++) `).join("");
  const parameters = ["from", ...values.map((_, r) => `to${r}`)];
  return {
    text: `(${parameters.join(", ")}) {\n  ${nest}{\n    ${lines.join("\n    ")}\n  }\n}`,
    places: [x, ...members].map((i) => layout.offset(i)),
  };
}

/**
 * The arithmetic that the softmaxes of the numbers x0, x1, … share:
 *
 *     dₖ = xₖ - max x          eₖ = exp dₖ          total = (e0 + e2 + …) + (e1 + e3 + …)          logTotal = log total
 */
function sharedText(numbers: readonly string[], needsLog: boolean, call: Call): string[] {
  const textOfEach = (text: (k: number) => string): string[] => numbers.map((_, k) => text(k));
  const every2nd = (first: number): string[] => textOfEach((k) => `e${k}`).filter((_, k) => k % 2 === first);
  return [
    ...textOfEach((k) => `const x${k} = ${numbers[k]};`),
    `const top = Math.max(${textOfEach((k) => `x${k}`).join(", ")});`,
    "const shift = Math.abs(top) === Infinity ? 0 : top;",
    ...textOfEach((k) => `const d${k} = x${k} - shift;`),
    ...textOfEach((k) => `const e${k} = ${call(exp, `d${k}`)};`),
    `const even = ${every2nd(0).join(" + ")};`,
    `const odd = ${every2nd(1).join(" + ") || 0};`,
    "const total = even + odd;",
    ...(needsLog ? [`const logTotal = ${call(log, "total")};`] : []),
  ];
}

/** The offsets of the elements along some axes, in row-major order. */
const offsetsAlong = (axes: readonly number[], shape: Shape, strides: readonly number[]): readonly number[] =>
  axes.reduce(
    (offsets: readonly number[], axis) => {
      const steps = Array.from({ length: shape[axis] as number }, (_, k) => k * (strides[axis] as number));
      return offsets.flatMap((offset) => steps.map((step) => offset + step));
    },
    [0],
  );
