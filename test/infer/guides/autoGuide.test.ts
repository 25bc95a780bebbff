/** Autoguides compared with known posteriors: conjugate normals, and a positive latent whose median is known. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoDiagonalNormal,
  AutoDiscreteParallel,
  AutoGuideList,
  AutoIAFNormal,
  AutoLaplaceApproximation,
  AutoLowRankMultivariateNormal,
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  Bernoulli,
  block,
  Categorical,
  Gamma,
  initToMedian,
  initToValue,
  jacobian,
  type Model,
  Normal,
  nn,
  param,
  plate,
  random,
  SVI,
  sample,
  stack,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceMeanFieldELBO,
  tensor,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const y = [1.1, 0.3, 2, 1.6];
// mu ~ N(0, 3²), y_i ~ N(mu, 1): precision 1/9 + 4.
const conjugate: Model = (data: number[]) => {
  const mu = sample("mu", new Normal(0, 3));
  plate("N", data.length, () => sample("y", new Normal(mu, 1), { obs: data }));
};
const precision = 1 / 9 + y.length;
const mean = y.reduce((a, b) => a + b, 0) / precision;

test("AutoNormal finds a conjugate normal posterior and its quantiles from a distant start", () => {
  const guide = new AutoNormal(conjugate, { initLocFn: initToValue({ mu: 10 }) });
  const { params } = new SVI(conjugate, guide, adam(0.02), new TraceELBO({ numParticles: 20 })).run(
    random.key(0),
    2000,
    y,
  );
  assert.ok(Math.abs((guide.median(params).mu as Tensor).item() - mean) < 0.05);
  const [low, high] = (guide.quantiles(params, [0.1586552539314571, 0.8413447460685429]).mu as Tensor).toArray() as [
    number,
    number,
  ];
  assert.ok(Math.abs((high - low) / 2 - 1 / Math.sqrt(precision)) < 0.05);
  const draws = guide.samplePosterior(random.key(1), params, { sampleShape: [1000] }, y).mu as Tensor;
  assert.equal(draws.shape, [1000]);
  assert.ok(Math.abs(draws.mean().item() - mean) < (4.5 * 0.55) / Math.sqrt(1000) + 0.05);
});

test("AutoDelta finds the mode", () => {
  const guide = new AutoDelta(conjugate, { initLocFn: initToMedian() });
  const { params } = new SVI(conjugate, guide, adam(0.05), new TraceELBO()).run(random.key(0), 1500, y);
  assert.ok(Math.abs((guide.median(params).mu as Tensor).item() - mean) < 1e-2);
});

// rate ~ Gamma(2, 1), two Gamma(3, rate) observations: rate | x ~ Gamma(8, 1 + Σx).
const positive: Model = () => {
  const rate = sample("rate", new Gamma(2, 1));
  plate("N", 2, () => sample("x", new Gamma(3, rate), { obs: [1.2, 2.5] }));
};
test("the fit of a positive latent reaches its posterior, also under TraceMeanFieldELBO (no Jacobian is lost)", () => {
  for (const elbo of [new TraceELBO({ numParticles: 20 }), new TraceMeanFieldELBO({ numParticles: 20 })]) {
    const guide = new AutoNormal(positive);
    const { params } = new SVI(positive, guide, adam(0.02), elbo).run(random.key(0), 1500);
    // The log-normal closest to Gamma(8, 4.7) has log mean ψ(8) - log 4.7 = 0.468 within the fit's error.
    assert.ok(Math.abs(Math.log((guide.median(params).rate as Tensor).item()) - 0.468) < 0.06, elbo.name);
  }
});

const mixture: Model = (data: Tensor) => {
  const loc = sample("loc", new Normal(0, 5));
  plate("data", data.length, () => {
    const z = sample("z", new Categorical({ probs: [0.5, 0.5] }), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(loc.add(z.mul(4)), 1), { obs: data });
  });
};
const data = tensor([-0.3, 0.2, 4.1, 3.8, 0.1]);
test("autoguides work with TraceEnumELBO, with discrete sites summed out or in AutoDiscreteParallel", () => {
  const guide = new AutoNormal(mixture);
  const { params } = new SVI(mixture, guide, adam(0.05), new TraceEnumELBO()).run(random.key(0), 600, data);
  assert.ok(Math.abs((guide.median(params).loc as Tensor).item()) < 0.4);
  const both = new AutoGuideList(mixture);
  both.append(new AutoNormal(block(mixture, { expose: ["loc"] })));
  both.append(new AutoDiscreteParallel(block(mixture, { expose: ["z", "data"] })));
  const fit = new SVI(mixture, both, adam(0.05), new TraceEnumELBO()).run(random.key(0), 600, data);
  assert.equal((both.median(fit.params).z as Tensor).toArray(), [0, 0, 1, 1, 0]);
});

// Two correlated latents with a normal posterior: precision [[1 + n, n], [n, 1 + n]] for n observations of a + b.
const correlated: Model = (data: number[]) => {
  const [a, b] = [sample("a", new Normal(0, 1)), sample("b", new Normal(0, 1))];
  plate("N", data.length, () => sample("y", new Normal(a.add(b), 1), { obs: data }));
};
const sums = [2.2, 1.4, 1.9, 2.5];
const common = sums.reduce((x, z) => x + z, 0) / (1 + 2 * sums.length);
for (const Guide of [
  AutoDiagonalNormal,
  AutoMultivariateNormal,
  AutoLowRankMultivariateNormal,
  AutoLaplaceApproximation,
])
  test(`${Guide.name} finds the mean of two correlated latents, and joint guides find the covariance`, () => {
    const guide = new Guide(correlated);
    const { params } = new SVI(correlated, guide, adam(0.02), new TraceELBO({ numParticles: 20 })).run(
      random.key(0),
      2500,
      sums,
    );
    const median = guide.median(params);
    for (const name of ["a", "b"])
      assert.ok(Math.abs((median[name] as Tensor).item() - common) < 0.06, `${name} ${median[name]}`);
    if (guide instanceof AutoDiagonalNormal) return;
    const n = sums.length;
    // The inverse of the precision above: variance (1 + n) / (1 + 2n), covariance -n / (1 + 2n).
    const posterior = guide.samplePosterior(random.key(2), params, { sampleShape: [4000] }, sums);
    const draws = stack(
      ["a", "b"].map((name) => posterior[name] as Tensor),
      1,
    );
    const centred = draws.sub(draws.mean(0));
    const covariance = centred.transpose().matmul(centred).div(4000).toArray() as [[number, number], [number, number]];
    assert.ok(Math.abs(covariance[0][0] - (1 + n) / (1 + 2 * n)) < 0.08, `variance ${covariance[0][0]}`);
    assert.ok(Math.abs(covariance[0][1] + n / (1 + 2 * n)) < 0.08, `covariance ${covariance[0][1]}`);
    const above = guide.quantiles(params, 0.841344746).a as Tensor;
    const spread = above.item() - (median.a as Tensor).item();
    assert.ok(Math.abs(spread - Math.sqrt((1 + n) / (1 + 2 * n))) < 0.06, `standard deviation ${spread}`);
  });

test("a discrete latent in a continuous autoguide is refused, and the error names the latent", () => {
  const discrete: Model = () => {
    sample("z", new Bernoulli(0.3));
  };
  assert.throws(() => new AutoNormal(discrete)(), /AutoNormal: latent site "z" is discrete \(Bernoulli\)/);
});

test("nn.autoregressive: the Jacobians of both outputs are 0 on and above the diagonal", () => {
  for (const dim of [1, 2, 5]) {
    const net = nn.autoregressive(dim, [7, 4]);
    const params = net.init(random.key(1)).map(({ weight, bias }) => ({ weight: weight.add(0.3), bias }));
    const at = random.normal(random.key(2), [dim]);
    for (const k of [0, 1] as const) {
      const slopes = jacobian((x: Tensor) => net.apply(params, x)[k])(at);
      assert.ok(slopes.sub(slopes.tril(-1)).abs().max().item() === 0, `${slopes}`);
      assert.is(slopes.notEqual(0).sum().item(), (dim * (dim - 1)) / 2, "all entries below the diagonal");
    }
  }
});

test("a hidden layer too small for all dependencies is refused", () => {
  for (const hiddenDims of [[2], [8, 2], [0], [3.5], 8 as unknown as number[]]) {
    const error = refusal(() => nn.autoregressive(4, hiddenDims));
    assert.is(error.code, "bad-option");
    assert.match(error.message, "sizes of at least 3");
  }
  nn.autoregressive(4, [3]);
  const model: Model = () => sample("z", new Normal([0, 0, 0, 0], 1).toEvent(1));
  const options = { hiddenDims: 8 as unknown as number[] };
  assert.is(refusal(() => new AutoIAFNormal(model, options)).code, "bad-option");
});

test("AutoIAFNormal fits a banana-shaped posterior better than a diagonal normal", () => {
  // x ~ N(0, 1), y ~ N(x², 0.3²): if the guide equals the model, the ELBO is 0.
  const banana: Model = () => {
    const x = sample("x", new Normal(0, 1));
    sample("y", new Normal(x.square(), 0.3));
  };
  const elboOf = (guide: Model): number => {
    const { params } = new SVI(banana, guide, adam(0.01), new TraceELBO({ numParticles: 8 })).run(random.key(1), 1500);
    return -new TraceELBO({ numParticles: 4000 }).loss(random.key(2), params, banana, guide).item();
  };
  const flow = new AutoIAFNormal(banana, { numFlows: 2, hiddenDims: [16], initLocFn: initToMedian() });
  const [curved, straight] = [elboOf(flow), elboOf(new AutoDiagonalNormal(banana))];
  assert.ok(curved > straight + 0.3, `${curved}, diagonal ${straight}`);
  const svi = new SVI(banana, flow, adam(0.01), new TraceELBO());
  const params = svi.getParams(svi.init(random.key(0)));
  assert.equal(flow.samplePosterior(random.key(1), params, { sampleShape: [5] }).y?.shape, [5]);
  assert.throws(() => flow.median(), /samplePosterior/);
});

test("a list accepts plain functions, and refuses two joint guides with the same prefix", () => {
  const pair: Model = () => {
    sample("a", new Normal(0, 1));
    sample("b", new Normal(0, 1));
  };
  const only = (name: string): Model => block(pair, { expose: [name] });
  const list = new AutoGuideList(pair).append(new AutoNormal(only("a"))).append(() => {
    sample("b", new Normal(param("m", 2), 0.5));
  });
  const { params } = new SVI(pair, list, adam(0.1), new TraceELBO({ numParticles: 10 })).run(random.key(0), 300);
  assert.ok(Math.abs((params.m as Tensor).item()) < 0.2);
  const { b } = list.samplePosterior(random.key(1), { ...params, m: tensor(100) }, { sampleShape: [50] });
  assert.ok(Math.abs((b as Tensor).mean().item() - 100) < (4.5 * 0.5) / Math.sqrt(50));
  assert.throws(() => list.median(params), /part 1 is a plain function/);
  const joint = (name: string, prefix = "auto") => new AutoDiagonalNormal(only(name), { prefix });
  assert.throws(
    () => new AutoGuideList(pair).append(joint("a")).append(joint("b")),
    /prefix "auto".*Give one of them a different prefix/,
  );
  const both = new AutoGuideList(pair).append(joint("a")).append(joint("b", "other"));
  assert.equal(Object.keys(new SVI(pair, both, adam(0.1), new TraceELBO()).init(random.key(0)).params), [
    "auto_loc",
    "auto_scale",
    "other_loc",
    "other_scale",
  ]);
});

test("AutoMultivariateNormal refuses a covariance so close to singular that no digit of a density is right", () => {
  // Entries of the inverse of L grow like t^59, which exceeds the 16 digits of a number from t = 2 on.
  const size = 60;
  const model: Model = () => sample("z", new Normal(0, 1).expand([size]).toEvent(1));
  const run = (t: number, options: object) => {
    const row = (i: number) => Array.from({ length: size }, (_, j) => (i === j ? 0.1 : i === j + 1 ? 0.1 * t : 0));
    const initParams = { auto_loc: zeros([size]), auto_scale_tril: Array.from({ length: size }, (_, i) => row(i)) };
    const svi = new SVI(model, new AutoMultivariateNormal(model), adam(1e-9), new TraceELBO(options));
    return svi.run(random.key(0), { numSteps: 5, initParams });
  };
  for (const options of [{}, { numParticles: 3 }]) {
    assert.is(run(1, options).losses.length, 5);
    const { code, message } = refusal(() => run(3, options));
    assert.is(code, "bad-parameter");
    assert.match(message, /AutoMultivariateNormal: the covariance must be far from singular \(lower the learning rate/);
  }
});

test.run();
