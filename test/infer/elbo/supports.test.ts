/** svi.init refuses guides that certainly leave the support of the model's sites, and names both supports; other guides are accepted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  Beta,
  Delta,
  Dirichlet,
  type Distribution,
  Exp,
  Gamma,
  HalfNormal,
  LogNormal,
  mask,
  Normal,
  Poisson,
  random,
  StudentT,
  SVI,
  sample,
  TraceELBO,
  TransformedDistribution,
  TruncatedNormal,
  Uniform,
  VonMises,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const start = (q: Distribution, p: Distribution, around = <T>(f: T): T => f) =>
  new SVI(
    around(() => {
      sample("x", p);
    }),
    around(() => {
      sample("x", q);
    }),
    adam(0.1),
    new TraceELBO(),
  ).init(random.key(0));

const vector = (fn: Distribution): Distribution => fn.expand([3]).toEvent(1);
test("a guide whose support is larger is refused by name", () => {
  const pairs: [q: Distribution, p: Distribution][] = [
    [new Normal(5, 0.01), new Gamma(2, 1)],
    [new StudentT(3, 0, 1), new Beta(1, 2)],
    [new Normal(0, 1), new VonMises(0, 1)],
    [vector(new Normal(0, 1)), new Dirichlet([1, 1, 1])],
    [vector(new Normal(1, 1)), vector(new HalfNormal(1))],
    [new LogNormal(-9, 0.1), new Uniform(0, 1)],
    [new Uniform(0, 2), new Uniform(0, 1)],
    [new Uniform([0, -1], 1).toEvent(1), new Uniform(0, 1).expand([2]).toEvent(1)],
    [new TruncatedNormal({ loc: 0, scale: 1, low: -1 }), new HalfNormal(1)],
    [new Normal(0, 1), new Bernoulli(0.5)],
  ];
  for (const [q, p] of pairs) {
    const { code, site, message } = refusal(() => start(q, p));
    assert.equal([code, site], ["support-mismatch", "x"], message);
    assert.ok(message.includes(`(${q.label}) may be ${q.support.must}`), message);
    assert.ok(message.includes(`(${p.label}) must be ${p.support.must}`), message);
  }
});

test("a guide that may stay inside is let be", () => {
  const pairs: [q: Distribution, p: Distribution][] = [
    [new TransformedDistribution(new Normal(0, 0.1), new Exp()), new Gamma(2, 1)],
    [new Uniform(0.2, 0.8), new Beta(1, 2)],
    [new Beta(2, 2), new Uniform(0, 1)],
    [new Gamma(2, 1), new Normal(0, 1)],
    [new Delta(0.5), new Beta(1, 2)],
    [new Bernoulli(0.5), new Poisson(2)],
  ];
  for (const [q, p] of pairs) start(q, p);
  start(new Normal(0, 1), new Gamma(2, 1).mask(0));
  start(new Normal(5, 0.1), new Gamma(2, 1), (f) => mask(f as never, false) as never);
});

test.run();
