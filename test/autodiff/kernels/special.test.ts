/**
 * The scalar special functions against numbers of 50 and more digits: golden/special.json to the tolerances it states, the pathwise
 * derivatives of golden/distributions.json, and golden/specialWide.json for wider ranges and extreme parameters.
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { scalarFormulas } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { erfcxSlope } from "../../../autodiff/kernels/special/erfcxSlope.js";
import * as s from "../../../autodiff/kernels/special/index.js";

const ULP = 2 ** -52;
const load = (name: string) => JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, import.meta.url), "utf8"));

interface Point {
  args: number[];
  value: number | string;
  grad?: (number | string)[];
}
type Scalar = (...args: number[]) => number;

function assertNear(got: number, want: number | string, relative: number, absolute: number, label: string): void {
  const target = Number(want);
  if (got === target || (Number.isNaN(got) && Number.isNaN(target))) return;
  const error = Math.abs(got - target);
  assert.ok(error <= relative * Math.abs(target) + absolute, `${label}: got ${got}, want ${target}, error ${error}`);
}

interface Rule {
  of: Scalar;
  relative: number;
  absolute?: number;
  /** The derivative for each argument, and its relative tolerance. */
  grad?: Scalar[];
  gradRelative?: number;
}

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const erfDerivative = (x: number): number => TWO_OVER_ROOT_PI * Math.exp(-x * x);
// The slope of a quantile in its tail, through erfcx instead of the exponential of a rounded square.
const erfinvDerivative = (x: number): number => s.erfcx(Math.abs(s.erfinv(x))) / TWO_OVER_ROOT_PI / (1 - Math.abs(x));
const ndtriDerivative = (p: number): number =>
  (Math.sqrt(Math.PI / 2) * s.erfcx(Math.abs(s.ndtri(p)) * Math.SQRT1_2)) / Math.min(p, 1 - p);
const logNdtrDerivative = (x: number): number =>
  x > 0 ? density(x) / s.ndtr(x) : Math.sqrt(2 / Math.PI) / s.erfcx(-x * Math.SQRT1_2);
// The derivative of a distribution function as the gradient rules compute it: minus the density times the derivative of the quantile.
const gammaShapeSlope = (a: number, x: number): number => -s.gammaImplicitGrad(a, x) * s.gammaDensity(a, x);

const rules: Record<string, Rule> = {
  lgamma: { of: s.lgamma, relative: 8 * ULP, absolute: 4e-16, grad: [s.digamma], gradRelative: 1e-14 },
  digamma: { of: s.digamma, relative: 1e-14, absolute: 4e-16, grad: [s.trigamma] },
  trigamma: { of: s.trigamma, relative: 1e-14, grad: [(x) => s.polygamma(2, x)] },
  erf: { of: s.erf, relative: 2 * ULP, grad: [erfDerivative], gradRelative: 1e-13 },
  erfc: { of: s.erfc, relative: 1e-14, grad: [(x) => -erfDerivative(x)], gradRelative: 1e-13 },
  erfcx: { of: s.erfcx, relative: 1e-14, grad: [erfcxSlope] },
  erfinv: { of: s.erfinv, relative: 1e-14, grad: [erfinvDerivative] },
  ndtri: { of: s.ndtri, relative: 1e-14, absolute: 4e-16, grad: [ndtriDerivative] },
  log_ndtr: { of: s.logNdtr, relative: 1e-13, grad: [logNdtrDerivative] },
  ndtr: { of: s.ndtr, relative: 1e-13, grad: [density] },
  gammainc: { of: s.gammainc, relative: 1e-13, grad: [gammaShapeSlope, s.gammaDensity], gradRelative: 1e-12 },
  gammaincc: {
    of: s.gammaincc,
    relative: 1e-12,
    grad: [(a, x) => -gammaShapeSlope(a, x), (a, x) => -s.gammaDensity(a, x)],
  },
  gammaImplicitGrad: { of: s.gammaImplicitGrad, relative: 1e-12 },
  gammaincinv: { of: s.gammaincinv, relative: 1e-12 },
  betainc: {
    of: s.betainc,
    relative: 1e-11,
    grad: [
      (a, b, x) => -s.betaImplicitGradA(a, b, x) * s.betaDensity(a, b, x),
      (a, b, x) => -s.betaImplicitGradB(a, b, x) * s.betaDensity(a, b, x),
      s.betaDensity,
    ],
    gradRelative: 1e-8,
  },
  logBeta: {
    of: s.logBeta,
    relative: 1e-13,
    grad: [(a, b) => -s.digammaDifference(a, b), (a, b) => -s.digammaDifference(b, a)],
  },
  i0e: { of: s.i0e, relative: 1e-14, grad: [(x) => -Math.sign(x) * s.besselGap(x)] },
  i1e: { of: s.i1e, relative: 1e-14 },
  logI0: { of: s.logI0, relative: 1e-14, grad: [(x) => s.i1e(x) / s.i0e(x)] },
  softplus: { of: scalarFormulas.softplus, relative: 1e-15, grad: [scalarFormulas.sigmoid] },
  sigmoid: {
    of: scalarFormulas.sigmoid,
    relative: 1e-15,
    grad: [(x) => scalarFormulas.sigmoid(x) * scalarFormulas.sigmoid(-x)],
    gradRelative: 2e-15,
  },
  logsigmoid: { of: scalarFormulas.logSigmoid, relative: 1e-15, grad: [(x) => scalarFormulas.sigmoid(-x)] },
  log1p: { of: scalarFormulas.log1p, relative: ULP, grad: [(x) => 1 / (1 + x)] },
  expm1: { of: scalarFormulas.expm1, relative: ULP, grad: [Math.exp] },
  log1mexp: { of: scalarFormulas.log1mexp, relative: 1e-15, grad: [(x) => Math.exp(x) / Math.expm1(x)] },
  multigammaln: { of: s.multigammaln, relative: 1e-13 },
};

const golden = load("special").functions as Record<string, { points: Point[] }>;
for (const [name, rule] of Object.entries(rules)) {
  test(`${name} and its gradient agree with the reference numbers to their tolerance`, () => {
    const points = golden[name]?.points ?? [];
    assert.ok(points.length >= 10);
    for (const { args, value, grad } of points) {
      assertNear(rule.of(...args), value, rule.relative, rule.absolute ?? 0, `${name}(${args})`);
      rule.grad?.forEach((derivative, i) => {
        const want = grad?.[i] as number | string;
        const relative = rule.gradRelative ?? rule.relative;
        assertNear(derivative(...args), want, relative, 0, `d ${name}(${args}) / d arg ${i}`);
      });
    }
  });
}

const wide = load("specialWide").functions as Record<string, { rows: number[][] }>;
const eachRow = (name: string, check: (...columns: number[]) => void): void => {
  const rows = wide[name]?.rows ?? [];
  assert.ok(rows.length > 10);
  for (const row of rows) check(...row);
};

test("the incomplete gamma function is right for shapes from 1e-4 to 3e6, tails included", () => {
  eachRow("gamma", (a: number, x: number, p: number, q: number, slope: number) => {
    assertNear(s.gammainc(a, x), p, 2e-14, 0, `P(${a}, ${x})`);
    assertNear(s.gammaincc(a, x), q, 2e-14, 0, `Q(${a}, ${x})`);
    assertNear(s.gammaImplicitGrad(a, x), slope, 1e-14, 0, `dx/da(${a}, ${x})`);
  });
});

test("the incomplete beta function is right for concentrations from 1e-3 to 1e6, tails included", () => {
  eachRow("beta", (a: number, b: number, x: number, p: number, slopeA: number, slopeB: number) => {
    assertNear(s.betainc(a, b, x), p, 1e-11, 0, `I(${a}, ${b}, ${x})`);
    assertNear(s.betaImplicitGradA(a, b, x), slopeA, 1e-10, 0, `dx/da(${a}, ${b}, ${x})`);
    assertNear(s.betaImplicitGradB(a, b, x), slopeB, 1e-10, 0, `dx/db(${a}, ${b}, ${x})`);
  });
});

// A relative error of 1e-14 in the distribution function F is a relative error of 1e-14 F / (x f(x)) in x.
test("the quantiles of Gamma and Beta are the inverses of their distribution functions", () => {
  eachRow("gamma", (a: number, x: number, p: number) => {
    if (p < 1e-290 || p > 0.99) return;
    assertNear(s.gammaincinv(a, p), x, 1e-14 * (1 + p / (x * s.gammaDensity(a, x))), 0, `gammaincinv(${a}, ${p})`);
  });
  eachRow("beta", (a: number, b: number, x: number, p: number) => {
    if (p < 1e-290 || p > 0.99) return;
    const relative = 1e-13 * (1 + Math.abs(Math.log(x)) + p / (x * s.betaDensity(a, b, x)));
    assertNear(s.betaincinv(a, b, p), x, relative, 0, `betaincinv(${a}, ${b}, ${p})`);
  });
});

test("the von Mises distribution function and its derivative are right for κ from 1e-3 to 1e5", () => {
  eachRow("vonMises", (x: number, kappa: number, tail: number, slope: number) => {
    assertNear(s.vonMisesCdf(-x, kappa), tail, 2e-13, 0, `F(${-x}, ${kappa})`);
    assertNear(s.vonMisesImplicitGrad(x, kappa), slope, 2e-13, 0, `dx/dκ(${x}, ${kappa})`);
    assert.is(s.vonMisesImplicitGrad(-x, kappa), -s.vonMisesImplicitGrad(x, kappa));
  });
  assertNear(s.vonMisesCdf(1, 0), 0.5 + 0.5 / Math.PI, ULP, 0, "uniform");
  assertNear(s.vonMisesImplicitGrad(1, 0), -Math.sin(1), 1e-15, 0, "dx/dκ at κ = 0");
});

test("pathwise derivatives of Gamma, Beta and VonMises agree with the reference numbers", () => {
  type Numbers = Record<string, number>;
  const families = load("distributions").distributions;
  const eachPoint = (family: string, check: (params: Numbers, x: number, want: Numbers) => void): void => {
    for (const { params, points } of families[family].cases)
      for (const { value, pathwise } of points) if (pathwise) check(params, value, pathwise);
  };
  eachPoint("Gamma", ({ concentration: a = 0, rate = 0 }, x, want) =>
    assertNear(s.gammaImplicitGrad(a, rate * x) / rate, want.concentration ?? "NaN", 1e-12, 0, `Gamma ${a} ${x}`),
  );
  eachPoint("Beta", ({ concentration1: a = 0, concentration0: b = 0 }, x, want) => {
    assertNear(s.betaImplicitGradA(a, b, x), want.concentration1 ?? "NaN", 1e-11, 0, `Beta ${a} ${b} ${x}, a`);
    assertNear(s.betaImplicitGradB(a, b, x), want.concentration0 ?? "NaN", 1e-11, 0, `Beta ${a} ${b} ${x}, b`);
  });
  eachPoint("VonMises", ({ loc = 0, concentration: kappa = 0 }, x, want) => {
    if (want.concentration === undefined) return;
    assertNear(s.vonMisesImplicitGrad(x - loc, kappa), want.concentration, 1e-13, 1e-40, `VonMises ${kappa} ${x}`);
  });
});

test("Stirling's error, ψ''', differences of ψ and the Bessel gap agree with the reference numbers", () => {
  eachRow("stirlingError", (x: number, want: number) => assertNear(s.stirlingError(x), want, 2e-15, 0, `δ(${x})`));
  eachRow("polygamma3", (x: number, want: number) =>
    assertNear(s.polygamma(3, x), want, 1e-14, 0, `polygamma(3, ${x})`),
  );
  eachRow("digammaDifference", (a: number, b: number, want: number) =>
    assertNear(s.digammaDifference(a, b), want, 2e-15, 0, `digammaDifference(${a}, ${b})`),
  );
  eachRow("besselGap", (x: number, want: number) => assertNear(s.besselGap(x), want, 2e-14, 0, `besselGap(${x})`));
});

test("special functions are right at the ends of their domains", () => {
  for (const x of [0, -1, -7, Infinity]) assert.is(s.lgamma(x), Infinity);
  for (const x of [1e-16, 1e-17, 1e-170, 5e-324]) assert.ok(Math.abs(s.lgamma(-x) / -Math.log(x) - 1) < 1e-15, `${x}`);
  assert.equal([s.digamma(0), s.trigamma(0)], [-Infinity, Infinity]);
  assert.equal([s.erfinv(-1), s.erfinv(1), s.ndtri(0), s.ndtri(1)], [-Infinity, Infinity, -Infinity, Infinity]);
  assert.equal([s.erf(Infinity), s.erfc(-Infinity), s.ndtr(Infinity), s.erfcx(Infinity)], [1, 2, 1, 0]);
  assert.equal([s.gammainc(2, 0), s.gammainc(2, Infinity), s.gammaincc(2, 0), s.gammaincc(2, Infinity)], [0, 1, 1, 0]);
  assert.equal([s.gammaincinv(2, 0), s.gammaincinv(2, 1), s.gammaImplicitGrad(2, 0)], [0, Infinity, 0]);
  assert.equal([s.gammainc(2.5, 1e250), s.gammaincc(2.5, 1e250), s.gammaincc(10, 1e305)], [1, 0, 0]);
  assert.equal([s.betainc(2, 3, 0), s.betainc(2, 3, 1), s.betaincinv(2, 3, 0), s.betaincinv(2, 3, 1)], [0, 1, 0, 1]);
  assert.equal(
    [scalarFormulas.logaddexp(-Infinity, -Infinity), scalarFormulas.logaddexp(Infinity, 1)],
    [-Infinity, Infinity],
  );
  assert.equal(
    [scalarFormulas.xlogy(0, 0), scalarFormulas.xlog1py(0, -1), scalarFormulas.log1mexp(0)],
    [0, 0, -Infinity],
  );
  const outside = [s.digamma(-3), s.erfinv(1.1), s.ndtri(-0.1), s.gammainc(-1, 1), s.gammainc(1, -1)];
  for (const y of [...outside, s.betainc(0, 0, 0.5), s.betainc(1, 1, 1.5), scalarFormulas.xlogy(0, NaN)])
    assert.ok(Number.isNaN(y));
  const unary = [s.lgamma, s.digamma, s.trigamma, s.erf, s.erfc, s.erfcx, s.ndtr, s.logNdtr, s.ndtri, s.i0e, s.logI0];
  for (const f of unary) assert.ok(Number.isNaN(f(NaN)), f.name);
});

test("logaddexp is right where the sum has a closed form", () => {
  assertNear(scalarFormulas.logaddexp(Math.log(3), Math.log(5)), Math.log(8), 2 * ULP, 0, "3 + 5");
  assertNear(scalarFormulas.logaddexp(-1000, -1000), -1000 + Math.LN2, ULP, 0, "equal");
  assertNear(scalarFormulas.logaddexp(0, -50), Math.log1p(Math.exp(-50)), ULP, 0, "far apart");
});

test.run();
