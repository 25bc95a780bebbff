/** Plates that visit as many elements as they have, in another order or some twice: which element each value belongs to. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  adam,
  Categorical,
  condition,
  deterministic,
  initToValue,
  intervene,
  LocScaleReparam,
  lift,
  logLikelihood,
  type Model,
  Normal,
  Predictive,
  param,
  plate,
  random,
  reparam,
  type SampleSite,
  SVI,
  sample,
  seed,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  tensor,
  trace,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const data = [10, 20, 30];
const at = [11, 22, 33];
const model: Model = (indices: Tensor, y: unknown = data) =>
  plate("p", 3, { subsample: indices }, () => {
    const z = sample("z", new Normal(0, 100));
    sample("x", new Normal(z, 1), { obs: y === null ? null : subsample(y as number[]) });
  });
const orders = [
  [2, 0, 1],
  [1, 1, 0],
  [0, 1, 2],
];
const logNormal = (x: number, loc: number) => -0.5 * (x - loc) ** 2 - 0.5 * Math.log(2 * Math.PI);
/** log p of the data given z = `at`, of the elements in `order`. */
const logLik = (order: number[]) => order.map((i) => logNormal(data[i] as number, at[i] as number));
function near(got: unknown, want: readonly number[], tolerance = 1e-12): void {
  for (const [i, x] of [got].flat(2).entries())
    assert.ok(Math.abs((x as number) - (want[i] as number)) < tolerance, `got ${got}, want ${want}`);
}

test("a value for all elements of a plate is in the order of the plate", () => {
  for (const order of orders) {
    const indices = tensor(order);
    const logOf = (f: Model) => (trace(seed(f, key)).getTrace(indices).get("x") as SampleSite).logProb().toArray();
    for (const handler of [condition, substitute, intervene]) near(logOf(handler(model, { z: at })), logLik(order));
    near(logLikelihood(model, { z: [at] }, indices).x?.toArray(), logLik(order));
    const { z } = new Predictive(model, { posteriorSamples: { z: [at] }, returnSites: ["z"] }).run(key, indices);
    assert.equal(z?.toArray(), [order.map((i) => at[i])]);
    const withParam: Model = () => plate("p", 3, { subsample: indices }, () => param("l", at));
    const lifted = lift(withParam, new Normal(tensor([0, 0, 0]), 1));
    assert.equal(
      (substitute(lifted, { l: at })() as Tensor).toArray(),
      order.map((i) => at[i]),
    );
  }
});

test("a value for all elements of a plate replaces a computed value of the elements that the plate visits", () => {
  for (const order of [...orders, [2, 0]]) {
    const inPlate = (body: (i: Tensor) => Tensor) => () => plate("p", 3, { subsample: order }, body);
    const z = inPlate(() => sample("z", new Normal(0, 1)));
    const decentred = reparam(z, { z: LocScaleReparam() });
    const partlyObserved = inPlate(() => sample("z", new Normal(0, 1), { obs: 0, obsMask: 1 }));
    const index = inPlate((i) => deterministic("z", i));
    const constant = inPlate(() => deterministic("z", 0));
    const pair = inPlate((i) => deterministic("z", i.expandDims(-1).mul([1, 1])));
    const pairs = at.map((x) => [x, -x]);
    for (const f of [z, decentred, partlyObserved, index, constant, pair]) {
      const values = f === pair ? pairs : at;
      const used = intervene(seed(f, key), { z: values })().toArray();
      assert.equal(
        used,
        order.map((i) => values[i]),
      );
    }
    assert.equal(
      substitute(index, { z: at })().toArray(),
      order.map((i) => at[i]),
    );
  }
  // The vector has as many elements as the plate, but does not have one for each of them.
  const shared = () => plate("p", 3, { subsample: [2, 0] }, () => deterministic("z", [0, 0, 0]));
  assert.equal(intervene(shared, { z: at })().toArray(), at);
});

test("samplePosterior of an autoguide gives draws in the order of the plate, whatever order the fit visited", () => {
  for (const order of orders) {
    const indices = tensor(order);
    const guide = new AutoDelta(model, { initLocFn: initToValue({ z: at }) });
    const svi = new SVI(model, guide, adam(0.1), new TraceELBO());
    const params = svi.getParams(svi.init(key, indices));
    const posteriorSamples = guide.samplePosterior(key, params, { sampleShape: [2] }, indices);
    near(logLikelihood(model, posteriorSamples, indices).x?.at(1).toArray(), logLik(order));
    // Predictive runs the guide with the model, and both visit the same elements, so the guide's draws stay as they are.
    const { x } = new Predictive(model, { guide, params, numSamples: 200 }).run(key, indices, null);
    // n = 200; the standard error of the mean of x is 0.07.
    near(
      x?.mean(0).toArray(),
      order.map((i) => at[i] as number),
      0.32,
    );
  }
});

test("posterior samples with indices of a plate are in the order of the indices, and other indices are refused", () => {
  for (const order of [
    [2, 0, 1],
    [1, 1, 0],
    [2, 1],
  ]) {
    const indices = tensor(order);
    const values = order.map((i) => at[i] as number);
    const samples = { z: [values, values], p: [order, order] };
    near(logLikelihood(model, samples, indices).x?.at(0).toArray(), logLik(order));
    const { z } = new Predictive(model, { posteriorSamples: samples, returnSites: ["z"] }).run(key, indices);
    assert.equal(z?.toArray(), [values, values]);
    const others = tensor([...order].reverse());
    for (const use of [
      () => logLikelihood(model, samples, others),
      () => new Predictive(model, { posteriorSamples: samples }).run(key, others),
    ])
      assert.equal([refusal(use).code, refusal(use).site], ["plate-subsample", "p"]);
  }
});

test("inferDiscrete draws for the elements that the plate visits, from posterior samples of all elements", () => {
  const mixture: Model = (indices: Tensor) => {
    const locs = sample("locs", new Normal(tensor([0, 0]), 10).toEvent(1));
    plate("p", 3, { subsample: indices }, () => {
      const shift = sample("shift", new Normal(0, 10));
      const c = sample("c", new Categorical([0.5, 0.5]), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(locs.at(c).add(shift), 0.1), { obs: subsample([101, 1002, 3]) });
    });
  };
  const posteriorSamples = { locs: [[0, 1000]], shift: [[101, 2, 3]] };
  for (const [order, c] of [
    [
      [0, 1, 2],
      [0, 1, 0],
    ],
    [
      [1, 2, 0],
      [1, 0, 0],
    ],
    [
      [1, 1, 2],
      [1, 1, 0],
    ],
  ] as const) {
    const predictive = new Predictive(mixture, { posteriorSamples, inferDiscrete: true, returnSites: ["c", "shift"] });
    const draws = predictive.run(key, tensor(order));
    assert.equal(draws.c?.toArray(), [c]);
  }
});

test("estimators that substitute draws of the guide into the model keep their order", () => {
  // The guide is almost a point mass, so the loss is known up to the means of log q.
  for (const order of orders) {
    const guide: Model = (indices: Tensor) =>
      plate("p", 3, { subsample: indices }, () => {
        sample("z", new Normal(param("loc", tensor(at)), 1e-9).expand([4, 3]));
      });
    const elbo = new TraceELBO({ multiSampleGuide: true });
    const params = { loc: tensor(at) };
    const loss = elbo.loss(key, params, model, guide, tensor(order)).item();
    const logq = -Math.log(1e-9) - 0.5 * Math.log(2 * Math.PI);
    const want = order.reduce((sum, i) => {
      const z = at[i] as number;
      return sum - logNormal(data[i] as number, z) - logNormal(z / 100, 0) + Math.log(100) + logq;
    }, 0);
    // E log q is smaller by 1/2 for each element; the mean of 4 draws of 3 elements has the standard error 0.6.
    assert.ok(Math.abs(loss - want + 1.5) < 2.8, `got ${loss}, want ${want - 1.5}`);
  }
});

test.run();
