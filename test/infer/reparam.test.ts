/** Reparameterised models have the same law; the Pareto diagnostic recovers shapes that are known. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Exp,
  LocScaleReparam,
  type Model,
  Normal,
  Predictive,
  param,
  paretoK,
  psisDiagnostic,
  random,
  reparam,
  sample,
  seed,
  type Tensor,
  TransformedDistribution,
  TransformReparam,
  trace,
} from "../../index.js";
import { moments } from "./draws.js";

const n = 20_000;
const rowsOf = (x: Tensor) => [...x.toFloat64Array()].map((v) => Float64Array.of(v));
const check = (draws: Tensor, mean: number, sd: number) => {
  const got = moments(rowsOf(draws));
  assert.ok(Math.abs((got.mean[0] as number) - mean) <= (4.5 * sd) / Math.sqrt(n));
  // The variance of a normal sample has standard error sd² √(2/n).
  assert.ok(Math.abs((got.variance[0] as number) - sd ** 2) <= 4.5 * sd ** 2 * Math.sqrt(2 / n));
};

const model: Model = () => sample("x", new Normal(3, 2).expand([2]).toEvent(1));
for (const centered of [0, 0.3, 1])
  test(`LocScaleReparam, centered ${centered}: same mean and variance (n = 20,000, 4.5 standard errors)`, () => {
    const moved = reparam(model, { x: LocScaleReparam({ centered }) });
    const { x } = new Predictive(moved, { numSamples: n, returnSites: ["x"] }).run(random.key(0));
    check((x as Tensor).slice(0, 1, { axis: 1 }), 3, 2);
    const sites = [
      ...trace(seed(moved, random.key(1)))
        .getTrace()
        .keys(),
    ];
    assert.equal(sites, ["x_decentered", "x"]);
  });

test("TransformReparam samples the base", () => {
  const positive: Model = () => sample("x", new TransformedDistribution(new Normal(0.5, 0.4), new Exp()));
  const moved = reparam(positive, { x: TransformReparam() });
  const { x } = new Predictive(moved, { numSamples: n, returnSites: ["x"] }).run(random.key(2));
  check((x as Tensor).log(), 0.5, 0.4);
  assert.throws(
    () => seed(reparam(model, { x: TransformReparam() }), random.key(0))(),
    /not a TransformedDistribution/,
  );
});

test("paretoK of exact Pareto quantiles", () => {
  for (const k of [0.2, 0.5, 0.9]) {
    // Weights with P(W > w) = w^(-1/k): log w = -k log u.
    const size = 20_000;
    const logs = Float64Array.from({ length: size }, (_, i) => -k * Math.log((i + 0.5) / size));
    const got = paretoK(logs);
    assert.ok(Math.abs(got - k) < 0.06, `${got} against ${k}`);
  }
});

test("psisDiagnostic tells a good guide from one that is too narrow", () => {
  const target: Model = () => {
    sample("z", new Normal(0, 1));
  };
  const guide =
    (scale: number): Model =>
    () => {
      sample("z", new Normal(param("m", 0), scale));
    };
  // With q = N(0, s²) and p = N(0, 1) the weights' tail index is k = 1 - s², for s < 1.
  assert.ok(psisDiagnostic(random.key(0), {}, target, guide(1.05)) < 0.3);
  assert.ok(psisDiagnostic(random.key(0), {}, target, guide(0.3)) > 0.7);
});

test.run();
