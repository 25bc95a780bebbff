/**
 * Second derivatives at the points where a formula changes: at the centre of a symmetric distribution, at a bound that equals loc, at a
 * probability of 1/2. A rule for one side of such a point can give a Hessian of 0 there, which only the point itself shows. Hessians are
 * compared with central differences of gradients, which use points on both sides.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eye, grad, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Affine,
  Cauchy,
  ContinuousBernoulli,
  CorrCholesky,
  type Distribution,
  Exponential,
  Folded,
  Gumbel,
  Logistic,
  Normal,
  Power,
  RelaxedBernoulli,
  Sigmoid,
  SkewNormal,
  SoftLaplace,
  StudentT,
  TransformedDistribution,
  TruncatedNormal,
  VonMises,
} from "../../../distributions/index.js";

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

test("relaxed and continuous Bernoulli distributions have the right curvature at probability 1/2", () => {
  const relaxed = ({ probs }: Tensors) => new RelaxedBernoulli(0.7, probs);
  checkCurves("RelaxedBernoulli", relaxed, { probs: 0.5, x: 0.5 }, logProb);
  const make = ({ logits }: Tensors) => new ContinuousBernoulli({ logits: logits as Tensor });
  for (const [name, f] of Object.entries({ logProb, cdf, icdf }))
    checkCurves(`ContinuousBernoulli.${name}`, make, { logits: 0, x: 0.3 }, f);
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

test("the inverse of CorrCholesky has a slope at uncorrelated matrices", () => {
  const transform = new CorrCholesky();
  const slopes = grad((y: Tensor) => transform.inverse(y).sum())(eye(3)).toArray<number[][]>();
  assert.equal([slopes[1]?.[0], slopes[2]?.[0], slopes[2]?.[1]], [1, 1, 1]);
});

test.run();
