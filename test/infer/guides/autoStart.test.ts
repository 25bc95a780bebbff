/**
 * Initial values of autoguides: they depend on the key of svi.init; every strategy gives finite values inside the support, and errors name the
 * strategy.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoDiagonalNormal,
  AutoGuideList,
  AutoIAFNormal,
  AutoNormal,
  adam,
  block,
  constraints,
  Dirichlet,
  HalfCauchy,
  HalfNormal,
  ImproperUniform,
  type InitStrategy,
  InverseGamma,
  initToFeasible,
  initToMean,
  initToMedian,
  initToSample,
  initToUniform,
  initToValue,
  LocScaleReparam,
  LogNormal,
  type Model,
  Normal,
  PedigradError,
  param,
  plate,
  random,
  reparam,
  StudentT,
  SVI,
  sample,
  substitute,
  type Tensor,
  type TensorLike,
  TraceELBO,
  Truncated,
  Weibull,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

const schools: Model = () => {
  const tau = sample("tau", new HalfNormal(1));
  plate("J", 3, () => sample("eta", new Normal(0, tau)));
  sample("w", new Dirichlet([1, 2, 3]));
};
const flat = (params: Record<string, Tensor>): number[] =>
  Object.values(params).flatMap((x) => [...x.toFloat64Array()]);
const startOf = (model: Model, guide: Model, seed: number): Record<string, Tensor> =>
  new SVI(model, guide, adam(0.1), new TraceELBO()).init(random.key(seed)).params;

test("initial values depend on the key of svi.init in every call, or on the guide's own key if it has one", () => {
  for (const Guide of [AutoNormal, AutoDelta, AutoDiagonalNormal, AutoIAFNormal]) {
    const guide = new Guide(schools);
    const [first, other, again] = [0, 1, 0].map((seed) => flat(startOf(schools, guide, seed)));
    assert.is.not(first?.join(), other?.join(), Guide.name);
    assert.equal(again, first);
    assert.equal(flat(startOf(schools, new Guide(schools), 0)), first);
  }
  const own = new AutoNormal(schools, { key: random.key(3) });
  assert.equal(flat(startOf(schools, own, 0)), flat(startOf(schools, own, 1)));
  const uniform = flat({ x: startOf(schools, new AutoNormal(schools), 5).eta_auto_loc as Tensor });
  assert.ok(uniform.every((x) => Math.abs(x) < 2) && new Set(uniform).size === 3);
});

test("initToUniform starts within its radius of 0 in unconstrained space; initToSample starts at a draw from the prior", () => {
  const locs = (initLocFn: InitStrategy): number[] =>
    [0, 1, 2].flatMap((seed) => {
      const { eta_auto_loc } = startOf(schools, new AutoNormal(schools, { initLocFn }), seed);
      return [...(eta_auto_loc as Tensor).toFloat64Array()];
    });
  const near = locs(initToUniform({ radius: 0.01 }));
  assert.ok(near.every((x) => Math.abs(x) <= 0.01) && new Set(near).size === 9);
  const narrow: Model = () => void sample("x", new Normal([4, -7], 1e-6));
  const start = (seed: number): Tensor =>
    startOf(narrow, new AutoNormal(narrow, { initLocFn: initToSample() }), seed).x_auto_loc as Tensor;
  assert.ok(start(0).sub([4, -7]).abs().max().item() < 1e-5);
  assert.is.not(start(0).at(0).item(), start(1).at(0).item());
});

test("under initToSample and initToMedian, a flat prior, which cannot be sampled, starts as under initToUniform", () => {
  const model = () => {
    sample("flat", new ImproperUniform(constraints.positive, [2], []));
    sample("z", new Normal(100, 1));
  };
  const start = (initLocFn: InitStrategy) => startOf(model, new AutoNormal(model, { initLocFn }), 0);
  const uniform = start(initToUniform());
  for (const strategy of [initToSample(), initToMedian()]) {
    const { flat_auto_loc, z_auto_loc } = start(strategy);
    assert.equal(flat_auto_loc?.toArray(), uniform.flat_auto_loc?.toArray());
    assert.ok((z_auto_loc as Tensor).item() > 90);
  }
  assert.equal(start(initToMean()).flat_auto_loc?.toArray(), [0, 0]);
});

test("initToMean uses the median if the mean is infinite or undefined", () => {
  const heavy: Model = () => {
    sample("h", new HalfCauchy(2));
    sample("g", new InverseGamma(1, 3));
    sample("t", new StudentT(1, 5, 2));
    sample("n", new Normal(4, 1));
  };
  const params = startOf(heavy, new AutoNormal(heavy, { initLocFn: initToMean() }), 0);
  const at = (name: string): number => (params[`${name}_auto_loc`] as Tensor).item();
  // The median of a half-Cauchy is its scale; the median of rate / Exp(1) is rate / log 2.
  assert.ok(Math.abs(at("h") - Math.log(2)) < 1e-14);
  assert.ok(Math.abs(at("g") - Math.log(3 / Math.LN2)) < 1e-13);
  assert.ok(Number.isFinite(at("t")));
  assert.is(at("n"), 4);
});

test("an error for a bad initial value names the strategy and the site", () => {
  const start = (initLocFn: InitStrategy) => () => startOf(schools, new AutoNormal(schools, { initLocFn }), 0);
  refuses(start(initToValue({ tau: -2 })), /initToValue: latent site "tau": HalfNormal: value must be >= 0.*got -2/);
  refuses(
    start(initToValue({ tau: 0 })),
    /initToValue: latent site "tau": the initial value .*0.* lies on the boundary/,
  );
  refuses(start(initToValue({ eta: [1, 2] })), /initToValue: latent site "eta": .*\[2\].*\[3\]/);
  refuses(start(initToValue({ tua: 1 })), /initToValue: .*no site "tua". It has .*Did you mean "tau"\?/);
  refuses(
    start(() => {
      throw new PedigradError({ code: "no-value", message: "lost" });
    }),
    /initLocFn: latent site "tau": lost/,
  );
  const twins: Model = () => {
    sample("mu1", new Normal(0, 1));
    sample("mu2", new Normal(0, 1));
  };
  const shared = initToValue({ mu1: 1, mu2: 2 });
  const list = new AutoGuideList(twins);
  for (const name of ["mu1", "mu2"])
    list.append(new AutoDelta(block(twins, { expose: [name] }), { initLocFn: shared }));
  assert.is(startOf(twins, list, 0).mu2_auto_loc?.item(), 2, "values that guides share, however alike their names");
  const decentred = reparam(schools, { eta: LocScaleReparam() });
  const startDecentred = (values: Record<string, TensorLike>) =>
    startOf(
      decentred,
      new AutoDelta(decentred, { initLocFn: initToValue(values) }),
      0,
    ).eta_decentered_auto_loc?.toArray();
  refuses(() => startDecentred({ eta: 2 }), /initToValue: "eta" is computed from "eta_decentered" here/);
  assert.equal(startDecentred({ eta: 2, eta_decentered: 3 }), [3, 3, 3]);
  for (const fallback of [initToMedian(), initToMean(), initToFeasible()])
    assert.equal([...(start(initToValue({ eta: 7 }, fallback))().eta_auto_loc as Tensor).toFloat64Array()], [7, 7, 7]);
});

test("initToValue with a value for each element of a plate sets all elements, whichever a step visits", () => {
  const model: Model = () => {
    plate("far", 3, { dim: -2, subsampleSize: 2 }, () => {
      plate("near", 2, () => sample("w", new Dirichlet([1, 1, 1])));
      sample("x", new HalfNormal(1));
    });
  };
  const x = [[1], [2], [3]];
  const w = [0.2, 0.3, 0.4].map((a) => [0.1, 0.5].map((b) => [a, b, 1 - a - b]));
  for (const options of [{}, { key: random.key(7) }]) {
    const guide = new AutoDelta(model, { initLocFn: initToValue({ x, w }), ...options });
    const svi = new SVI(model, guide, adam(0.1), new TraceELBO());
    const got = svi.getParams(svi.init(random.key(0)));
    assert.ok((got.x_auto_loc as Tensor).sub(x).abs().max().item() < 1e-15);
    assert.ok((got.w_auto_loc as Tensor).sub(w).abs().max().item() < 1e-15);
  }
  // One number, or one number for each element that a step visits, also sets all elements.
  const visited = new AutoNormal(model, { initLocFn: initToValue({ x: [[5], [6]] }) });
  assert.equal(startOf(model, visited, 0).x_auto_loc?.exp().round().toArray(), [[5], [6], [5]]);
  const start = new AutoNormal(model, { initLocFn: initToValue({ x: [1, 2, 3, 4] }) });
  refuses(() => startOf(model, start, 0), /initToValue: latent site "x": .*shape/);
});

test("a function that makes strategies is refused where a strategy is expected", () => {
  const makers = { initToFeasible, initToUniform, initToSample, initToMedian, initToMean, initToValue };
  for (const [name, maker] of Object.entries(makers))
    assert.throws(
      () => new AutoNormal(() => {}, { initLocFn: maker as unknown as InitStrategy }),
      (error: PedigradError) => error.code === "bad-option" && error.message.includes(`got the function ${name}`),
      name,
    );
});

// A constructor runs before its sample statement, so its error names the site only because the program runs again without checks.
test("the error for a wrong parameter names the site, and the latents that may have caused it", () => {
  const data = [2, 3, 4];
  const truncated = () => {
    const s = sample("s", new LogNormal(0, 1));
    const k = sample("k", new LogNormal(0, 1));
    sample("t", new Truncated(new Weibull(s, k), { low: 1.5 }), { obs: data });
  };
  const shifted = () => {
    const s = sample("s", new Normal(0, 1));
    sample("u", new Normal(s, 1), { obs: data });
    sample("t", new Normal(0, s.sub(10)), { obs: data });
  };
  const constant = () => {
    sample("s", new Normal(0, 1));
    sample("t", new Normal(0, -1), { obs: data });
  };
  const guide = () => {
    sample("s", new LogNormal(param("loc", -3), 0.1));
    sample("k", new LogNormal(1, 0.1));
  };
  const init = (model: Model, guide: Model) => () =>
    new SVI(model, guide, adam(0.05), new TraceELBO()).init(random.key(0));
  for (const [body, words] of [
    [init(truncated, new AutoNormal(truncated)), 'initial value of "k", "s" led to it, start elsewhere'],
    [init(truncated, guide), "start the guide elsewhere: { initParams }"],
    [() => new TraceELBO().loss(random.key(0), {}, truncated, guide), "got 1.5."],
    [init(shifted, new AutoNormal(shifted)), "new AutoNormal(model, { initLocFn: initToMedian() })"],
    [init(constant, new AutoNormal(constant)), "Normal: scale must be > 0 and finite, got -1."],
  ] as const) {
    const { code, site, message } = refusal(body);
    assert.is(code, "bad-parameter");
    assert.is(site, "t");
    assert.ok(message.startsWith('site "t": ') && message.includes(words), message);
  }
  assert.ok(refusal(init(constant, new AutoNormal(constant))).message.endsWith("got -1."));
  for (const initLocFn of [initToMedian(), initToValue({ s: 2, k: 1 })])
    init(truncated, new AutoNormal(truncated, { initLocFn }))();
});

test("one number is an initial value for every element of an event, and latents with one substituted number get params for every element", () => {
  const model: Model = () => {
    sample("w", new Dirichlet([1, 2, 3]));
    plate("J", 4, { subsampleSize: 2 }, () => sample("eta", new Normal(0, 1)));
  };
  const start = (f: Model, values: Record<string, number>) => {
    const guide = new AutoDelta(f, { initLocFn: initToValue(values) });
    const svi = new SVI(f, guide, adam(0.1), new TraceELBO());
    return svi.getParams(svi.init(random.key(0)));
  };
  const { w_auto_loc: w } = start(model, { w: 1 / 3 });
  assert.ok(
    (w
      ?.sub(1 / 3)
      .abs()
      .max()
      .item() as number) < 1e-15,
  );
  assert.equal(w?.shape, [3]);
  assert.equal(start(substitute(model, { eta: 2 }), {}).eta_auto_loc?.shape, [4]);
});

test.run();
