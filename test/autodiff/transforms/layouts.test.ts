/**
 * Compiled equals eager for every op that has its own kernel in compiled programs, from every memory layout, on both sides of the lengths
 * from which these kernels are used.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  cholesky,
  concatenate,
  eye,
  grad,
  jit,
  matmul,
  random,
  scatterAdd,
  stack,
  type Tensor,
  take,
  takeAlongAxis,
  tensor,
  triangularSolve,
  vmap,
} from "../../../autodiff/index.js";

type Layout = (x: Tensor) => Tensor;
/** Views of an array in the memory of the compiled program, some of only a part of it. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  contiguous: (x) => x.mul(1.5),
  transposed: (x) => x.mul(1.5).transpose(),
  reversed: (x) => x.mul(1.5).flip(-1),
  upsideDown: (x) => x.mul(1.5).flip(0),
  shifted: (x) => x.mul(1.5).slice(1),
  narrowed: (x) => x.mul(1.5).slice(1, undefined, { axis: -1 }),
  everySecond: (x) => x.mul(1.5).slice(0, undefined, { axis: -1, step: 2 }),
  everySecondRow: (x) => x.mul(1.5).slice(0, undefined, { axis: 0, step: 2 }),
  repeated: (x) => x.mul(1.5).at(0).expandDims(0).broadcastTo(x.shape),
  repeatedWithin: (x) => x.mul(1.5).slice(0, 1, { axis: -1 }).broadcastTo(x.shape),
  stackedCopies: (x) =>
    x
      .mul(1.5)
      .expandDims(0)
      .broadcastTo([3, ...x.shape]),
};

const SHAPES = [
  [9, 8],
  [17, 17],
  [33, 6],
  [2, 18, 18],
  [2, 3, 4, 20],
];

const bitsOf = (x: Tensor): string => Buffer.from(x.toFloat64Array().buffer).toString("hex");
const draw = (seed: number, shape: readonly number[]): Tensor => random.normal(random.key(seed), [...shape]);

/** Asserts that f gives the same bits eagerly and compiled, at the first and at the second call. */
function same(f: (x: Tensor) => Tensor, shape: readonly number[], what: string): void {
  const compiled = jit(f);
  for (const seed of [1, 2]) {
    const [x, y] = [f(draw(seed, shape)), compiled(draw(seed, shape))];
    assert.equal(y.shape, x.shape, what);
    assert.equal(bitsOf(y), bitsOf(x), what);
  }
}

function everywhere(name: string, op: (x: Tensor) => Tensor | null): void {
  test(`compiled ${name} equals eager for every memory layout`, () => {
    for (const shape of SHAPES)
      for (const [layout, view] of Object.entries(LAYOUTS)) {
        const from = view(draw(0, shape));
        if (op(from) === null) continue;
        const f = (x: Tensor): Tensor => op(view(x)) as Tensor;
        same(f, shape, `${name} of ${layout} ${shape}`);
        same(
          grad((x: Tensor) => f(x).square().sum()),
          shape,
          `gradient of ${name} of ${layout} ${shape}`,
        );
        if (shape.length < 4) same(vmap(f), [3, ...shape], `batch of ${name} of ${layout} ${shape}`);
      }
  });
}

const lastTwo = (x: Tensor): readonly [number, number] => [x.shape.at(-2) as number, x.shape.at(-1) as number];
const squareOf = (x: Tensor): Tensor | null => (lastTwo(x)[0] === lastTwo(x)[1] ? x : null);
const swap = (x: Tensor): Tensor =>
  x.transpose([...x.shape.keys()].map((axis, i, { length }) => (i < length - 2 ? axis : 2 * length - 3 - i)));
const subsets = (rank: number): number[][] =>
  Array.from({ length: 2 ** rank }, (_, bits) => [...Array(rank).keys()].filter((axis) => (bits >> axis) & 1));

everywhere("sums over any axes", (x) => stack(subsets(x.shape.length).map((axes) => x.sum(axes).sum())));
everywhere("sums over the first and last axis", (x) => x.sum([0, -1]));
everywhere("sums over the first axis", (x) => x.sum(0));
everywhere("sums over the last axis", (x) => x.sum(-1));
everywhere("logsumexp over the first and last axis", (x) => x.logsumexp([0, -1]));
everywhere("softmax over the first axis", (x) => x.softmax(0));
everywhere("logSoftmax over the last axis", (x) => x.logSoftmax(-1));
everywhere("max over the first and last axis", (x) => x.max([0, -1]));
everywhere("cumsum", (x) => x.cumsum(-1).add(x.cumsum(0)));
everywhere("products with its transpose", (x) => (x.shape.length < 2 ? null : matmul(x, swap(x))));
everywhere("products of its transpose", (x) => (x.shape.length < 2 ? null : matmul(swap(x), x)));
everywhere("products with a vector", (x) => matmul(x, draw(5, [x.shape.at(-1) as number])));
everywhere("Cholesky factors", (x) => {
  const square = squareOf(x);
  return square && cholesky(matmul(square, swap(square)).add(eye(lastTwo(square)[0]).mul(square.shape.length * 10)));
});
everywhere("solutions with its triangle", (x) => {
  const square = squareOf(x);
  const a = square?.mul(0.1).add(eye(lastTwo(square)[0]).mul(4));
  return a ? triangularSolve(a, square as Tensor).add(triangularSolve(a, square as Tensor, { lower: false })) : null;
});
everywhere("solutions of one column", (x) => {
  const square = squareOf(x);
  const a = square?.mul(0.1).add(eye(lastTwo(square)[0]).mul(4));
  const one = (square as Tensor)?.slice(0, 1, { axis: -1 });
  return a ? triangularSolve(a, one).add(triangularSolve(a, one, { transpose: true })) : null;
});
/** 50 indices below n, with repetitions. */
const below = (n: number): number[] => Array.from({ length: 50 }, (_, i) => (7 * i * i) % n);
everywhere("rows by index", (x) => take(x, below(x.shape[0] as number), 0));
everywhere("entries by index", (x) => take(x.reshape([-1]), below(x.size), 0));
everywhere("entries along an axis", (x) => {
  const index = tensor(below(x.shape.at(-1) as number));
  return takeAlongAxis(x, index.reshape([...x.shape.slice(1).map(() => 1), 50]), -1);
});
everywhere("entries added in places", (x) => {
  const places = Array.from({ length: x.size }, (_, i) => (i * i) % 4);
  return scatterAdd(draw(6, [4]), places, x.reshape([-1]));
});
everywhere("pieces of it joined", (x) => concatenate([x, x.slice(1), x.flip(0)], 0));
everywhere("its diagonal and triangles", (x) => {
  const square = x.shape.length >= 2 ? squareOf(x) : null;
  return square?.tril().add(square.triu(1)).add(square.diag().expandDims(-1)) ?? null;
});

test.run();
