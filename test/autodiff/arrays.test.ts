/** Reductions, shape ops, indexing and linear algebra against plain loops over nested arrays, contiguous and strided. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../autodiff/index.js";
import { random, type Tensor, tensor } from "../../autodiff/index.js";

/** All indices of a shape, in row-major order. */
function* indices(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) yield [];
  else for (let i = 0; i < (shape[0] as number); i++) for (const rest of indices(shape.slice(1))) yield [i, ...rest];
}
const get = (x: Tensor, index: readonly number[]): number => x.data.get(...index);

/** Asserts that `y` has this shape and at each index the number `entry` gives. */
function assertEntries(y: Tensor, shape: readonly number[], entry: (index: number[]) => number, label = ""): void {
  assert.equal([...y.shape], [...shape], label);
  for (const index of indices(shape)) {
    const [got, want] = [get(y, index), entry(index)];
    assert.ok(
      Object.is(got, want) || Math.abs(got - want) <= 1e-13 * Math.max(1, Math.abs(want)),
      `${label} [${index}]: ${got}, ${want}`,
    );
  }
}
const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);
/** The same tensor in memory orders that kernels treat differently. */
const layouts = (x: Tensor): Tensor[] => {
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

const folds: [name: "sum" | "mean" | "prod" | "max" | "min" | "logsumexp", fold: (xs: number[]) => number][] = [
  ["sum", (xs) => xs.reduce((a, b) => a + b, 0)],
  ["mean", (xs) => xs.reduce((a, b) => a + b, 0) / xs.length],
  ["prod", (xs) => xs.reduce((a, b) => a * b, 1)],
  ["max", (xs) => Math.max(...xs)],
  ["min", (xs) => Math.min(...xs)],
  ["logsumexp", (xs) => Math.log(xs.reduce((a, b) => a + Math.exp(b), 0))],
];
test("reductions over every set of axes, with and without keepDims", () => {
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

test("argmax, argmin, cumsum, softmax along an axis", () => {
  for (const x of layouts(normal(2, 3, 4))) {
    const row = (i: number) => [0, 1, 2, 3].map((j) => get(x, [i, j]));
    assertEntries(x.argmax(1), [3], ([i]) => row(i as number).indexOf(Math.max(...row(i as number))));
    assertEntries(x.argmin(-1, { keepDims: true }), [3, 1], ([i]) =>
      row(i as number).indexOf(Math.min(...row(i as number))),
    );
    assert.is(x.argmax().item(), [...x.toFloat64Array()].indexOf(x.max().item()));
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

test("elementwise ops on every pair of layouts and broadcast shapes", () => {
  for (const x of layouts(normal(3, 2, 3, 4)))
    for (const shape of [[2, 3, 4], [3, 4], [4], [1], [2, 1, 1], [3, 1], [2, 1, 4], [1, 3, 1]])
      for (const y of layouts(normal(4, ...shape))) {
        const at = (index: number[]) => index.slice(3 - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
        assertEntries(x.sub(y), [2, 3, 4], (index) => get(x, index) - get(y, at(index)), `${shape}`);
        assertEntries(y.sub(x), [2, 3, 4], (index) => get(y, at(index)) - get(x, index), `${shape} first`);
      }
});

test("views: the same numbers elsewhere", () => {
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

test("indexing by tensors", () => {
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

test("triangles and diagonals", () => {
  for (const x of layouts(normal(8, 2, 3, 4)))
    for (const k of [-1, 0, 2]) {
      assertEntries(x.tril(k), [2, 3, 4], (index) =>
        (index[2] as number) - (index[1] as number) <= k ? get(x, index) : 0,
      );
      assertEntries(x.triu(k), [2, 3, 4], (index) =>
        (index[2] as number) - (index[1] as number) >= k ? get(x, index) : 0,
      );
    }
  assertEntries(P.diag(normal(8, 2, 3, 4)), [2, 3], ([b, i]) => get(normal(8, 2, 3, 4), [b, i, i] as number[]));
  assert.equal(P.diag([1, 2]).toArray(), [
    [1, 0],
    [0, 2],
  ]);
});

test("matmul broadcasts batches; vectors are rows on the left and columns on the right", () => {
  const sum = (n: number, term: (p: number) => number) =>
    Array.from({ length: n }, (_, p) => term(p)).reduce((a, b) => a + b, 0);
  for (const a of layouts(normal(9, 2, 3, 4)))
    for (const b of layouts(normal(10, 4, 5)))
      assertEntries(a.matmul(b), [2, 3, 5], ([t, i, j]) =>
        sum(4, (p) => get(a, [t, i, p] as number[]) * get(b, [p, j as number])),
      );
  const [v, m] = [normal(11, 3), normal(12, 3, 4)];
  assertEntries(v.matmul(m), [4], ([j]) => sum(3, (p) => get(v, [p]) * get(m, [p, j as number])));
  assertEntries(m.matmul(normal(13, 4)), [3], ([i]) =>
    sum(4, (p) => get(m, [i as number, p]) * get(normal(13, 4), [p])),
  );
  assertEntries(v.matmul(v), [], () => sum(3, (p) => get(v, [p]) ** 2));
});

test("einsum against the sum over all labels", () => {
  const specs: [spec: string, ...shapes: number[][]][] = [
    ["ij->ji", [2, 3]],
    ["ij->", [2, 3]],
    ["ii->i", [3, 3]],
    ["ii", [3, 3]],
    ["iji->j", [2, 3, 2]],
    ["i,i->i", [3], [3]],
    ["i,j->ij", [2], [3]],
    ["i,j->ji", [2], [3]],
    ["ij,jk->ik", [2, 3], [3, 4]],
    ["ij,jk", [2, 3], [3, 4]],
    ["bij,bjk->bki", [2, 2, 3], [2, 3, 4]],
    ["ij,ij->", [2, 3], [2, 3]],
    ["ijk,kji->j", [2, 3, 4], [4, 3, 2]],
    ["ij,k->k", [2, 3], [4]],
    ["ii,ij->j", [2, 2], [2, 3]],
    ["i,ij,j->", [2], [2, 3], [3]],
    ["ab,bc,cd->ad", [2, 3], [3, 2], [2, 4]],
    ["a,a,a->a", [3], [3], [3]],
    ["ij,jk->ik", [2, 1], [3, 4]],
  ];
  for (const [spec, ...shapes] of specs) {
    const xs = shapes.map((shape, i) => normal(20 + i, ...shape));
    const [left = "", right] = spec.split("->");
    const parts = left.split(",");
    const labels = [...new Set(parts.join(""))].sort();
    const count = (label: string) => [...parts.join("")].filter((other) => other === label).length;
    const output = right === undefined ? labels.filter((label) => count(label) === 1) : [...right];
    const size = (label: string) => Math.max(...parts.map((part, i) => shapes[i]?.[part.indexOf(label)] ?? 1));
    const shape = output.map(size);
    assertEntries(
      P.einsum(spec, ...xs),
      shape,
      (index) => {
        let total = 0;
        for (const full of indices(labels.map(size))) {
          if (output.some((label, i) => full[labels.indexOf(label)] !== index[i])) continue;
          const term = (x: Tensor, part: string) =>
            get(
              x,
              [...part].map((label, axis) => (x.shape[axis] === 1 ? 0 : (full[labels.indexOf(label)] as number))),
            );
          total += xs.reduce((product, x, i) => product * term(x, parts[i] as string), 1);
        }
        return total;
      },
      spec,
    );
  }
  const [a, b] = [normal(30, 2, 1, 3, 4), normal(31, 5, 4, 2)];
  assert.equal(P.einsum("...ij,...jk->...ik", a, b).toArray(), a.matmul(b).toArray());
  assert.equal(P.einsum("...i->...", a).shape, [2, 1, 3]);
});

test("factorisations are what they say, in batches", () => {
  const x = normal(14, 2, 4, 4);
  const spd = x.matmul(x.transpose([0, 2, 1])).add(P.eye(4));
  const identity = (index: number[]) => Number(index[1] === index[2]);
  for (const a of layouts(spd)) {
    const factor = a.cholesky();
    assertEntries(factor.matmul(factor.transpose([0, 2, 1])), [2, 4, 4], (index) => get(a, index), "L Lᵀ");
    assert.equal(factor.triu(1).toArray(), P.zeros([2, 4, 4]).toArray());
    assertEntries(a.inverse().matmul(a), [2, 4, 4], identity, "A⁻¹ A");
    const product = factor.mul(P.eye(4)).sum(2).log().sum(1).mul(2);
    assertEntries(a.logdet(), [2], (index) => get(product, index), "log det");
    const b = normal(15, 4, 3);
    for (const lower of [true, false])
      for (const transpose of [true, false]) {
        const triangle = lower ? a.tril() : a.triu();
        const solved = P.triangularSolve(a, b, { lower, transpose });
        assertEntries((transpose ? triangle.transpose([0, 2, 1]) : triangle).matmul(solved), [2, 4, 3], ([, i, j]) =>
          get(b, [i, j] as number[]),
        );
      }
  }
  assert.ok(
    P.cholesky([
      [1, 2],
      [2, 1],
    ])
      .isNaN()
      .min()
      .item() === 1,
    "not positive definite",
  );
  assert.is(
    P.logdet([
      [1, 2],
      [2, 4],
    ]).item(),
    -Infinity,
  );
  assert.ok(
    Number.isNaN(
      P.logdet([
        [0, 1],
        [1, 0],
      ]).item(),
    ),
    "a negative determinant",
  );
  assert.ok(
    Math.abs(
      P.logdet([
        [0, 2],
        [-3, 1],
      ]).item() - Math.log(6),
    ) < 1e-15,
    "a permuted pivot",
  );
});

test.run();
