/** Truncated distributions, and refusals of bounds with too little probability between them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { arange, jit, random, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Beta,
  Categorical,
  Exponential,
  Gamma,
  HalfNormal,
  LogNormal,
  Mixture,
  Normal,
  Poisson,
  StudentT,
  Truncated,
  withValidation,
} from "../../../distributions/index.js";
import { refuses } from "../../refusals.js";

const near = (got: Tensor, want: Tensor | number, tolerance: number): void => {
  const gap = got.sub(want).abs().lessEqual(tensor(want).abs().maximum(1).mul(tolerance));
  assert.ok(gap.min().item() === 1, `${got} is not ${want}`);
};

test("the support is the part of the base's support within the bounds", () => {
  const bounds = (d: Truncated) => {
    const { low, high } = d.support as unknown as { low: Tensor; high: Tensor };
    return [low.item(), high.item()];
  };
  assert.equal(bounds(new Truncated(new Gamma(2, 1), { high: 3 })), [0, 3]);
  assert.equal(bounds(new Truncated(new Beta(2, 1), { low: 0.5 })), [0.5, 1]);
  assert.equal(bounds(new Truncated(new Poisson(2), { low: 1.5, high: 4.5 })), [2, 4]);
  assert.is(new Truncated(new Gamma(2, 1), { low: 3 }).support.name, "greaterThanEq");
  assert.is(new Truncated(new Normal(0, 1), { high: 3 }).support.name, "lessThanEq");
  refuses(
    () => new Truncated(new Gamma(2, 1), { high: -1 }),
    /high must be > low, .* support of Gamma \(>= 0 and finite\)/,
  );
  refuses(() => new Truncated(new Beta(2, 1), { low: 2 }), /Truncated: high must be > low/);
  refuses(() => new Truncated(new Poisson(2), { low: 2.1, high: 2.9 }), /high must be >= low/);
  // A mixture has a larger support than its first component.
  const mixture = new Mixture(new Categorical([0.5, 0.5]), [new HalfNormal(1), new Normal(0, 1)]);
  near(
    new Truncated(mixture, { high: 0 }).logProb(-1),
    new Truncated(new Normal(0, 1), { high: 0 }).logProb(-1),
    1e-14,
  );
});

test("bounds so far out that the mass between them is lost in rounding are refused, and no density is Infinity", () => {
  refuses(
    () => new Truncated(new Exponential(1), { low: 30 }),
    /low must be so small that more than 1e-8 of the mass of Exponential/,
  );
  refuses(() => new Truncated(new Normal(0, 1), { low: 9 }), /use TruncatedNormal, for others/);
  // The exponential distribution has no memory: beyond 10 it is the same distribution, shifted.
  near(new Truncated(new Exponential(1), { low: 10 }).logProb(11), -1, 1e-11);
  // In a lower tail the cdf keeps its digits.
  const tail = new Truncated(new LogNormal(0, 1), { high: 1e-12 });
  assert.ok(tail.sample(random.key(1), [100]).lessEqual(1e-12).min().item() === 1);
  withValidation(false, () => assert.is(new Truncated(new Normal(0, 1), { low: 9 }).logProb(9.1).item(), -Infinity));
  const density = jit((low: Tensor) => new Truncated(new Normal(0, 1), { low }).logProb(9.1));
  for (const low of [1, 2]) assert.ok(Number.isFinite(density(tensor(low)).item()));
  assert.is(density(tensor(9)).item(), -Infinity);
});

test("draws where the density of the base rises to infinity are not rounded to the end, where it is infinite", () => {
  const d = new Truncated(new Beta(2, 0.05), { low: 0.8 });
  const draws = d.sample(random.key(0), [1000]);
  assert.ok(Number.isFinite(d.logProb(draws).sum().item()));
});

test("Truncated counts and Student's t can be drawn", () => {
  const d = new Truncated(new Poisson(3), { low: 2, high: 6 });
  const n = 20000;
  const draws = d.sample(random.key(1), [n]);
  for (const k of arange(2, 7)) {
    const p = d.logProb(k).exp().item();
    const share = draws.equal(k).mean().item();
    assert.ok(Math.abs(share - p) < 4.5 * Math.sqrt((p * (1 - p)) / n), `P(${k}): ${share}, not ${p}`);
  }
  // With one degree of freedom F(x) = 1/2 + atan(x) / π.
  const half = new Truncated(new StudentT(1), { low: 0 });
  near(half.icdf([0, 0.25, 0.5]), tensor([0, Math.tan(Math.PI / 8), 1]), 1e-14);
});

test.run();
