/**
 * An index 0, 1, 2, … from `arange` gives a view with the values, gradients and provenance of a gather; other indices, and indices
 * that are inputs of compiled programs, are gathered.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  arange,
  at,
  getProvenance,
  grad,
  jit,
  random,
  type Tensor,
  take,
  tensor,
  trackProvenance,
  vmap,
} from "../../../autodiff/index.js";

import { lookUpLast } from "../../../autodiff/ops/array/lookUp.js";

const table = random.normal(random.key(1), [3, 4, 2]);
/** The same numbers in an array that `arange` did not make. */
const listed = (index: Tensor): Tensor => tensor(index.toFloat64Array()).reshape(index.shape);
function assertAlike(f: (x: Tensor, ...indices: Tensor[]) => Tensor, x: Tensor, indices: Tensor[]): void {
  const [y, right] = [f(x, ...indices), f(x, ...indices.map(listed))];
  assert.equal(y.shape, right.shape);
  assert.equal(y.toArray(), right.toArray());
  const weights = random.normal(random.key(2), y.shape);
  const slope = (of: Tensor[]) =>
    grad((t: Tensor) =>
      f(t, ...of)
        .square()
        .mul(weights)
        .sum(),
    )(x).toArray();
  assert.equal(slope(indices), slope(indices.map(listed)));
  const bend = (of: Tensor[]) =>
    grad((u: Tensor) =>
      grad((t: Tensor) =>
        f(t, ...of)
          .square()
          .mul(weights)
          .sum(),
      )(u)
        .square()
        .sum(),
    )(x).toArray();
  assert.equal(bend(indices), bend(indices.map(listed)));
}

test("one counting index gives the numbers and gradients of a gather, whatever other axes it has", () => {
  for (const shape of [[3], [3, 1], [1, 3], [1, 3, 1, 1]]) {
    assertAlike(at, table, [arange(3).reshape(shape)]);
    assertAlike((x, i) => take(x, i as Tensor), table, [arange(3).reshape(shape)]);
  }
});

test("two counting indices give the numbers and gradients of a gather, along different axes or the same axis", () => {
  assertAlike(at, table, [arange(3).reshape([3, 1]), arange(4)]);
  assertAlike(at, table, [arange(3), arange(4).reshape([4, 1, 1])]);
  const square = random.normal(random.key(3), [3, 3]);
  assertAlike(at, square, [arange(3), arange(3)]);
  assertAlike(at, square, [arange(3).reshape([3, 1]), tensor([2, 0, 1])]);
});

test("an index that does not count through the whole axis is gathered", () => {
  assert.equal(at(table, arange(2)).toArray(), table.slice(0, 2).toArray());
  assert.equal(at(table, arange(1, 3)).toArray(), table.slice(1).toArray());
  assert.equal(at(table, arange(3).flip()).toArray(), table.flip(0).toArray());
  assert.equal(at(table, arange(3).broadcastTo([2, 3])).toArray(), [table.toArray(), table.toArray()]);
});

test("a compiled function gathers an index argument, which may count in one call and not in the next", () => {
  const f = jit((x: Tensor, i: Tensor) => at(x, i));
  for (let call = 0; call < 4; call++) {
    assert.equal(f(table, arange(3)).toArray(), table.toArray());
    assert.equal(f(table, tensor([2, 1, 0])).toArray(), table.flip(0).toArray());
  }
  const g = jit((x: Tensor) => at(x, arange(3).reshape([3, 1])).mul(2));
  for (let call = 0; call < 3; call++) assert.equal(g(table).toArray(), table.expandDims(1).mul(2).toArray());
});

test("vmap over tables and over indices gives the numbers of a gather", () => {
  const tables = random.normal(random.key(4), [5, 3, 2]);
  const i = arange(3).reshape([3, 1]);
  assert.equal(vmap((x: Tensor) => at(x, i))(tables).toArray(), tables.expandDims(2).toArray());
  const slopes = vmap((x: Tensor) => grad((t: Tensor) => at(t, i).square().sum())(x))(tables);
  assert.equal(slopes.toArray(), tables.mul(2).toArray());
  const reversed = tensor([
    [0, 1, 2],
    [2, 1, 0],
  ]);
  assert.equal(vmap((j: Tensor) => at(table, j))(reversed).toArray(), [table.toArray(), table.flip(0).toArray()]);
});

test("lookUpLast indexes the last axis of a table if the index counts along a new axis", () => {
  const logits = random.normal(random.key(5), [2, 1, 4]);
  const index = arange(4).reshape([4, 1, 1]);
  const whole = lookUpLast(logits, index) as Tensor;
  assert.equal(whole.toArray(), logits.transpose([2, 0, 1]).toArray());
  const inside = lookUpLast(logits, arange(4)) as Tensor;
  assert.equal(inside.toArray(), logits.reshape([2, 4]).toArray());
  assert.is(lookUpLast(random.normal(random.key(6), [4, 4]), arange(4)), null, "the table has this axis already");
  assert.is(lookUpLast(logits, tensor([0, 1, 2, 3]).reshape([4, 1, 1])), null, "not made by arange");
});

test("the result has the provenance of the table and of the index", () => {
  const x = trackProvenance(table, "x");
  const z = trackProvenance(arange(3), "z");
  assert.equal([...getProvenance(at(x, z))].sort(), ["x", "z"]);
});

test.run();
