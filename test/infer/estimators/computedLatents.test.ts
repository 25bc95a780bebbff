/**
 * Guides that compute a latent from noise, as AutoIAFNormal does: a normal auxiliary site, a point mass at m + w · noise, and a factor for
 * the Jacobian. The latent is N(m, w²), so the bounds and their gradients are integrals over one or two normal variables, computed on a grid.
 * The means of n = 20,000 draws must lie within 4.5 standard errors, for every way of differentiating the densities.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoIAFNormal,
  adam,
  Delta,
  type Elbo,
  factor,
  type Model,
  Normal,
  param,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  TraceELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { assertMean, drawsOf, estimates, type Rows } from "../draws.js";

const model: Model = () => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(z, 0.7), { obs: 1.3 });
};
const guide: Model = () => {
  const [m, w] = [param("m"), param("w")];
  const noise = sample("noise", new Normal(0, 1), { infer: { isAuxiliary: true } });
  factor("jacobian", w.log().neg());
  sample("z", new Delta(noise.mul(w).add(m)));
};
const [M, W] = [0.4, 0.6];
const params = { m: tensor(M), w: tensor(W) };

const logNormal = (x: number, loc: number, scale: number): number =>
  -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);
/** log p(z, x) - log q(z) at z = m + w e. */
const logWeight = (e: number, m: number, w: number): number => {
  const z = m + w * e;
  return logNormal(z, 0, 1) + logNormal(1.3, z, 0.7) - logNormal(z, m, w);
};
const STEP = 0.05;
const grid = Array.from({ length: 321 }, (_, i) => -8 + i * STEP);
const mean = (f: (e: number) => number): number =>
  grid.reduce((sum, e) => sum + f(e) * Math.exp(logNormal(e, 0, 1)) * STEP, 0);
/** The negative bound of two particles. */
const loss =
  (alpha: number) =>
  (m: number, w: number): number => {
    const powers = grid.map((e) => Math.exp((1 - alpha) * logWeight(e, m, w)));
    const one = new Map(grid.map((e, i) => [e, powers[i] as number]));
    return -mean((a) => mean((b) => Math.log(((one.get(a) as number) + (one.get(b) as number)) / 2))) / (1 - alpha);
  };
const slopes = (f: (m: number, w: number) => number): Record<string, number> => ({
  m: (f(M + 1e-4, W) - f(M - 1e-4, W)) / 2e-4,
  w: (f(M, W + 1e-4) - f(M, W - 1e-4)) / 2e-4,
});
const ofElbo = slopes((m, w) => -mean((e) => logWeight(e, m, w)));

const table: readonly (readonly [string, Elbo, Record<string, number>])[] = [
  ["TraceELBO", new TraceELBO(), ofElbo],
  ["TraceELBO, sticking the landing", new TraceELBO({ stickingTheLanding: true }), ofElbo],
  ["RenyiELBO", new RenyiELBO(), slopes(loss(0))],
  ["RenyiELBO, dreg", new RenyiELBO({ estimator: "dreg" }), slopes(loss(0))],
  ["RenyiELBO, alpha 1/2, dreg", new RenyiELBO({ alpha: 0.5, estimator: "dreg" }), slopes(loss(0.5))],
];
for (const [label, elbo, want] of table)
  test(`${label}: the mean gradient equals the gradient of the integral`, () => {
    const columns = drawsOf(estimates(elbo, model, guide, params), 20_000);
    for (const [name, exact] of Object.entries(want)) assertMean(name, columns[name] as Rows, exact);
  });

test("reweighted wake-sleep refuses such a latent", () => {
  for (const options of [{}, { estimator: "dreg" as const }]) {
    const error = refusal(() => new ReweightedWakeSleep(options).loss(random.key(0), params, model, guide));
    assert.is(error.code, "moving-point");
    assert.is(error.site, "z");
  }
  for (const Guide of [AutoIAFNormal, AutoDelta]) {
    const svi = new SVI(model, new Guide(model), adam(0.1), new ReweightedWakeSleep());
    assert.is(refusal(() => svi.init(random.key(0))).code, "moving-point");
  }
});

test.run();
