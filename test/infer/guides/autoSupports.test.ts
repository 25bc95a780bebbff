/**
 * Autoguides need fixed supports: a latent whose support changes from run to run is refused, with its name and the sites on which the
 * support depends.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Affine,
  AutoDelta,
  AutoDiagonalNormal,
  AutoGuideList,
  AutoNormal,
  adam,
  Bernoulli,
  block,
  constraints,
  Exponential,
  factor,
  HalfNormal,
  type Model,
  Normal,
  Pareto,
  param,
  plate,
  random,
  SVI,
  sample,
  stack,
  subsample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TransformedDistribution,
  Truncated,
  tensor,
  Uniform,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const MOVING: Readonly<Record<string, [on: string | null, model: Model]>> = {
  "a latent": [
    "a",
    () => {
      const a = sample("a", new HalfNormal(1));
      sample("b", new Uniform(0, a));
    },
  ],
  "a latent in one element of an event": [
    "a",
    () => {
      const a = sample("a", new HalfNormal(1));
      sample("b", new Uniform(-1, stack([a, a.mul(0).add(1)])).toEvent(1));
    },
  ],
  "the scale of a Pareto": [
    "a",
    () => {
      const a = sample("a", new HalfNormal(1));
      sample("b", new Pareto({ scale: a, alpha: 3 }));
    },
  ],
  "the end of a truncation": [
    "a",
    () => {
      const a = sample("a", new Normal(0, 1));
      sample("b", new Truncated(new Normal(0, 1), { low: a }));
    },
  ],
  "an enumerated site": [
    "a",
    () => {
      const a = sample("a", new Bernoulli(0.5), { infer: { enumerate: "parallel" } });
      sample("b", new Uniform(0, a.add(1)));
    },
  ],
  "a param": [
    "high",
    () => {
      sample("b", new Uniform(0, param("high", 2, { constraint: constraints.positive })));
    },
  ],
  "a number that was read": [
    null,
    () => {
      const a = sample("a", new HalfNormal(1)).item();
      sample("b", new Uniform(0, a));
    },
  ],
  "the elements of a minibatch": [
    null,
    () => {
      plate("d", 5, { subsampleSize: 2 }, () => sample("b", new Uniform(0, subsample([1, 2, 3, 4, 5]))));
    },
  ],
};
for (const [what, [on, model]] of Object.entries(MOVING))
  test(`a support that depends on ${what}`, () => {
    for (const Guide of [AutoNormal, AutoDelta, AutoDiagonalNormal]) {
      if (Guide === AutoDiagonalNormal && what.includes("minibatch")) continue;
      const elbo = what.includes("enumerated") ? new TraceEnumELBO() : new TraceELBO();
      const { code, site, message } = refusal(() =>
        new SVI(model, new Guide(model), adam(0.1), elbo).init(random.key(0)),
      );
      assert.equal([code, site], ["moving-support", "b"], message);
      assert.ok(message.startsWith(`${Guide.name}: the support of latent site "b"`), message);
      assert.ok(message.includes(on === null ? "changes from run to run" : `depends on "${on}"`), message);
    }
  });

test("in a list, a support that depends on a latent of another part is refused; a guide written by hand can follow it", () => {
  const [, model] = MOVING["a latent"] as [string, Model];
  const part = (name: string): AutoNormal => new AutoNormal(block(model, { expose: [name] }));
  const list = new AutoGuideList(model).append(part("a")).append(part("b"));
  assert.is(refusal(() => new SVI(model, list, adam(0.1), new TraceELBO()).init(random.key(0))).site, "b");
  // A guide written by hand may draw b in (0, 1e-9), which lies in (0, a) for every a that the other part draws.
  const byHand = new AutoGuideList(model).append(part("a")).append((): void => {
    // Uniform(0, a) under a narrower guide, for every a that the other part draws.
    sample("b", new Uniform(0, 1e-9));
  });
  const { params } = new SVI(model, byHand, adam(0.1), new TraceELBO()).run(random.key(0), 2);
  assert.equal(Object.keys(byHand.samplePosterior(random.key(0), params)), ["a", "b"]);
});

test("fixed supports with bounds are accepted, also after a read", () => {
  const data = [0.3, 1.7, 1.2];
  const model: Model = () => {
    const a = sample("a", new Normal(0, 1));
    if (a.item() > 0) factor("f", -1);
    const top = sample("top", new Uniform(Math.max(...data), 4));
    sample("b", new Uniform([0, 1], [2, 3]).toEvent(1));
    plate("d", 3, () => sample("x", new Uniform(0, top), { obs: data }));
  };
  const guide = new AutoNormal(model);
  const { params } = new SVI(model, guide, adam(0.05), new TraceELBO()).run(random.key(0), {
    numSteps: 20,
    jit: false,
  });
  const { top, b } = guide.samplePosterior(random.key(1), params, { sampleShape: [100] }) as Record<string, Tensor>;
  assert.ok((top as Tensor).min().item() >= 1.7 && (top as Tensor).max().item() <= 4);
  assert.ok((b as Tensor).min().item() >= 0 && (b as Tensor).max().item() <= 3);
});

test("quantiles of a latent with a decreasing bijection ascend, and are the quantiles of its distribution", () => {
  // 3 - z for z ~ Exponential(1) lies below 3. At params loc and scale it is 3 - exp(N(loc, scale²)) in each guide.
  const below = new TransformedDistribution(new Exponential(1), new Affine(3, -1));
  const one: Model = () => sample("z", below);
  const event: Model = () => sample("z", below.expand([1]).toEvent(1));
  const z = 1.6448536269514722; // the 0.95-quantile of N(0, 1)
  const want = [z, 0, -z].map((x) => 3 - Math.exp(0.2 + 0.5 * x));
  for (const model of [one, event])
    for (const Guide of [AutoNormal, AutoDiagonalNormal]) {
      const guide = new Guide(model);
      new SVI(model, guide, adam(0.1), new TraceELBO()).init(random.key(0));
      const loc = model === one && Guide === AutoNormal ? tensor(0.2) : tensor([0.2]);
      const params = { z_auto_loc: loc, z_auto_scale: tensor(0.5), auto_loc: loc, auto_scale: tensor([0.5]) };
      const got = (guide.quantiles(params, [0.05, 0.5, 0.95]).z as Tensor).toFloat64Array();
      const error = Math.max(...want.map((x, i) => Math.abs((got[i] as number) - x)));
      assert.ok(error < 1e-12, `${guide.title}: ${got} against ${want}`);
    }
});

test("quantiles accept params as plain numbers", () => {
  const guide = new AutoNormal(() => sample("z", new Normal(0, 1)));
  assert.is(guide.quantiles({ z_auto_loc: 2, z_auto_scale: 1 } as never, 0.5).z?.item(), 2);
});

test("quantiles refuse numbers that are not probabilities", () => {
  const model: Model = () => sample("z", new Normal(0, 1));
  for (const Guide of [AutoNormal, AutoDelta, AutoDiagonalNormal])
    for (const probs of [1.5, [0.5, -0.1], Number.NaN])
      assert.match(refusal(() => new Guide(model).quantiles({}, probs)).message, /quantiles: probs must be in .0, 1./);
});

test.run();
