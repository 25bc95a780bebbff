/** KL divergences at the largest and smallest parameters: closed forms in 660 digits (mpmath), 0 for equal distributions, and infinite divergences. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, type Tensor, tensor } from "../../../autodiff/index.js";
import * as distributions from "../../../distributions/index.js";
import {
  Beta,
  Cauchy,
  type Distribution,
  Gamma,
  klDivergence,
  Normal,
  StudentT,
} from "../../../distributions/index.js";

const all = distributions as unknown as Record<string, new (...params: (number | number[])[]) => Distribution>;
const kl = (family: string, q: number[], p: number[]): number => {
  const Class = all[family] as (typeof all)[string];
  const make = (x: number[]) => (family === "Dirichlet" ? new Class(x) : new Class(...x));
  return (klDivergence(make(q), make(p)) as Tensor).item();
};

/** [family, parameters of q, parameters of p, KL(q | p)]; numbers from 1.8e308 on are Infinity. */
const ROWS: readonly [family: string, q: number[], p: number[], truth: number][] = [
  ["Gamma", [1e-300, 1e-5], [3e-300, 1e-5], 0.9013877113318904],
  ["Gamma", [1e-300, 1], [1e-150, 2], 1e150],
  ["Gamma", [2, 1e-300], [3, 1e10], Infinity],
  ["Gamma", [1e8, 1e300], [1e8, 1e-300], 138055105579.64273],
  ["Gamma", [1, 1e100], [30, 1e-300], 27718.01740917786],
  ["Gamma", [1e300, 1e15], [1000, 1], 1.0000000000000001e285],
  ["Gamma", [2.5, 1e-10], [2.5, 9.999999990000001e-11], 1.2499999214971407e-18],
  ["Dirichlet", [0.3, 1e15, 0.3], [0.3000003, 2.5, 0.3], 19.62058369732099],
  ["Dirichlet", [1e8, 0.001, 2.5], [1e300, 0.00105, 2.5000000000025], 2.5009999812299954e292],
  ["Dirichlet", [1e-300, 1e300, 2.5], [1e-300, 1.001e300, 1e-100], 231.73421803054475],
  ["Laplace", [0, 1e-300], [1e10, 1e300], 1380.5510557964274],
  ["Laplace", [3, 1e-5], [1, 1], 12.512925464970229],
  ["Cauchy", [0, 1e-300], [0, 2e-300], 0.11778303565638346],
  ["Cauchy", [0, 1e8], [1, 1e300], 670.9685527931415],
  ["Cauchy", [-1e300, 1e-300], [1e300, 1e-300], 2763.1021115928547],
  ["HalfCauchy", [1e10], [1e300], 666.3633826071534],
  ["Gumbel", [0, 1e-300], [1, 1e-5], Infinity],
  ["Gumbel", [0, 1e-300], [1, 1e300], 1380.9738401315258],
  ["Gumbel", [1e10, 1e-5], [0, 1e8], 128.3563905440211],
  ["Gumbel", [0, 1e300], [1e10, 1e-300], Infinity],
  ["Weibull", [1, 1e300], [1, 1e-10], 713.2241631632527],
  ["Weibull", [0.7, 1e8], [2, 1e-3], 24.751220908903434],
  ["Beta", [0.3, 1e10], [0.5, 3], 10.882170835794751],
  ["Beta", [0.3, 1e150], [1e5, 0.3], 34889024.012496844],
  ["Beta", [1e-10, 1e300], [1e-300, 1e-300], 667.4428241487332],
  ["Beta", [30, 1e12], [30.1, 0.99e12], 0.0026843933549947495],
  ["Beta", [2.5, 1e300], [2.5000025, 1.001e300], 0.000001246670072701745],
  ["VonMises", [0, 1e-10], [0, 3e-10], 1e-20],
  ["VonMises", [0, 1e-10], [0, 1.2e-10], 9.999999999999996e-23],
  ["VonMises", [1, 1e300], [1, 7], 343.9341953973944],
];
test("closed forms at extreme parameters are exact to a relative 1e-11", () => {
  for (const [family, q, p, truth] of ROWS) {
    const got = kl(family, q, p);
    assert.ok(
      got === truth || Math.abs(got - truth) <= 1e-11 * truth,
      `${family} ${q} | ${p}: got ${got}, want ${truth}`,
    );
  }
});

test("equal distributions have divergence 0, and its gradient is 0", () => {
  const sizes = [1e-300, 1e-150, 1e-10, 0.3, 1, 7, 1e10, 1e150, 1e300];
  const one = "Exponential HalfNormal HalfCauchy Poisson Chi2".split(" ");
  const two = "Normal Laplace Cauchy Gumbel LogNormal Gamma InverseGamma Weibull Pareto Beta VonMises".split(" ");
  for (const scale of sizes) {
    for (const family of one) assert.is(kl(family, [scale], [scale]), 0, `${family} ${scale}`);
    for (const family of two)
      for (const first of family === "VonMises" ? [-3, 1] : sizes)
        assert.is(kl(family, [first, scale], [first, scale]), 0, `${family} ${first}, ${scale}`);
  }
  const slope = grad((a: Tensor) => klDivergence(new Gamma(a, 2), new Gamma(1e-300, 2)) as Tensor)(1e-300);
  assert.ok(Math.abs(slope.item()) < 1e-15, "beside 1e300");
  const both = grad((a: Tensor) => klDivergence(new Beta(a, 2), new Beta(1e-300, 2)) as Tensor)(1e-300);
  assert.ok(Math.abs(both.item()) < 1e-15, "beside 1e300");
});

test("the divergence from a distribution with heavy tails to a normal is infinite", () => {
  assert.equal(klDivergence(new Cauchy([0, 1], 1), new Normal(0, [2, 3]))?.toArray(), [Infinity, Infinity]);
  assert.equal(klDivergence(new StudentT([0.5, 1, 1.5, 2]), new Normal(0, 1))?.toArray(), new Array(4).fill(Infinity));
  const wide = klDivergence(new Normal(1e300, 1), new Normal(0, 1e300)) as Tensor;
  const far = klDivergence(new StudentT(3, 1e300, 1), new Normal(0, 1e300)) as Tensor;
  // The variance 3 is negligible beside 1e600, so 1/2 and the logarithms of the scales remain, as for the normal.
  assert.ok(
    Math.abs(far.item() - (0.5 - new StudentT(3).entropy().item() + Math.log(1e300) + 0.9189385332046728)) < 1e-10,
  );
  assert.ok(Math.abs(wide.item() - Math.log(1e300)) < 1e-10);
});

test("gradients of the divergence between Cauchy distributions far apart are derivatives of the closed form", () => {
  const at = { loc: tensor(1e200), scale: tensor(1e-200) };
  const slopes = grad((q: typeof at) => klDivergence(new Cauchy(q.loc, q.scale), new Cauchy(0, 1)) as Tensor)(at);
  assert.ok(Math.abs(slopes.loc.item() / 2e-200 - 1) < 1e-14);
  assert.ok(Math.abs(slopes.scale.item() / -1e200 - 1) < 1e-14);
});

test.run();
