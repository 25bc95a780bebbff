/** A branch that `where` does not select has zero first and second derivatives, whatever its numbers are: every smooth op at bad numbers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { grad, type Tensor, tensor } from "../../../autodiff/index.js";
import { arrays, scalars } from "./opTable.js";

interface Case {
  readonly name: string;
  readonly f: (...xs: Tensor[]) => Tensor;
  readonly operands: readonly { shape: readonly number[]; isIndex?: boolean }[];
  readonly order?: 1;
}

const fromTable: Case[] = [
  ...scalars.map((op) => ({ ...op, operands: op.ranges.map((range) => ({ shape: [], range })) })),
  // A product or a factorisation of matrices that are not finite has gradients that are not finite (docs/engine.md).
  ...arrays.filter(({ name }) => !/matmul|einsum|cholesky|triangularSolve|inverse|logdet/.test(name)),
]
  .filter(({ smooth }) => smooth)
  .map(({ name, f, operands }) => ({
    name,
    f,
    operands: operands.map(({ shape, range }) => ({ shape, isIndex: range.whole === true })),
  }));
const long = [{ shape: [100] }];
const cases: Case[] = [
  ...fromTable,
  { name: "long softmax", f: (x) => x.softmax(), operands: long },
  { name: "long logSoftmax", f: (x) => x.logSoftmax(), operands: long },
  { name: "long logsumexp", f: (x) => x.logsumexp(), operands: long },
  { name: "powers of roots", f: (x) => x.sqrt().mul(x).pow(x).exp(), operands: [{ shape: [] }] },
  { name: "logdet", f: (x) => P.logdet(P.diag(x)), operands: [{ shape: [2] }], order: 1 },
  {
    name: "dirichlet",
    f: (x) => P.random.dirichlet(P.random.key(0), x),
    operands: [{ shape: [2] }],
    order: 1,
  },
];

const NUMBERS = [Number.NaN, Infinity, -Infinity, 0, -1, 1, 1e308];
/** `first`, then `second` everywhere. */
const filled = (shape: readonly number[], first: number, second: number): Tensor => {
  const x = P.zeros(shape);
  return P.where(P.arange(x.size).reshape(shape).equal(0), first, P.full(shape, second));
};
const isZero = (g: Tensor): boolean => g.toFloat64Array().every((v) => v === 0);

for (const { name, f, operands, order } of cases)
  test(`${name}, in a branch that is not selected`, () => {
    const unselected = (xs: Tensor[]): Tensor => {
      const y = f(...xs);
      return P.where(P.zeros(y.shape), y, 0).sum();
    };
    const gradients = (xs: Tensor[]): Tensor[] => grad(unselected)(xs) as Tensor[];
    const sumOfGradients = (xs: Tensor[]): Tensor => gradients(xs).reduce((sum, g) => sum.add(g.sum()), tensor(0));
    for (const first of NUMBERS)
      for (const second of NUMBERS) {
        const xs = operands.map(({ shape, isIndex }, k) =>
          isIndex ? P.zeros(shape) : k % 2 === 0 ? filled(shape, first, second) : filled(shape, second, first),
        );
        assert.ok(gradients(xs).every(isZero), `gradient at ${first}, ${second}`);
        if (order !== 1)
          assert.ok((grad(sumOfGradients)(xs) as Tensor[]).every(isZero), `Hessian at ${first}, ${second}`);
      }
  });

test.run();
