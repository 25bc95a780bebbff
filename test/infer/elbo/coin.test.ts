/**
 * The coin of Pyro's "SVI Part III": steps until both parameters are within 0.8 of the exact posterior Beta(16, 14). Pyro needs 175 on
 * average (sd 35) with the decaying-average baseline and 777 (sd 509) without.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  Beta,
  constraints,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";

const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const model = (data: Tensor) => {
  const fairness = sample("latent_fairness", new Beta(10, 10));
  plate("flips", data.length, () => sample("obs", new Bernoulli(fairness), { obs: data }));
};
const guide = (useDecayingAvgBaseline: boolean) => () => {
  const [alpha, beta] = ["alpha_q", "beta_q"].map((name) => param(name, 15, { constraint: constraints.positive })) as [
    Tensor,
    Tensor,
  ];
  const infer = useDecayingAvgBaseline ? { baseline: { useDecayingAvgBaseline } } : {};
  sample("latent_fairness", new Beta(alpha, beta).nonreparameterized(), { infer });
};

function meanSteps(useBaseline: boolean, keys: number): number {
  const svi = new SVI(model, guide(useBaseline), adam(5e-4, { b1: 0.93, b2: 0.999 }), new TraceGraphELBO());
  const isNear = (params: Record<string, Tensor>) =>
    Math.abs((params.alpha_q as Tensor).item() - 16) < 0.8 && Math.abs((params.beta_q as Tensor).item() - 14) < 0.8;
  let total = 0;
  for (let seed = 0; seed < keys; seed++) {
    const { losses } = svi.run(
      random.key(seed),
      { numSteps: 10_000, stopWhen: ({ state }) => isNear(svi.getParams(state)) },
      flips,
    );
    assert.ok(losses.length < 10_000, `key ${seed} did not arrive`);
    total += losses.length;
  }
  return total / keys;
}

test("with the baseline 175 ± 40 steps over 20 keys, without it 777 ± 360 over 200, a ratio above 2.5", () => {
  const [fast, slow] = [meanSteps(true, 20), meanSteps(false, 200)];
  assert.ok(Math.abs(fast - 175) <= 40, `with: ${fast}`);
  assert.ok(Math.abs(slow - 777) <= 360, `without: ${slow}`);
  assert.ok(slow / fast > 2.5, `ratio ${slow / fast}`);
});

test.run();
