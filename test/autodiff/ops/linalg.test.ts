/** Products, contractions, triangles and factorisations, compared with sums over entries, or multiplied back. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Tensor } from "../../../autodiff/index.js";
import * as P from "../../../autodiff/index.js";
import { assertEntries, get, indices, layouts, normal } from "./entries.js";

test("tril, triu and diag select the right entries", () => {
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

test("einsum equals the sum over all labels", () => {
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

test("cholesky, inverse, logdet and triangularSolve satisfy their definitions, in batches too", () => {
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
