/**
 * A tour of autoguides: guides made from models. The model has two latents whose posterior is known: z ~ N(0, 1), x ~ N(2z, 1) with x = 5
 * gives z ~ N(2, 1/5); the other latent is positive and independent.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  exponentialDecay,
  Gamma,
  Normal,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
} from "../../../index.js";

const model = () => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(z.mul(2), 1), { obs: 5 });
  sample("rate", new Gamma(3, 2));
};
const fit = (guide: ConstructorParameters<typeof SVI>[1]) =>
  new SVI(model, guide, adam(exponentialDecay(0.1, 300, 0.1)), new TraceELBO({ numParticles: 10 })).run(
    random.key(0),
    900,
  );
const item = (record: Record<string, Tensor>, name: string) => (record[name] as Tensor).item();

test("a guide made from a model has the model's latents, each with draws in its support", () => {
  const guide = new AutoNormal(model);
  const { params } = fit(guide);
  const { rate } = guide.samplePosterior(random.key(1), params, { sampleShape: [200] }) as { rate: Tensor };
  assert.ok([...rate.toFloat64Array()].every((x) => x > 0));
});

test("AutoNormal finds a normal posterior", () => {
  const guide = new AutoNormal(model);
  const { params } = fit(guide);
  assert.ok(Math.abs(item(guide.median(params), "z") - 2) < 0.05);
  const [low, high] = ["z"].flatMap((name) => [
    ...(guide.quantiles(params, [0.1586553, 0.8413447])[name] as Tensor),
  ]) as [Tensor, Tensor];
  assert.ok(Math.abs((high.item() - low.item()) / 2 - Math.sqrt(0.2)) < 0.05, "one standard deviation to either side");
});

test("AutoDelta finds the mode", () => {
  const guide = new AutoDelta(model);
  const { params } = fit(guide);
  assert.ok(Math.abs(item(guide.median(params), "z") - 2) < 0.01);
  // Gamma(3, 2) has its mode at (3 - 1) / 2.
  assert.ok(Math.abs(item(guide.median(params), "rate") - 1) < 0.01);
});

test("AutoMultivariateNormal draws all latents together", () => {
  const guide = new AutoMultivariateNormal(model);
  const { params } = fit(guide);
  assert.ok(Math.abs(item(guide.median(params), "z") - 2) < 0.1);
});

test.run();
