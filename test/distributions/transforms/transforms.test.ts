/** Bijections: values lie in the codomain, `inverse` undoes `forward`, and log-Jacobians agree with central differences. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eye, random, type Tensor, tensor, vmap, zeros } from "../../../autodiff/index.js";
import {
  Abs,
  Affine,
  bijectTo,
  Compose,
  type Constraint,
  constraints,
  Exp,
  Identity,
  IndependentTransform,
  Inverse,
  InverseAutoregressive,
  LowerCholeskyAffine,
  MultivariateNormal,
  Normal,
  Permute,
  Power,
  Reshape,
  Sigmoid,
  Softplus,
  type Transform,
  TransformedDistribution,
  TruncatedNormal,
} from "../../../distributions/index.js";

const key = random.key(3);
const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];
const near = (got: Tensor, want: Tensor, tolerance: number, what: string): void => {
  assert.equal(got.shape, want.shape, what);
  const truth = numbers(want);
  numbers(got).forEach((g, i) => {
    const w = truth[i] as number;
    assert.ok(Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w)), `${what}: ${g} is not ${w}`);
  });
};

/** log √det(M Mᵀ) of a matrix with full row rank. */
function logVolume(rows: number[][]): number {
  const gram = rows.map((a) => rows.map((b) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)));
  let log = 0;
  for (let k = 0; k < gram.length; k++) {
    const pivot = gram[k]?.[k] as number;
    log += 0.5 * Math.log(pivot);
    for (let i = k + 1; i < gram.length; i++) {
      const factor = (gram[i]?.[k] as number) / pivot;
      for (let j = k; j < gram.length; j++)
        (gram[i] as number[])[j] = (gram[i]?.[j] as number) - factor * (gram[k]?.[j] as number);
    }
  }
  return log;
}

/** The log volume factor of `transform` at one event x, on the entries of y that `chart` keeps. */
function measured(transform: Transform, x: Tensor, chart: (y: number[]) => number[]): number {
  const at = numbers(x);
  const h = 1e-5;
  const column = (i: number): number[] => {
    const moved = (by: number) => {
      const point = tensor(at.map((v, j) => (j === i ? v + by : v))).reshape(x.shape);
      return chart(numbers(transform.forward(point)));
    };
    const [up, down] = [moved(h), moved(-h)];
    return up.map((u, j) => (u - (down[j] as number)) / (2 * h));
  };
  return logVolume(at.map((_, i) => column(i)));
}

type Chart = (y: number[]) => number[];
const whole: Chart = (y) => y;
const butLast: Chart = (y) => y.slice(0, -1);
const triangle = (y: number[], strict: boolean): number[] => {
  const n = Math.sqrt(y.length);
  return y.filter((_, k) => (strict ? k % n < Math.floor(k / n) : k % n <= Math.floor(k / n)));
};
const lower: Chart = (y) => triangle(y, false);
const strictlyLower: Chart = (y) => triangle(y, true);

function verify(
  name: string,
  transform: Transform,
  event: readonly number[],
  chart: Chart = whole,
  c: Constraint | null = null,
): void {
  test(`${name}: inverse undoes forward, and the log-Jacobian is right`, () => {
    assert.is(event.length, transform.domainEventDim, "domainEventDim");
    const x = random.normal(key, [4, 2, ...event]);
    const y = transform.forward(x);
    assert.equal(transform.forwardShape(x.shape), y.shape);
    assert.equal(transform.inverseShape(y.shape), x.shape);
    near(transform.inverse(y), x, 1e-9, "round trip");
    if (c !== null)
      assert.ok(
        numbers(c.check(y)).every((yes) => yes === 1),
        `${name}: ${y}`,
      );
    const logJacobian = transform.logAbsDetJacobian(x, y);
    assert.equal(logJacobian.shape, [4, 2]);
    for (let i = 0; i < 4; i++)
      near(logJacobian.at(i, 0), tensor(measured(transform, x.at(i, 0), chart)), 2e-6, "log-Jacobian");
    const mapped = vmap((one: Tensor) => transform.logAbsDetJacobian(one, transform.forward(one)))(x);
    near(mapped, logJacobian, 1e-12, "vmap");
  });
}

const reach = (c: Constraint, event: readonly number[], chart: Chart = whole): void =>
  verify(c.name, bijectTo(c), event, chart, c);

reach(constraints.real, []);
reach(constraints.realVector, [3]);
reach(constraints.positive, []);
reach(constraints.nonnegative, []);
reach(constraints.softplusPositive, []);
reach(constraints.unitInterval, []);
reach(constraints.openUnitInterval, []);
reach(constraints.circular, []);
reach(constraints.interval(-1, 2), []);
reach(constraints.greaterThan(2), []);
reach(constraints.greaterThanEq(2), []);
reach(constraints.lessThan(-2), []);
reach(constraints.lessThanEq(-2), []);
reach(constraints.simplex, [3], butLast);
reach(constraints.orderedVector, [3]);
reach(constraints.positiveOrderedVector, [3]);
reach(constraints.zeroSum, [3]);
reach(constraints.l1Ball, [3]);
reach(constraints.lowerCholesky, [6], lower);
reach(constraints.softplusLowerCholesky, [6], lower);
reach(constraints.corrCholesky, [6], strictlyLower);
reach(constraints.positiveDefinite, [6], lower);
reach(constraints.corrMatrix, [3], strictlyLower);
reach(constraints.independent(constraints.positive, 2), [2, 3]);
reach(constraints.independent(constraints.simplex, 1), [2, 2], (y) => y.filter((_, i) => i % 3 < 2));

// Triangles with zeros on the diagonal, so that m_i and s_i depend on x_1 … x_{i-1} only.
const before = (seed: number) => random.normal(random.key(seed), [3, 3]).tril(-1);
const [shift, stretch] = [before(11), before(12)];
verify(
  "InverseAutoregressive",
  new InverseAutoregressive((x) => [x.matmul(shift.transpose()).sin(), x.matmul(stretch.transpose()).tanh()]),
  [3],
);
verify("Affine", new Affine(1, -3), []);
const scaleTril = random
  .normal(random.key(13), [3, 3])
  .tril(-1)
  .add(tensor([0.5, 1, 2]).mul(eye(3)));
verify("LowerCholeskyAffine", new LowerCholeskyAffine([1, -2, 3], scaleTril), [3]);
verify("Compose", new Compose([new Permute([2, 0, 1]), new Exp(), new Power(0.5), new Affine(1, 2)]), [3]);
verify("Compose of Reshape", new Compose([new Softplus(), new Reshape([6], [2, 3])]), [6]);
const doubled = new Affine(0, 2);
verify("Compose that uses a transform twice", new Compose([doubled, new Exp(), doubled]), []);
verify("Independent", new IndependentTransform(new Sigmoid(), 1), [3]);
verify("Inverse", new Compose([new Exp(), new Inverse(new Softplus()), new Identity()]), []);

test("Reshape refuses events of another shape, though the number of elements may fit", () => {
  const transform = new Reshape([2, 3], [6]);
  for (const shape of [[3, 2], [6], [3]])
    assert.throws(() => transform.forward(zeros(shape)), /Reshape: the last axes must be \[2,3\]/);
  assert.throws(() => transform.inverse(zeros([2, 3])), /Reshape: the last axes must be \[6\]/);
});

test("Permute refuses vectors of another length, of which it would drop the last numbers", () => {
  const swap = new Permute([1, 0]);
  for (const run of [() => swap.forward(zeros([3])), () => swap.inverse(zeros([2, 3])), () => swap.forward(zeros([]))])
    assert.throws(run, /Permute: the order has 2 numbers, got vectors of shape/);
  assert.throws(() => new TransformedDistribution(new Normal(zeros([3]), 1), swap), /the order has 2 numbers/);
  assert.equal(new Permute([2, 0, 1]).inverse(tensor([7, 5, 6])).toArray(), [5, 6, 7]);
});

test("LowerCholeskyAffine makes a MultivariateNormal from independent standard normals, in batches too", () => {
  const scales = vmap((key: Tensor) => random.normal(key, [3, 3]).tril(-1).add(eye(3)))(random.split(key, 2));
  const locs = random.normal(random.key(5), [4, 1, 3]);
  const standard = new Normal(zeros([3]), 1).toEvent(1);
  const made = new TransformedDistribution(standard, new LowerCholeskyAffine(locs, scales));
  const truth = new MultivariateNormal(locs, scales);
  assert.equal([made.batchShape, made.eventShape], [truth.batchShape, truth.eventShape]);
  const x = random.normal(random.key(6), [4, 2, 3]);
  near(made.logProb(x), truth.logProb(x), 1e-12, "log density");
});

test("LowerCholeskyAffine refuses sizes that do not fit, and a scale that is not lower triangular", () => {
  const refused = (loc: number[], scale: number[][]) =>
    assert.throws(() => new LowerCholeskyAffine(loc, scale), /LowerCholeskyAffine: .*scaleTril/);
  refused([0, 0, 0], [[1, 0], [0, 1]]); // biome-ignore format: a matrix
  refused([0, 0], [[1, 1], [0, 1]]); // biome-ignore format: a matrix
  refused([0, 0], [[1, 0], [0, 0]]); // biome-ignore format: a matrix
});

test("Abs maps x and -x to the same number", () => {
  assert.equal(new Abs().forward(tensor([-2, 3])).toArray(), [2, 3]);
  assert.equal(new Abs().inverse(tensor([2, 3])).toArray(), [2, 3]);
});

test("StickBreaking keeps the sum and the smallest piece far from 0", () => {
  const transform = bijectTo(constraints.simplex);
  for (const x of [
    [800, 0],
    [-800, 3],
    [40, 40],
    [-40, -40],
  ]) {
    const y = transform.forward(tensor(x));
    assert.is(constraints.simplex.check(y).item(), 1);
    assert.ok(Number.isFinite(transform.logAbsDetJacobian(tensor(x), y).item()));
  }
  near(transform.inverse(transform.forward(tensor([-300, 40]))), tensor([-300, 40]), 1e-12, "round trip");
});

const holds = (c: Constraint, yes: unknown[], no: unknown[]): void =>
  test(`the constraint ${c.name} contains its numbers and no others`, () => {
    for (const x of yes) assert.is(c.check(tensor(x as number)).item(), 1, `${JSON.stringify(x)} belongs`);
    for (const x of no) assert.is(c.check(tensor(x as number)).item(), 0, `${JSON.stringify(x)} does not`);
  });

holds(constraints.real, [0, -1e300], [NaN, Infinity]);
holds(constraints.positive, [1e-300, 5], [0, -1, NaN, Infinity]);
holds(constraints.nonnegative, [0, 5], [-1e-300, NaN, Infinity]);
holds(constraints.unitInterval, [0, 1, 0.5], [-1e-9, 1.1, NaN]);
holds(constraints.openUnitInterval, [1e-300, 0.5], [0, 1, NaN]);
holds(constraints.interval(1, 2), [1, 2], [0.9, 2.1, NaN]);
holds(constraints.greaterThan(1), [1.1], [1, NaN, Infinity]);
holds(constraints.lessThan(1), [0.9], [1, NaN, -Infinity]);
holds(constraints.circular, [-Math.PI, Math.PI, 0], [3.2, NaN]);
holds(constraints.boolean, [0, 1], [2, 0.5, NaN]);
holds(constraints.nonnegativeInteger, [0, 7], [-1, 0.5, NaN, Infinity]);
holds(constraints.positiveInteger, [1], [0, 0.5]);
holds(constraints.integerInterval(-1, 2), [-1, 2], [-2, 3, 0.5, NaN]);
holds(
  constraints.simplex,
  [
    [0.2, 0.8],
    [1, 0],
  ],
  [
    [0.5, 0.6],
    [-0.1, 1.1],
    [NaN, 1],
  ],
);
holds(
  constraints.orderedVector,
  [[1, 2, 3], [1]],
  [
    [1, 1],
    [2, 1],
    [1, NaN],
    [0, Infinity],
  ],
);
holds(
  constraints.positiveOrderedVector,
  [[1, 2]],
  [
    [0, 1],
    [2, 1],
  ],
);
holds(
  constraints.sphere,
  [[0.6, 0.8]],
  [
    [1, 1],
    [NaN, 0],
  ],
);
holds(
  constraints.l1Ball,
  [
    [0.5, -0.5],
    [0, 0],
  ],
  [
    [0.6, -0.6],
    [NaN, 0],
  ],
);
holds(
  constraints.zeroSum,
  [[1, -1]],
  [
    [1, 0],
    [NaN, 0],
  ],
);
holds(
  constraints.multinomial(5),
  [[2, 3]],
  [
    [2, 2],
    [2.5, 2.5],
    [-1, 6],
  ],
);
holds(
  constraints.lowerCholesky,
  [
    [
      [1, 0],
      [3, 2],
    ],
  ],
  [
    [
      [1, 1],
      [3, 2],
    ],
    [
      [1, 0],
      [3, 0],
    ],
    [
      [1, 0],
      [NaN, 1],
    ],
  ],
);
holds(
  constraints.corrCholesky,
  [
    [
      [1, 0],
      [0.6, 0.8],
    ],
  ],
  [
    [
      [1, 0],
      [0.6, 0.9],
    ],
  ],
);
holds(
  constraints.positiveDefinite,
  [
    [
      [2, 1],
      [1, 2],
    ],
  ],
  [
    [
      [1, 2],
      [2, 1],
    ],
    [
      [2, 1],
      [0, 2],
    ],
    [
      [NaN, 0],
      [0, 1],
    ],
  ],
);
holds(
  constraints.corrMatrix,
  [
    [
      [1, 0.5],
      [0.5, 1],
    ],
  ],
  [
    [
      [2, 0.5],
      [0.5, 1],
    ],
    [
      [1, 2],
      [2, 1],
    ],
  ],
);
holds(constraints.independent(constraints.positive, 1), [[1, 2]], [[1, -2]]);

test("for an interval with an infinite bound, bijectTo gives the bijection of an interval without this bound", () => {
  const x = tensor([-1, 0, 1]);
  const same = (one: Constraint, other: Constraint) =>
    near(bijectTo(one).forward(x), bijectTo(other).forward(x), 0, `${one.name} as ${other.name}`);
  same(constraints.interval(2, Infinity), constraints.greaterThanEq(2));
  same(constraints.interval(-Infinity, 2), constraints.lessThanEq(2));
  same(constraints.interval(-Infinity, Infinity), constraints.real);
  same(new TruncatedNormal(0, 1, 0).support, constraints.positive);
  assert.equal(constraints.interval([0, 1], Infinity).must, ">= its lower bound and finite");
  assert.throws(
    () => bijectTo(constraints.interval([0, -Infinity], [Infinity, 1])),
    /some bounds of this interval are infinite and others are finite/,
  );
  for (const [low, high] of [
    [2, 1],
    [2, 2],
    [-1e308, 1e308],
  ] as const)
    assert.throws(() => bijectTo(constraints.interval(low, high)), /high - low is not a positive number/);
});

test("rounding does not move a value onto an open bound", () => {
  for (const [constraint, x] of [
    [constraints.greaterThan(2), -60],
    [constraints.greaterThan(0), -800],
    [constraints.greaterThan(-1e300), -60],
    [constraints.lessThan(2), -60],
    [constraints.openUnitInterval, 60],
    [constraints.openUnitInterval, -800],
  ] as [Constraint, number][])
    assert.is(constraint.check(bijectTo(constraint).forward(tensor(x))).item(), 1, `${constraint.must} from ${x}`);
});

test.run();
