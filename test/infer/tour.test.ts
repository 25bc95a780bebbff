/**
 * A tour of inference: a model, a trace of its run, a guide, an estimator, a fit. The posterior is known: with six heads in 10 flips of a coin,
 * the prior Beta(10, 10) becomes Beta(16, 14).
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  Beta,
  condition,
  configEnumerate,
  constraints,
  explain,
  lgamma,
  Normal,
  Predictive,
  param,
  plate,
  random,
  type SampleSite,
  SVI,
  sample,
  seed,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
  trace,
} from "../../index.js";

const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const model = (data: Tensor) => {
  const fairness = sample("fairness", new Beta(10, 10));
  plate("flips", data.length, () => sample("obs", new Bernoulli(fairness), { obs: data }));
};
const guide = () => {
  const alpha = param("alpha", 15, { constraint: constraints.positive });
  const beta = param("beta", 15, { constraint: constraints.positive });
  sample("fairness", new Beta(alpha, beta));
};
const logBetaOf = (a: number, b: number): number =>
  lgamma(a)
    .add(lgamma(b))
    .sub(lgamma(a + b))
    .item();
/** The log probability of the flips in their order. */
const evidence = logBetaOf(16, 14) - logBetaOf(10, 10);

test("a model is a function; a handler around it gives keys for draws, and a trace records the run", () => {
  const run = trace(seed(model, random.key(0))).getTrace(flips);
  assert.equal([...run.keys()], ["fairness", "flips", "obs"]);
  const obs = run.get("obs") as SampleSite;
  assert.is(obs.isObserved, true);
  assert.equal(obs.logProb().shape, [10]);
});

test("handlers change the meaning of a model without changing its code", () => {
  const fair = trace(condition(model, { fairness: 0.5 })).getTrace(flips);
  const total = (fair.get("obs") as SampleSite).logProb().sum().item();
  assert.ok(Math.abs(total - 10 * Math.log(0.5)) < 1e-13);
});

test("if the guide is the posterior, the loss of every draw is minus the log evidence", () => {
  for (const key of [0, 1, 2]) {
    const loss = new TraceELBO().loss(random.key(key), { alpha: tensor(16), beta: tensor(14) }, model, guide, flips);
    assert.ok(Math.abs(loss.item() + evidence) < 1e-10, `${loss.item()} is not ${-evidence}`);
  }
});

test("a fit finds the posterior", () => {
  // The start, Beta(15, 15), is off by 1 in both parameters. The pathwise gradient has little noise, so a tolerance of a third suffices.
  const svi = new SVI(model, guide, adam(0.05), new TraceELBO({ numParticles: 10 }));
  const { params } = svi.run(random.key(0), 600, flips);
  const mean = (a: Tensor, b: Tensor) => a.div(a.add(b)).item();
  assert.ok(Math.abs(mean(params.alpha as Tensor, params.beta as Tensor) - 16 / 30) < 0.011);
});

test("the posterior predicts: the next flip is heads with probability 16 / 30", () => {
  const drawn = new Predictive(
    () => {
      sample("next", new Bernoulli(sample("fairness", new Beta(16, 14))));
    },
    { numSamples: 2000 },
  ).run(random.key(0));
  // For n = 2,000 the standard error is √(0.533 · 0.467 / n) = 0.0112.
  assert.ok(Math.abs((drawn.next as Tensor).mean().item() - 16 / 30) < 4.5 * 0.0112);
});

// Two switches, of which only the first turns on the observed lamp.
const switches = () => {
  const first = sample("first", new Bernoulli(0.5));
  sample("second", new Bernoulli(0.5));
  sample("lamp", new Normal(first.mul(3), 1), { obs: 2 });
};
const guess = () => {
  sample("first", new Bernoulli({ logits: param("first_logit", 0) }));
  sample("second", new Bernoulli({ logits: param("second_logit", 0) }));
};

test("a site without a pathwise gradient is charged only with costs that depend on it", () => {
  const sites = explain(new TraceGraphELBO(), switches, guess).sites.filter(({ side }) => side === "guide");
  assert.equal(
    sites.map(({ charged }) => charged),
    [
      ["-log q(first)", "+log p(first)", "+log p(lamp)"],
      ["-log q(second)", "+log p(second)"],
    ],
  );
});

test("a finite choice can be summed out: the loss is exact, and its gradient has no noise", () => {
  const values = { first_logit: tensor(0), second_logit: tensor(0) };
  const exact = new TraceEnumELBO({ strictEnumerationWarning: false });
  const [loss, slopes] = exact.lossAndGrads(random.key(0), values, switches, configEnumerate(guess));
  // At probability 1/2, guide and prior agree, so the loss is -Σ (1/2) log N(2; 3·first, 1).
  // Its slope in the logit is -(1/4) (log N(2; 3, 1) - log N(2; 0, 1)).
  const log = (loc: number) => -((2 - loc) ** 2) / 2 - Math.log(2 * Math.PI) / 2;
  assert.ok(Math.abs(tensor(loss).item() + (log(0) + log(3)) / 2) < 1e-13);
  assert.ok(Math.abs((slopes.first_logit as Tensor).item() + (log(3) - log(0)) / 4) < 1e-13);
  assert.ok(Math.abs((slopes.second_logit as Tensor).item()) < 1e-13);
});

test.run();
