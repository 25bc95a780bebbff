/** Parameters and values near the largest and smallest numbers: limits, and the ends of distribution functions and quantiles. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, random, stack, type Tensor, tensor } from "../../../autodiff/index.js";
import { boundsOf } from "../../../distributions/constraints/constraint.js";
import {
  AsymmetricLaplace,
  Beta,
  Cauchy,
  Chi2,
  type Distribution,
  FisherSnedecor,
  Gamma,
  Geometric,
  Gompertz,
  Gumbel,
  InverseGamma,
  Kumaraswamy,
  LogUniform,
  MultivariateStudentT,
  NegativeBinomial2,
  Pareto,
  Poisson,
  SkewNormal,
  StudentT,
  Truncated,
  TruncatedNormal,
  VonMises,
  Weibull,
} from "../../../distributions/index.js";
import { decodeParams, families } from "./families.js";

const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];
const near = (got: number, want: number, tolerance: number): void =>
  assert.ok(got === want || Math.abs(got - want) <= tolerance * Math.abs(want), `${got} is not ${want}`);
/** The result of a method, or null if the family has no closed form for it. */
function known(f: () => Tensor): number[] | null {
  try {
    return numbers(f());
  } catch {
    return null;
  }
}

test("every distribution function rises from 0 to 1, and every quantile from one end of the support to the other", () => {
  for (const { name, entry, make } of families)
    for (const { id, params } of entry.cases) {
      const d = make(decodeParams(params));
      // Angles are bounded.
      if (d.eventDim > 0 || name === "VonMises") continue;
      const ends = known(() => d.cdf([-Infinity, Infinity]));
      if (ends !== null) assert.equal(ends, [0, 1], `${id}: cdf`);
      const quantiles = known(() => d.icdf([0, 1]));
      const middle = known(() => d.icdf(0.5));
      if (quantiles === null || middle === null) continue;
      const [low, high] = quantiles as [number, number];
      assert.ok(low <= (middle[0] as number) && (middle[0] as number) <= high, `${id}: icdf ${low} … ${high}`);
      const back = known(() => d.cdf(d.isDiscrete ? [low - 1, high] : [low, high]));
      if (back !== null) assert.equal(back, [0, 1], `${id}: cdf of icdf`);
    }
});

test("at the ends of the support, distribution functions have slope 0, so truncated and censored densities have gradients", () => {
  for (const { name, entry, make } of families)
    for (const { id, params } of entry.cases) {
      const at = decodeParams(params);
      const d = make(at);
      if (d.eventDim > 0 || name === "VonMises" || known(() => d.cdf(0)) === null) continue;
      // If an end is a parameter, the distribution function has a slope on one side of it.
      const ends = d.isDiscrete || "low" in d.support ? [] : (boundsOf(d.support) ?? []).flatMap(numbers);
      const x = [-Infinity, ...ends, Infinity];
      const slopes = grad((p: Record<string, Tensor>) => make(p).cdf(x).sum())(at);
      for (const [param, slope] of Object.entries(slopes))
        assert.ok(
          numbers(slope).every((s) => Math.abs(s) < 1e-15),
          `${id}: ${param} ${slope}`,
        );
    }
  const slopes = (bounds: object, x: number) => {
    const truth = (a: number) => new Truncated(new Gamma(a, 2), bounds).logProb(x).item();
    const slope = grad((a: Tensor) => new Truncated(new Gamma(a, 2), bounds).logProb(x))(1.3).item();
    near(slope, (truth(1.3 + 1e-5) - truth(1.3 - 1e-5)) / 2e-5, 1e-6);
  };
  slopes({ low: 0.1 }, 0.4);
  slopes({ high: 0.7 }, 0.4);
  slopes({}, 0.4);
});

test("the quantiles at 0 and 1 are the ends of the support", () => {
  assert.equal(numbers(new Cauchy(3, 2).icdf([0, 1])), [-Infinity, Infinity]);
  assert.equal(numbers(new TruncatedNormal(0, 1, 0).icdf([0, 1])), [0, Infinity]);
  assert.equal(numbers(new TruncatedNormal({ high: 0 }).icdf([0, 1])), [-Infinity, 0]);
  assert.equal(numbers(new TruncatedNormal(0, 1, -1, 2).icdf([0, 1])), [-1, 2]);
  assert.equal(numbers(new TruncatedNormal(1e10, 1, -1, 1).icdf([0, 1])), [-1, 1]);
  assert.equal(numbers(new AsymmetricLaplace(0, 1, 1e300).icdf([0, 1])), [-Infinity, Infinity]);
  assert.equal(numbers(new LogUniform(0.5, 0.6).icdf([0, 1])), [0.5, 0.6]);
});

test("a distribution function is 0 or 1 at a value with no mass on one side", () => {
  const is = (d: Distribution, x: number, want: number) => assert.is(d.cdf(x).item(), want, `${d.family} at ${x}`);
  is(new Gamma(2.5, 1), 1e250, 1);
  is(new Gamma(10, 1), 1e305, 1);
  is(new Gamma(1e-300, 0.3), 1, 1);
  is(new Chi2(3), 1e307, 1);
  is(new InverseGamma(2.5, 1), 1e-250, 0);
  is(new Poisson(4), Infinity, 1);
  is(new Poisson(4), -Infinity, 0);
  is(new Beta(1e-300, 2), 1e-20, 1);
  is(new Beta(2, 1e-300), 1 - 2 ** -53, 0);
  is(new Beta(1e300, 2), 0.5, 0);
  is(new Beta(1e-300, 1e10), 0.5, 1);
  is(new VonMises(0, 1e300), 0.5, 1);
  // A normal distribution with scale 1e-150.
  near(new VonMises(0, 1e300).cdf(-1e-150).item(), 0.15865525393145705, 1e-14);
});

test("a log density beyond the range of numbers is -Infinity", () => {
  assert.equal(numbers(new InverseGamma(2, 1).logProb([1e-310, 1e-320])), [-Infinity, -Infinity]);
  assert.is(new Gamma(2, 1e10).logProb(1e300).item(), -Infinity);
  assert.is(new Gumbel(0, 1e-10).logProb(-1e300).item(), -Infinity);
  assert.is(new Weibull(1e-10, 2).logProb(1e300).item(), -Infinity);
  assert.is(new Gompertz(1, 1e10).logProb(1e300).item(), -Infinity);
});

test("where a log density is finite, its gradient is finite too", () => {
  const slope = (d: Distribution, x: number) => grad((value: Tensor) => d.logProb(value))(tensor(x)).item();
  near(slope(new Pareto(1, 0.3), 1.7e308), -1.3 / 1.7e308, 1e-15);
  near(slope(new InverseGamma(1e10, 1), 1e300), -(1e10 + 1) / 1e300, 1e-15);
});

test("Student's t: at the centre, the slope of the distribution function is the density; with df 1, tails equal Cauchy's", () => {
  const slope = grad((x: Tensor) => new StudentT(3, 1, 2).cdf(x))(tensor(1));
  near(slope.item(), new StudentT(3, 1, 2).logProb(1).exp().item(), 3e-14);
  const x = tensor([-1e100, -3, -1e-3, 0.4, 5]);
  const truth = numbers(new Cauchy(0, 1).cdf(x));
  numbers(new StudentT(1).cdf(x)).forEach((p, i) => {
    near(p, truth[i] as number, 1e-14);
  });
  const ofMedian = grad((df: Tensor) => new StudentT(df, 1, 2).icdf(0.5))(tensor(3));
  assert.is(ofMedian.item(), 0);
  for (const df of [0.1, 3, 1e3, 1e20]) {
    const d = new StudentT(df, 1, 2);
    near(grad((q: Tensor) => d.icdf(q))(tensor(0.5)).item(), 1 / d.logProb(1).exp().item(), 1e-13);
  }
  near(new StudentT(1).icdf(1e-100).item(), -1e100 / Math.PI, 1e-13);
});

test("quantiles closer to the ends than any number are the ends, and Student's quantiles agree with the tail probabilities", () => {
  // For the second distribution, I_x(a, b) is 0.95 at x = 1e-300, so the quantile is smaller.
  assert.is(new Beta(11.8, 1.8e-5).icdf(0.277).item(), 1);
  assert.ok(new Beta(7.2e-5, 21.8).icdf(0.9466).item() < 1e-300);
  assert.equal(numbers(new StudentT(1e-4).icdf([0.3, 0.5, 0.7])), [-Infinity, 0, Infinity]);
  // With N = df/2 B(df/2, 1/2), P(Z < z) = (df / z²)^(df/2) / (2 N); by mpmath.
  near(new StudentT(1e-3).icdf(0.3).item(), -1.1166011909601347e220, 1e-11);
  assert.ok(numbers(new FisherSnedecor(1e-4, 3).icdf([0.2, 0.5])).every((x) => x < 1e-300));
});

test("Student's t where squares overflow: the tail is a power of the distance, with the right slopes", () => {
  const slopes = grad((p: Record<string, Tensor>) =>
    new StudentT(p.df as Tensor, 0, p.scale as Tensor).logProb(p.x as Tensor),
  )({ df: 1e-3, scale: 1, x: -1e200 });
  near((slopes.x as Tensor).item(), 1.001e-200, 1e-14);
  near((slopes.scale as Tensor).item(), 1e-3, 1e-12);
  const d = new MultivariateStudentT(
    0.01,
    [0, 0],
    [
      [1, 0],
      [0, 2],
    ],
  );
  const log = (x: number) => d.logProb([x, -3 * x]).item();
  for (const x of [1e120, 1e150, 1e170, 1e290]) near(log(x) - log(10 * x), 2.01 * Math.LN10, 1e-11);
  const slope = grad((x: Tensor) => d.logProb(stack([x, x.mul(-3)])))(1e170).item();
  near(slope, -2.01e-170, 1e-14);
});

test("a quantile among counts beyond 2^53 is NaN, not the largest representable count", () => {
  assert.equal(numbers(new Poisson([1e10, 1e17, 1e300]).icdf(0.5)), [1e10, NaN, NaN]);
  assert.equal(numbers(new Poisson(1e17).icdf([0, 1])), [0, Infinity]);
});

test("LogUniform works over 400 orders of magnitude", () => {
  const [d, width] = [new LogUniform(1e-200, 1e200), 400 * Math.LN10];
  near(d.logProb(1).item(), -Math.log(width), 1e-15);
  near(d.cdf(1).item(), 0.5, 1e-15);
  near(d.icdf(0.75).item(), 1e100, 1e-13);
  near(d.entropy().item(), Math.log(width), 1e-15);
  near(d.mean.item(), 1e200 / width, 1e-15);
  assert.is(d.variance.item(), Infinity);
  assert.ok(numbers(d.sample(random.key(1), [100])).every(Number.isFinite));
});

test("very small moments, and moments close to divergence, keep their sign and digits", () => {
  near(new FisherSnedecor(5, 3).mean.item(), 3, 1e-15);
  // For large b, the distribution of √b x is Rayleigh's, so the variance is (1 - π/4) / b.
  near(new Kumaraswamy(2, 1e10).variance.item(), (1 - Math.PI / 4) * 1e-10, 1e-9);
  near(new Geometric({ logits: -1e10 }).entropy().item(), 1e10 + 1, 1e-15);
  assert.is(new Kumaraswamy(1e-3, 1e4).variance.item(), 0);
  assert.is(new Beta(1e-300, 1e-300).variance.item(), 0.25);
  near(new Beta(1e300, 1e300).variance.item(), 1.25e-301, 1e-15);
  near(new SkewNormal(0, 1, -1e200).variance.item(), 1 - 2 / Math.PI, 1e-15);
  assert.ok(numbers(new SkewNormal(0, 1, -1e200).sample(random.key(1), [20])).every((x) => x < 0));
  assert.ok(numbers(new Geometric({ logits: -1e10 }).sample(random.key(1), [20])).every(Number.isFinite));
  assert.ok(numbers(new FisherSnedecor(3, 1e-300).sample(random.key(1), [20])).every(Number.isFinite));
});

test("FisherSnedecor with many degrees of freedom: slopes of the log density by mpmath, 50 digits; finite draws", () => {
  // df1, df2, x; slopes by df1, df2 and x
  const rows = [
    [1e9, 6e8, 1.0000511207720337, 9.563204477249002e-11, 2.656358720471259e-10, -9585.348505693139],
    [1e9, 6e8, 0.999890455488499, -2.3444432969715664e-10, -6.511486515709964e-10, 20542.252543748204],
    [3e8, 1e12, 1.0000244985713869, 1.5162142555246444e-9, 1.3645906241368747e-16, -3674.593553664647],
    [1e7, 6e7, 1.0003381321240779, 2.1863229251458405e-8, 6.071804376196621e-10, -1449.5775292715273],
  ] as const;
  for (const [df1, df2, x, ...truth] of rows) {
    const slopes = grad((at: Tensor[]) =>
      new FisherSnedecor(at[0] as Tensor, at[1] as Tensor).logProb(at[2] as Tensor),
    )([df1, df2, x].map((y) => tensor(y)));
    slopes.forEach((slope, i) => {
      near(slope.item(), truth[i] as number, 1e-13);
    });
  }
  for (const df1 of [1e172, 1e300])
    for (const df2 of [1.5, 60, 1e7, 1e300]) {
      const draws = [new FisherSnedecor(df1, df2), new FisherSnedecor(df2, df1)].flatMap((d) =>
        numbers(d.sample(random.key(1), [50])),
      );
      assert.ok(draws.every(Number.isFinite), `${df1}, ${df2}`);
    }
});

test("FisherSnedecor at 1e300: the log density is finite and has the slope of its tail, -df2/2 - 1", () => {
  for (const [df1, df2] of [
    [813270056, 6],
    [5e8, 7e8],
    [3, 5],
  ] as const) {
    const log = (x: number) => new FisherSnedecor(df1, df2).logProb(x).item();
    const slope = (log(1e300) - log(1e299)) / Math.log(10);
    assert.ok(Math.abs(slope / (-df2 / 2 - 1) - 1) < 1e-12, `${df1}, ${df2}: ${slope}`);
  }
});

test("counts whose rate hardly varies are Poisson, up to the largest concentrations", () => {
  const truth = numbers(new Poisson(5.4).cdf([0, 4, 9, 30]));
  for (const concentration of [1e20, 1e120, 1e155, 1e200, 1e299])
    numbers(new NegativeBinomial2(5.4, concentration).cdf([0, 4, 9, 30])).forEach((p, i) => {
      near(p, truth[i] as number, 1e-12);
    });
});

test.run();
