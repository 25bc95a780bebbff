/**
 * A tour of programs: a model is a function with statements, handlers around the model decide what happens at each statement, and a trace is the
 * record of a run.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  block,
  condition,
  deterministic,
  Normal,
  param,
  plate,
  random,
  replay,
  type SampleSite,
  sample,
  scale,
  seed,
  substitute,
  type Tensor,
  tensor,
  trace,
} from "../../../index.js";

const model = (data: Tensor) => {
  const loc = sample("loc", new Normal(0, param("spread", 2)));
  plate("data", data.length, () => sample("x", new Normal(loc, 1), { obs: data }));
  deterministic("twice", loc.mul(2));
};
const data = tensor([1, 2, 3]);
const site = (run: ReturnType<ReturnType<typeof trace>["getTrace"]>, name: string) => run.get(name) as SampleSite;

test("seed gives random choices their keys, and trace lists all statements in order", () => {
  const run = trace(seed(model, random.key(0))).getTrace(data);
  assert.equal(
    [...run].map(([name, { type }]) => `${type} ${name}`),
    ["param spread", "sample loc", "plate data", "sample x", "deterministic twice"],
  );
  const again = trace(seed(model, random.key(0))).getTrace(data);
  assert.is(site(run, "loc").value.item(), site(again, "loc").value.item(), "the same key, the same run");
});

test("substitute sets values, condition observes them, replay uses the values of another run", () => {
  const set = trace(substitute(model, { loc: 0.5, spread: 3 })).getTrace(data);
  assert.is(site(set, "loc").isObserved, false);
  assert.ok(
    Math.abs(site(set, "loc").logProb().item() - (-(0.25 / 18) - Math.log(3 * Math.sqrt(2 * Math.PI)))) < 1e-14,
  );
  assert.is(site(trace(condition(model, { loc: 0.5 })).getTrace(data), "loc").isObserved, true);
  const replayed = trace(replay(model, set)).getTrace(data);
  assert.is(site(replayed, "loc").value.item(), 0.5);
});

test("block hides statements from the handlers outside", () => {
  const run = trace(block(seed(model, random.key(0)), { hide: ["loc"] })).getTrace(data);
  assert.is(run.has("loc"), false);
  assert.is(run.has("x"), true);
});

test("a plate declares independent elements: a log density has one number per element, and a subsample is scaled up", () => {
  const run = trace(substitute(model, { loc: 0 })).getTrace(data);
  assert.equal(site(run, "x").logProb().shape, [3]);
  const some = () => plate("data", 6, { subsampleSize: 2 }, (i) => sample("x", new Normal(0, 1), { obs: i }));
  const two = site(trace(seed(some, random.key(0))).getTrace(), "x");
  assert.ok(Math.abs(two.scaledLogProb().sum().item() / two.logProb().sum().item() - 3) < 1e-14);
});

test("scale multiplies log densities", () => {
  const [once, twice] = [model, scale(model, 2)].map((f) =>
    site(trace(substitute(f, { loc: 0 })).getTrace(data), "loc")
      .scaledLogProb()
      .item(),
  ) as [number, number];
  assert.is(twice, 2 * once);
});

test.run();
