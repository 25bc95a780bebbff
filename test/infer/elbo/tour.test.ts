/**
 * A tour of the estimators: one ELBO, several ways to estimate its gradient. In the example, a coin decides around which number an observation
 * lies, so exact sums can be written by hand.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Elbo,
  Normal,
  param,
  RenyiELBO,
  random,
  sample,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
} from "../../../index.js";
import { assertMean, drawsOf, estimates, moments, type Rows } from "../draws.js";

const LOGIT = 0.3;
const model = () => {
  const z = sample("z", new Bernoulli(0.5));
  sample("x", new Normal(z.mul(3), 1), { obs: 2 });
  sample("unrelated", new Normal(0, 1), { obs: 4 });
};
const guide = () => sample("z", new Bernoulli({ logits: param("logit", LOGIT) }));

// Σ over z of q(z) (log p(x, z) - log q(z)), and its derivative with respect to the logit: q (1 - q) (cost of 1 - cost of 0).
const q = 1 / (1 + Math.exp(-LOGIT));
const log = (x: number, loc: number) => -((x - loc) ** 2) / 2 - Math.log(2 * Math.PI) / 2;
const cost = (z: number) => Math.log(0.5) + log(2, 3 * z) + log(4, 0) - Math.log(z === 1 ? q : 1 - q);
const elbo = q * cost(1) + (1 - q) * cost(0);
const slope = q * (1 - q) * (cost(1) - cost(0));

const draws = (estimator: Elbo) => drawsOf(estimates(estimator, model, guide, { logit: tensor(LOGIT) }), 4000);
const variance = (rows: Rows): number => moments(rows).variance[0] as number;

for (const estimator of [new TraceELBO(), new TraceGraphELBO(), new TraceMeanFieldELBO()])
  test(`${estimator.name} has the right mean: value and gradient`, () => {
    const columns = draws(estimator);
    assertMean("elbo", columns.loss as Rows, elbo, -1);
    assertMean("slope", columns.logit as Rows, slope, -1);
  });

test("TraceGraphELBO leaves out the cost that does not depend on z, and its gradient has less variance", () => {
  const [all, some] = [new TraceELBO(), new TraceGraphELBO()].map((e) => variance(draws(e).logit as Rows));
  assert.ok((some as number) < (all as number) / 4, `${some} against ${all}`);
});

test("a bound of several particles is tighter", () => {
  const mean = (e: Elbo) => draws(e).loss as Rows;
  const average = (rows: Rows) => rows.reduce((sum, [x]) => sum + (x as number), 0) / rows.length;
  assert.ok(average(mean(new RenyiELBO({ alpha: 0, numParticles: 5 }))) < average(mean(new TraceELBO())));
});

test("if the guide is the posterior, every draw has the same loss: minus the log evidence", () => {
  const exact = { logit: tensor(log(2, 3) - log(2, 0)) };
  const evidence = Math.log(0.5 * Math.exp(log(2, 3)) + 0.5 * Math.exp(log(2, 0))) + log(4, 0);
  for (const key of [0, 1, 2, 3]) {
    const loss: Tensor = new TraceELBO().loss(random.key(key), exact, model, guide);
    assert.ok(Math.abs(loss.item() + evidence) < 1e-13);
  }
});

test.run();
