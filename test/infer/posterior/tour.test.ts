/** A tour of the posterior: predict, score, summarise. The posterior of z is N(2, 1/5); the next observation has the distribution N(4, 9/5). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoDiagonalNormal,
  AutoLaplaceApproximation,
  adam,
  logLikelihood,
  Normal,
  Predictive,
  psisDiagnostic,
  random,
  SVI,
  sample,
  summary,
  type Tensor,
  TraceELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const model = (x: Tensor | null) => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(z.mul(2), 1), { obs: x });
};
const guide = () => sample("z", new Normal(2, Math.sqrt(0.2)));
const N = 4000;
const moments = (x: Tensor): [mean: number, variance: number] => [
  x.mean().item(),
  x.sub(x.mean()).square().mean().item(),
];

test("Predictive: draws of the posterior, and of the next observation", () => {
  const drawn = new Predictive(model, { guide, numSamples: N, returnSites: ["z", "x"] }).run(random.key(0), null);
  const [mean, variance] = moments(drawn.x as Tensor);
  // Standard errors for n = 4,000: √(1.8 / n) = 0.021, and 1.8 √(2 / n) = 0.040.
  assert.ok(Math.abs(mean - 4) < 4.5 * 0.021, `${mean}`);
  assert.ok(Math.abs(variance - 1.8) < 4.5 * 0.04, `${variance}`);
});

test("draws of the prior: without a guide", () => {
  const { z } = new Predictive(model, { numSamples: N }).run(random.key(1), null);
  assert.ok(Math.abs(moments(z as Tensor)[0]) < 4.5 / Math.sqrt(N));
});

test("logLikelihood: the log density of the observations for every draw", () => {
  const draws = { z: tensor([1, 2.5]) };
  const { x } = logLikelihood(model, draws, tensor(5)) as { x: Tensor };
  const log = (loc: number) => -((5 - loc) ** 2) / 2 - Math.log(2 * Math.PI) / 2;
  for (const [i, want] of [log(2), log(5)].entries()) assert.ok(Math.abs(x.at(i).item() - want) < 1e-14);
});

test("summary: means and intervals of draws", () => {
  const drawn = new Predictive(model, { guide, numSamples: N, returnSites: ["z"] }).run(random.key(2), tensor(5));
  assert.match(summary({ z: drawn.z as Tensor }).toString(), /\bz +2\.0/);
});

test("psisDiagnostic: if the guide is the posterior, the weights have no tail", () => {
  const k = psisDiagnostic(random.key(0), {}, model, guide, { numParticles: 1000 }, tensor(5));
  assert.ok(!(k >= 0.5), `${k}`);
});

test("psisDiagnostic refuses points, whose weights are all equal although the guide is far from the posterior", () => {
  for (const guide of [new AutoDelta(model), new AutoLaplaceApproximation(model)]) {
    const { params } = new SVI(model, guide, adam(0.1), new TraceELBO()).run(random.key(0), 10, tensor(5));
    const error = refusal(() => psisDiagnostic(random.key(1), params, model, guide, {}, tensor(5)));
    assert.is(error.code, "moving-point");
  }
  // A joint autoguide computes its latents as points from one draw.
  const joint = new AutoDiagonalNormal(model);
  const { params } = new SVI(model, joint, adam(0.1), new TraceELBO()).run(random.key(0), 300, tensor(5));
  assert.ok(psisDiagnostic(random.key(1), params, model, joint, {}, tensor(5)) < 0.7);
});

test.run();
