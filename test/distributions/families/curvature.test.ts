/**
 * First and second derivatives by parameters and values where formulas join, change sides or take a special value. References are closed
 * forms, mpmath with 50 digits for von Mises, and central differences of gradients, whose points lie on both sides.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eye, grad, hessian, random, stack, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Affine,
  Categorical,
  Cauchy,
  ContinuousBernoulli,
  CorrCholesky,
  type Distribution,
  Exponential,
  FisherSnedecor,
  Folded,
  Geometric,
  Gumbel,
  Hurdle,
  Kumaraswamy,
  klDivergence,
  Laplace,
  Logistic,
  LogUniform,
  Mixture,
  MixtureSameFamily,
  Normal,
  Poisson,
  Power,
  RelaxedBernoulli,
  RelaxedOneHotCategorical,
  Sigmoid,
  SkewNormal,
  SoftLaplace,
  StudentT,
  TransformedDistribution,
  Truncated,
  TruncatedNormal,
  Uniform,
  VonMises,
  ZeroInflated,
} from "../../../distributions/index.js";

type F = (x: Tensor) => Tensor;
const slope = (f: F): F => grad((x: Tensor) => f(x).sum());
const near = (got: Tensor, want: number, what: string, relative = 1e-13): void =>
  assert.ok(
    Math.abs(got.item() - want) <= relative * Math.max(1, Math.abs(want)),
    `${what}: ${got.item()}, not ${want}`,
  );
const curvature = (what: string, f: F, x: number, want: number): void => near(slope(slope(f))(tensor(x)), want, what);

test("densities of Logistic and RelaxedBernoulli are smooth in the middle", () => {
  curvature("Logistic", (x) => new Logistic(2, 3).logProb(x), 2, -1 / 18);
  curvature("Logistic by loc", (loc) => new Logistic(loc, 1).logProb(2), 2, -1 / 2);
  curvature("RelaxedBernoulli", (logits) => new RelaxedBernoulli({ temperature: 1, logits }).logProb(0.5), 0, -1 / 2);
  // With temperature 1 and logits 0, it is the uniform distribution.
  curvature("RelaxedBernoulli by x", (x) => new RelaxedBernoulli(1, 0.5).logProb(x), 0.5, 0);
});

test("a bound of TruncatedNormal may equal loc", () => {
  const half = (loc: Tensor): Tensor => new TruncatedNormal(loc, 1, 0, Infinity).logProb(1);
  // log p = -(1 - loc)²/2 - log Φ(loc) - log √(2π)
  curvature("by loc", half, 0, 2 / Math.PI - 1);
  const mirrored = (loc: Tensor): Tensor => new TruncatedNormal(loc, 1, -Infinity, 0).logProb(-1);
  curvature("by loc, mirrored", mirrored, 0, 2 / Math.PI - 1);
  // The cdf is (Φ(x) - 1/2) / (Φ(3) - 1/2), and Φ'' is 0 at 0.
  curvature("cdf", (x) => new TruncatedNormal(0, 1, -3, 3).cdf(x), 0, 0);
});

test("ContinuousBernoulli: derivatives by logits of cdf, quantile and draws at and near 0", () => {
  const at = (logits: Tensor): ContinuousBernoulli => new ContinuousBernoulli({ logits });
  // The cdf is Σ_n (B_n(x) - B_n) lⁿ⁻¹/n!, and the quantile is log E[exp(l z)] / l for z ~ Bernoulli(q).
  for (const p of [0.1, 0.3, 0.5, 0.9]) {
    const variance = p * (1 - p);
    for (const l of [0, 1e-17, -1e-9, 9e-4, 1.1e-3, -1.1e-3]) {
      const logits = tensor(l);
      const [skew, kurtosis] = [variance * (1 - 2 * p), variance * (1 - 6 * variance)];
      const cdf = p - (variance * l) / 2 + (skew * l ** 2) / 12 + (variance ** 2 * l ** 3) / 24;
      near(at(logits).cdf(p), cdf, `cdf at ${l}`, 1e-12);
      const byLogits = -variance / 2 + (skew * l) / 6 + (variance * l) ** 2 / 8;
      near(slope((x) => at(x).cdf(p))(logits), byLogits, `cdf by logits at ${l}`, 1e-10);
      const icdf = p + (variance * l) / 2 + (skew * l ** 2) / 6 + (kurtosis * l ** 3) / 24;
      near(at(logits).icdf(p), icdf, `icdf at ${l}`, 1e-12);
      const moves = variance / 2 + (skew * l) / 3 + (kurtosis * l ** 2) / 8;
      near(slope((x) => at(x).icdf(p))(logits), moves, `icdf by logits at ${l}`, 1e-10);
    }
    curvature("cdf", (x) => at(x).cdf(p), 0, (variance * (1 - 2 * p)) / 6);
    curvature("icdf", (x) => at(x).icdf(p), 0, (variance * (1 - 2 * p)) / 3);
  }
  const key = random.key(3);
  const u = at(tensor(0)).sample(key).item();
  near(slope((x) => at(x).rsample(key))(tensor(0)), (u * (1 - u)) / 2, "a draw");
  assert.throws(() => slope(slope(slope((x) => at(x).variance)))(tensor(0.3)), /no further derivative/);
});

test("the divergence of VonMises has the second derivative by the concentration of q", () => {
  for (const [q, p, want] of [
    [0.3, 2, 0.66552796419095003],
    [2, 3, 0.30107270333015222],
    [5, 1, -0.018160741927890366],
    [2000, 3, -1.2468742964450685e-7],
    [1e-3, 3, 0.50112443687526064],
    [1e-10, 30, 0.500000001125],
  ] as const)
    curvature(`${q} | ${p}`, (k) => klDivergence(new VonMises(1, k), new VonMises(1, p)) as Tensor, q, want);
});

test("the mean of LogUniform has the right derivatives where its bounds almost meet", () => {
  const mean: F = (low) => new LogUniform(low, 2 + 2 ** -30).mean;
  near(slope(mean)(tensor(2)), 0.50000000007761021, "slope");
  curvature("curvature", mean, 2, -0.083333333352735887);
});

type At = Record<string, number>;
type Tensors = Record<string, Tensor>;

const logProb = (d: Distribution, x: Tensor): Tensor => d.logProb(x);
const cdf = (d: Distribution, x: Tensor): Tensor => d.cdf(x);
const icdf = (d: Distribution, q: Tensor): Tensor => d.icdf(q);

/** Check all second derivatives of `f` of the distribution and of the number `x`. */
function checkCurves(what: string, make: (at: Tensors) => Distribution, at: At, f: typeof cdf): void {
  const value = (given: Tensors): Tensor => f(make(given), given.x as Tensor);
  const tensors = (given: At): Tensors => Object.fromEntries(Object.entries(given).map(([k, v]) => [k, tensor(v)]));
  const slopeIn = (name: string) => (given: Tensors) =>
    grad((y: Tensor) => value({ ...given, [name]: y }))(given[name] as Tensor) as Tensor;
  for (const name of Object.keys(at)) {
    const curves = grad(slopeIn(name))(tensors(at));
    for (const [other, center] of Object.entries(at)) {
      const slope = (by: number) => slopeIn(name)(tensors({ ...at, [other]: center + by })).item();
      const h = 1e-3;
      const difference = (8 * (slope(h) - slope(-h)) - (slope(2 * h) - slope(-2 * h))) / (12 * h);
      const got = (curves[other] as Tensor).item();
      assert.ok(
        Math.abs(got - difference) <= 1e-7 * Math.max(1, Math.abs(difference)),
        `${what}, ${name} and ${other}: ${got}, not ${difference}`,
      );
    }
  }
}

const LOC_SCALE = { Normal, Logistic, Cauchy, Gumbel, SoftLaplace };

test("log densities and quantiles have the right curvature at loc", () => {
  for (const [name, Class] of Object.entries(LOC_SCALE)) {
    const make = ({ loc, scale }: Tensors) => new Class(loc as Tensor, scale as Tensor);
    checkCurves(`${name}.logProb`, make, { loc: 0.5, scale: 2, x: 0.5 }, logProb);
    checkCurves(`${name}.icdf`, make, { loc: 0.5, scale: 2, x: 0.5 }, icdf);
  }
  checkCurves("StudentT", ({ df, loc }) => new StudentT(df as Tensor, loc), { df: 3, loc: 1, x: 1 }, logProb);
  const skewed = ({ loc, skewness }: Tensors) => new SkewNormal(loc, 1, skewness);
  checkCurves("SkewNormal", skewed, { loc: 1, skewness: 0, x: 1 }, logProb);
  checkCurves("VonMises", ({ loc }) => new VonMises(loc as Tensor, 2), { loc: 0, x: 0 }, logProb);
  checkCurves("Folded", ({ loc }) => new Folded(new Normal(loc as Tensor, 1)), { loc: 0, x: 0.7 }, logProb);
  const squashed = ({ loc }: Tensors) => new TransformedDistribution(new Logistic(loc as Tensor, 1), new Sigmoid());
  checkCurves("sigmoid of Logistic", squashed, { loc: 0, x: 0.5 }, logProb);
});

test("TruncatedNormal has the right curvature where a bound equals loc", () => {
  const make = ({ loc, scale, low, high }: Tensors) =>
    new TruncatedNormal({ loc: loc as Tensor, scale: scale as Tensor, low: low as Tensor, high: high as Tensor });
  for (const bounds of [
    { low: 0, high: 2 },
    { low: -2, high: 0 },
    { low: -2, high: 2 },
  ])
    for (const f of [logProb, cdf])
      checkCurves("TruncatedNormal", make, { loc: 0, scale: 1, ...bounds, x: bounds.high / 2 - 0.3 }, f);
});

test("transforms whose parameters move the infinite ends of the support leave a distribution function twice differentiable", () => {
  const affine = ({ loc, scale }: Tensors) =>
    new TransformedDistribution(new Normal(0, 1), new Affine(loc as Tensor, scale as Tensor));
  checkCurves("affine", affine, { loc: 0, scale: -1, x: 0.5 }, cdf);
  const power = ({ e }: Tensors) => new TransformedDistribution(new Exponential(1), new Power(e as Tensor));
  checkCurves("power", power, { e: 1, x: 0.5 }, cdf);
  checkCurves("power", power, { e: -1, x: 0.5 }, cdf);
});

test("distributions with one infinite bound have a curvature in their scale", () => {
  const at = { loc: 0.3, scale: 1.2, x: 0.4 };
  const params = ({ loc, scale }: Tensors) => [loc, scale] as [Tensor, Tensor];
  for (const bounds of [{ low: 0.1 }, { high: 0.5 }])
    for (const f of [logProb, cdf, icdf]) {
      const of = (given: Tensors) =>
        new TruncatedNormal({ loc: given.loc as Tensor, scale: given.scale as Tensor, ...bounds });
      checkCurves("TruncatedNormal", of, at, f);
      for (const [name, Class] of Object.entries({ ...LOC_SCALE, Laplace }))
        checkCurves(`Truncated ${name}`, (given) => new Truncated(new Class(...params(given)), bounds), at, f);
      const student = (given: Tensors) => new Truncated(new StudentT(given.df as Tensor, ...params(given)), bounds);
      checkCurves("Truncated StudentT", student, { df: 3, ...at }, f);
    }
});

test("a draw with an implicit gradient has the second derivatives of the quantile at its probability", () => {
  const cases: Record<string, [make: (p: Tensor) => Distribution, at: number[]]> = {
    TruncatedNormal: [(p) => new TruncatedNormal(p.at(0), p.at(1), 0, 2), [0.3, 1.2]],
    Truncated: [(p) => new Truncated(new Normal(p.at(0), p.at(1)), { low: 0.5 }), [0.2, 1.3]],
    FisherSnedecor: [(p) => new FisherSnedecor(p.at(0), p.at(1)), [3, 5]],
  };
  for (const [name, [make, at]] of Object.entries(cases)) {
    const key = random.key(0);
    const q = make(tensor(at))
      .cdf(make(tensor(at)).sample(key))
      .item();
    const want = hessian((p: Tensor) => make(p).icdf(q))(tensor(at)).toFloat64Array();
    const got = hessian((p: Tensor) => make(p).rsample(key))(tensor(at)).toFloat64Array();
    got.forEach((y, i) => {
      assert.ok(Math.abs(y - (want[i] as number)) < 1e-8, `${name}: ${got}, not ${want}`);
    });
  }
});

test("a draw with an implicit gradient has derivatives of every order that its cdf has", () => {
  const third = (f: F): F => slope(slope(slope(f)));
  const key = random.key(2);
  // A draw x < 1 of w U(0, 1) + (1 - w) U(0, 2) is 2 q / (1 + w) at its probability q.
  const mixture = (w: Tensor) => new Mixture(new Categorical({ probs: stack([w, w.neg().add(1)]) }), uniforms);
  const uniforms = [new Uniform(0, 1), new Uniform(0, 2)];
  const x = mixture(tensor(0.6)).sample(key).item();
  assert.ok(x < 1);
  near(third((w) => mixture(w).rsample(key))(tensor(0.6)), (-6 * x) / 1.6 ** 3, "mixture");
  const bounded = (t: Tensor) => new TruncatedNormal(t.sin(), t.exp(), 0, 2);
  const q = bounded(tensor(0.3))
    .cdf(bounded(tensor(0.3)).sample(key))
    .item();
  const want = third((t) => bounded(t).icdf(q))(tensor(0.3)).item();
  near(third((t) => bounded(t).rsample(key))(tensor(0.3)), want, "TruncatedNormal", 1e-8);
});

test("at an end of its support, a transformed density has the slope of the inside", () => {
  const shifted = (loc: Tensor, y: Tensor) =>
    new TransformedDistribution(new Exponential(3), new Affine(loc, 2)).logProb(y);
  near(slope((y) => shifted(tensor(5), y))(tensor(5)), -1.5, "by value");
  near(slope((loc) => shifted(loc, tensor(5)))(tensor(5)), 1.5, "by loc");
});

test("the inverse of CorrCholesky has a slope at uncorrelated matrices", () => {
  const transform = new CorrCholesky();
  const slopes = grad((y: Tensor) => transform.inverse(y).sum())(eye(3)).toArray<number[][]>();
  assert.equal([slopes[1]?.[0], slopes[2]?.[0], slopes[2]?.[1]], [1, 1, 1]);
});

test("probabilities of 0 and 1, and values at the ends of the support, have finite gradients", () => {
  // A probability of 0 or 1 is moved inside, so it has gradient 0; likewise a value at an end.
  for (const make of [(p: Tensor) => new RelaxedBernoulli(0.5, p), (p: Tensor) => new ContinuousBernoulli(p)])
    for (const p of [0, 1]) {
      const results = (d: Distribution) => [d.logProb([0, 0.3, 1]), d.cdf(0.3), d.icdf(0.3), d.rsample(random.key(0))];
      const slopes = results(make(tensor(p))).map((_, i) =>
        grad((q: Tensor) => (results(make(q))[i] as Tensor).sum())(p).item(),
      );
      assert.equal(slopes, [0, 0, 0, 0], `${make(tensor(p)).family} ${p}`);
      assert.ok([0, 1].every((x) => Number.isFinite(slope((y) => make(tensor(p)).logProb(y))(tensor(x)).item())));
    }
  const ofVertex = grad((x: Tensor) => new RelaxedOneHotCategorical(0.5, [0.2, 0.3, 0.5]).logProb(x))([0, 0, 1]);
  assert.ok(ofVertex.toArray<number[]>().every(Number.isFinite));
});

test("the distribution function of Student's t has the slope of its density at every distance from loc", () => {
  for (const df of [0.01, 3, 1e8])
    for (const z of [0, 1e-300, 1e-16, 1e-9, 1e-4, 0.0099, 0.0101, 1].flatMap((x) => [x, -x])) {
      const [f, x] = [(y: Tensor) => new StudentT(df).cdf(y), tensor(z * Math.min(1, Math.sqrt(df)))];
      const density = (y: Tensor) => new StudentT(df).logProb(y).exp();
      near(slope(slope(f))(x), slope(density)(x).item(), `df ${df}, z ${z}`, 1e-12);
    }
});

test("gates, weights and probabilities of exactly 0 or 1 have the one-sided derivatives", () => {
  const none = Math.exp(-2);
  for (const gate of [0, 1]) {
    const check = (what: string, f: F, first: number, second: number): void => {
      near(slope(f)(tensor(gate)), first, `${what} at gate ${gate}`);
      curvature(`${what} at gate ${gate}`, f, gate, second);
    };
    const [inflated, hurdle] = [
      (g: Tensor) => new ZeroInflated(new Poisson(2), g),
      (g: Tensor) => new Hurdle(new Poisson(2), g),
    ];
    // log (g + (1 - g) e^-2), F(1) = g + (1 - g) 3 e^-2, and for the hurdle F(1) = g + (1 - g) 2 e^-2 / (1 - e^-2)
    const rise = (1 - none) / (gate === 0 ? none : 1);
    check("ZeroInflated.logProb(0)", (g) => inflated(g).logProb(0), rise, -(rise ** 2));
    check("ZeroInflated.cdf(1)", (g) => inflated(g).cdf(1), 1 - 3 * none, 0);
    check("Hurdle.cdf(1)", (g) => hurdle(g).cdf(1), 1 - (2 * none) / (1 - none), 0);
    check("Hurdle.mean", (g) => hurdle(g).mean, -2 / (1 - none), 0);
  }
  // 1 - (1 - p)^(k + 1)
  const geometric =
    (k: number): F =>
    (p) =>
      new Geometric(p).cdf(k);
  near(slope(geometric(0))(tensor(1)), 1, "Geometric.cdf(0) at 1");
  curvature("Geometric.cdf(1) at 1", geometric(1), 1, -2);
  assert.equal(grad((p: Tensor) => new Categorical(p).cdf(0))([1, 0]).toArray(), [0, -1]);
  const mixture = (p: Tensor) => new MixtureSameFamily(new Categorical(p), new Uniform(0, [1, 4]));
  assert.equal(grad((p: Tensor) => mixture(p).cdf(2))([1, 0]).toArray(), [0, -0.5]);
});

test("Kumaraswamy(1, b) has the slope of (b - 1) log(1 - x) at 0", () => {
  for (const b of [0.4, 1, 3]) {
    const density: F = (x) => new Kumaraswamy(1, b).logProb(x);
    near(slope(density)(tensor(0)), 1 - b, "slope");
    curvature("curvature", density, 0, 1 - b);
  }
});

test.run();
