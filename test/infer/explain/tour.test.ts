/**
 * A tour of `explain`: how the gradient of every site is estimated, and which costs multiply its score. In the example there are two switches,
 * and the observed lamp depends only on the first.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Elbo,
  explain,
  Normal,
  param,
  RenyiELBO,
  ReweightedWakeSleep,
  sample,
  TraceELBO,
  TraceGraphELBO,
} from "../../../index.js";

const model = () => {
  const first = sample("first", new Bernoulli(0.5));
  sample("second", new Bernoulli(0.5));
  const brightness = sample("brightness", new Normal(first, 1));
  sample("lamp", new Normal(brightness, 1), { obs: 2 });
};
const guide = () => {
  sample("first", new Bernoulli({ logits: param("a", 0) }));
  sample("second", new Bernoulli({ logits: param("b", 0) }));
  sample("brightness", new Normal(param("c", 0), 1));
};
const guideSites = (elbo: TraceELBO | TraceGraphELBO) =>
  explain(elbo, model, guide).sites.filter(({ side }) => side === "guide");

test("explain reports how each gradient is taken", () => {
  assert.equal(
    guideSites(new TraceGraphELBO()).map(({ name, gradient }) => [name, gradient]),
    [
      ["first", "score function"],
      ["second", "score function"],
      ["brightness", "pathwise"],
    ],
  );
});

test("under TraceELBO every site is charged with every cost, under TraceGraphELBO only with costs that depend on it", () => {
  const second = (elbo: TraceELBO | TraceGraphELBO) => guideSites(elbo)[1]?.charged;
  assert.is(second(new TraceELBO())?.length, 7, "all seven costs");
  assert.equal(second(new TraceGraphELBO()), ["-log q(second)", "+log p(second)"]);
});

test("under RenyiELBO a site is charged with every cost, under ReweightedWakeSleep with none", () => {
  const charged = (elbo: Elbo) => /charged with: (.*)/.exec(explain(elbo, model, guide).toString())?.[1]?.split("  ");
  assert.is(charged(new RenyiELBO({ numParticles: 2 }))?.length, 7);
  assert.is(charged(new ReweightedWakeSleep({ numParticles: 2 })), undefined);
});

test("the report as text, and as a graph", () => {
  const told = explain(new TraceGraphELBO(), model, guide);
  assert.match(told.toString(), /guide "first" ~ Bernoulli, score function/);
  assert.match(told.toMermaid(), /^flowchart TD/);
});

test.run();
