/**
 * Draws in SIMD code: many elements under one key, or one element under each of many keys. The ops' own kernels give the same bits.
 */
import type { Op } from "../../../core/op.js";
import { sizeOf } from "../../../core/shape.js";
import { isContiguous, type View } from "../../../core/view.js";
import type { DrawName } from "../../../kernels/wasm/draws.js";
import type { SimdKernels } from "../../../kernels/wasm/kernels.js";
import { addressOf, drawKernelOf } from "../../../kernels/wasm/simd.js";
import type { Draws } from "../../../ops/random/draw.js";
import { foldInOp, normalOp, splitOp, uniformOp, weightedOp } from "../../../ops/random/wordOps.js";
import { isOneNumber } from "./views.js";

/** The code computes four elements at a time, and cannot compute fewer. */
const LANES = 4;

/** A kernel with its buffers bound; null if SIMD code cannot work on these buffers, or would not be faster. */
export type BindSimd<P> = (kernels: SimdKernels, params: P, out: View, inputs: readonly View[]) => (() => void) | null;

/** The address of a view's first element. */
export const startOf = ({ data, offset }: View): number => addressOf(data, offset);

/** A kernel for all elements under one key; null if there are several keys or few elements, or if there is no such kernel. */
function underOneKey(name: DrawName, { shape }: Draws, out: View, keys: View): (() => void) | null {
  const n = sizeOf(shape);
  if (keys.shape.length > 1 || !isContiguous(keys) || n < LANES) return null;
  const kernel = drawKernelOf(out.data, name);
  const [to, key] = [startOf(out), startOf(keys)];
  return kernel && (() => kernel(to, key, n, 0));
}

/** A kernel for one element under each of many keys, with the same counter for all. */
function underManyKeys(name: DrawName, { shape }: Draws, out: View, keys: View) {
  const n = sizeOf(keys.shape) / 2;
  if (n < LANES || sizeOf(shape) !== 1 || !isContiguous(keys)) return null;
  const kernel = drawKernelOf(out.data, name);
  const [to, from] = [startOf(out), startOf(keys)];
  return kernel && ((counter: number): void => kernel(to, from, n, counter));
}

const split: BindSimd<Draws> = (_, draws, out, [keys]) => underOneKey("splitKey", draws, out, keys as View);
const uniform: BindSimd<Draws> = (_, draws, out, [keys]) => underOneKey("uniforms", draws, out, keys as View);

const foldIn: BindSimd<Draws> = (_, draws, out, inputs) => {
  const [keys, number] = inputs as [View, View];
  const fold = isOneNumber(number) ? underManyKeys("foldKeys", draws, out, keys) : null;
  if (fold === null) return null;
  return () => {
    const counter = number.data[number.offset] as number;
    // Any number that is not an unsigned 32-bit integer is refused by the op's own kernel.
    if (counter >>> 0 === counter) fold(counter);
    else foldInOp.kernel(draws, out, inputs);
  };
};

const normal: BindSimd<Draws> = (_, draws, out, [keys]) => {
  const tails =
    underOneKey("tails", draws, out, keys as View) ?? underManyKeys("tailsOfKeys", draws, out, keys as View);
  const quantiles = drawKernelOf(out.data, "quantiles");
  const [at, n] = [startOf(out), sizeOf(out.shape)];
  if (tails === null || quantiles === null) return null;
  return () => {
    tails(0);
    quantiles(at, at, n, 0);
  };
};

const weighted: BindSimd<Draws> = (_, draws, out, inputs) => {
  const [keys, weights] = inputs as [View, View];
  const [n, count] = [sizeOf(out.shape), weights.shape.at(-1) as number];
  if (count === 0 || !isContiguous(weights) || sizeOf(weights.shape) !== n * count) return null;
  const uniforms = underOneKey("uniforms", draws, out, keys);
  const choose = drawKernelOf(out.data, "choose");
  const [to, from] = [startOf(out), startOf(weights)];
  if (uniforms === null || choose === null) return null;
  return () => {
    uniforms();
    choose(to, from, n, count);
  };
};

let table: ReadonlyMap<Op<Draws>, BindSimd<Draws>> | null = null;
/** The SIMD kernels of draws. */
export const drawTable = () =>
  (table ??= new Map([
    [splitOp, split],
    [foldInOp, foldIn],
    [uniformOp, uniform],
    [normalOp, normal],
    [weightedOp, weighted],
  ]));

/** Whether this file has kernels for an op. */
export const isDrawn = (op: Op<never>): boolean => drawTable().has(op as unknown as Op<Draws>);
