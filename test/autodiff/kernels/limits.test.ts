/**
 * Special functions and samplers at the ends of their parameter ranges, against 50 digits, limits in closed form, and documented ranges.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, jit, random, type Tensor, tensor } from "../../../autodiff/index.js";
import { between } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import {
  betaImplicitGradA,
  betaImplicitGradB,
  betainc,
  betaincc,
  betaincinv,
  betaincinvRest,
  erf,
  gammainc,
  gammaincc,
  gammaincinv,
  logBeta,
} from "../../../autodiff/kernels/special/index.js";

function assertNear(actual: number, right: number, relative: number, what: string): void {
  const near = Object.is(actual, right) || Math.abs(actual - right) <= relative * Math.abs(right);
  assert.ok(near, `${what}: ${actual}, not ${right}`);
}

test("log B keeps its digits where B is almost 1", () => {
  for (const [a, b, right] of [
    [0.9995, 1.0004, 0.00010033401121167043],
    [1.00001, 0.99998, 1.0000378989505354e-5],
    [1, 1.003, -0.0029955089797983708],
    [0.6, 1.9, 0.074566711673232491],
    [2.2, 0.55, 0.10176365598682748],
    [1.0000001, 0.9999999, 1.6338318366965825e-14],
    [0.5, 3.389, -0.0011489871790496734],
    [1.5, 0.73, -0.0088011464973143121],
  ] as const) {
    assertNear(logBeta(a, b), right, 1e-12, `logBeta(${a}, ${b})`);
    assertNear(logBeta(b, a), right, 1e-12, `logBeta(${b}, ${a})`);
  }
});

test("the incomplete beta function, its quantile and implicit gradients are right for very large shapes", () => {
  for (const [a, b, x, right] of [
    [2e8, 7e8, 0.22223, 0.71268943094464435],
    [2e8, 7e8, 0.2222, 0.054402141530613681],
    [3e11, 3e11, 0.4999995, 0.21928901303395513],
    [4e9, 1e14, 4.0001e-5, 0.99998030447025117],
    [1e20, 2e20, 0.3333333333, 0.11033553374282593],
    [1e300, 1e300, 0.5, 0.5],
    [1e300, 1e300, 0.25, 0],
    [1.5e308, 1.5e308, 0.75, 1],
  ] as const) {
    assertNear(betainc(a, b, x), right, 1e-11, `betainc(${a}, ${b}, ${x})`);
    assertNear(betaincc(a, b, x), 1 - right, 1e-10, `betaincc(${a}, ${b}, ${x})`);
    if (right > 0 && right < 1) assertNear(betaincinv(a, b, right), x, 1e-12, `betaincinv(${a}, ${b}, ${right})`);
  }
  // About the middle dx/da = b / (a + b)² and dx/db = -a / (a + b)².
  assertNear(betaImplicitGradA(1e12, 3e12, 0.25), 3 / 16 / 1e12, 1e-6, "dx/da");
  assertNear(betaImplicitGradB(1e12, 3e12, 0.25), -1 / 16 / 1e12, 1e-6, "dx/db");
});

test("the quantile of the beta distribution is right for very small shapes, very large ones, and one of each", () => {
  for (const [a, b, q, right, rest] of [
    [1e-14, 1e-14, 0.5, 0.5, 0.5],
    [1e-300, 1e-300, 0.5, 0.5, 0.5],
    // One of two points: 0 with probability b / (a + b).
    [1e-20, 3e-20, 0.74, 0, 1],
    [1e-20, 3e-20, 0.76, 1, 0],
    [1e-17, 2, 0.7, 0, 1],
    [2, 1e-17, 0.3, 1, 0],
    [1e50, 3e50, 0.01, 0.25, 0.75],
    // I_x(1, b) = 1 - (1-x)^b
    [1, 1e300, 0.3, -Math.log1p(-0.3) / 1e300, 1],
    // 1 - x is practically z² / 2a for a standard normal z.
    [5e17, 0.5, 0.3, 1, 1.0364333894937898 ** 2 / 1e18],
    [5e99, 0.5, 0.3, 1, 1.0364333894937898 ** 2 / 1e100],
    [0.001, 1.3e22, 0.99, 1.8661098758137259e-27, 1],
  ] as const) {
    assertNear(betaincinv(a, b, q), right, 1e-12, `betaincinv(${a}, ${b}, ${q})`);
    assertNear(betaincinvRest(a, b, q), rest, 1e-12, `betaincinvRest(${a}, ${b}, ${q})`);
  }
});

test("the incomplete gamma functions are right for very large and very small shapes", () => {
  for (const [a, x, right, upper] of [
    [1e12, 1e12, 0.50000013298076013, 0.49999986701923987],
    [1e16, 1.00000001e16, 0.84134474606854295, 0.15865525393145705],
    [1e30, 1e30, 0.50000000000000013, 0.49999999999999987],
    [1e9, 9.999e8, 0.00078244613996278354, 0.99921755386003722],
    [1e-200, 3, 1, 1.3048381094197037e-202],
    [1e-305, 0.5, 1, 5.5977359477616081e-306],
    [5e-324, 2, 1, 0],
  ] as const) {
    assertNear(gammainc(a, x), right, 1e-12, `gammainc(${a}, ${x})`);
    assertNear(gammaincc(a, x), upper, 1e-12, `gammaincc(${a}, ${x})`);
  }
});

test("shapes of 0 and Infinity give the limit, or NaN if the limit depends on the path", () => {
  for (const x of [1e-300, 0.3, 1, 1e300]) {
    assert.equal([gammainc(0, x), gammaincc(0, x), gammainc(Infinity, x), gammaincc(Infinity, x)], [1, 0, 0, 1]);
  }
  for (const x of [1e-300, 0.5, 1 - 2 ** -53]) {
    assert.equal([betainc(0, 3, x), betaincc(0, 3, x), betainc(3, 0, x), betaincc(3, 0, x)], [1, 0, 0, 1]);
    assert.equal([betainc(2, Infinity, x), betainc(Infinity, 2, x)], [1, 0]);
    assertNear(betainc(1e-310, 3e-310, x), 0.75, 1e-12, "two points");
  }
  for (const both of [0, Infinity])
    assert.equal([betainc(both, both, 0.5), gammainc(both, both), betaincinv(both, both, 0.5)], [NaN, NaN, NaN]);
  assert.equal([gammaincinv(0, 0.4), gammaincinv(Infinity, 0.4)], [0, Infinity]);
  assert.equal([betaincinv(0, 2, 0.4), betaincinv(2, 0, 0.4), betaincinv(Infinity, 2, 0.4)], [0, 1, 1]);
  assert.equal([gammainc(-1, 1), betainc(-1, 1, 0.5), betainc(1, 1, 2)], [NaN, NaN, NaN]);
});

test("erf has an error of at most 2 ulp", () => {
  for (const [x, nearest, rest] of [
    [0.22318051708862185, 0.24771277509847406, -0.218],
    [0.001, 0.0011283787909692365, -0.364],
    [0.3, 0.3286267594591274, 0.413],
    [0.4999, 0.5204119951613866, 0.0307],
    [0.51, 0.5292436198411704, 0.245],
    [0.9, 0.7969082124228322, -0.209],
    [1.7, 0.9837904585907745, 0.375],
    [3.1, 0.9999883513426328, 0.427],
    [-0.25, -0.27632639016823696, 0.436],
  ] as const) {
    let ulp = 1;
    while (ulp > Math.abs(nearest)) ulp /= 2;
    assert.ok(Math.abs((erf(x) - nearest) / (ulp * 2 ** -52) - rest) <= 2, `erf(${x})`);
  }
});

test("uniform draws lie in [minval, maxval) however narrow or wide the range", () => {
  for (const [low, high] of [
    [1, 1 + 2 ** -52],
    [1 - 2 ** -53, 1],
    [-1 - 2 ** -52, -1],
    [-1, -1 + 2 ** -53],
    [0, 5e-324],
    [-5e-324, 0],
    [3, 3 + 2 ** -50],
    [2 ** -1022, 2 ** -1022 + 5e-324],
    [-1.7e308, 1.7e308],
    [-1e300, 1e308],
    [1e308, 1.5e308],
  ] as const) {
    const x = random.uniform(random.key(1), [500], low, high).toFloat64Array();
    assert.ok(
      x.every((v) => v >= low && v < high),
      `[${low}, ${high}): ${Math.min(...x)} to ${Math.max(...x)}`,
    );
    assert.ok(between(1 - 2 ** -53, low, high) < high);
  }
  for (const [low, high] of [
    [NaN, 1],
    [0, NaN],
  ] as const) {
    const draws = (x: Tensor, y: Tensor): Tensor => random.uniform(random.key(1), [100], x, y);
    for (const f of [draws, jit(draws)]) assert.ok(f(tensor(low), tensor(high)).toFloat64Array().every(Number.isNaN));
  }
  const spread = random.uniform(random.key(2), [2000], -1.7e308, 1.7e308).toFloat64Array();
  const share = spread.filter((v) => v < -0.85e308).length / 2000;
  assert.ok(
    Math.abs(share - 0.25) < 4.5 * Math.sqrt(0.1875 / 2000),
    `a quarter of 2,000 draws lie in the first quarter: ${share}`,
  );
  const f = (low: Tensor) => random.uniform(random.key(3), [], low, 5);
  assertNear(grad(f)(1).item(), 1 - random.uniform(random.key(3)).item(), 1e-15, "gradient for minval");
});

test("randint draws from every range of at most 2^53 whole numbers, and refuses a wider range", () => {
  const x = random.randint(random.key(0), [500], -(2 ** 52), 2 ** 52).toFloat64Array();
  assert.ok(x.every((v) => Number.isInteger(v) && v >= -(2 ** 52) && v < 2 ** 52));
  assert.throws(() => random.randint(random.key(0), [2], -(2 ** 53), 2 ** 53), /2\^53/);
});

test("beta and Dirichlet draws of subnormal concentration lie at one end, with the right probabilities", () => {
  for (const a of [1e-305, 2 ** -1022, 1e-312, 5e-324]) {
    const draws = random.beta(random.key(4), a, a, [2000]).toFloat64Array();
    const ones = draws.filter((v) => v > 0.5).length / 2000;
    assert.ok(draws.every((v) => v > 0 && v < 1 && (v < 1e-300 || v > 1 - 1e-15)));
    // 2,000 draws of probability 1/2: standard error 0.0112.
    assert.ok(Math.abs(ones - 0.5) < 4.5 * 0.0112, `share of ones ${ones}`);
    const simplex = random.dirichlet(random.key(5), [a, a, a], [2000]);
    assert.ok(simplex.toFloat64Array().every((v) => v > 0 && v <= 1));
    const first =
      simplex
        .slice(0, 1, { axis: -1 })
        .toFloat64Array()
        .filter((v) => v > 0.5).length / 2000;
    assert.ok(Math.abs(first - 1 / 3) < 4.5 * Math.sqrt(2 / 9 / 2000), `share of the first ${first}`);
  }
  const skewed = random.beta(random.key(6), 3e-310, 1e-310, [2000]).toFloat64Array();
  const ones = skewed.filter((v) => v > 0.5).length / 2000;
  assert.ok(Math.abs(ones - 0.75) < 4.5 * Math.sqrt(0.1875 / 2000), `share of ones ${ones}`);
});

test.run();
