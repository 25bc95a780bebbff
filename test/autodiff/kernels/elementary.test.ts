/** The elementary functions compared with 50 digits at random and at hard points, and at the ends of their ranges with the rules of C. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type FormulaName, scalarFormulas } from "../../../autodiff/kernels/formulas/scalarFormulas.js";

type Row = [...args: number[], nearest: number, rest: number];
const golden: Partial<Record<FormulaName, Row[]>> = JSON.parse(
  readFileSync(new URL("../../golden/elementary.json", import.meta.url), "utf8"),
);
/** The bounds that the formulas state. */
const ULPS: Partial<Record<FormulaName, number>> = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  tanh: 1.6,
  tanhSlope: 3.2,
  sigmoid: 2,
  logisticDensity: 2.3,
  softplus: 2,
  logSigmoid: 2,
  sin: 1,
  cos: 1,
  tan: 1,
  atan: 1,
  pow: 1,
  log1mexp: 2,
  xlogy: 2,
  xlog1py: 2,
  logaddexp: 2,
  logOnePlusSquareOver: 2,
  logRatio: 2,
};
/** Formulas without reference numbers, and why. */
const WITHOUT: Partial<Record<FormulaName, string>> = {
  powSlope: "a product around pow: simd.test.ts compares its edges, derivatives.test.ts its values",
  between: "a sum of products: limits.test.ts has its ends",
};
const ulpOf = (y: number): number => {
  const size = Math.abs(y);
  let ulp = 2 ** -1074;
  while (ulp * 2 ** 53 <= size) ulp *= 2;
  return ulp;
};
const call = (name: FormulaName, args: number[]): number =>
  (scalarFormulas[name] as (...xs: number[]) => number)(...args);

for (const [name, bound] of Object.entries(ULPS) as [FormulaName, number][])
  test(`${name} has an error of at most ${bound} ulp`, () => {
    const rows = golden[name] ?? [];
    assert.ok(rows.length > 60);
    for (const row of rows) {
      const args = row.slice(0, -2);
      const [nearest, rest] = row.slice(-2) as [number, number];
      const error = (call(name, args) - nearest) / ulpOf(nearest) - rest;
      assert.ok(Math.abs(error) <= bound, `${name}(${args}) is off by ${error} ulp`);
    }
  });

test("every formula has a bound and reference numbers, or a reason", () => {
  const how = `its points in "functions" of test/golden/generate/elementary.py, whose output is test/golden/elementary.json, and its bound in ULPS of test/autodiff/kernels/elementary.test.ts`;
  for (const name of Object.keys(scalarFormulas) as FormulaName[])
    assert.ok((name in ULPS && name in golden) || name in WITHOUT, `${name} has no reference numbers: write ${how}`);
});

test("pow is exact if the power is a float64", () => {
  const { pow } = scalarFormulas;
  for (let base = 2n; base < 100n; base++)
    for (let [n, power] = [1, base]; power < 2n ** 53n; n++, power *= base)
      assert.is(pow(Number(base), n), Number(power), `${base}^${n}`);
  for (let k = -1074, power = 2 ** -1074; k < 1024; k++, power *= 2) assert.is(pow(2, k), power, `2^${k}`);
});

test("pow treats signs, zeros, infinities and NaN as C does", () => {
  const ends = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, Infinity, -Infinity, NaN, 5e-324, -1e308, 2 ** 53, -(2 ** 53)];
  for (const a of ends)
    for (const b of ends) {
      // JavaScript's ** gives the same, except NaN for 1^NaN and 1^±Infinity.
      const right = a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
      const got = scalarFormulas.pow(a, b);
      assert.ok(
        Object.is(got, right) || Math.abs(got - right) <= 2 ** -52 * Math.abs(right),
        `${a}^${b}: ${got}, ${right}`,
      );
    }
});

test("log(1 + x²/y) is right even if x² overflows or underflows", () => {
  const { logOnePlusSquareOver } = scalarFormulas;
  for (const [x, y, quotient] of [
    [1e155, 1e308, 100],
    [-1e155, 1e308, 100],
    [1e-155, 1e-308, 0.01],
    [1e-200, 1e-300, 1e-100],
  ] as const) {
    const right = Math.log1p(quotient);
    assert.ok(Math.abs(logOnePlusSquareOver(x, y) - right) <= 2 ** -51 * right, `${x}, ${y}`);
  }
  assert.equal([logOnePlusSquareOver(Infinity, 1), logOnePlusSquareOver(3, Infinity)], [Infinity, 0]);
});

test("the other elementary functions are right at zeros, infinities and NaN", () => {
  const { sin, cos, tan, atan, exp, log, log1p, tanh, sigmoid } = scalarFormulas;
  for (const f of [sin, cos, tan]) for (const x of [Infinity, -Infinity, NaN]) assert.ok(Number.isNaN(f(x)));
  for (const f of [sin, tan, atan, tanh, log1p]) for (const x of [0, -0]) assert.ok(Object.is(f(x), x));
  assert.equal([atan(Infinity), atan(-Infinity), atan(NaN)], [Math.PI / 2, -Math.PI / 2, NaN]);
  assert.equal([exp(710), exp(-746), exp(Infinity), exp(-Infinity), exp(NaN)], [Infinity, 0, Infinity, 0, NaN]);
  assert.equal([log(0), log(-0), log(-1), log(Infinity), log(NaN)], [-Infinity, -Infinity, NaN, Infinity, NaN]);
  assert.equal([tanh(Infinity), tanh(-30), tanh(NaN), sigmoid(Infinity), sigmoid(-Infinity)], [1, -1, NaN, 1, 0]);
});

test.run();
