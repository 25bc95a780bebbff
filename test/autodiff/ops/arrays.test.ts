/** Reductions, shape ops and indexing, contiguous and strided, against plain loops over their entries. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { tensor } from "../../../autodiff/index.js";
import { assertEntries, get, indices, layouts, normal } from "./entries.js";

const folds: [name: "sum" | "mean" | "prod" | "max" | "min" | "logsumexp", fold: (xs: number[]) => number][] = [
  ["sum", (xs) => xs.reduce((a, b) => a + b, 0)],
  ["mean", (xs) => xs.reduce((a, b) => a + b, 0) / xs.length],
  ["prod", (xs) => xs.reduce((a, b) => a * b, 1)],
  ["max", (xs) => Math.max(...xs)],
  ["min", (xs) => Math.min(...xs)],
  ["logsumexp", (xs) => Math.log(xs.reduce((a, b) => a + Math.exp(b), 0))],
];
test("reductions over every set of axes agree with plain loops, with and without keepDims", () => {
  for (const x of layouts(normal(1, 2, 3, 4)))
    for (const [name, fold] of folds)
      for (const axes of [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2], [-1, 0]])
        for (const keepDims of [false, true]) {
          const gone = axes.map((axis) => (axis + 3) % 3);
          const group = (index: readonly number[]) =>
            [...indices(x.shape)].filter((full) => full.every((i, axis) => gone.includes(axis) || i === index[axis]));
          const y = P[name](x, axes, { keepDims });
          const full = y.reshape(x.shape.map((n, axis) => (gone.includes(axis) ? 1 : n)));
          assertEntries(full, full.shape, (index) => fold(group(index).map((i) => get(x, i))), `${name} ${axes}`);
          assert.equal(y.shape.length, keepDims ? 3 : 3 - gone.length);
        }
});

test("argmax, argmin, cumsum and softmax along an axis agree with plain loops", () => {
  for (const x of layouts(normal(2, 3, 4))) {
    const row = (i: number) => [0, 1, 2, 3].map((j) => get(x, [i, j]));
    assertEntries(x.argmax(1), [3], ([i]) => row(i as number).indexOf(Math.max(...row(i as number))));
    assertEntries(x.argmin(-1, { keepDims: true }), [3, 1], ([i]) =>
      row(i as number).indexOf(Math.min(...row(i as number))),
    );
    assert.is(x.argmax().item(), [...x.toFloat64Array()].indexOf(x.max().item()));
    assert.equal(
      x.argmin(undefined, { keepDims: true }).shape,
      x.shape.map(() => 1),
    );
    assertEntries(x.cumsum(1), [3, 4], ([i, j]) =>
      row(i as number)
        .slice(0, (j as number) + 1)
        .reduce((a, b) => a + b),
    );
    assertEntries(x.cumsum(), [3, 4], ([i, j]) =>
      [0, 1, 2].slice(0, (i as number) + 1).reduce((a, k) => a + get(x, [k, j as number]), 0),
    );
    const total = (i: number) => row(i).reduce((a, b) => a + Math.exp(b), 0);
    assertEntries(x.softmax(), [3, 4], ([i, j]) => Math.exp(get(x, [i as number, j as number])) / total(i as number));
    assertEntries(
      x.logSoftmax(1),
      [3, 4],
      ([i, j]) => get(x, [i as number, j as number]) - Math.log(total(i as number)),
    );
  }
});

test("elementwise ops are right for every pair of layouts and broadcast shapes", () => {
  for (const x of layouts(normal(3, 2, 3, 4)))
    for (const shape of [[2, 3, 4], [3, 4], [4], [1], [2, 1, 1], [3, 1], [2, 1, 4], [1, 3, 1]])
      for (const y of layouts(normal(4, ...shape))) {
        const at = (index: number[]) => index.slice(3 - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
        assertEntries(x.sub(y), [2, 3, 4], (index) => get(x, index) - get(y, at(index)), `${shape}`);
        assertEntries(y.sub(x), [2, 3, 4], (index) => get(y, at(index)) - get(x, index), `${shape} first`);
      }
});

test("shape ops move every number to the right place", () => {
  for (const x of layouts(normal(5, 3, 4, 2))) {
    assertEntries(x.transpose([2, 0, 1]), [2, 3, 4], ([i, j, k]) => get(x, [j, k, i] as number[]));
    assertEntries(x.transpose(), [2, 4, 3], (index) => get(x, [...index].reverse()));
    const flat = [...indices(x.shape)].map((index) => get(x, index));
    assertEntries(x.reshape([6, -1]), [6, 4], ([i, j]) => flat[4 * (i as number) + (j as number)] as number);
    assertEntries(x.slice(1, undefined, { axis: 1, step: 2 }), [3, 2, 2], ([i, j, k]) =>
      get(x, [i, 1 + 2 * (j as number), k] as number[]),
    );
    assertEntries(x.slice(-2, -1), [1, 4, 2], ([, j, k]) => get(x, [1, j, k] as number[]));
    assertEntries(x.flip(1), [3, 4, 2], ([i, j, k]) => get(x, [i, 3 - (j as number), k] as number[]));
    assertEntries(x.broadcastTo([2, 3, 4, 2]), [2, 3, 4, 2], (index) => get(x, index.slice(1)));
    assertEntries(x.expandDims(-1).squeeze(3), [3, 4, 2], (index) => get(x, index));
    assertEntries(P.concatenate([x, x.slice(0, 1)], 0), [4, 4, 2], ([i, j, k]) =>
      get(x, [(i as number) % 3, j, k] as number[]),
    );
    assertEntries(
      P.stack([x, x.neg()], 1),
      [3, 2, 4, 2],
      ([i, s, j, k]) => (s === 0 ? 1 : -1) * get(x, [i, j, k] as number[]),
    );
  }
});

test("indexing by tensors reads and adds the right entries", () => {
  for (const x of layouts(normal(6, 3, 4, 2))) {
    const [rows, columns] = [
      [[2], [0]],
      [3, -1, 0],
    ];
    assertEntries(x.at(rows, columns), [2, 3, 2], ([p, q, k]) =>
      get(x, [(rows[p as number] as number[])[0] as number, ((columns[q as number] as number) + 4) % 4, k as number]),
    );
    assertEntries(x.at(1), [4, 2], ([j, k]) => get(x, [1, j, k] as number[]));
    assertEntries(x.take([[3, 0]], 1), [3, 1, 2, 2], ([i, , q, k]) => get(x, [i, q === 0 ? 3 : 0, k] as number[]));
    const along = tensor([[[1], [0]]]);
    assertEntries(x.takeAlongAxis(along, 1), [3, 2, 2], ([i, q, k]) => get(x, [i, 1 - (q as number), k] as number[]));
    assertEntries(x.scatterAdd([1, 1], normal(7, 3, 2, 2), 1), [3, 4, 2], ([i, j, k]) => {
      const extra = j === 1 ? [0, 1].reduce((sum, q) => sum + get(normal(7, 3, 2, 2), [i, q, k] as number[]), 0) : 0;
      return get(x, [i, j, k] as number[]) + extra;
    });
  }
  assertEntries(P.oneHot([[2], [-3]], 3), [2, 1, 3], ([i, , j]) => Number(i === 0 ? j === 2 : j === 0));
});

test.run();
