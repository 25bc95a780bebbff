/** Families without golden numbers, compared with sums, quadrature, or families that have golden numbers. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  arange,
  concatenate,
  grad,
  hessian,
  jit,
  linspace,
  PedigradError,
  random,
  sigmoid,
  stack,
  type Tensor,
  tensor,
  valueAndGrad,
  vmap,
} from "../../../autodiff/index.js";
import {
  Affine,
  Bernoulli,
  Beta,
  Binomial,
  Categorical,
  constraints,
  type Distribution,
  Empirical,
  Exp,
  Exponential,
  Folded,
  HalfNormal,
  Hurdle,
  ImproperUniform,
  LKJ,
  LKJCholesky,
  LogNormal,
  LowRankMultivariateNormal,
  Mixture,
  MixtureSameFamily,
  MultivariateNormal,
  MultivariateStudentT,
  NegativeBinomial,
  Normal,
  OneHotCategorical,
  OrderedLogistic,
  Poisson,
  Power,
  RelaxedBernoulli,
  RelaxedBernoulliStraightThrough,
  RelaxedOneHotCategorical,
  RelaxedOneHotCategoricalStraightThrough,
  SkewNormal,
  SoftLaplace,
  StudentT,
  TransformedDistribution,
  Truncated,
  TruncatedNormal,
  Uniform,
  VonMises,
  Weibull,
  ZeroInflated,
  ZeroInflatedPoisson,
} from "../../../distributions/index.js";

const near = (got: Tensor, want: Tensor | number, tolerance: number, message = ""): void => {
  const gap = got.sub(want).abs();
  const allowed = tensor(want).abs().maximum(1).mul(tolerance);
  assert.ok(gap.lessEqual(allowed).min().item() === 1, `${message}: ${got} is not ${want}`);
};
/** The mean of f over draws, and its standard error. */
function average(x: Tensor): [mean: number, error: number] {
  const mean = x.mean().item();
  return [mean, Math.sqrt(x.sub(mean).square().mean().item() / x.size)];
}

test("ZeroInflated works with any distribution of counts, with gate or gateLogits", () => {
  const x = arange(12);
  const d = new ZeroInflated(new Poisson(2), 0.3);
  near(d.logProb(x), new ZeroInflatedPoisson(0.3, 2).logProb(x), 1e-15);
  near(new ZeroInflated(new Poisson(2), { gateLogits: Math.log(0.3 / 0.7) }).logProb(x), d.logProb(x), 1e-14);
  near(d.mean, 1.4, 1e-15);
  near(d.cdf(x), d.logProb(x).exp().cumsum(0), 1e-14);
  assert.throws(
    () => new ZeroInflated(new Normal(0, 1), 0.3),
    /ZeroInflated: base must be a distribution of counts, got Normal/,
  );
  assert.throws(() => new ZeroInflated(new Poisson(2), 1.5), /gate must be in \[0, 1\], got 1.5/);
});

test("distribution functions of counts: the derivative with respect to the probability equals a closed form", () => {
  // d P(K <= k) / dp = -n C(n - 1, k) p^k (1 - p)^(n - 1 - k), here for n = 5 and k = 2.
  for (const p of [0.2, 0.8]) {
    const binomial = grad((probs: Tensor) => new Binomial(5, probs).cdf(2))(tensor(p));
    near(binomial, -30 * p ** 2 * (1 - p) ** 2, 1e-14);
    // For a negative binomial count K with r failures, P(K <= k) is the probability of at least r failures in k + r trials.
    const negative = grad((probs: Tensor) => new NegativeBinomial(3, probs).cdf(2))(tensor(p));
    near(negative, binomial, 1e-14);
  }
});

test("Beta and Bernoulli: second derivatives of log densities equal closed forms, also at the ends of the support", () => {
  const assertCurvature = (f: (x: Tensor) => Tensor, at: number[], axis: number, wanted: number[]): void => {
    const row = (hessian(f)(tensor(at)).toArray() as number[][])[axis] as number[];
    row.forEach((y, i) => {
      const want = wanted[i] as number;
      assert.ok(y === want || Math.abs(y / want - 1) < 1e-13, `at ${at}, second argument ${i}: ${y}, not ${want}`);
    });
  };
  const zeroWins = (c: number, y: number): number => (c === 0 ? 0 : c * y);
  for (const [a, b, x] of [
    [2.5, 0.4, 0.3],
    [1, 3, 0.8],
    [0.7, 1, 1],
    [1, 0.3, 0],
  ] as const)
    assertCurvature((t) => new Beta(t.at(0), t.at(1)).logProb(t.at(2)), [a, b, x], 2, [
      1 / x,
      -1 / (1 - x),
      -zeroWins(a - 1, 1 / x ** 2) - zeroWins(b - 1, 1 / (1 - x) ** 2),
    ]);
  for (const x of [0, 1])
    for (const p of [0.3, 0.8])
      assertCurvature((t) => new Bernoulli(t.at(0)).logProb(t.at(1)), [p, x], 0, [
        -x / p ** 2 - (1 - x) / (1 - p) ** 2,
        1 / p + 1 / (1 - p),
      ]);
});

test("Hurdle: probabilities sum to 1, moments equal sums, and draws pass a chi-square test", () => {
  const d = new Hurdle(new Poisson([0.5, 4]), 0.25);
  const x = arange(60).expandDims(-1);
  const p = d.logProb(x).exp();
  near(p.sum(0), 1, 1e-14);
  near(d.cdf(x), p.cumsum(0), 1e-13);
  near(d.cdf([[-Infinity], [-1], [Infinity]]), tensor([[0], [0], [1]]).mul([1, 1]), 0);
  near(d.cdf(1.5), p.slice(0, 2).sum(0), 1e-14);
  const mean = p.mul(x).sum(0);
  near(d.mean, mean, 1e-13);
  near(d.variance, p.mul(x.sub(mean).square()).sum(0), 1e-13);
  const n = 20000;
  const draws = d.sample(random.key(1), [n]);
  for (let k = 0; k < 4; k++) {
    const share = draws.equal(k).mean(0);
    const want = p.at(k);
    const error = want.mul(want.neg().add(1)).div(n).sqrt().mul(4.5);
    assert.ok(share.sub(want).abs().less(error).min().item() === 1, `P(${k}): ${share}, not ${want}`);
  }
});

test("Truncated equals TruncatedNormal for a normal base, and renormalises counts", () => {
  const x = linspace(-0.9, 1.9, 7);
  const [d, exact] = [new Truncated(new Normal(0.5, 2), { low: -1, high: 2 }), new TruncatedNormal(0.5, 2, -1, 2)];
  near(d.logProb(x), exact.logProb(x), 1e-13);
  near(d.cdf(x), exact.cdf(x), 1e-13);
  near(d.icdf([0.01, 0.5, 0.99]), exact.icdf([0.01, 0.5, 0.99]), 1e-12);
  const key = random.key(3);
  const slope = (make: (loc: Tensor) => Distribution) =>
    grad((loc: Tensor) => make(loc).rsample(key, [50]).sum())(tensor(0.5));
  near(
    slope((loc) => new Truncated(new Normal(loc, 2), { low: -1, high: 2 })),
    slope((loc) => new TruncatedNormal(loc, 2, -1, 2)),
    1e-11,
  );
  const counts = new Truncated(new Poisson(3), { low: 2, high: 6 });
  near(counts.logProb(arange(2, 7)).exp().sum(), 1, 1e-13);
  assert.throws(() => d.logProb(3), /Truncated Normal: value must be in \[-1, 2\], got 3/);
  assert.throws(() => new Truncated(new Normal(0, 1), { low: 1, high: 1 }), /Truncated: high/);
  assert.throws(() => new Truncated(new MultivariateNormal([0], [[1]]), { low: 0 }), /only distributions of numbers/);
});

test("TruncatedNormal forty standard deviations out: both sides give mirrored results", () => {
  const [right, left] = [new TruncatedNormal(0, 1, 45, Infinity), new TruncatedNormal(0, 1, -Infinity, -45)];
  const draws = right.sample(random.key(1), [2000]);
  const [mean, error] = average(draws);
  assert.ok(Math.abs(mean - right.mean.item()) < 4.5 * error, `${mean} is not ${right.mean}`);
  near(left.mean, right.mean.neg(), 1e-15);
  near(left.cdf(-45.01), right.cdf(45.01).neg().add(1), 1e-14);
  near(right.cdf(right.icdf(0.3)), 0.3, 1e-12);
});

test("TransformedDistribution has a distribution function and quantiles if the transform is monotone", () => {
  const x = tensor([-1, 0, 0.1, 1, 7, Infinity]);
  const q = tensor([0, 0.1, 0.5, 0.9, 1]);
  const same = (d: Distribution, known: Distribution) => {
    near(d.cdf(x), known.cdf(x), 1e-14, `${d} cdf`);
    assert.equal(d.icdf(q).toArray(), known.icdf(q).toArray(), `${d} icdf`);
  };
  same(new TransformedDistribution(new Normal(0.5, 2), new Exp()), new LogNormal(0.5, 2));
  same(new TransformedDistribution(new Exponential(1), new Power(0.5)), new Weibull(1, 2));
  const falling = new TransformedDistribution(new Exponential(1), [new Affine(0, -2), new Affine(1, 1)]);
  near(falling.cdf(x), tensor([Math.exp(-1), Math.exp(-0.5), Math.exp(-0.45), 1, 1, 1]), 1e-15);
  near(falling.cdf(falling.icdf(q)), q, 1e-15);
  // A batch of increasing and decreasing transforms, and a truncation of the result.
  const both = new TransformedDistribution(new Normal([0, 0], 1), new Affine(0, [1, -1]));
  near(both.cdf(0.3), new Normal(0, 1).cdf(0.3).mul([1, 1]), 1e-15);
  const log = new TransformedDistribution(new Normal(0, 1), new Exp(), constraints.positive);
  near(
    new Truncated(log, { high: 2 }).logProb(1.5),
    new Truncated(new LogNormal(0, 1), { high: 2 }).logProb(1.5),
    1e-14,
  );
});

test("the support of a mixture contains the supports of its components", () => {
  const mixing = new Categorical([0.5, 0.5]);
  assert.is(new Mixture(mixing, [new HalfNormal(1), new Normal(0, 1)]).support.name, "real");
  for (const d of [
    new Mixture(mixing, [new Uniform(2, 3), new Uniform(0, 1)]),
    new MixtureSameFamily(mixing, new Uniform([2, 0], [3, 1])),
  ]) {
    assert.equal(d.support.check(tensor([-0.1, 0, 3, 3.1])).toArray(), [0, 1, 1, 0]);
    assert.throws(() => d.logProb(1.5), /must be in \[0, 3\], got 1.5/);
  }
});

test("Folded: a folded normal around 0 is half-normal, and the cdf equals quadrature", () => {
  const x = tensor([0.1, 1, 3]);
  near(new Folded(new Normal(0, 2)).logProb(x), new HalfNormal(2).logProb(x), 1e-14);
  near(new Folded(new Normal(0, 2)).cdf(x), new HalfNormal(2).cdf(x), 1e-14);
  assert.throws(() => new Folded(new Normal(0, 1)).logProb(-1), /must be >= 0 and finite, got -1/);
});

test("ImproperUniform has log density 0 and refuses draws", () => {
  const d = new ImproperUniform(constraints.positive, [2], [3]);
  assert.equal([d.batchShape, d.eventShape], [[2], [3]]);
  near(d.logProb([1, 2, 3]), 0, 0);
  assert.equal(d.logProb([1, 2, 3]).shape, [2]);
  assert.throws(() => d.logProb([1, -2, 3]), /must be > 0 and finite/);
  assert.throws(
    () => d.sample(random.key(0)),
    (e: Error) => e instanceof PedigradError && e.code === "no-sampler",
  );
  assert.throws(() => new ImproperUniform(constraints.simplex), /give the whole event shape/i);
});

test("RelaxedBernoulli: distribution function by mpmath, quantiles; rounded draws are Bernoulli", () => {
  near(new RelaxedBernoulli(0.5, 0.3).cdf(0.2), 0.53846153846153848, 1e-15);
  const d = new RelaxedBernoulli({ temperature: 0.1, logits: 2 });
  near(d.cdf(1e-300).div(1.3533528323661217e-31), 1, 1e-13);
  assert.equal(d.cdf([-1, 0, 1, 2]).toArray(), [0, 0, 1, 1]);
  const q = tensor([1e-20, 0.1]);
  near(d.cdf(d.icdf(q)).div(q), 1, 1e-12);
  assert.equal(d.icdf([0, 1]).toArray(), [0, 1]);
  const hard = new RelaxedBernoulliStraightThrough(0.5, 0.3);
  near(hard.cdf([0, 0.5, 1]), tensor([0.7, 0.7, 1]), 1e-15);
  assert.equal(hard.icdf([0.6, 0.8]).toArray(), [0, 1]);
});

test("Categorical: the quantile is the least class whose distribution function is not smaller", () => {
  const d = new Categorical([
    [0.2, 0.3, 0.5],
    [0, 1, 0],
  ]);
  assert.equal(d.icdf([[0], [0.1], [0.21], [0.6], [1]]).toArray(), [
    [0, 0],
    [0, 1],
    [1, 1],
    [2, 1],
    [2, 1],
  ]);
  assert.equal(
    new Truncated(new Categorical([0.2, 0.3, 0.5]), { high: 0 }).sample(random.key(0), [2]).toArray(),
    [0, 0],
  );
});

test("OrderedLogistic: the distribution function at class k is σ(c_k - η)", () => {
  const d = new OrderedLogistic(0.3, [-1, 0.5, 2]);
  near(d.cdf([-1, 0, 1.5, 2, 3]), concatenate([[0], sigmoid(tensor([-1.3, 0.2, 1.7])), [1]]), 1e-15);
});

test("Empirical adds the weights of equal samples", () => {
  const d = new Empirical([1, 2, 2, 5], [0, 0, Math.log(2), -Infinity]);
  near(d.logProb([1, 2, 5]).exp(), tensor([0.25, 0.75, 0]), 1e-15);
  near(d.mean, 1.75, 1e-15);
  near(d.variance, 0.1875, 1e-15);
  near(d.cdf([0, 1, 1.5, 2, 6]), tensor([0, 0.25, 0.25, 1, 1]), 1e-15);
  assert.throws(() => new Empirical([]), /Empirical: samples is empty/);
  assert.equal([...new Set(d.sample(random.key(1), [300]).toArray() as number[])].sort(), [1, 2]);
  const vectors = new Empirical([
    [1, 2],
    [3, 4],
  ]);
  assert.equal(vectors.eventShape, [2]);
  near(
    vectors
      .logProb([
        [3, 4],
        [3, 5],
      ])
      .exp(),
    tensor([0.5, 0]),
    1e-15,
  );
  assert.throws(() => new Empirical([1, 2, 3], [0, 0]), /one number for each/);
});

test("LKJ in two dimensions: the correlation has a Beta distribution on [-1, 1]", () => {
  const r = linspace(-0.99, 0.99, 5);
  const matrix = vmap((x: Tensor) =>
    tensor([
      [1, 0],
      [0, 1],
    ]).add(
      x.mul([
        [0, 1],
        [1, 0],
      ]),
    ),
  )(r);
  // p(r) ∝ (1 - r²)^(η - 1); for η = 3 the constant is 15/16.
  near(
    new LKJ(2, 3).logProb(matrix).exp(),
    r
      .square()
      .neg()
      .add(1)
      .square()
      .mul(15 / 16),
    1e-13,
  );
  const draws = new LKJ(4, 1.5).sample(random.key(2), [4000]);
  // Each correlation has variance 1 / (2η + d - 1) (Lewandowski, Kurowicka and Joe 2009).
  for (const [i, j] of [
    [1, 0],
    [3, 2],
  ] as const) {
    const [mean, error] = average(draws.take(i, 1).take(j, 1));
    assert.ok(Math.abs(mean) < 4.5 * error);
  }
  assert.ok(new LKJCholesky(3).hasRsample);
});

test("Mixture and MixtureSameFamily agree; a Mixture may have components of several families and supports", () => {
  const mixing = new Categorical([0.3, 0.7]);
  const x = linspace(-4, 4, 9);
  const same = new MixtureSameFamily(mixing, new Normal([-1, 2], [0.5, 1]));
  const listed = new Mixture(mixing, [new Normal(-1, 0.5), new Normal(2, 1)]);
  for (const f of ["logProb", "cdf"] as const) near(same[f](x), listed[f](x), 1e-14, f);
  near(same.mean, listed.mean, 1e-14);
  near(same.variance, listed.variance, 1e-14);
  const mixed = new Mixture(mixing, [new StudentT(3), new SoftLaplace(1, 2)]);
  near(
    mixed.logProb(x).exp(),
    new StudentT(3).logProb(x).exp().mul(0.3).add(new SoftLaplace(1, 2).logProb(x).exp().mul(0.7)),
    1e-14,
  );
  assert.is(mixed.hasRsample, true);
  assert.is(new Mixture(mixing, [new SkewNormal(0, 1, 2), new SoftLaplace(1, 2)]).hasRsample, false);
  const discrete = new Mixture(mixing, [new Bernoulli(0.2), new Categorical([0.1, 0.2, 0.7])]);
  assert.equal(discrete.enumerateSupport().toArray(), [0, 1, 2]);
  assert.equal(new Binomial(tensor([2, 5]).slice(0, 1), 0.5).enumerateSupport(false).toArray(), [[0], [1], [2]]);
  near(discrete.logProb([0, 1, 2]).exp(), tensor([0.31, 0.2, 0.49]), 1e-15);
  assert.throws(() => discrete.logProb(3), /outside|must be/);
  assert.throws(() => new Mixture(mixing, [new Normal(0, 1)]), /got 1 components, but mixing has 2 classes/);
  assert.throws(
    () => new MixtureSameFamily(mixing, new Normal([1, 2, 3], 1)),
    /last batch axis must have one entry for each class/,
  );
});

test("MixtureSameFamily: the implicit gradient of E[z²] is unbiased, n = 20,000", () => {
  const moment = (make: (p: Tensor[]) => Distribution) =>
    grad((p: Tensor[]) => make(p).rsample(random.key(5), [20000]).square().mean())([
      tensor([0.2, -0.3]),
      tensor([-1, 2]),
    ]);
  const [logits, loc] = moment(
    ([l, m]) => new MixtureSameFamily(new Categorical({ logits: l as Tensor }), new Normal(m as Tensor, [0.5, 1])),
  ) as [Tensor, Tensor];
  // E[z²] = Σ w (m² + v): dE/dm = 2 w m, dE/dl_k = w_k (m_k² + v_k - E).
  const w = new Categorical({ logits: [0.2, -0.3] }).probs;
  const second = tensor([1.25, 5]);
  const want = w.mul(second.sub(w.mul(second).sum()));
  // The pathwise derivatives have standard deviations of about 6 and 4 here.
  near(logits, want, (4.5 * 6) / Math.sqrt(20000));
  near(loc, w.mul([-2, 4]), (4.5 * 4) / Math.sqrt(20000));
});

test("straight-through draws are discrete, and have the gradient of relaxed draws and the discrete probabilities", () => {
  const key = random.key(4);
  const params = { temperature: 0.7, logits: tensor([0.3, -1, 2]) };
  const [soft, hard] = [new RelaxedBernoulli(params), new RelaxedBernoulliStraightThrough(params)];
  const x = hard.rsample(key);
  assert.equal(x.toArray(), soft.rsample(key).greater(0.5).toArray());
  near(hard.logProb(x), new Bernoulli({ logits: params.logits }).logProb(x), 1e-15);
  const slope = (of: typeof RelaxedBernoulli) =>
    grad((logits: Tensor) => new of({ ...params, logits }).rsample(key).sum())(params.logits);
  near(slope(RelaxedBernoulliStraightThrough), slope(RelaxedBernoulli), 1e-15);
  const onehot = new RelaxedOneHotCategoricalStraightThrough(params).rsample(key);
  assert.equal((onehot.toArray() as number[]).sort(), [0, 0, 1]);
  near(
    new RelaxedOneHotCategoricalStraightThrough(params).logProb(onehot),
    new OneHotCategorical({ logits: params.logits }).logProb(onehot),
    1e-15,
  );
  assert.ok(new RelaxedOneHotCategorical(params).rsample(key).sum().sub(1).abs().item() < 1e-12);
});

test("VonMises: draws around any direction lie in [-π, π] and have the right moments", () => {
  const d = new VonMises(3, 2);
  const draws = d.sample(random.key(6), [20000]);
  assert.ok(draws.abs().max().item() <= Math.PI);
  const [cosine, error] = average(draws.sub(3).cos());
  assert.ok(Math.abs(1 - cosine - d.variance.item()) < 4.5 * error);
  near(new VonMises(7, 2).logProb(1), new VonMises(7 - 2 * Math.PI, 2).logProb(1), 1e-13);
});

test("the families in this file give the same numbers when compiled and under vmap", () => {
  const made: Record<string, (a: Tensor) => Distribution> = {
    ZeroInflated: (a) => new ZeroInflated(new Poisson(a), 0.3),
    Hurdle: (a) => new Hurdle(new Poisson(a), { gateLogits: a }),
    Truncated: (a) => new Truncated(new Normal(a, 2), { low: -1, high: 2 }),
    Folded: (a) => new Folded(new Normal(a, 2)),
    Empirical: (a) => new Empirical([1, 2, 5], tensor([0, 1, 2]).mul(a)),
    LKJ: (a) => new LKJ(3, a),
    Mixture: (a) => new Mixture(new Categorical([0.3, 0.7]), [new Normal(a, 1), new SoftLaplace(1, a)]),
    MixtureSameFamily: (a) => new MixtureSameFamily(new Categorical([0.3, 0.7]), new Normal(tensor([-1, 2]).mul(a), 1)),
    RelaxedBernoulliStraightThrough: (a) => new RelaxedBernoulliStraightThrough({ temperature: a, logits: 0.3 }),
    VonMises: (a) => new VonMises(3, a),
  };
  const bits = (x: Tensor): string => [...x.toFloat64Array()].join();
  for (const [name, make] of Object.entries(made)) {
    const f = (key: Tensor, a: Tensor) => {
      const d = make(a);
      const x = d.sample(key);
      const [value, slope] = valueAndGrad((b: Tensor) => make(b).logProb(x).sum())(a);
      return stack([value, slope, x.sum()]);
    };
    const compiled = jit(f);
    const keys = random.split(random.key(8), 4);
    const rows = [...keys].map((key, i) => {
      const a = tensor(0.8 + 0.1 * i);
      const eager = f(key, a);
      assert.is(bits(compiled(key, a)), bits(eager), `${name}, compiled`);
      return eager;
    });
    const batched = vmap(f)(keys, tensor([0.8, 0.9, 1, 1.1]));
    near(batched.slice(0, 2, { axis: 1 }), stack(rows).slice(0, 2, { axis: 1 }), 1e-12, name);
  }
});

test("multivariate densities: rows of NaN that a mask hides do not change the gradient", () => {
  const [loc, rows, mask] = [
    [0, 0],
    [
      [1, 2],
      [NaN, NaN],
      [0.5, -1],
    ],
    [1, 0, 1],
  ];
  const scale = [
    [1, 0],
    [0.5, 1],
  ];
  const of = (make: (scaleTril: Tensor) => Distribution) => grad((x: Tensor) => make(x).mask(mask).logProb(rows).sum());
  // z = L⁻¹ x is (1, 1.5) and (0.5, -1.25), and the gradient is the lower triangle of Σ L⁻ᵀ z zᵀ - diag(1 / L).
  const expected = [
    [-1.1875, 0],
    [0.875, 1.8125],
  ];
  assert.equal(of((scaleTril) => new MultivariateNormal({ loc, scaleTril }))(scale).toArray(), expected);
  const lowRank = (covFactor: Tensor) => new LowRankMultivariateNormal(loc, covFactor, [1, 2]);
  const full = (covFactor: Tensor) => {
    const covarianceMatrix = covFactor.matmul(covFactor.transpose()).add([
      [1, 0],
      [0, 2],
    ]);
    return new MultivariateNormal({ loc, covarianceMatrix });
  };
  near(of(lowRank)([[1], [0.5]]) as Tensor, of(full)([[1], [0.5]]) as Tensor, 1e-14);
  const student = (scaleTril: Tensor) => new MultivariateStudentT(3, loc, scaleTril);
  const seen = (x: Tensor) =>
    student(x)
      .logProb([rows[0], rows[2]] as number[][])
      .sum();
  assert.equal(of(student)(scale).toArray(), grad(seen)(scale).toArray());
});

test.run();
