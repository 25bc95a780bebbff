/**
 * Initial values of parameters: a value on the boundary of a constraint is refused for every constraint, since the unconstrained value
 * would be infinite.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Constraint,
  constraints,
  factor,
  mutable,
  param,
  random,
  SVI,
  sample,
  seed,
  sgd,
  type Tensor,
  type TensorLike,
  TraceELBO,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const c = constraints;
const startAt = (value: TensorLike, constraint: Constraint): Record<string, Tensor> => {
  const model = () => {
    factor("f", param("w", value, { constraint }).square().sum().neg());
  };
  const svi = new SVI(model, () => {}, sgd(0.01), new TraceELBO());
  return svi.getParams(svi.init(random.key(0)));
};

const BOUNDARIES: readonly [Constraint, ...TensorLike[]][] = [
  [c.positive, 0, [1, 0]],
  [c.nonnegative, 0],
  [c.softplusPositive, 0],
  [c.unitInterval, 0, 1],
  [c.openUnitInterval, 0, 1],
  [c.interval(-1, 4), -1, 4],
  [c.greaterThan(3), 3],
  [c.greaterThanEq(3), 3],
  [c.lessThan(3), 3],
  [c.lessThanEq(3), 3],
  [c.circular, Math.PI, -Math.PI],
  [
    c.simplex,
    [0, 1],
    [0, 0.25, 0.75],
    [0.25, 0.75, 0],
    [
      [0.5, 0.5],
      [1, 0],
    ],
  ],
  [c.orderedVector, [2, 2], [3, 1]],
  [c.positiveOrderedVector, [0, 1]],
  [c.l1Ball, [0, -1], [0.5, 0.25, -0.25]],
  [
    c.lowerCholesky,
    [
      [1, 0],
      [2, 0],
    ],
  ],
  [
    c.softplusLowerCholesky,
    [
      [0, 0],
      [2, 1],
    ],
  ],
  [
    c.corrCholesky,
    [
      [1, 0],
      [-1, 0],
    ],
  ],
  [
    c.corrMatrix,
    [
      [1, 1],
      [1, 1],
    ],
  ],
  [
    c.positiveDefinite,
    [
      [4, 2],
      [2, 1],
    ],
  ],
  [c.independent(c.positive, 1), [2, 0]],
  [c.real, Infinity, Number.NaN],
];
for (const [constraint, ...values] of BOUNDARIES)
  test(`a param cannot start on the boundary of ${constraint.name}`, () => {
    for (const value of values) {
      const { code, message, param: name } = refusal(() => startAt(value, constraint));
      assert.is(code, "bad-initial-value", message);
      assert.is(name, "w");
    }
  });

test("a param may start very close to a boundary, and may have no elements", () => {
  const near = startAt([1e-300, 1 - 1e-300], c.simplex).w as Tensor;
  assert.ok(Math.abs((near.toArray() as [number, number])[0] - 1e-300) <= 1e-310);
  assert.equal(startAt([], c.positive).w?.shape, [0]);
});

test("a constraint without a bijection is refused, and the error names the param", () => {
  const { code, message, site } = refusal(() => startAt([0.6, 0.8], c.sphere));
  assert.equal([code, site], ["no-bijection", "w"], message);
});

test("a mutable that only a later run reaches starts at its declared value", () => {
  const guide = () => {
    if (sample("z", new Bernoulli(0.5)).item() === 1) {
      const count = mutable("count", 5);
      count.value = count.value.add(1);
    }
  };
  const model = () => sample("z", new Bernoulli(0.5));
  const counts = Array.from({ length: 20 }, (_, seed) => {
    const svi = new SVI(model, guide, sgd(0.1), new TraceELBO(), { jit: false });
    const start = svi.init(random.key(seed)).mutableState.count?.item();
    return start === undefined || start === 5;
  });
  assert.equal(counts, new Array(20).fill(true));
});

test("a guide with random keys of its own is warned of once, since its noise is the same in every step", () => {
  const model = () => sample("z", new Bernoulli(0.5));
  const guide = () => sample("z", new Bernoulli({ logits: param("a", 0) }));
  const withKey = () => sample("z", new Bernoulli({ logits: param("a", 0) }), { key: random.key(1) });
  const start = (f: () => unknown) => new SVI(model, f, sgd(0.1), new TraceELBO()).init(random.key(0));
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => said.push(text);
  try {
    start(guide);
    assert.equal(said, []);
    start(seed(guide, 1));
    start(withKey);
  } finally {
    console.warn = warn;
  }
  assert.is(said.length, 1);
  assert.match(said[0] as string, /site "z" is drawn with a key of the program/);
});

test.run();
