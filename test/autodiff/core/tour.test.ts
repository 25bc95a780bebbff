/** A tour of the core: the parts of a tensor, and the one function, `apply`, that makes every result. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { apply, grad, type Op, type Tensor, tensor, trackProvenance, type View } from "../../../autodiff/index.js";

test("a tensor has a shape, numbers and a provenance, and never changes", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  assert.equal([x.shape, x.size, x.length], [[2, 2], 4, 2]);
  assert.is(x.provenance.size, 0);
  const y = x.add(1);
  assert.equal(x.at(0).toArray(), [1, 2], "x is unchanged");
  assert.equal(y.toArray(), [
    [2, 3],
    [4, 5],
  ]);
});

test("a transposed tensor is a view, which is iterated along its first axis", () => {
  const rows = [
    ...tensor([
      [1, 2],
      [3, 4],
    ]).transpose(),
  ];
  assert.equal(
    rows.map((row) => row.toArray()),
    [
      [1, 3],
      [2, 4],
    ],
  );
});

// An op that reverses a vector: it defines its shape, its kernel and its gradient. The kernel must use the offset and the strides of its
// view.
const backwards: Op = {
  name: "backwards",
  shape: (_, [x]) => (x as Tensor).shape,
  kernel: (_, out, [view]) => {
    const { data, offset, stride, shape } = view as View;
    const n = shape[0] as number;
    for (let i = 0; i < n; i++) out.data[out.offset + i] = data[offset + (n - 1 - i) * (stride[0] as number)] as number;
  },
  vjp: () => (g) => apply(backwards, null, g),
  batch: (_, [x]) => (x as Tensor).flip(1),
};

test("apply gives a user's own op provenance and gradients", () => {
  const x = trackProvenance(tensor([1, 2, 3]), "coin");
  const y = apply(backwards, null, x);
  assert.equal(y.toArray(), [3, 2, 1]);
  assert.equal([...y.provenance], ["coin"]);
  const weighted = (t: Tensor) => apply(backwards, null, t).mul([1, 10, 100]).sum();
  assert.equal(grad(weighted)([1, 2, 3]).toArray(), [100, 10, 1]);
});

test.run();
