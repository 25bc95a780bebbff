/** Tensors as lists of entries, with which array ops are compared. */
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { random, type Tensor } from "../../../autodiff/index.js";

/** All indices of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) yield [];
  else for (let i = 0; i < (shape[0] as number); i++) for (const rest of indices(shape.slice(1))) yield [i, ...rest];
}
/** The number at an index. */
export const get = (x: Tensor, index: readonly number[]): number => x.data.get(...index);

/** Asserts that `y` has this shape, and at each index the number that `entry` returns. */
export function assertEntries(
  y: Tensor,
  shape: readonly number[],
  entry: (index: number[]) => number,
  label = "",
): void {
  assert.equal([...y.shape], [...shape], label);
  for (const index of indices(shape)) {
    const [got, want] = [get(y, index), entry(index)];
    assert.ok(
      Object.is(got, want) || Math.abs(got - want) <= 1e-13 * Math.max(1, Math.abs(want)),
      `${label} [${index}]: ${got}, ${want}`,
    );
  }
}
/** Normal numbers of this shape. */
export const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);
/** The same tensor in memory orders that kernels treat differently. */
export const layouts = (x: Tensor): Tensor[] => {
  const last = x.shape.length - 1;
  const order = [...x.shape.keys()].reverse();
  const transposed = x.transpose(order).mul(1).transpose(order);
  return [
    x,
    transposed,
    x.flip(last).mul(1).flip(last),
    P.concatenate([x, x], last).slice(0, x.shape[last], { axis: last }),
  ];
};
