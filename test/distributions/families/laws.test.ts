/**
 * Properties that every family must have: shapes of draws and densities for batch shapes (), (3), (2, 1, 3) and sample shapes (), (4);
 * probabilities and densities sum to 1; quantiles invert the distribution function; moments and entropy equal averages over
 * draws; vmap equals a loop; the gradient of draws is -(dF/dp)/f; expand, toEvent, mask and nonreparameterized keep densities.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sameShape } from "../../../autodiff/core/shape.js";
import {
  broadcastTo,
  grad,
  jit,
  PedigradError,
  random,
  type Shape,
  stack,
  type Tensor,
  tensor,
  vjp,
  vmap,
} from "../../../autodiff/index.js";
import { bijectTo, type Distribution, withValidation } from "../../../distributions/index.js";
import { decode, decodeParams, type FamilyUnderTest, lawful } from "./families.js";

const key = random.key(7);
const BATCHES: Shape[] = [[], [3], [2, 1, 3]];
const SAMPLES: Shape[] = [[], [4]];
/** Parameters that are a number of something. They have no batch axes. */
const SIZES = new Set(["dim", "numSteps", "eventDim"]);

const firstParams = ({ entry }: FamilyUnderTest): Record<string, Tensor> =>
  decodeParams(entry.cases[0]?.params as Record<string, number>);

/** The first parameters of a family in the golden file, each repeated over a batch shape. */
function batched(family: FamilyUnderTest, batch: Shape): Distribution {
  const params = firstParams(family);
  const { argConstraints } = family.make(params);
  const repeat = ([name, x]: [string, Tensor]): [string, Tensor] => {
    const event = x.shape.slice(x.shape.length - (argConstraints[name]?.eventDim ?? family.eventDims?.[name] ?? 0));
    return [name, SIZES.has(name) ? x : broadcastTo(x, [...batch, ...event])];
  };
  return family.make(Object.fromEntries(Object.entries(params).map(repeat)));
}

const known = <T>(f: () => T): T | null => {
  try {
    return f();
  } catch (error) {
    if (error instanceof PedigradError && ["no-closed-form", "no-bijection"].includes(error.code)) return null;
    throw error;
  }
};
const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];
const near = (got: Tensor, want: Tensor, tolerance: number, message: string): void => {
  assert.equal(got.shape, want.shape, message);
  const truth = numbers(want);
  numbers(got).forEach((g, i) => {
    const w = truth[i] as number;
    assert.ok(g === w || Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w)), `${message}: ${g} is not ${w}`);
  });
};

for (const family of lawful) {
  const { name } = family;

  test(`draws and log densities of ${name} have the shapes of its batch and event`, () => {
    for (const batch of BATCHES) {
      const d = batched(family, batch);
      const event = d.eventShape;
      assert.equal(d.batchShape, batch);
      for (const sample of SAMPLES) {
        const x = d.sample(key, sample);
        assert.equal(x.shape, [...sample, ...batch, ...event], "draw");
        assert.equal(d.logProb(x).shape, [...sample, ...batch], "log density");
        if (d.hasRsample) assert.equal(d.rsample(key, sample).shape, x.shape, "rsample");
        assert.ok(numbers(d.support.check(x)).every(Boolean), `a draw outside the support: ${x}`);
      }
      assert.equal(d.logProb(batched(family, []).sample(key)).shape, batch, "log density of one value");
      for (const moment of [known(() => d.mean), known(() => d.variance)])
        if (moment !== null) assert.equal(moment.shape, [...batch, ...event], "moment");
      const entropy = known(() => d.entropy());
      if (entropy !== null) assert.equal(entropy.shape, batch, "entropy");
      const cdf = event.length === 0 ? known(() => d.cdf(d.sample(key, [4]))) : null;
      if (cdf !== null) assert.equal(cdf.shape, [4, ...batch], "cdf");
      if (d.hasEnumerateSupport) {
        const [count] = d.enumerateSupport().shape;
        assert.equal(d.enumerateSupport().shape, [count, ...batch, ...event]);
        assert.equal(d.enumerateSupport(false).shape, [count, ...batch.map(() => 1), ...event]);
      }
    }
  });

  // golden.test.ts compares the moments that are in the golden file.
  const stated = family.entry.cases[0];
  if (stated?.mean === undefined || stated.variance === undefined || stated.entropy === undefined)
    test(`${name}: mean, variance and entropy without a reference number equal averages over draws`, () => {
      const d = batched(family, []);
      const n = 20_000;
      const x = d.sample(key, [n]);
      /** Check that an average over draws is within 4.5 standard errors of the expected number. */
      const averages = (terms: Tensor, want: Tensor, what: string): void => {
        const mean = terms.mean(0);
        const error = terms.sub(mean).square().mean(0).div(n).sqrt().mul(4.5).add(1e-9);
        assert.ok(
          numbers(mean.sub(want).abs().lessEqual(error)).every(Boolean),
          `${what}: ${want}, draws have ${mean}`,
        );
      };
      const [mean, variance, entropy] = [known(() => d.mean), known(() => d.variance), known(() => d.entropy())];
      if (mean !== null && stated?.mean === undefined) averages(x, mean, "mean");
      if (mean !== null && variance !== null && stated?.variance === undefined)
        averages(x.sub(mean).square(), variance, "variance");
      if (entropy !== null && stated?.entropy === undefined) averages(d.logProb(x).neg(), entropy, "entropy");
    });

  test(`${name}: expand, toEvent, mask and nonreparameterized keep log densities`, () => {
    const d = batched(family, [3]);
    const event = d.eventShape;
    const wide = d.expand([4, 2, 3]);
    const x = wide.sample(key, [5]);
    assert.equal(x.shape, [5, 4, 2, 3, ...event]);
    near(wide.logProb(x), d.logProb(x), 1e-12, "expand");
    if (event.length === 0)
      assert.ok(d.isDiscrete || new Set(numbers(x)).size > 20 || name === "Delta", "expanded draws are independent");

    const whole = wide.toEvent(2);
    assert.equal(whole.batchShape, [4]);
    assert.equal(whole.eventShape, [2, 3, ...event]);
    assert.equal(whole.sample(key, [5]).shape, x.shape);
    near(whole.logProb(x), wide.logProb(x).sum([-1, -2]), 1e-12, "toEvent");

    const masked = d.mask([1, 0, 1]);
    const one = d.sample(key);
    near(masked.logProb(one), d.logProb(one).mul([1, 0, 1]), 0, "mask");
    const hole = one.mul(tensor([1, NaN, 1]).reshape([3, ...event.map(() => 1)]));
    near(masked.logProb(hole), masked.logProb(one), 0, "a mask covers NaN");
    const slope = d.isDiscrete ? null : grad((value: Tensor) => masked.logProb(value).sum())(hole);
    if (slope !== null && name !== "Delta")
      assert.ok(numbers(slope).every(Number.isFinite), `gradient behind a mask: ${slope}`);

    const plain = d.nonreparameterized();
    assert.is(plain.hasRsample, false);
    near(plain.logProb(one), d.logProb(one), 0, "nonreparameterized");
    near(plain.sample(key), d.sample(key), 0, "nonreparameterized");
    assert.throws(
      () => plain.rsample(key),
      (error: Error) => error instanceof PedigradError && error.message.includes("no reparameterised sampler"),
    );
  });

  test(`${name}: vmap equals a loop`, () => {
    const d = batched(family, []);
    const x = d.sample(key, [3]);
    const params = firstParams(family);
    const mapped = vmap((value: Tensor) => family.make(params).logProb(value))(x);
    near(mapped, d.logProb(x), 1e-13, "logProb");
    const keys = random.split(key, 3);
    const drawn = vmap((k: Tensor) => family.make(params).sample(k))(keys);
    near(drawn, stack([...keys].map((k) => d.sample(k))), 0, "sample");
  });

  test(`${name}: compiled equals eager`, () => {
    const params = firstParams(family);
    const d = family.make(params);
    const program = jit((k: Tensor, value: Tensor, p: Record<string, Tensor>) => {
      const one = family.make(p);
      const slopes = grad((q: Record<string, Tensor>) => family.make(q).logProb(value).sum())(p);
      return { draw: one.sample(k, [3]), logProb: one.logProb(value), slopes };
    });
    const sizes = Object.keys(params).filter((param) => SIZES.has(param));
    if (sizes.length > 0) return;
    for (const seed of [1, 2]) {
      const k = random.key(seed);
      const x = d.sample(random.key(seed + 10), [3]);
      const got = program(k, x, params);
      near(got.draw, d.sample(k, [3]), 0, "draw");
      near(got.logProb, d.logProb(x), 0, "logProb");
      const slopes = grad((q: Record<string, Tensor>) => family.make(q).logProb(x).sum())(params);
      for (const param of Object.keys(params))
        near(got.slopes[param] as Tensor, slopes[param] as Tensor, 0, `slope of ${param}`);
    }
    // A compiled program does not check values when it runs again. The log density of a value outside the support is -Infinity.
    withValidation(false, () => {
      for (const json of family.entry.outOfSupport.values) {
        const value = tensor(decode(json) as number);
        if (!sameShape(value.shape, d.eventShape) || numbers(value).some(Number.isNaN)) continue;
        const x = value.broadcastTo([3, ...d.eventShape]);
        const { logProb } = program(random.key(1), x, decodeParams(family.entry.outOfSupport.params));
        assert.equal(numbers(logProb), [-Infinity, -Infinity, -Infinity], `compiled, at ${value}`);
      }
    });
  });

  test(`${name}: the density sums to 1`, () => {
    const d = batched(family, []);
    const total = totalMass(d);
    if (total !== null) assert.ok(Math.abs(total - 1) < 1e-6, `total mass ${total}`);
  });

  test(`${name}: the quantiles of counts invert the distribution function`, () => {
    for (const { id, params } of family.entry.cases) {
      const d = family.make(decodeParams(params));
      if (!d.isDiscrete || d.eventDim > 0 || known(() => d.cdf(0)) === null) return;
      // The first few whole numbers of the support, from the smallest on.
      const least = numbers(d.support.check(tensor(-1)))[0] === 1 ? numbers(d.icdf(0))[0] : 0;
      const all = tensor(Array.from({ length: 300 }, (_, i) => i + (least as number)));
      const counts = all.slice(0, numbers(d.support.check(all)).indexOf(0) >>> 0);
      const sums = d.logProb(counts).exp().cumsum(0).minimum(1);
      near(d.cdf(counts), sums, 1e-12, `${id}: cdf`);
      near(d.cdf(counts.add(0.5)), sums, 1e-12, `${id}: cdf between`);
      const x = known(() => d.icdf(d.cdf(counts)));
      if (x === null) continue;
      // If the mass of a count is lost in rounding, a smaller count has the same cdf. The quantile at 1 is the end of the support.
      near(d.cdf(x), d.cdf(counts), 0, `${id}: cdf(icdf(cdf))`);
      const isEnd = x.equal(least as number).maximum(d.cdf(counts).equal(1));
      const isLeast = d.cdf(x.sub(1)).less(d.cdf(counts)).maximum(isEnd);
      near(isLeast, counts.mul(0).add(1), 0, `${id}: the least such count`);
    }
  });

  test(`${name}: quantiles invert the distribution function, and pathwise gradients are -(dF/dp)/f`, () => {
    const d = batched(family, []);
    const u = tensor([1e-6, 0.01, 0.3, 0.5, 0.77, 0.999]);
    const x = known(() => d.icdf(u));
    const back = x === null ? null : known(() => d.cdf(x));
    if (back !== null && !d.isDiscrete) near(back, u, 1e-12, "cdf(icdf(u))");
    if (x !== null) assert.ok(numbers(d.icdf([-0.1, 1.1, NaN])).every(Number.isNaN), "icdf outside [0, 1]");
    if (d.isDiscrete || d.eventDim > 0 || known(() => d.cdf(d.sample(key))) === null) return;
    const at = d.sample(key, [6]);
    const slope = grad((value: Tensor) => d.cdf(value).sum())(at);
    if (name !== "Delta") near(slope, d.logProb(at).exp(), 1e-9, "slope of the cdf");
    if (!d.hasRsample) return;
    // These draws do not follow the path of the quantile: they combine a normal and a gamma draw, or take an absolute value.
    if (name === "StudentT" || name === "Folded") return;
    const params = firstParams(family);
    const z = d.sample(key, [6]);
    const [, ofDraw] = vjp((p: Record<string, Tensor>) => family.make(p).rsample(key, [6]), params);
    const [, ofCdf] = vjp((p: Record<string, Tensor>) => family.make(p).cdf(z), params);
    const density = d.logProb(z).exp();
    for (let i = 0; i < 6; i++) {
      const one = tensor([0, 1, 2, 3, 4, 5]).equal(i);
      const [path, implicit] = [ofDraw(one)[0], ofCdf(one.div(density).neg())[0]];
      for (const param of Object.keys(params)) near(path[param], implicit[param], 1e-7, `dx/d${param} at ${z.at(i)}`);
    }
  });
}

/** The sum over a discrete support, or the integral over an interval by the double exponential rule on unconstrained numbers. */
function totalMass(d: Distribution): number | null {
  if (d.hasEnumerateSupport) return d.logProb(d.enumerateSupport()).exp().sum().item();
  if (d.eventDim > 0) return null;
  if (d.isDiscrete) {
    const counts = tensor(Array.from({ length: 5000 }, (_, k) => k));
    const inside = numbers(d.support.check(counts)).reduce((n, yes) => n + yes, 0);
    return d.logProb(counts.slice(0, inside)).exp().sum().item();
  }
  const toSupport = known(() => bijectTo(d.support));
  const variance = known(() => d.variance);
  if (toSupport === null || (variance !== null && numbers(variance).some((v) => v === 0))) return null;
  const draws = numbers(toSupport.inverse(d.sample(key, [400]))).sort((a, b) => a - b);
  const [low, middle, high] = [100, 200, 300].map((i) => draws[i] as number) as [number, number, number];
  const step = 1 / 256;
  const t = Array.from({ length: 2001 }, (_, i) => (i - 1000) * step);
  const nodes = t.map((s) => middle + (high - low) * Math.sinh((Math.PI / 2) * Math.sinh(s)));
  const weights = t.map(
    (s) => (high - low) * step * (Math.PI / 2) * Math.cosh(s) * Math.cosh((Math.PI / 2) * Math.sinh(s)),
  );
  let total = 0;
  nodes.forEach((x, i) => {
    const y = toSupport.forward(tensor(x));
    if (d.support.check(y).item() === 0) return;
    // The bijection has reached the last number; the mass beyond is negligible.
    if (y.item() === 0 && x < -700) return;
    const logDensity = d
      .logProb(y)
      .add(toSupport.logAbsDetJacobian(tensor(x), y))
      .item();
    if (logDensity > -700) total += Math.exp(logDensity) * (weights[i] as number);
  });
  return total;
}

test.run();
