/** Densities, moments and tails for which a textbook formula loses digits, compared with 60 digits of mpmath for the exact inputs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, random, sub, type Tensor, type TensorLike, tensor } from "../../../autodiff/index.js";
import { gammaincc } from "../../../autodiff/kernels/special/index.js";
import {
  AsymmetricLaplace,
  Beta,
  BetaBinomial,
  Binomial,
  Chi2,
  ContinuousBernoulli,
  DirichletMultinomial,
  type Distribution,
  FisherSnedecor,
  Gamma,
  GammaPoisson,
  Gompertz,
  HalfCauchy,
  InverseGamma,
  Kumaraswamy,
  klDivergence,
  LKJ,
  LKJCholesky,
  LogUniform,
  Multinomial,
  MultivariateStudentT,
  NegativeBinomial,
  NegativeBinomial2,
  Pareto,
  StudentT,
  TruncatedNormal,
  Weibull,
  Wishart,
} from "../../../distributions/index.js";

const ULP = 2 ** -52;
const near = (got: Tensor | number, want: number, relative: number): void => {
  const x = typeof got === "number" ? got : got.item();
  assert.ok(Math.abs(x - want) <= relative * Math.abs(want), `${x} is not ${want}`);
};
/** Check agreement to 8 units in the last place, or in the last place of 1 if the number is smaller than 1. */
const density = (d: Distribution, value: TensorLike, want: number): void => {
  const x = d.logProb(value).item();
  assert.ok(Math.abs(x - want) <= 8 * ULP * Math.max(1, Math.abs(want)), `${x} is not ${want}`);
};

test("Kumaraswamy, Weibull, Pareto and FisherSnedecor keep their digits at large concentrations", () => {
  density(new Kumaraswamy(3, 1e6), 0.008849969422616618, 4.766293809139946);
  density(new Weibull(3, 100000), 3.000101970875464, -16.12004470909746);
  density(new Weibull(3, 100000), 2.99972370401293, 1.2040149043198343);
  density(new Pareto(3, 1e6), 3.0000029999999995, 11.716897769452613);
  density(new FisherSnedecor(2000000, 2000000), 1.0060496976781927, -3.4584374569390564);
  density(new FisherSnedecor(2000000, 2000000), 0.9947543196458264, -1.2680410206909558);
  near(new Weibull(3, 100000).cdf(3.000037639283126), 0.9699999999998635, 1e-13);
  near(new Pareto(1.3, 0.7).cdf(1.3000000000000016), 8.369373570251171e-16, 1e-13);
  near(new FisherSnedecor(2000000, 6).cdf(1.9543415702716336), 0.7999999999999998, 1e-13);
});

test("variances that are differences of nearly equal moments keep their digits", () => {
  near(new Kumaraswamy(1e6, 3).variance, 1.3611037963205085e-12, 1e-13);
  near(new Kumaraswamy(10000, 20000).variance, 1.64119993298428e-8, 1e-13);
  near(new Kumaraswamy(0.5, 10000).variance, 1.9978414671892e-15, 1e-13);
  near(new Weibull(3, 100000).variance, 1.4804019335229735e-9, 1e-13);
  near(new Weibull(50000, 3.3).variance, 223939320.02747694, 1e-13);
  near(new LogUniform(1e6, 1000000.001).variance, 8.33333412495754e-8, 1e-13);
  near(new LogUniform(1.3, 9.9).variance, 5.777624180706741, 1e-13);
  near(new LogUniform(1e6, 1000000.001).mean, 1000000.0005, 1e-13);
  near(new LogUniform(1e6, 1000000.001).cdf(1000000.0000999995), 0.09999947617607645, 1e-13);
  density(new LogUniform(1e6, 1000000.001), 1000000.0004999996, 6.907755231484687);
});

test("densities keep their digits at the ends of supports and far out in the tails", () => {
  density(new Beta(1, 1), 1e-250, 0);
  density(new Beta(1, 0.3), 3.333333333333334e-250, -1.2039728043259361);
  density(new Chi2(2), 2e-250, -Math.LN2);
  density(new FisherSnedecor(2, 4.6), 1e-100, -1.5062193206507943e-100);
  density(new HalfCauchy(0.77), 7.7e159, -737.0174476992497);
  near(grad((s: Tensor) => new HalfCauchy(s).logProb(7.7e159))(tensor(0.77)) as Tensor, 1.2987012987012987, 1e-14);
  near(
    grad((a: Tensor) => new FisherSnedecor(a, 0.4).logProb(6.357353881449144e-309))(tensor(1.4)) as Tensor,
    -353.4656609642566,
    1e-13,
  );
  near(new AsymmetricLaplace(0, 1, 1e-6).cdf(1e-12), 1.000000999999e-12, 1e-13);
  near(new AsymmetricLaplace(0, 1, 1e-6).icdf(3e-9), 0.0029990000045000006, 1e-13);
  near(new ContinuousBernoulli(0.73).icdf(1e-20), 1.7129147741865175e-20, 1e-13);
  near(new ContinuousBernoulli(1e-12).icdf(0.9999999999990905), 0.9765901285262838, 1e-13);
  near(gammaincc(1000, 2478.5), 1.0353637057086902e-250, 1e-12);
});

test("ContinuousBernoulli at and near probability 1/2: F(x) = x + l x (x - 1) / 2 for small logits l, with slopes in l", () => {
  const of = (method: "cdf" | "icdf", x: number) => (logits: Tensor) => new ContinuousBernoulli({ logits })[method](x);
  for (const l of [0, 1e-15, -4e-12, 1e-9])
    for (const x of [1e-20, 0.2, 0.5, 0.9]) {
      const step = 0.5 * x * (1 - x);
      near(of("cdf", x)(tensor(l)), x - l * step, 1e-15);
      near(of("icdf", x)(tensor(l)), x + l * step, 1e-15);
      near(grad(of("cdf", x))(l), -step, 1e-8);
      near(grad(of("icdf", x))(l), step, 1e-8);
    }
  const [x, slope] = [
    (l: Tensor) => new ContinuousBernoulli({ logits: l }).rsample(random.key(3)),
    (at: Tensor) => at.mul(sub(1, at)).mul(0.5).item(),
  ];
  near(grad(x)(0), slope(x(tensor(0))), 1e-15);
  // In the tail, and at logits of either sign, by mpmath.
  for (const [l, at, want] of [
    [3, 0.3, 0.086870312586370314],
    [-3, 0.999, 0.0044691584590256774],
    [40, 1e-10, 0.014391155742572053],
    [-40, 0.5, 0.00043321698784996571],
    [700, 0.5, 1.4145860827753986e-6],
  ] as const)
    near(grad(of("icdf", at))(l), want, 1e-12);
});

test("quantiles of very small probabilities keep their digits", () => {
  near(new StudentT(46.969167563145014).icdf(5.409488220649333e-46), -58.947310712937958, 1e-12);
  near(new StudentT(13.64776172615874).icdf(1.5976782566642422e-10), -15.971140010512051, 1e-12);
  // The normal quantile.
  for (const df of [1e15, 1e17, 1e20]) near(new StudentT(df).icdf(1e-10), -6.3613409024040562, 1e-12);
  near(new InverseGamma(1.43396676160993, 3.1967542713910563e-9).icdf(1e-300), 4.6080249766685156e-12, 1e-12);
  near(
    new FisherSnedecor(72.62758207452234, 0.5869817408085143).icdf(3.141470482311596e-36),
    0.0010622768502608884,
    1e-12,
  );
  near(new FisherSnedecor(280.007782327062, 8.48840938900415).icdf(3.1603257259486235e-13), 0.09668325434570178, 1e-12);
  near(
    new InverseGamma(637.0223223117025, 0.0959403335359911).icdf(1.1553465904915226e-251),
    0.000050251416266330085,
    1e-12,
  );
  near(
    new InverseGamma(3.7661218099360285, 1.5574069931375027).icdf(2.6100645584438262e-14),
    0.038888724929147495,
    1e-12,
  );
});

test("TruncatedNormal keeps its digits between bounds that almost meet, and next to a distant lower bound", () => {
  density(new TruncatedNormal(0, 1, 1, 1.0001), 1.00003, 9.21036037277625);
  density(new TruncatedNormal(0, 1, 1, 1.0001), 1.00008, 9.210310370026251);
  density(new TruncatedNormal(1, 1000, 0, 1), 0.5, 4.166665555555591e-8);
  near(new TruncatedNormal(0.3, 0.7, -1.1, 1.9).cdf(-1.0999997000000001), 2.395057570284767e-8, 1e-11);
  near(new TruncatedNormal(-2, 3, -40, 60).cdf(-39.99999), 1.921894494020725e-41, 1e-11);
  near(new TruncatedNormal(0, 1, 1, 1.0001).cdf(1.00000000001), 1.0000500852396598e-7, 1e-11);
  near(new TruncatedNormal(1, 1000, 0, 1).cdf(1e-7), 9.99999666666761e-8, 1e-11);
  const slope = grad((low: Tensor) => new TruncatedNormal(-2, 3, low, 60).logProb(40.0));
  near(slope(tensor(-40)) as Tensor, 1.9218539203715573e-36, 1e-12);
});

test("counts in the millions keep their digits", () => {
  density(new Binomial({ totalCount: 1000000000000, probs: 0.5 }), 499998500000, -18.5413019106115);
  density(new Binomial({ totalCount: 1000000, probs: 0.25 }), 248700, -11.499855305134576);
  density(new Binomial({ totalCount: 1000000, logits: -1 }), 269030, -7.033488599936499);
  density(new Binomial({ totalCount: 33, logits: -20 }), 33, -660.000000068018);
  density(new NegativeBinomial({ totalCount: 1000, probs: 0.5 }), 1044, -5.2255404336877955);
  density(new NegativeBinomial({ totalCount: 10000, logits: 2.2 }), 90440, -7.798550864156639);
  density(new NegativeBinomial({ totalCount: 1000000, probs: 1e-6 }), 2, -1.6931466805607787);
  density(new NegativeBinomial2({ mean: 1000000, concentration: 1000000 }), 998585, -8.673116337457328);
  density(new NegativeBinomial2({ mean: 7, concentration: 1000000000000 }), 7, -1.9037903176817212);
  density(new GammaPoisson({ concentration: 1000000, rate: 1 }), 995757, -12.680413952183814);
  density(
    new BetaBinomial({ concentration1: 1000000, concentration0: 1000000, totalCount: 1000000 }),
    498775,
    -9.337112367255509,
  );
  density(
    new BetaBinomial({ concentration1: 900000, concentration0: 1000, totalCount: 100000 }),
    99900,
    -3.7783427571085473,
  );
  density(new BetaBinomial({ concentration1: 0.001, concentration0: 50, totalCount: 100 }), 0, -0.0011053018275108651);
  density(
    new DirichletMultinomial([1000000, 1000000, 3000000], 1000000),
    [200000, 200000, 600000],
    -13.970859375368997,
  );
  density(new DirichletMultinomial([0.001, 1000000, 30], 1000), [0, 999, 1], -3.5375419735580436);
  density(new Multinomial({ totalCount: 70, logits: [100.0, -300.0, 99.0] }), [51, 0, 19], -2.238751332195498);
  density(
    new Multinomial({ totalCount: 1000000, logits: [0.1, 0.2, -0.7] }),
    [391466, 432636, 175898],
    -13.896608914527485,
  );
  // exp(-1000) underflows, but its logarithm does not.
  density(new Multinomial({ totalCount: 2, logits: [0, -1000] }), [0, 2], -2000);
  // At logits where the odds would overflow, the log probability is linear in the logit.
  density(new Binomial({ totalCount: 5, logits: 1000 }), 3, Math.log(10) - 2000);
  density(new NegativeBinomial({ totalCount: 2, logits: -1000 }), 3, Math.log(4) - 3000);
  density(new NegativeBinomial({ totalCount: 2, logits: 1000 }), 3, Math.log(4) - 2000);
});

test("densities and entropies of random matrices keep their digits at large concentrations", () => {
  const factor = [
    [1, 0, 0],
    [0.00003, 0.99999999955, 0],
    [0.00002, -0.00004, 0.9999999989999999],
  ];
  density(new LKJCholesky(3, 1e8), factor, 25.62392626673949);
  near(new LKJCholesky(4, 1e8).entropy(), -48.827852619308896, 1e-14);
  near(new LKJ(4, 1e8).entropy(), -48.827852629308896, 1e-14);
  near(new LKJCholesky(4, 0.5).entropy(), 2.8857723628376554, 1e-14);
  near(new LKJ(4, 0.5).entropy(), 1.9994780017177648, 1e-14);
  const scale = [
    [1, 0],
    [0.5, 0.8],
  ];
  const value = [
    [100100000, 50050000],
    [50050000, 89089000],
  ];
  near(new Wishart(1e8, scale).logProb(value), -80.38124340067023, 1e-12);
  near(new Wishart(1e8, scale).entropy(), 31.911553218826549, 1e-14);
  near(new Wishart(1.5, scale).entropy(), 0.98869349691922656, 1e-14);
});

test("entropies of Student's t vectors and of FisherSnedecor keep their digits at large degrees of freedom", () => {
  const scale = [
    [1, 0],
    [0.5, 0.8],
  ];
  near(new MultivariateStudentT(3, [0, 0], scale).entropy(), 3.2814001817618024, 1e-14);
  near(new MultivariateStudentT(1e8, [0, 0], scale).entropy(), 2.8378770864093455 + Math.log(0.8), 1e-14);
  near(new FisherSnedecor(3, 6).entropy(), 1.3523123938769264, 1e-14);
  near(new FisherSnedecor(2e6, 2e6).entropy(), -5.1422429054974917, 1e-14);
  near(new FisherSnedecor(0.5, 1e6).entropy(), -0.24627201421379348, 1e-13);
});

test("slopes of moments, entropies and divergences keep their digits", () => {
  const slope = (f: (x: Tensor) => Tensor) => grad(f);
  const curve = (f: (x: Tensor) => Tensor) => grad((x: Tensor) => grad(f)(x));
  near(slope((a) => new Gamma(a, 3).entropy())(2 ** 40), 4.5474735088673984e-13, 1e-14);
  const mean = (a: Tensor) => new Gompertz(a, 1).mean;
  near(slope(mean)(1e6), -9.9999800000599998e-13, 1e-14);
  near(curve(mean)(1e6), 1.9999940000239999e-18, 1e-14);
  near(slope((a) => new Gompertz(a, 1).entropy())(2 ** -40), -27.148671557521881, 1e-14);
  // The mean of Kumaraswamy(1, b) is 1 / (1 + b).
  near(slope((b) => new Kumaraswamy(1, b).mean)(1e-12), -((1 + 1e-12) ** -2), 1e-14);
  // ψ(c) - ψ(a)
  const divergence = (c: Tensor) => klDivergence(new Gamma(1000, 1), new Gamma(c, 1)) as Tensor;
  near(slope(divergence)(2 ** -30), -1073741831.4844709, 1e-14);
});

test("densities are finite where a product or a ratio underflows or overflows", () => {
  near(new Gamma(2.5, 1e-300).logProb(1e-200), -2417.9990305142209, 1e-14);
  near(new InverseGamma(2.5, 1e-200).logProb(1e200), -2763.3867944633277, 1e-14);
  for (const l of [-700, -1e5])
    near(grad((logits: Tensor) => new Binomial(1e6, { logits }).logProb(5e5))(l), 5e5, 1e-14);
});

test.run();
