/**
 * Every family of the library compared with numbers computed with 50 digits: log densities and gradients within the tolerances in the file's `meta`;
 * moments, entropies, distribution functions and quantiles; pathwise derivatives; ends of supports; and inputs that must be refused.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, PedigradError, type Tensor, tensor, vjp } from "../../../autodiff/index.js";
import { withValidation } from "../../../distributions/index.js";
import { decode, decodeParams, families, flat, type Json, nameOf, type Point } from "./families.js";

const ULP = 2 ** -52;
/** Families that need to be only as accurate as a textbook formula. All others must be right to 8 units in the last place. */
const TEXTBOOK = new Set(["Categorical", "Dirichlet", "MultivariateNormal", "DirichletMultinomial"]);
/** Entries that float64 arithmetic on the given inputs cannot reach, or that are wrong in the file, with the reasons. */
const DOUBTED: Readonly<Record<string, string>> = {
  "Exponential/6/0 d/dvalue": "it is -rate = -1e-300; the differences that made the file lost it and say 0",
  "LogNormal/4/0 d/dloc":
    "(log x - loc) / scale² with log x = loc to 17 digits: all of it is rounding of the logarithm",
  "Cauchy/0/4 d/dvalue": "-2 / z = -2e-200; the file says 0",
  "Cauchy/0/4 d/dloc": "2e-200; the file says 0",
  "StudentT/0/5 d/dvalue":
    "4e-100 exactly, (df + 1) / df · z to first order; the differences that made the file are off in the sixth digit",
  "StudentT/0/5 d/dloc": "the same",
  "Logistic/0/0 d/dvalue": "0 by symmetry; 1.7e-107 is what is left of the file's differences",
  "Logistic/0/0 d/dloc": "the same",
  "Logistic/4/0 d/dvalue": "the same",
  "Logistic/4/0 d/dloc": "the same",
  "Logistic/6/0 d/dvalue": "the same",
  "Logistic/6/0 d/dloc": "the same",
  "TruncatedNormal/6/0 d/dloc":
    "bounds 0.05 scales apart: a difference of hazards 25 in which 5e-4 is left, 3e-16 of it wrong",
  "LogNormal/4/1 d/dscale": "the same: the rounding of log x = 9.9 counts 10-fold, and twice",
};

const passRule = (want: number, { mag = 1, textbookAbsError = 0 }: Partial<Point>): number =>
  1e-14 * Math.max(1, Math.abs(want)) + 8 * ULP * mag + 4 * textbookAbsError;
const stretchRule = (want: number): number => 8 * ULP * Math.max(1, Math.abs(want));

const complaints: string[] = [];
function compare(id: string, got: Tensor, want: Json, tolerance: (want: number) => number): void {
  if (id in DOUBTED) return;
  const [numbers, truth] = [got.toFloat64Array(), flat(decode(want))];
  truth.forEach((w, i) => {
    const g = numbers[i] as number;
    if (w === null) return;
    const right = Number.isNaN(w) ? Number.isNaN(g) : g === w || Math.abs(g - w) <= tolerance(w);
    if (!right || numbers.length !== truth.length)
      complaints.push(`${id}[${i}]: got ${g}, want ${w} (off by ${g - w})`);
  });
}
const settle = (): void => {
  const found = complaints.splice(0);
  if (found.length > 0) throw new Error(`\n${found.join("\n")}`);
};
const known = (f: () => Tensor): Tensor | null => {
  try {
    return f();
  } catch (error) {
    if (error instanceof PedigradError && error.code === "no-closed-form") return null;
    throw error;
  }
};

for (const { name, entry, make } of families) {
  const points = entry.cases.flatMap((item) =>
    item.points.map((point, i) => ({
      id: `${item.id}/${i}`,
      point,
      params: decodeParams(item.params),
      value: tensor(decode(point.value) as number),
    })),
  );

  test(`the log density of ${name} equals numbers of 50 digits`, () => {
    for (const { id, point, params, value } of points)
      compare(id, make(params).logProb(value), point.logProb, (w) =>
        TEXTBOOK.has(name) ? passRule(w, point) : stretchRule(w),
      );
    for (const { params, value, logProb } of entry.edgeCases ?? [])
      compare(`${name} at ${value}`, make(decodeParams(params)).logProb(decode(value) as number), logProb, (w) =>
        passRule(w, {}),
      );
    settle();
  });

  test(`${name}: gradient of the log density`, () => {
    for (const { id, point, params, value } of points) {
      if (point.grad === undefined) continue;
      const gradient = grad((x: { params: Record<string, Tensor>; value: Tensor }) => make(x.params).logProb(x.value))({
        params,
        value,
      });
      for (const [key, want] of Object.entries(point.grad)) {
        const mag = point.gradMag?.[key];
        // The file does not normalise mixing probabilities. This library does, which subtracts Σ probs · gradient = 1 from each gradient.
        if (key === "mixing_probs") gradient.params.mixingProbs = (gradient.params.mixingProbs as Tensor).add(1);
        compare(
          `${id} d/d${key}`,
          key === "value" ? gradient.value : (gradient.params[nameOf(key)] as Tensor),
          want,
          (w) => (mag === undefined ? 1e-9 * Math.max(1, Math.abs(w)) : 1e-13 * Math.abs(w) + 16 * ULP * mag),
        );
      }
    }
    settle();
  });

  test(`${name}: mean, variance, entropy`, () => {
    for (const { id, params, mean, variance, entropy } of entry.cases) {
      const d = make(decodeParams(params));
      const check = (what: string, got: Tensor | null, want: Json | undefined, absolute: number) => {
        if (got === null || want === undefined) return;
        compare(`${id} ${what}`, got, want, (w) => 1e-12 * Math.max(absolute, Math.abs(w)));
      };
      check(
        "mean",
        known(() => d.mean),
        mean,
        1e-8,
      );
      check(
        "variance",
        known(() => d.variance),
        variance,
        0,
      );
      check(
        "entropy",
        known(() => d.entropy()),
        entropy,
        1,
      );
    }
    settle();
  });

  test(`${name}: cdf and icdf`, () => {
    for (const { id, point, params, value } of points) {
      const { cdf, sf } = point;
      if (cdf === undefined || sf === undefined) continue;
      const got = known(() => make(params).cdf(value));
      if (got === null) break;
      if (cdf <= 0.5) compare(`${id} cdf`, got, cdf, (w) => 1e-11 * Math.abs(w));
      else compare(`${id} 1 - cdf`, got.neg().add(1), sf, () => 2e-14);
    }
    for (const { id, params, icdf = {} } of entry.cases) {
      const widest = Math.max(...Object.values(icdf).map(Math.abs));
      for (const [q, x] of Object.entries(icdf)) {
        const got = known(() => make(decodeParams(params)).icdf(Number(q)));
        if (got !== null) compare(`${id} icdf(${q})`, got, x, (w) => 1e-12 * Math.abs(w) + 1e-15 * widest);
      }
    }
    settle();
  });

  test(`draws of ${name} have the right derivatives with respect to its parameters`, () => {
    for (const { id, point, params, value } of points) {
      const { pathwise } = point;
      const d = make(params);
      if (pathwise === undefined || !d.hasRsample || known(() => d.cdf(value)) === null) continue;
      // dx/dp = -(dF/dp) / f holds for every monotone path. Where f underflows, the quotient is meaningless.
      const density = d.logProb(value).exp();
      if (density.item() < 1e-290 || point.cdf === 1) continue;
      const [, pull] = vjp((p: Record<string, Tensor>) => make(p).cdf(value), params);
      const gradient = pull(density.reciprocal().neg())[0];
      const size = Math.max(1, Math.abs(value.item()));
      for (const [key, want] of Object.entries(pathwise))
        compare(`${id} pathwise ${key}`, gradient[nameOf(key)], want, (w) => 1e-8 * Math.abs(w) + 1e-14 * size);
    }
    settle();
  });

  test(`${name} refuses parameters and values that are not valid`, () => {
    // The file allows weights that do not sum to 1 to be refused or normalised. This library normalises them.
    for (const { params, why } of entry.invalidParams.filter(({ why }) => !why.includes("or normalise")))
      assert.throws(
        () => make(decodeParams(params)),
        (error: Error) => error instanceof PedigradError && error.message.includes(name.split("(")[0] as string),
        `${name} must refuse: ${why}`,
      );
    const d = make(decodeParams(entry.outOfSupport.params));
    for (const json of entry.outOfSupport.values) {
      const value = tensor(decode(json) as number);
      assert.throws(
        () => d.logProb(value),
        (error: Error) => error instanceof PedigradError,
        `${name} must refuse the value ${JSON.stringify(json)}`,
      );
      if (value.shape.length !== d.eventDim || value.shape.some((n, i) => n !== d.eventShape[i])) continue;
      withValidation(false, () => {
        const logProb = d.logProb(value).toFloat64Array()[0] as number;
        const isNaN = flat(decode(json)).some(Number.isNaN);
        assert.ok(
          logProb === -Infinity || (isNaN && Number.isNaN(logProb)),
          `${name}: log density ${logProb} at ${JSON.stringify(json)}`,
        );
        const slope = grad((x: Tensor) => d.logProb(x))(value);
        if (!isNaN)
          assert.ok(
            slope.toFloat64Array().every((g) => g === 0),
            `${name}: gradient at ${JSON.stringify(json)}`,
          );
      });
    }
  });
}

test.run();
