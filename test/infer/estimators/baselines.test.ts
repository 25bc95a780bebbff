/** Baselines: several kinds at one site, measurements by `explain`, names of averages, and inference inside a model. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  type BaselineOptions,
  Bernoulli,
  computeMarginals,
  type Elbo,
  explain,
  factor,
  type InferOptions,
  inferConfig,
  type Model,
  module,
  mutable,
  Normal,
  param,
  psisDiagnostic,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  sampleDiscrete,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";
import { baselineFor } from "../../../infer/elbo/costs/baselines.js";
import type { ScoreSite } from "../../../infer/elbo/costs/costs.js";
import { refusal } from "../../refusals.js";
import { exactLoss, exactMean } from "./exactMean.js";

type Exact = Record<string, Float64Array>;
const model: Model = () => {
  const z = sample("z", new Bernoulli(0.4));
  sample("x", new Normal(z.mul(2), 1), { obs: 1.5 });
};
const guideWith =
  (baseline: () => object, start = 0.3): Model =>
  () => {
    sample("z", new Bernoulli({ logits: param("q", start) }), { infer: { baseline: baseline() } });
  };

test("leave-one-out uses the residuals of the other baselines: b_k = a + p_k + mean over other particles of (cost - a - p)", () => {
  const options = { leaveOneOut: true, useDecayingAvgBaseline: true, baselineBeta: 0.5 };
  const site = { name: "z", site: { infer: { baseline: options } } } as unknown as ScoreSite;
  const cost = tensor([10, 14, 30]);
  const predicted = tensor([1, 2, 6]);
  const { baseline, average, loss } = baselineFor(site, cost, predicted, { z: tensor(4) });
  const residuals = [10 - 4 - 1, 14 - 4 - 2, 30 - 4 - 6] as const;
  assert.equal(baseline.toArray(), [4 + 1 + (8 + 20) / 2, 4 + 2 + (5 + 20) / 2, 4 + 6 + (5 + 8) / 2]);
  assert.is((average as Tensor).item(), 0.5 * 4 + 0.5 * 18);
  assert.is((loss as Tensor).item(), residuals.reduce((sum, r) => sum + r * r, 0) / 3);
});

test("no combination of baselines changes the mean gradient", () => {
  const params = { q: tensor(0.3), b: tensor(-1.5) };
  const combinations: (() => object)[] = [
    () => ({ leaveOneOut: true }),
    () => ({ leaveOneOut: true, useDecayingAvgBaseline: true }),
    () => ({ leaveOneOut: true, useDecayingAvgBaseline: true, baselineValue: param("b", -1.5) }),
  ];
  for (const baseline of combinations) {
    const program = { model, guide: guideWith(baseline), params, subsets: [{}] };
    const got = exactMean((options) => new TraceGraphELBO({ ...options, numParticles: 2 }), program) as Exact;
    const want = exactLoss({ ...program, params: { q: params.q } }).q as Float64Array;
    assert.ok(Math.abs(((got.q as Float64Array)[0] as number) - (want[0] as number)) < 1e-12);
  }
});

test("explain measures the gradient without the baselines' own loss, at the given parameters and with the given key", () => {
  const elbo = new TraceGraphELBO();
  const measured = (guide: Model, options: object) => explain(elbo, model, guide, { measureVariance: 400, ...options });
  const plain = measured(
    guideWith(() => ({})),
    {},
  ).variances[0];
  const trained = measured(
    guideWith(() => ({ baselineValue: param("b", -1) })),
    {},
  ).variances[0];
  assert.is(trained?.variance.b, 0);
  assert.is(trained?.total, trained?.variance.q);
  assert.ok((plain?.total as number) > 0);
  // If the guide is certain, the gradient does not vary. Another key gives another measurement.
  const sure = measured(
    guideWith(() => ({})),
    { params: { q: 30 } },
  ).variances[0];
  assert.ok((sure?.total as number) < 1e-9);
  assert.is.not(
    measured(
      guideWith(() => ({})),
      { key: random.key(5) },
    ).variances[0]?.total,
    plain?.total,
  );
  assert.is(
    explain(
      elbo,
      model,
      guideWith(() => ({})),
      { params: { q: 1 } },
    ).variances.length,
    0,
  );
  assert.is(
    refusal(() =>
      measured(
        guideWith(() => ({})),
        { params: { nope: 1 } },
      ),
    ).code,
    "unknown-param",
  );
});

test("averages have a separate record, so a network or a mutable may be called baseline", () => {
  const ten: Model = () => {
    sample("z", new Bernoulli(0.5));
    factor("ten", -10);
  };
  const infer = { baseline: { useDecayingAvgBaseline: true, baselineBeta: 0.5 } };
  const afterTwoSteps = (other: () => void) => {
    const guide: Model = () => {
      other();
      sample("z", new Bernoulli({ logits: 0 }), { infer });
    };
    const svi = new SVI(ten, guide, adam(0), new TraceELBO());
    const start = svi.init(random.key(0));
    const [state] = svi.update(svi.update(start)[0]);
    // With costs of -10, the averages are 0, then 0.5 · 0 + 0.5 · -10 = -5, then -7.5.
    assert.equal([start.averages?.z?.item(), state.averages?.z?.item()], [0, -7.5]);
    return state;
  };
  const { params } = afterTwoSteps(() => void module("baseline", { init: () => ({ z: tensor(3) }), apply: () => 0 })());
  assert.equal([Object.keys(params), params["baseline/z"]?.item()], [["baseline/z"], 3]);
  const { mutableState } = afterTwoSteps(() => {
    const steps = mutable("baseline/z", 0);
    steps.value = steps.value.add(1);
  });
  assert.equal([Object.keys(mutableState), mutableState["baseline/z"]?.item()], [["baseline/z"], 2]);
});

const warningsOf = (guide: Model): string[] => {
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text) => said.push(String(text));
  try {
    new SVI(model, guide, adam(0.1), new TraceGraphELBO()).init(random.key(0));
  } finally {
    console.warn = warn;
  }
  return said;
};
test("a baseline that shares parameters with the guide gives a warning; a baseline with its own parameters does not", () => {
  const shared: Model = () => {
    const q = param("q", 0.3);
    sample("z", new Bernoulli({ logits: q }), { infer: { baseline: { baselineValue: q.mul(2) } } });
  };
  const said = warningsOf(shared);
  assert.is(said.length, 1);
  assert.match(said[0] as string, /"z".*"q"/);
  assert.equal(warningsOf(guideWith(() => ({ baselineValue: param("b", -1) }))), []);
  const input: Model = () => {
    const q = param("q", 0.3);
    const w = param("w", 0.5);
    const baseline = { nnBaseline: (x: Tensor) => x.mul(w), nnBaselineInput: q };
    sample("z", new Bernoulli({ logits: q }), { infer: { baseline } });
  };
  assert.equal(warningsOf(input), []);
});

test("inference inside a model is refused with the name of the called function, and the next run is not affected", () => {
  const inner = () => void sample("w", new Normal(0, 1), { obs: 0.5 });
  const svi = new SVI(inner, () => {}, adam(0.1), new TraceELBO(), { jit: false });
  const state = svi.init(random.key(0));
  svi.update(state);
  const calls: Record<string, () => unknown> = {
    "svi.init": () => svi.init(random.key(0)),
    "svi.update": () => svi.update(state),
    "svi.evaluate": () => svi.evaluate(state),
    "TraceELBO.loss": () => new TraceELBO().loss(random.key(0), {}, inner, () => {}),
    computeMarginals: () => computeMarginals(random.key(0), {}, inner, () => {}),
    sampleDiscrete: () => sampleDiscrete(random.key(0), {}, inner, () => {}),
    psisDiagnostic: () => psisDiagnostic(random.key(0), {}, inner, () => {}),
    explain: () => explain(new TraceELBO(), inner, () => {}),
  };
  for (const [name, call] of Object.entries(calls)) {
    const outer = () => {
      call();
      model();
    };
    const error = refusal(() =>
      new TraceELBO().loss(
        random.key(0),
        { q: tensor(0.3) },
        outer,
        guideWith(() => ({})),
      ),
    );
    assert.is(error.code, "inference-inside");
    assert.ok(error.message.startsWith(name), error.message);
    assert.ok(Number.isFinite(svi.evaluate(state)));
  }
});

test("a baseline network that reads a number of its site is refused, like a network that computes with the site", () => {
  const seen: Tensor[] = [];
  const keeping: Model = () => {
    const z = sample("z", new Bernoulli(0.4));
    seen.push(z);
    sample("x", new Normal(z.mul(2), 1), { obs: 1.5 });
  };
  for (const nnBaseline of [() => tensor(3 * (seen.at(-1) as Tensor).item()), () => (seen.at(-1) as Tensor).mul(3)]) {
    const guide = guideWith(() => ({ nnBaseline, nnBaselineInput: 1 }));
    const { code, site } = refusal(() => new TraceGraphELBO().loss(random.key(0), { q: tensor(0.3) }, keeping, guide));
    assert.equal([code, site], ["baseline-depends-on-site", "z"]);
  }
});

const bit: Model = () => void sample("z", new Bernoulli(0.4));
const bitGuide =
  (infer: InferOptions): Model =>
  () =>
    void sample("z", new Bernoulli({ logits: param("a", 0.3) }), { infer });
const lossOf = (elbo: Elbo, guide: Model, model = bit) => elbo.loss(random.key(0), { a: tensor(0.3) }, model, guide);

test("an estimator without baselines refuses them by site; explain measures it without them", () => {
  const baseline = { useDecayingAvgBaseline: true };
  const guide = bitGuide({ baseline });
  const enumerating = new TraceEnumELBO({ strictEnumerationWarning: false });
  for (const elbo of [new RenyiELBO(), new ReweightedWakeSleep(), enumerating]) {
    const { code, site, message } = refusal(() => lossOf(elbo, guide));
    assert.equal([code, site], ["baseline", "z"]);
    assert.match(
      message,
      new RegExp(`^sample site "z" has a baseline, but ${elbo.name} has no baselines.*inferConfig`),
    );
    const without = inferConfig(guide, () => ({ baseline: undefined }));
    const off = bitGuide({ baseline: { useDecayingAvgBaseline: false, baselineBeta: 0.5 } });
    for (const same of [without, off]) assert.is(lossOf(elbo, same).item(), lossOf(elbo, bitGuide({})).item());
    assert.equal(explain(elbo, bit, guide, { measureVariance: 20 }).refusals, []);
  }
  for (const infer of [{ baseline }, { baseline, enumerate: "parallel" }] as const)
    assert.is(refusal(() => lossOf(enumerating, bitGuide(infer))).code, "baseline");
  assert.is(
    refusal(() =>
      lossOf(
        enumerating,
        bitGuide({}),
        inferConfig(bit, () => ({ baseline })),
      ),
    ).site,
    "z",
  );
  const pathwise: Model = () => void sample("y", new Normal(param("a", 0.3), 1), { infer: { baseline } });
  const normal: Model = () => void sample("y", new Normal(0, 1));
  for (const call of [
    () => lossOf(new TraceELBO(), pathwise, normal),
    () => explain(new TraceELBO(), normal, pathwise),
  ])
    assert.match(refusal(call).message, /site "y" has a baseline, but its gradient does not use the score function/);
});

test("a baseline that is not finite or not a tensor, and options without effect, are refused with the name of the site", () => {
  const wrong: [BaselineOptions, RegExp][] = [
    [{ baselineValue: Number.NaN }, /its baseline \(baselineValue\) is Tensor\[\] NaN/],
    [{ baselineValue: tensor(1).div(0) }, /its baseline \(baselineValue\) is Tensor\[\] Infinity/],
    [{ nnBaseline: (x) => x.log(), nnBaselineInput: -1 }, /its baseline \(nnBaseline\) is Tensor\[\] NaN/],
    [{ baselineValue: "2" as unknown as number }, /expected a tensor/],
    [{ nnBaseline: (x) => x, nnBaselineInput: null as unknown as number }, /expected a tensor/],
    [{ baselineBeta: 0.5 }, /baselineBeta is set without useDecayingAvgBaseline/],
    [{ nnBaselineInput: 1 }, /nnBaselineInput is set without nnBaseline/],
  ];
  for (const [baseline, words] of wrong) {
    const { site, message } = refusal(() => lossOf(new TraceGraphELBO(), bitGuide({ baseline })));
    assert.is(site, "z");
    assert.match(message, words);
  }
});

test("a fit warns once of a biased gradient; explain does not warn", () => {
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => said.push(text);
  const straight = bitGuide({ gradient: "straightThrough" });
  try {
    explain(new TraceGraphELBO(), bit, straight, { measureVariance: 20 });
    for (const elbo of [new TraceELBO(), new TraceGraphELBO()])
      lossOf(elbo, bitGuide({ baseline: { leaveOneOut: false, useDecayingAvgBaseline: true } }));
    // An enumerated site is not sampled, so its options about gradients have no effect.
    for (const enumerate of ["parallel", "sequential"] as const)
      lossOf(new TraceEnumELBO(), bitGuide({ gradient: "straightThrough", enumerate }));
    assert.equal(said, []);
    for (let i = 0; i < 2; i++) lossOf(new TraceELBO(), straight);
  } finally {
    console.warn = warn;
  }
  assert.is(said.length, 1);
  assert.match(said[0] as string, /site "z" takes gradient: "straightThrough", which is biased/);
});

test.run();
