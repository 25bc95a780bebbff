/** Views against those of the package ndarray, whose members they have. */
import ndarray, { type NdArray } from "ndarray";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toNested } from "../../../autodiff/core/nested.js";
import { Strided } from "../../../autodiff/core/strided.js";
import { tensor, zeros } from "../../../autodiff/index.js";

type View = NdArray<Float64Array>;
const data = Float64Array.from({ length: 200 }, (_, i) => i);

/** What both say about themselves and about each element. */
const described = (view: View) => ({
  data: view.data,
  shape: [...view.shape],
  stride: [...view.stride],
  offset: view.offset,
  size: view.size,
  order: [...view.order],
  dimension: view.dimension,
  dtype: view.dtype,
  numbers: toNested(view),
});
const bothOf = (shape: number[], stride: number[], offset: number): [View, View] => [
  new Strided(data, shape, stride, offset),
  ndarray(data, shape, stride, offset),
];
const LAYOUTS: readonly [string, () => [View, View]][] = [
  ["a number", () => bothOf([], [], 7)],
  ["a column", () => bothOf([5], [3], 2)],
  ["a reversed list", () => bothOf([4], [-2], 9)],
  ["a matrix", () => bothOf([3, 4], [4, 1], 1)],
  ["a transposed matrix", () => bothOf([3, 4], [1, 5], 0)],
  ["a repeated row", () => bothOf([3, 4], [0, 1], 2)],
  ["three axes", () => bothOf([2, 3, 4], [12, 1, 3], 5)],
  ["four axes, one reversed", () => bothOf([2, 3, 2, 3], [36, -6, 3, 1], 60)],
  ["no elements", () => bothOf([2, 0, 3], [9, 3, 1], 0)],
];
/** A use of each member, for any rank. */
const USES: Readonly<Record<string, (view: View) => View>> = {
  itself: (view) => view,
  "lo of the first axis": (view) => view.lo(1),
  "lo of the last axis": (view) => view.lo(...view.shape.map((_, i) => (i === view.dimension - 1 ? 1 : 0))),
  "lo of what is not there": (view) => view.lo(-1, -1),
  "hi of the first axis": (view) => view.hi(2),
  "hi of the last axis": (view) => view.hi(...view.shape.map((_, i) => (i === view.dimension - 1 ? 1 : -1))),
  "a step of 2": (view) => view.step(2, 2),
  "a step back": (view) => view.step(-1, -2),
  "lo, hi and step": (view) => view.lo(1, 1).hi(2, 2).step(-1),
  transposed: (view) => view.transpose(...[...view.shape.keys()].reverse()),
  "transposed by nothing": (view) => view.transpose(),
};
for (const [name, make] of LAYOUTS) {
  for (const [what, use] of Object.entries(USES))
    test(`${name}: ${what}`, () => {
      const [ours, theirs] = make();
      assert.equal(described(use(ours)), described(use(theirs)));
    });
  test(`${name}: pick`, () => {
    const [ours, theirs] = make();
    // ndarray picks nothing of a view without axes.
    if (ours.dimension === 0) return assert.equal(described(ours.pick()), described(ours));
    for (const at of [[0], [-1, 1], [null, 0], [1, 0, 0, 0].slice(0, ours.dimension)] as (number | null)[][])
      assert.equal(described(ours.pick(...at)), described(theirs.pick(...at)), `${at}`);
  });
  test(`${name}: index, get, set`, () => {
    const [ours, theirs] = make();
    const at = ours.shape.map((n) => n - 1);
    assert.is(ours.index(...at), theirs.index(...at));
    assert.is(ours.get(...at), theirs.get(...at));
    if (ours.size === 0) return;
    const before = ours.get(...at);
    assert.is(ours.set(...at, 0.5), 0.5);
    assert.is(theirs.get(...at), 0.5);
    ours.set(...at, before);
  });
}

test("T has the axes in reverse", () => {
  const [ours, theirs] = bothOf([2, 3, 4], [12, 4, 1], 0);
  assert.equal(described(ours.T), described(theirs.transpose(2, 1, 0)));
});

test("a tensor keeps its shape when the caller's array, or its copied data, changes", () => {
  const shape = [2, 3];
  const made = [tensor([1, 2, 3, 4, 5, 6]).reshape(shape), tensor(1).broadcastTo(shape), zeros(shape)];
  shape[0] = 9;
  for (const x of made) {
    x.data.shape[1] = 8;
    assert.equal(x.shape, [2, 3]);
    assert.equal(x.mul(1).shape, [2, 3]);
  }
});

test.run();
