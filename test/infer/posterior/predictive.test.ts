/** Predictive in the five forms of NumPyro's SVI page, and the densities of posterior samples. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  Bernoulli,
  Beta,
  deterministic,
  LocScaleReparam,
  logDensity,
  logLikelihood,
  Normal,
  Predictive,
  param,
  plate,
  random,
  reparam,
  SVI,
  sample,
  substitute,
  type Tensor,
  type TensorLike,
  TraceELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const model = (data: Tensor | null, size = 10) => {
  const f = sample("f", new Beta(2, 3));
  deterministic("odds", f.div(tensor(1).sub(f)));
  return plate("N", data?.length ?? size, () => sample("obs", new Bernoulli(f), { obs: data }));
};
const guide = (_data: Tensor | null) => {
  sample("f", new Beta(param("a", 8), param("b", 4)));
};
const params = { a: 8, b: 4 };
const n = 20_000;
const key = random.key(5);
const near = (label: string, draws: Tensor, mean: number, sd: number) => {
  const error = sd / Math.sqrt(draws.size);
  assert.ok(
    Math.abs(draws.mean().item() - mean) <= 4.5 * error,
    `${label}: ${draws.mean().item()} against ${mean}, standard error ${error}`,
  );
};
const beta = (a: number, b: number) => ({ mean: a / (a + b), sd: Math.sqrt((a * b) / ((a + b) ** 2 * (a + b + 1))) });

test("with guide and params: draws of the observations (n = 20,000, 4.5 standard errors)", () => {
  const drawn = new Predictive(model, { guide, params, numSamples: n }).run(key, null);
  assert.equal(drawn.obs?.shape, [n, 10]);
  assert.is(drawn.f, undefined);
  const { mean, sd } = beta(8, 4);
  // The ten flips of a draw have the same f, so the variance of their mean is Var f plus a tenth of E f(1 - f).
  near("obs", (drawn.obs as Tensor).mean(1), mean, Math.sqrt(sd ** 2 + (mean * (1 - mean) - sd ** 2) / 10));
  assert.equal(drawn.odds?.shape, [n]);
});

test("Predictive of the guide: posterior samples", () => {
  const { f } = new Predictive(guide, { params, numSamples: n }).run(key, null);
  const { mean, sd } = beta(8, 4);
  near("f", f as Tensor, mean, sd);
});

test("Predictive of the model with posterior samples keeps the axes of draws and chains", () => {
  const f = tensor([
    [0.1, 0.9, 0.5],
    [0.2, 0.3, 0.4],
  ]);
  const drawn = new Predictive(model, { posteriorSamples: { f }, batchNdims: 2 }).run(key, null, 4);
  assert.equal(drawn.obs?.shape, [2, 3, 4]);
  assert.equal(drawn.odds?.toArray(), f.div(tensor(1).sub(f)).toArray());
  const single = new Predictive(model, { posteriorSamples: { f: 0.3 }, batchNdims: 0 }).run(key, null, 4);
  assert.equal(single.obs?.shape, [4]);
});

test("without posterior samples, batchNdims 2 makes one chain, and numSamples is required", () => {
  const prior = new Predictive(model, { numSamples: 3, batchNdims: 2 }).run(key, null, 4);
  assert.equal(
    [prior.f?.shape, prior.obs?.shape],
    [
      [1, 3],
      [1, 3, 4],
    ],
  );
  assert.is(refusal(() => new Predictive(model, { posteriorSamples: {} })).param, "numSamples");
  assert.equal(new Predictive(model, { posteriorSamples: {}, numSamples: 3 }).run(key, null, 4).f?.shape, [3]);
});

test("draws of the prior, with returnSites and without deterministic sites", () => {
  const prior = new Predictive(model, { numSamples: n }).run(key, null);
  near("f", prior.f as Tensor, beta(2, 3).mean, beta(2, 3).sd);
  assert.equal(Object.keys(new Predictive(model, { numSamples: 2, excludeDeterministic: true }).run(key, null)), [
    "f",
    "obs",
  ]);
  assert.equal(Object.keys(new Predictive(model, { numSamples: 2, returnSites: ["odds"] }).run(key, null)), ["odds"]);
  assert.throws(() => new Predictive(model, { numSamples: 2, returnSites: ["od"] }).run(key, null), /no site "od"/);
});

test("a draw that does not reach a site has NaN for this site", () => {
  const branching = () => {
    const b = sample("b", new Bernoulli(0.5));
    if (b.item() > 0) sample("z", new Normal(5, 0.1));
  };
  for (const parallel of [true, false]) {
    const { b, z } = new Predictive(branching, { numSamples: 40, parallel }).run(key);
    assert.equal((z as Tensor).isNaN().toArray(), (b as Tensor).logicalNot().toArray());
  }
});

test("missing params, and posterior samples that the program does not use, are refused", () => {
  const drawing = (options: object) => () =>
    new Predictive(model, { ...("posteriorSamples" in options ? {} : { numSamples: 3 }), ...options }).run(key, null);
  assert.throws(drawing({ guide }), /Predictive: param "a" has no value. The given values are none/);
  assert.throws(drawing({ guide, params: { a: 8, B: 4 } }), /param "b" has no value.*Did you mean "B"\?/);
  assert.throws(
    drawing({ guide: new AutoNormal(() => sample("f", new Beta(2, 3))) }),
    /Predictive: param "f_auto_loc" has no value/,
  );
  assert.throws(drawing({ posteriorSamples: { ff: [0.1] } }), /none of the sites "ff".*Did you mean "f"\?/);
  const superset = drawing({ guide, params: { ...params, c: 1 } })();
  assert.equal(superset.obs?.shape, [3, 10]);
  assert.equal(drawing({ posteriorSamples: { f: [0.1, 0.2], unused: [1, 2] } })().obs?.shape, [2, 10]);
  assert.throws(drawing({ posteriorSamples: { f: [0.1, 0.2], g: [1, 2, 3] } }), /"g" has shape \[3\].*"f" has \[2\]/);
});

test("draws of a reparameterised model give its original sites, and are refused by the original model", () => {
  const eight = () => {
    const mu = sample("mu", new Normal(0, 1));
    return plate("groups", 3, () => sample("theta", new Normal(mu, 0.1)));
  };
  const rewritten = reparam(eight, { theta: LocScaleReparam() });
  const auto = new AutoNormal(rewritten);
  const { params } = new SVI(rewritten, auto, adam(0.1), new TraceELBO()).run(key, 3);
  const posteriorSamples = auto.samplePosterior(key, params, { sampleShape: [5] });
  const { mu, theta_decentered: noise } = posteriorSamples as { mu: Tensor; theta_decentered: Tensor };
  const { theta } = new Predictive(rewritten, { posteriorSamples }).run(key) as { theta: Tensor };
  assert.ok(
    theta
      .sub(mu.expandDims(-1).add(noise.mul(0.1)))
      .abs()
      .max()
      .item() < 1e-15,
  );
  assert.equal(new Predictive(rewritten, { guide: auto, params, numSamples: 5 }).run(key).theta?.shape, [5, 3]);
  for (const options of [{ posteriorSamples }, { guide: auto, params, numSamples: 5 }]) {
    const error = refusal(() => new Predictive(eight, options).run(key));
    assert.equal([error.code, error.site], ["unknown-site", "theta_decentered"]);
    assert.match(error.message, /would draw "theta" from its prior.*reparam/);
  }
});

test("posterior samples whose name resembles a latent without samples are refused; names of plates, computed sites and other models are not", () => {
  const rows = () => {
    const [rate, shape] = [sample("rate", new Normal(0, 1)), sample("shape", new Normal(0, 1))];
    const double = deterministic("double", rate.mul(2));
    plate("rows", 4, { subsampleSize: 2 }, () => sample("y", new Normal(double.add(shape), 1)));
  };
  const draw = (posteriorSamples: Record<string, unknown>, parallel: boolean) =>
    new Predictive(rows, { posteriorSamples: posteriorSamples as Record<string, number[]>, parallel }).run(key);
  const rate = [1, 2];
  for (const parallel of [true, false]) {
    const error = refusal(() => draw({ rate, shpe: [3, 4] }, parallel));
    assert.equal([error.code, error.site], ["unknown-site", "shpe"]);
    assert.match(error.message, /has no site "shpe" of posteriorSamples.*Did you mean "shape"\?/);
    assert.equal(
      draw({ rate, shape: [3, 4], shapes: [5, 6] }, parallel).y?.shape,
      [2, 2],
      "nothing is drawn in place of it",
    );
    const returned = draw({ rate, shape: [3, 4] }, parallel);
    assert.equal(draw({ rate, shape: [3, 4], ...returned }, parallel).double?.toArray(), [2, 4]);
    assert.equal(draw({ rate, other: [5, 6] }, parallel).y?.shape, [2, 2]);
    const next = () => sample("z_3", new Normal(0, 1));
    const samples = { z_2: rate };
    assert.throws(() => new Predictive(next, { posteriorSamples: samples, parallel }).run(key), /posteriorSamples/);
    const two = () => [sample("rate", new Normal(0, 1)), sample("z_3", new Normal(0, 1))];
    const drawn = new Predictive(two, { posteriorSamples: { rate, ...samples }, parallel }).run(key);
    assert.equal(drawn.z_3?.shape, [2], "z_2 belongs to a larger model");
  }
});

test("parallel: false gives the same draws as the batch", () => {
  const options = { guide, params, numSamples: 5 };
  const batched = new Predictive(model, options).run(key, null);
  const looped = new Predictive(model, { ...options, parallel: false }).run(key, null);
  assert.equal(batched.obs?.toArray(), looped.obs?.toArray());
});

test("logLikelihood and logDensity equal closed forms", () => {
  const y = [0.3, -1.2];
  const regression = (data: TensorLike) => {
    const mu = sample("mu", new Normal(0, 2));
    plate("N", 2, () => sample("y", new Normal(mu, 1), { obs: data }));
  };
  const log = (x: number, loc: number, scale: number) =>
    -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);
  const likelihood = logLikelihood(regression, { mu: [0, 1] }, y).y?.toArray() as number[][];
  [0, 1].forEach((mu, i) => {
    y.forEach((x, j) => {
      assert.ok(Math.abs(((likelihood[i] as number[])[j] as number) - log(x, mu, 1)) < 1e-14);
    });
  });
  const want = log(1, 0, 2) + y.reduce((s, x) => s + log(x, 1, 1), 0);
  assert.ok(Math.abs(logDensity(regression, { mu: 1 }, y).logDensity.item() - want) < 1e-13);
  // Values that the model does not have, such as a guide's parameters, are ignored; a latent without a value is refused.
  assert.ok(Math.abs(logDensity(regression, { mu: 1, auto_loc: 3 }, y).logDensity.item() - want) < 1e-13);
  assert.throws(
    () => logDensity(regression, { muu: 1 }, y),
    /logDensity: latent site "mu" has no value. The given values are "muu". Did you mean "muu"\?/,
  );
  assert.throws(
    () => logLikelihood(regression, { mu: [1, 2], a: [1] }, y),
    /logLikelihood: "a" has shape \[1\], "mu" has \[2\]/,
  );
  assert.throws(() => logLikelihood(regression, { sigma: [1, 2] }, y), /logLikelihood: latent site "mu" has no value/);
});

test("logLikelihood and logDensity refuse a param without a value instead of using its initial value", () => {
  const learnt = () => sample("x", new Normal(sample("mu", new Normal(0, 1)), param("sd", 1)), { obs: 3 });
  const wantsParam = /param "sd" has no value. The given values are "mu". .*substitute\(model, result.params\)/;
  assert.throws(() => logLikelihood(learnt, { mu: [1] }), wantsParam);
  assert.throws(() => logDensity(learnt, { mu: 1 }), wantsParam);
  const want = -Math.log(2) - 0.5 * Math.log(2 * Math.PI) - 0.5;
  assert.ok(
    Math.abs((logLikelihood(substitute(learnt, { sd: 2 }), { mu: [1] }).x as Tensor).at(0).item() - want) < 1e-14,
  );
  assert.ok(Math.abs((logLikelihood(learnt, { mu: [1], sd: [2] }).x as Tensor).at(0).item() - want) < 1e-14);
});

test("Predictive refuses a guide that draws none of the model's sites, but not a guide that draws one", () => {
  const model = () => sample("x", new Normal(sample("z", new Normal(0, 1)), 1e-9));
  const guide =
    (...names: string[]) =>
    () => {
      for (const name of names) sample(name, new Normal(100, 1e-9));
    };
  const predict = (...names: string[]) =>
    new Predictive(model, { guide: guide(...names), params: {}, numSamples: 1 }).run(key).x as Tensor;
  const error = refusal(() => predict("zz", "other"));
  assert.equal([error.code, error.site], ["unknown-site", "zz"]);
  assert.match(error.message, /none of the sites "zz", "other" of the guide.*Did you mean "z"/);
  assert.ok(Math.abs(predict("other", "z").at(0).item() - 100) < 1e-6);
  predict();
});

test("posterior samples may be lists of tensors or of typed arrays", () => {
  const program = () => {
    const z = sample("z", new Normal([0], 1));
    deterministic("double", z.mul(2));
    sample("x", new Normal(z, 1), { obs: 0 });
  };
  for (const z of [[tensor([1]), tensor([2])], [Float64Array.of(1)], [[1], [2]]]) {
    const draws = { z: tensor(z) };
    const { double } = new Predictive(program, { posteriorSamples: { z } }).run(key);
    assert.equal(double?.toArray(), draws.z.mul(2).toArray());
    assert.equal(logLikelihood(program, { z }).x?.toArray(), logLikelihood(program, draws).x?.toArray());
  }
  const { site } = refusal(() => logLikelihood(program, { z: {} as never }));
  assert.is(site, "z");
});

test("logLikelihood without draws is refused by name", () => {
  for (const f of [() => sample("x", new Normal(0, 1), { obs: 1 }), () => {}]) {
    const error = refusal(() => logLikelihood(f, {}));
    assert.equal([error.code, error.op, error.param], ["bad-option", "logLikelihood", "posteriorSamples"]);
  }
});

test("draws of a site that reparam computes are refused if there are no draws of the new site", () => {
  const decentred = reparam(() => sample("y", new Normal(sample("z", new Normal(5, 1)), 1e-9)), {
    z: LocScaleReparam(),
  });
  const y = (posteriorSamples: Record<string, number[]>) => new Predictive(decentred, { posteriorSamples }).run(key).y;
  assert.throws(() => y({ z: [100, 200] }), /site "z" is computed from "z_decentered" here/);
  const draws = y({ z_decentered: [95, 195], z: [100, 200] })?.toFloat64Array() as Float64Array;
  assert.ok(Math.abs((draws[0] as number) - 100) < 1e-6 && Math.abs((draws[1] as number) - 200) < 1e-6, `${draws}`);
});

test("inferDiscrete draws enumerated sites from their posterior (n = 20,000, 4.5 standard errors)", () => {
  const switched = (x: number) => {
    const rate = sample("rate", new Beta(2, 2));
    const z = sample("z", new Bernoulli(rate), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(z.mul(2), 1), { obs: x });
  };
  const rates = random.beta(random.key(7), 2, 2, [n]);
  const options = { posteriorSamples: { rate: rates }, returnSites: ["z"], inferDiscrete: true };
  const { z } = new Predictive(switched, options).run(random.key(8), 1.4);
  // P(z = 1 | rate, x) = rate f1 / (rate f1 + (1 - rate) f0)
  const [f0, f1] = [Math.exp(-0.5 * 1.4 ** 2), Math.exp(-0.5 * 0.6 ** 2)];
  const want = [...rates.toFloat64Array()].reduce((s, r) => s + (r * f1) / (r * f1 + (1 - r) * f0), 0) / n;
  near("z", z as Tensor, want, 0.5);
});

test.run();
