/**
 * scan(f, init, xs): a loop that carries a value from step to step, as one op. f runs once, on tensors without numbers, and is recorded
 * (body.ts); the loop then runs the recording (loop.ts). So a program does not grow with the number of steps, and the host code of f and of
 * its gradient does not run again at each step.
 */
import { refuse } from "../../../provenance/base/error.js";
import * as kinds from "../../../provenance/base/kinds.js";
import { requireOptions, show } from "../../../provenance/base/options.js";
import type { TensorLike } from "../../core/convert.js";
import { broadcastsTo, sameShape, showShape } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { concatenate } from "../../ops/array/join.js";
import { broadcastTo, reshape } from "../../ops/views/shape.js";
import { slice } from "../../ops/views/slicing.js";
import { leavesOf, mapTree, type TensorsLike, type Tree } from "../tree.js";
import { type Loop, loop, type StepFunction } from "./loop.js";

export interface ScanOptions {
  /** Run from the last x to the first; each y keeps the position of its x. */
  reverse?: boolean | undefined;
  /** For gradients of loops with many steps n: keep the carry only at every √n-th step, and recompute the other carries. */
  checkpoint?: boolean | undefined;
}

/** Any type; with `[]` as a member, TypeScript infers the tuple type `[A, B]` for a list `[a, b]` in the call, and not `(A | B)[]`. */
type AnyTree = NonNullable<unknown> | null | undefined | [];

/** The type T, but TypeScript does not infer T from this position (its own `NoInfer` exists only from version 5.4 on). */
type NotInferred<T> = [T][T extends unknown ? 0 : never];

/**
 * Starting from carry = init, computes `[carry, y] = f(carry, x)` for each x along the leading axes of xs. Returns `[carry, ys]`, where ys
 * has every y along a new leading axis. Carry, xs and ys are tensors or nested records and arrays of them; carry and y may be null. The
 * body may use tensors from outside, and gradients flow to them; it cannot read numbers.
 * @example scan((sum, x) => [sum.add(x), sum], 0, [1, 2, 3]) // [6, [0, 1, 3]]
 */
export function scan<C extends AnyTree, X extends AnyTree, Y extends AnyTree>(
  f: (carry: TensorsLike<NotInferred<C>>, x: TensorsLike<NotInferred<X>>) => readonly [carry: unknown, y: Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): [carry: TensorsLike<C>, ys: TensorsLike<Y>] {
  if (typeof f !== "function") refuse("bad-option", "scan", `the first argument must be a function, got ${typeof f}.`);
  requireOptions("scan", options, { reverse: kinds.flag, checkpoint: kinds.flag });
  const { reverse = false, checkpoint = false } = options;
  const [start, data] = [init, xs].map(tensorsOf) as [Tensor[], Tensor[]];
  const length = lengthOf(data);
  let yStructure: Tree = null;
  const step: StepFunction = (carry, x) => {
    const result = f(withLeaves(init, carry), withLeaves(xs, x)) as unknown;
    if (!Array.isArray(result) || result.length !== 2)
      refuse("bad-result", "scan", `the function must return [carry, y], where y may be null, got ${show(result)}.`);
    const [next, y] = result as [Tree, Tree];
    yStructure = y;
    return [nextCarry(init, start, next), tensorsOf(y)];
  };
  const run = checkpoint ? loopInBlocks : loop;
  const [end, ys] = run(step, start, data, { length, reverse });
  return [withLeaves(init, end), withLeaves(yStructure, ys)] as [TensorsLike<C>, TensorsLike<Y>];
}

/** The leaves of a tree; none for null. */
const tensorsOf = (tree: unknown): Tensor[] =>
  tree == null ? [] : leavesOf(tree).map((leaf) => asTensor("scan", leaf as TensorLike));

/** A structure like `tree` with these leaves. */
function withLeaves(tree: unknown, leaves: readonly Tensor[]): Tree {
  let next = 0;
  return tree == null ? null : mapTree(tree, () => leaves[next++]);
}

function lengthOf(xs: readonly Tensor[]): number {
  const [first, ...others] = xs;
  if (first === undefined)
    refuse("no-axis", "scan", "xs has no tensor, so the number of steps is unknown. Give arange(n) for n steps.");
  for (const x of xs)
    if (x.shape.length === 0)
      refuse(
        "shape-mismatch",
        "scan",
        "every tensor of xs must have a leading axis with one entry for each step, but one has shape [].",
      );
  for (const x of others)
    if (x.length !== first.length)
      refuse(
        "shape-mismatch",
        "scan",
        `one tensor of xs has ${first.length} steps and another ${x.length}. Make their leading axes equally long.`,
      );
  return first.length;
}

const pathsOf = (tree: unknown): string[] => {
  const paths: string[] = [];
  if (tree != null) mapTree(tree, (_, path) => paths.push(path));
  return paths;
};

/** The leaves of the next carry, which must match the first carry in structure and shapes. */
function nextCarry(init: unknown, start: readonly Tensor[], next: unknown): Tensor[] {
  const [paths, nextPaths] = [pathsOf(init), pathsOf(next)];
  if (paths.join() !== nextPaths.join())
    refuse(
      "bad-result",
      "scan",
      `the carry starts with ${describePaths(paths)} and has ${describePaths(nextPaths)} after a step. Return a carry of the same structure as init.`,
    );
  return tensorsOf(next).map((x, i) => {
    const { shape } = start[i] as Tensor;
    if (sameShape(x.shape, shape)) return x;
    const name = paths[i] === "" ? "the carry" : `"${paths[i]}" of the carry`;
    if (!broadcastsTo(x.shape, shape))
      refuse(
        "shape-mismatch",
        "scan",
        `${name} starts with shape ${showShape(shape)} and has shape ${showShape(x.shape)} after a step. Give init the shape that the carry has after a step.`,
      );
    return broadcastTo(x, shape);
  });
}

const describePaths = (paths: readonly string[]): string =>
  paths.length === 0
    ? "nothing"
    : paths.length === 1 && paths[0] === ""
      ? "one tensor"
      : `[${paths.map((path) => `"${path}"`).join(", ")}]`;

/**
 * The loop as an outer loop over blocks of steps, where each block is an inner loop. The carries between blocks are kept; the carries
 * within a block are recomputed for the gradient.
 */
const loopInBlocks: Loop = (step, init, xs, { length, reverse }) => {
  const size = Math.ceil(Math.sqrt(length));
  const blocks = size === 0 ? 0 : Math.floor(length / size);
  const remaining = length - blocks * size;
  if (blocks < 2) return loop(step, init, xs, { length, reverse });
  const block: StepFunction = (carry, x) => loop(step, carry, x, { length: size, reverse });
  // The steps that do not fill a block run last. If the loop runs backwards, these are the first xs.
  const from = reverse ? remaining : 0;
  const blockXs = xs.map((x) => {
    const part = slice(x, from, from + blocks * size);
    return reshape(part, [blocks, size, ...x.shape.slice(1)]);
  });
  const [blockCarry, ys] = loop(block, init, blockXs, { length: blocks, reverse });
  const blockYs = ys.map((y) => reshape(y, [blocks * size, ...y.shape.slice(2)]));
  if (remaining === 0) return [blockCarry, blockYs];
  const lastXs = xs.map((x) => (reverse ? slice(x, 0, remaining) : slice(x, blocks * size, length)));
  const [end, lastYs] = loop(step, blockCarry, lastXs, { length: remaining, reverse });
  return [end, blockYs.map((y, k) => concatenate(reverse ? [lastYs[k] as Tensor, y] : [y, lastYs[k] as Tensor]))];
};
