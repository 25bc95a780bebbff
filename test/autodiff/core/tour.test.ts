/** A tour of the core: the parts of a tensor, and the one function, `apply`, that makes every result. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { apply, grad, type Op, type Tensor, tensor, trackProvenance, type View } from "../../../autodiff/index.js";

test("a tensor has a shape, numbers, and a provenance; it does not change", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  assert.equal([x.shape, x.size, x.length], [[2, 2], 4, 2]);
  assert.is(x.provenance.size, 0);
  const y = x.add(1);
  assert.equal(x.at(0).toArray(), [1, 2], "x is as it was");
  assert.equal(y.toArray(), [
    [2, 3],
    [4, 5],
  ]);
});

test("a view costs no copy, and is iterated along its first axis", () => {
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

// A vector backwards: an op says its shape, its numbers, and its gradient for each input. Numbers are read where the view says they lie.
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

test("apply is the one door: with an op of one's own, provenance and gradients need nothing more", () => {
  const x = trackProvenance(tensor([1, 2, 3]), "coin");
  const y = apply(backwards, null, x);
  assert.equal(y.toArray(), [3, 2, 1]);
  assert.equal([...y.provenance], ["coin"]);
  const weighted = (t: Tensor) => apply(backwards, null, t).mul([1, 10, 100]).sum();
  assert.equal(grad(weighted)([1, 2, 3]).toArray(), [100, 10, 1]);
});

test.run();
