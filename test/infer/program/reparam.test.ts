/** Reparameterised models have the same distribution, and psisDiagnostic recovers known values of k. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  CircularReparam,
  type Distribution,
  Exp,
  initToValue,
  LocScaleReparam,
  LogNormal,
  type Model,
  Normal,
  Predictive,
  param,
  paretoK,
  plate,
  psisDiagnostic,
  type Reparam,
  random,
  reparam,
  type SampleSite,
  SVI,
  sample,
  seed,
  type Tensor,
  TraceELBO,
  TransformedDistribution,
  TransformReparam,
  tensor,
  trace,
  VonMises,
} from "../../../index.js";
import { moments } from "../draws.js";

const n = 20_000;
const rowsOf = (x: Tensor) => [...x.toFloat64Array()].map((v) => Float64Array.of(v));
const check = (draws: Tensor, mean: number, sd: number) => {
  const got = moments(rowsOf(draws));
  assert.ok(Math.abs((got.mean[0] as number) - mean) <= (4.5 * sd) / Math.sqrt(n));
  // The standard error of a sample variance of normal draws is sd² √(2/n).
  assert.ok(Math.abs((got.variance[0] as number) - sd ** 2) <= 4.5 * sd ** 2 * Math.sqrt(2 / n));
};

const model: Model = () => sample("x", new Normal(3, 2).expand([2]).toEvent(1));
for (const centered of [0, 0.3, 1])
  test(`LocScaleReparam, centered ${centered}: same mean and variance (n = 20,000, 4.5 standard errors)`, () => {
    const moved = reparam(model, { x: LocScaleReparam({ centered }) });
    const { x } = new Predictive(moved, { numSamples: n, returnSites: ["x"] }).run(random.key(0));
    check((x as Tensor).slice(0, 1, { axis: 1 }), 3, 2);
    const sites = [
      ...trace(seed(moved, random.key(1)))
        .getTrace()
        .keys(),
    ];
    assert.equal(sites, ["x_decentered", "x"]);
  });

test("LocScaleReparam accepts a number c, or null to learn c, and refuses unknown options", () => {
  const draw = (strategy: Reparam) => trace(seed(reparam(model, { x: strategy }), random.key(1))).getTrace();
  const [short, long] = [LocScaleReparam(0.3), LocScaleReparam({ centered: 0.3 })].map(draw);
  assert.equal(short?.get("x")?.value?.toArray(), long?.get("x")?.value?.toArray());
  assert.ok(draw(LocScaleReparam(null)).has("x_centered"));
  assert.throws(() => LocScaleReparam({ centred: 0 } as never), /unknown option "centred".*Did you mean "centered"/);
  assert.throws(
    () => trace(seed(reparam(model, { xx: LocScaleReparam() }), 0)).getTrace(),
    /reparam: the program has no site "xx". It has "x"/,
  );
});

test("TransformReparam samples the base distribution", () => {
  const positive: Model = () => sample("x", new TransformedDistribution(new Normal(0.5, 0.4), new Exp()));
  const moved = reparam(positive, { x: TransformReparam() });
  const { x } = new Predictive(moved, { numSamples: n, returnSites: ["x"] }).run(random.key(2));
  check((x as Tensor).log(), 0.5, 0.4);
  assert.throws(
    () => seed(reparam(model, { x: TransformReparam() }), random.key(0))(),
    /needs a TransformedDistribution/,
  );
});

test("TransformReparam of a LogNormal: log p(x) = log p'(log x) - log x, and the base can be decentred in turn", () => {
  const fn = new LogNormal([-1.3, 2], [0.4, 5]);
  const cases: [Distribution, keep: number[]][] = [
    [fn, [1, 1]],
    [fn.expand([3, 2]), [1, 1]],
    [fn.mask([1, 0]), [1, 0]],
    [fn.toEvent(1), [1, 1]],
  ];
  for (const [written, keep] of cases) {
    const drawn = reparam(() => sample("x", written), { x: TransformReparam() });
    const run = trace(seed(drawn, random.key(1))).getTrace();
    const base = run.get("x_base") as SampleSite;
    const jacobian = base.value.mul(keep);
    const want = base.logProb().sub(written.eventDim === 1 ? jacobian.sum(-1) : jacobian);
    const got = written.logProb(run.get("x")?.value as Tensor);
    assert.ok(got.sub(want).abs().max().item() < 1e-12, `${written}`);
  }
  const once = reparam(() => sample("x", new LogNormal(0.5, 0.4)), { x: TransformReparam() });
  const twice = reparam(once, { x_base: LocScaleReparam() });
  const { x } = new Predictive(twice, { numSamples: n, returnSites: ["x"] }).run(random.key(2));
  check((x as Tensor).log(), 0.5, 0.4);
  // A function may choose strategies for the sites of other strategies, but not without end.
  const chosen = (site: { name: string }) => ({ x: TransformReparam(), x_base: LocScaleReparam() })[site.name] ?? null;
  const log = (f: Model) => trace(seed(f, 0)).getTrace().get("x_base_decentered")?.value;
  const program = () => sample("x", new LogNormal(0.5, 0.4));
  assert.equal(log(reparam(program, chosen)), log(twice));
  const endless = reparam(program, ({ fn }) => (fn instanceof Normal ? LocScaleReparam() : TransformReparam()));
  assert.throws(() => seed(endless, 0)(), /a strategy for "x", "x_base", "x_base_decentered" and so on/);
});

test("paretoK recovers k from exact Pareto quantiles", () => {
  for (const k of [0.2, 0.5, 0.9]) {
    // Weights with P(W > w) = w^(-1/k): log w = -k log u.
    const size = 20_000;
    const logs = Float64Array.from({ length: size }, (_, i) => -k * Math.log((i + 0.5) / size));
    const got = paretoK(logs);
    assert.ok(Math.abs(got - k) < 0.06, `${got} against ${k}`);
  }
});

test("if a few weights outweigh all others, k is Infinity, as in ArviZ", () => {
  assert.is(paretoK(Float64Array.from({ length: 1000 }, (_, i) => -800 * i)), Infinity);
  assert.is(paretoK(Float64Array.from({ length: 1000 }, (_, i) => (i < 3 ? -i : -Infinity))), Infinity);
  // 999 weights of 1/2 and one of 500: the effective sample size is (Σ w)² / Σ w² = 4.
  const few = (large: number) =>
    paretoK(Float64Array.from({ length: 1000 }, (_, i) => Math.log(i === 7 ? large : 0.5)));
  assert.equal([few(500), few(0.6)], [Infinity, -Infinity]);
  assert.throws(() => paretoK(Float64Array.of(1, 2, 3)), /logWeights.length must be an integer of at least 25, got 3/);
  // For vectors of 500 numbers, log weights differ by thousands.
  const model: Model = () => sample("z", new Normal(0, 1).expand([500]).toEvent(1));
  const guide: Model = () => sample("z", new Normal(20, 3).expand([500]).toEvent(1));
  assert.ok(psisDiagnostic(random.key(0), {}, model, guide, { numParticles: 100 }) > 0.7);
});

test("psisDiagnostic distinguishes a good guide from a guide that is too narrow", () => {
  const target: Model = () => {
    sample("z", new Normal(0, 1));
  };
  const guide =
    (scale: number): Model =>
    () => {
      sample("z", new Normal(param("m", 0), scale));
    };
  // With q = N(0, s²) and p = N(0, 1) the weights' tail index is k = 1 - s², for s < 1.
  assert.ok(psisDiagnostic(random.key(0), {}, target, guide(1.05)) < 0.3);
  assert.ok(psisDiagnostic(random.key(0), {}, target, guide(0.3)) > 0.7);
});

test("CircularReparam: a posterior around ±π has one mode", () => {
  // Two observed directions on both sides of π: the posterior of the mean direction is VonMises around π.
  const directions: Model = (angles: number[]) => {
    const mu = sample("mu", new VonMises(0, 0.1));
    plate("n", angles.length, () => sample("a", new VonMises(mu, 20), { obs: angles }));
  };
  const moved = reparam(directions, { mu: CircularReparam() });
  const guide = new AutoNormal(moved, { initLocFn: initToValue({ mu_unwrapped: 2 }) });
  const data = [3.1, -3.1, 2.9, -2.95];
  const { params } = new SVI(moved, guide, adam(0.02), new TraceELBO({ numParticles: 10 })).run(
    random.key(0),
    1500,
    data,
  );
  const unwrapped = (guide.median(params).mu_unwrapped as Tensor).item();
  // The posterior has the direction of κ Σ (cos, sin) and a concentration of about 4 · 20.
  const want = Math.atan2(
    data.reduce((s, a) => s + 20 * Math.sin(a), 0),
    data.reduce((s, a) => s + 20 * Math.cos(a), 0.1),
  );
  const gap = unwrapped - want - 2 * Math.PI * Math.round((unwrapped - want) / (2 * Math.PI));
  assert.ok(Math.abs(gap) < 0.03, `${unwrapped}, want ${want}`);
  const spread = params.mu_unwrapped_auto_scale ?? params.auto_mu_unwrapped_scale ?? tensor(0);
  assert.ok(spread.item() === 0 || Math.abs(spread.item() - 1 / Math.sqrt(80)) < 0.03, `${spread}`);
  assert.throws(
    () => seed(reparam(model, { x: CircularReparam() }), random.key(0))(),
    /needs a distribution of angles/,
  );
});

test.run();
