/**
 * Bijections at the ends of their range and beyond: `forward` stays inside the constraint for numbers of any size; `inverse` returns numbers
 * or infinities, never NaN, and undoes `forward` where its result is finite; a param on a boundary is refused.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, random, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  bijectTo,
  type Constraint,
  CorrCholesky,
  constraints as c,
  Normal,
  Ordered,
} from "../../../distributions/index.js";
import { adam, factor, param, SVI, TraceELBO } from "../../../infer/index.js";
import { refusal } from "../../refusals.js";

const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];

/** Constraints on numbers, vectors of 3 entries and matrices of 3 rows, by the number of their unconstrained numbers. */
const REACHED: [Constraint, number][] = [
  ...[c.real, c.positive, c.nonnegative, c.softplusPositive, c.unitInterval, c.openUnitInterval, c.circular].map(
    (one): [Constraint, number] => [one, 0],
  ),
  ...[c.interval(2, 3), c.openInterval(-1e-9, 1e9), c.greaterThan(1e9), c.greaterThanEq(-7), c.lessThan(0.1)].map(
    (one): [Constraint, number] => [one, 0],
  ),
  [c.lessThanEq(5), 0],
  [c.realVector, 3],
  [c.simplex, 2],
  [c.orderedVector, 3],
  [c.positiveOrderedVector, 3],
  [c.zeroSum, 2],
  [c.l1Ball, 3],
  [c.lowerCholesky, 6],
  [c.softplusLowerCholesky, 6],
  [c.corrCholesky, 3],
  [c.corrMatrix, 3],
  [c.positiveDefinite, 6],
];
const SIZES = [1e-20, 1, 8, 18, 37, 300, 740, 1e4];
const SIGNS = [
  [1, 1, 1, 1, 1, 1],
  [-1, -1, -1, -1, -1, -1],
  [1, -1, 1, -1, 1, -1],
  [-1, 1, 0, 1, 0, 1],
  [1, -1, -0.99, 0.5, -1, 0.3],
];

for (const [constraint, count] of REACHED)
  test(`${constraint.name} (${constraint.must}): forward stays inside for all unconstrained numbers`, () => {
    const to = bijectTo(constraint);
    for (const size of SIZES)
      for (const signs of SIGNS) {
        const free = signs.slice(0, Math.max(1, count)).map((s) => s * size);
        const y = to.forward(count === 0 ? tensor(free[0] as number) : tensor(free));
        assert.is(constraint.check(y).item(), 1, `forward(${free}) = ${y}`);
        assert.not(numbers(to.inverse(y)).some(Number.isNaN), `inverse of ${y}`);
      }
  });

test("an increasing vector: a step that is too small becomes a step to the next number, and nothing else changes", () => {
  const to = new Ordered();
  assert.equal(numbers(to.forward(tensor([1, -37, -40]))), [1, 1 + 2 ** -52, 1 + 2 ** -51]);
  assert.equal(numbers(to.forward(tensor([-3, 0.5, -1]))), [-3, -3 + Math.exp(0.5), -3 + Math.exp(0.5) + Math.exp(-1)]);
  const slope = grad((x: Tensor) => to.forward(x).at(2))(tensor([1, 0.5, -1]));
  assert.equal(numbers(slope), [1, Math.exp(0.5), Math.exp(-1)]);
});

test("correlation factors: if the first entries of a row have almost length 1, the unconstrained numbers of the rest are kept", () => {
  const to = new CorrCholesky();
  for (const free of [
    [19, 0.5, -1],
    [-25, 30, 2],
    [1e-12, -3e-9, 60],
  ]) {
    const back = numbers(to.inverse(to.forward(tensor(free))));
    for (const [i, x] of free.entries())
      assert.ok(Math.abs((back[i] as number) - x) <= 1e-12 * Math.abs(x), `${back} for ${free}`);
  }
});

test("at vertices, inverse returns infinities, not NaN", () => {
  for (const [constraint, vertex] of [
    [c.simplex, [1, 0, 0]],
    [c.simplex, [0, 1, 0]],
    [c.simplex, [0.5, 0, 0.5]],
    [c.simplex, [0, 0, 1]],
    [c.l1Ball, [1, 0, 0]],
    [c.l1Ball, [0.25, -0.75, 0]],
    [c.l1Ball, [0, 0, -1]],
  ] as [Constraint, number[]][]) {
    const free = numbers(bijectTo(constraint).inverse(tensor(vertex)));
    assert.not(free.some(Number.isNaN), `${constraint.name} ${vertex}: ${free}`);
    assert.ok(
      free.some((x) => Math.abs(x) === Infinity),
      `${constraint.name} ${vertex}: ${free}`,
    );
  }
});

test("a param that starts on a boundary is refused by name; a param that starts inside is accepted", () => {
  const start = (value: number | number[] | number[][], constraint: Constraint) => {
    const model = () => factor("f", param("w", value, { constraint }).sum());
    return () => new SVI(model, () => {}, adam(0.1), new TraceELBO()).init(random.key(0));
  };
  const boundary: [number | number[] | number[][], Constraint][] = [
    [0, c.positive],
    [0, c.nonnegative],
    [0, c.unitInterval],
    [[0.5, 1], c.unitInterval],
    [3, c.interval(2, 3)],
    [-1, c.greaterThanEq(-1)],
    [2, c.lessThanEq(2)],
    [[0, 1], c.simplex],
    [[0.5, 0, 0.5], c.simplex],
    [
      [
        [1, 0, 0],
        [0.3, 0.3, 0.4],
      ],
      c.simplex,
    ],
    [[1, 0], c.l1Ball],
    [[-0.5, 0.5], c.l1Ball],
    [Math.PI, c.circular],
    [[1, 1], c.orderedVector],
    [
      [
        [1, 0],
        [0.5, 0],
      ],
      c.lowerCholesky,
    ],
    [
      [
        [1, 0],
        [1, 0],
      ],
      c.corrCholesky,
    ],
  ];
  for (const [value, constraint] of boundary) {
    const { code, message } = refusal(start(value, constraint));
    assert.is(code, "bad-initial-value", `${value} in ${constraint.name}`);
    assert.match(message, /param "w": initial value/);
  }
  for (const [value, constraint] of [
    [1e-300, c.positive],
    [2.5, c.interval(2, 3)],
    [[1e-12, 1 - 1e-12], c.simplex],
    [[0.5, 0.25], c.l1Ball],
  ] as [number, Constraint][])
    start(value, constraint)();
});

test("a latent of an autoguide has a finite density even far from 0 in unconstrained space", () => {
  const y = bijectTo(c.positive).forward(tensor([-1e3, 1e3]));
  assert.ok(numbers(new Normal(0, 1e308).logProb(y)).every(Number.isFinite));
});

test("the log-Jacobian of NaN is NaN, not a density of 0, so that a loss is reported as NaN", () => {
  for (const constraint of [c.positive, c.softplusPositive, c.greaterThan(2), c.lessThan(2)])
    assert.ok(Number.isNaN(bijectTo(constraint).logAbsDetJacobian(tensor(Number.NaN), tensor(Number.NaN)).item()));
});

test("a vector with an infinite number does not satisfy zeroSum", () => {
  for (const x of [
    [Infinity, 1],
    [Infinity, -Infinity],
    [-Infinity, -1],
  ])
    assert.is(c.zeroSum.check(tensor(x)).item(), 0, `${x}`);
  assert.is(c.zeroSum.check(tensor([0, 0])).item(), 1);
});

test.run();
