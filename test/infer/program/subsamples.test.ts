/** A plate has one subsample per run: which elements guide and model visit, and how different elements are refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoDiagonalNormal,
  AutoDiscreteParallel,
  AutoNormal,
  adam,
  Bernoulli,
  block,
  condition,
  Delta,
  type Elbo,
  initToValue,
  type Model,
  mask,
  Normal,
  param,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  type SampleSite,
  SVI,
  sample,
  scale,
  seed,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
  trace,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-10, `got ${got}, want ${want}`);
const logNormal = (x: number, loc: number, scale = 1) =>
  -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);

const y = [3, -1, 4, 1, -5];
/** The cost of one element if its latent has the value `z`. */
const element = (z: number, i: number) => -logNormal(z, 0, 2) - logNormal(y[i] as number, z, 1);
const chosen: Model = (indices: Tensor) =>
  plate("d", 5, { subsample: indices }, () => {
    const z = sample("z", new Normal(0, 2));
    sample("x", new Normal(z, 1), { obs: subsample(y) });
  });

test("an autoguide visits the elements that the model chooses: loss and steps use these elements", () => {
  const at = [0.1, 0.2, 0.3, 0.4, 0.5];
  const batches = [
    [3, 1],
    [0, 4, 2],
    [2, 3],
  ];
  const lossOf = (batch: number[]) =>
    (5 / batch.length) * batch.reduce((sum, i) => sum + element(at[i] as number, i), 0);
  for (const Loss of [TraceELBO, TraceGraphELBO, TraceMeanFieldELBO])
    for (const batch of batches) {
      const guide = new AutoDelta(chosen, { initLocFn: initToValue({ z: at }) });
      for (const jit of [true, false]) {
        const svi = new SVI(chosen, guide, adam(0.1), new Loss(), { jit });
        near(svi.update(svi.init(key, tensor(batch)), tensor(batch))[1], lossOf(batch));
      }
    }
  // One guide for minibatches of two lengths: params start at their initial values, and only those of visited elements change.
  const guide = new AutoNormal(chosen, { initLocFn: initToValue({ z: at }) });
  const svi = new SVI(chosen, guide, adam(0.5), new TraceELBO());
  const { params } = svi.run(key, { numSteps: 2, batches: batches.slice(0, 2).map((batch) => tensor(batch)) });
  const moved = [...(params.z_auto_loc as Tensor).toFloat64Array()].map((x, i) => x !== at[i]);
  assert.equal(moved, [true, true, true, true, true]);
  const one = svi.run(key, { numSteps: 1, batches: [tensor([3, 1])] }).params.z_auto_loc as Tensor;
  assert.equal(
    [...one.toFloat64Array()].map((x, i) => x !== at[i]),
    [false, true, false, true, false],
  );
});

test("indices in a closure may change from call to call, also with a discrete autoguide", () => {
  let batch = [0, 1];
  const visited: string[] = [];
  const model = () =>
    plate("d", 4, { subsample: batch }, (i) => {
      visited.push(`${i.toArray()}`);
      sample("z", new Bernoulli(0.3), { infer: { enumerate: "parallel" } });
    });
  const guide = new AutoDiscreteParallel(model);
  const svi = new SVI(model, guide, adam(0.1), new TraceEnumELBO(), { jit: false });
  const state = svi.init(key);
  visited.length = 0;
  batch = [3, 2, 1];
  svi.update(state);
  assert.equal([...new Set(visited)], ["3,2,1"]);
});

test("indices of guide and model must agree; one side alone may give indices if the other draws no subsample", () => {
  const side =
    (options: object, at = 0): Model =>
    () =>
      plate("d", 5, options, () => sample("z", new Delta(tensor(at).add(0))));
  const loss = (model: object, guide: object) => new TraceELBO().loss(key, {}, side(model), side(guide)).item();
  assert.is(loss({ subsample: [1, 4] }, { subsample: tensor([1, 4]) }), 0);
  assert.is(loss({ subsampleSize: 2 }, { subsample: [1, 4] }), 0);
  for (const [model, guide, words] of [
    [{ subsample: [1, 4] }, { subsample: [1, 3] }, /plate "d" is given its elements.*given different elements/],
    [{ subsample: [1, 4] }, { subsampleSize: 2 }, /it drew its own elements/],
    [{ subsample: [4, 3, 2, 1, 0] }, {}, /visited all/],
  ] as const) {
    const error = refusal(() => loss(model, guide));
    assert.is(error.code, "plate-subsample");
    assert.match(error.message, words);
  }
  const twice = () => {
    plate("d", 5, { subsample: [1, 2] }, () => sample("z", new Normal(0, 1)));
    plate("d", 5, { subsample: [3, 4] }, () => sample("x", new Normal(0, 1), { obs: 0 }));
  };
  const guide = () => plate("d", 5, { subsample: [1, 2] }, () => sample("z", new Normal(0, 1)));
  assert.is(refusal(() => new TraceELBO().loss(key, {}, twice, guide)).code, "plate-subsample");
  for (const wrong of [[0, 5], [-1], [0.5], [[0, 1]], [0, Number.NaN]])
    assert.is(refusal(() => trace(seed(side({ subsample: wrong }), key)).getTrace()).site, "d");
  assert.match(
    refusal(() => trace(seed(side({ subsample: [0, 1], subsampleSize: 3 }), key)).getTrace()).message,
    /subsample has 2 indices, but subsampleSize is 3/,
  );
});

test("if block hides a plate, the plate draws a separate subsample; different elements are refused at the latents in the plate", () => {
  const x = [0.5, 1.8, -0.7, 3];
  const latent = (loc: Tensor) => plate("d", 4, half, () => sample("z", new Normal(subsample(loc), 0.5)));
  const model = () =>
    plate("d", 4, half, () => {
      const z = sample("z", new Normal(0, 1));
      sample("x", new Normal(z, 1), { obs: subsample(x) });
    });
  const guide = () => void latent(tensor(x));
  const lossOf = (p: Model, q: Model) => new TraceELBO().loss(random.key(1), {}, p, q).item();
  const hidden = { expose: ["z"] };
  for (const q of [block(guide, hidden), block(guide, { hide: ["d"] })]) {
    const error = refusal(() => lossOf(model, q));
    assert.equal([error.code, error.site], ["plate-subsample", "z"]);
  }
  const both = refusal(() => lossOf(block(model, { expose: ["z", "x"] }), block(guide, hidden)));
  assert.equal([both.code, both.site], ["plate-subsample", "z"]);
  assert.is(lossOf(model, block(guide, { expose: ["z", "d"] })), lossOf(model, guide));
  // Plates that visit all elements, and elements that both programs give, agree even if they are hidden.
  const whole = () => plate("d", 4, () => sample("z", new Normal(x, 0.5)));
  const wholeModel = () => plate("d", 4, () => sample("z", new Normal(0, 1)));
  assert.is(lossOf(wholeModel, block(whole, hidden)), lossOf(wholeModel, whole));
});

test("all elements in another order: data, params and latents follow the indices", () => {
  const loc = [10, 20, 30];
  const model = () =>
    plate("d", 3, { subsample: [2, 0, 1] }, () => {
      assert.equal(subsample([1, 2, 3]).toArray(), [3, 1, 2]);
      assert.equal(param("loc", loc).toArray(), [30, 10, 20]);
    });
  trace(seed(model, key)).getTrace();
  const joint = () => plate("d", 3, { subsample: [2, 0, 1] }, () => sample("z", new Normal(0, 1)));
  const error = refusal(() => new TraceELBO().loss(key, {}, joint, new AutoDiagonalNormal(joint)));
  assert.is(error.code, "subsampled-latent");
});

test("from values for all plate elements, the visited elements are selected", () => {
  const whole = [1, 2, 3, 4, 5];
  for (const put of [substitute, condition]) {
    const model = put(() => plate("d", 5, { subsample: [4, 2] }, () => sample("z", new Normal(0, 1))), { z: whole });
    const z = trace(seed(model, key)).getTrace().get("z") as SampleSite;
    assert.equal(z.value.toArray(), [5, 3]);
  }
});

test("from a mask or a scale for all plate elements, those of the visited elements are selected", () => {
  const data = [10, 20, 30, 40];
  const factors = [1, 2, 3, 4];
  const logDensity = (i: number) => -0.5 * (data[i] as number) ** 2 - 0.5 * Math.log(2 * Math.PI);
  for (const order of [[2, 0], [3, 1, 0, 2], [1, 1, 0, 0], [3]]) {
    const body = () =>
      plate("d", 4, { subsample: order }, () => sample("x", new Normal(0, 1), { obs: subsample(data) }));
    const outer = (f: Model) => () => plate("outer", 4, { dim: -2, subsample: [3, 0, 2, 1] }, () => f());
    const by: [Model, factor: (i: number) => number][] = [
      [scale(body, factors), (i) => factors[i] as number],
      [mask(body, [1, 0, 0, 1]), (i) => (i % 3 === 0 ? 1 : 0)],
      [outer(scale(body, factors)), (i) => factors[i] as number],
    ];
    by.forEach(([model, factor], which) => {
      const got = (trace(seed(model, key)).getTrace().get("x") as SampleSite).scaledLogProb().toFloat64Array();
      const want = order.map((i) => (factor(i) * logDensity(i) * 4) / order.length);
      assert.is(got.length, which === 2 ? 4 * want.length : want.length);
      got.forEach((x, i) => {
        const expected = want[i % want.length] as number;
        assert.ok(Math.abs(x - expected) <= 1e-12 * Math.abs(expected), `${which}, ${order}: ${x}, want ${expected}`);
      });
    });
  }
});

const half = { subsampleSize: 2 };
const estimators: (() => Elbo)[] = [
  () => new TraceELBO(),
  () => new TraceGraphELBO(),
  () => new TraceMeanFieldELBO(),
  () => new TraceEnumELBO({ strictEnumerationWarning: false }),
  () => new RenyiELBO(),
  () => new ReweightedWakeSleep({ biasedSubsampling: true }),
];

test("a latent in a subsampled plate on one side only is refused by every estimator, with the plate's name", () => {
  const z = (loc: number | number[]) => sample("z", new Normal(loc, 1));
  const inside = () => plate("d", 4, half, () => z(0));
  const outside = () => {
    plate("d", 4, half, () => {});
    z([0, 0]);
  };
  const nested = (options: object) => () => plate("e", 3, { dim: -2 }, () => plate("d", 4, options, () => z(0)));
  const loop = () => {
    for (const _ of plate("e", 6, half)) {
      plate("d", 4, { dim: -1 }, () => z(0));
      break;
    }
  };
  for (const make of estimators)
    for (const [model, guide, name] of [
      [inside, outside, "d"],
      [outside, inside, "d"],
      [
        nested(half),
        () => plate("e", 3, { dim: -2 }, () => plate("d", 4, half, () => sample("z", new Normal(0, 1)))),
        "",
      ],
      [loop, () => plate("d", 4, () => z(0)), "e"],
    ] as const) {
      const run = () => make().loss(key, {}, model, guide);
      if (name === "") run();
      else {
        const error = refusal(run);
        assert.is(error.code, "plate-mismatch");
        assert.match(error.message, new RegExp(`"z" is in the subsampled plate "${name}"`));
      }
    }
  // Plates that visit all elements scale nothing.
  const free = () => z([0, 0, 0]);
  near(new TraceELBO().loss(key, {}, () => plate("w", 3, () => z(0)), free).item(), 0);
});

test("plates with different dims in guide and model are refused, even if the shapes agree", () => {
  const square =
    (first: string, second: string): Model =>
    () =>
      plate(first, 3, () => plate(second, 3, () => sample("z", new Normal(0, 1))));
  new TraceELBO().loss(key, {}, square("a", "b"), square("a", "b"));
  const error = refusal(() => new TraceELBO().loss(key, {}, square("a", "b"), square("b", "a")));
  assert.is(error.code, "plate-mismatch");
  assert.match(error.message, /plate "[ab]" lies along dim -[12] in the guide and lies along dim -[12] in the model/);
});

test("autoguides keep plates whose dims leave a gap, and refuse latents in a subsampled loop", () => {
  const normal: Model = () =>
    plate("a", 2, { dim: -1 }, () => plate("c", 6, { dim: -3, subsampleSize: 3 }, () => sample("z", new Normal(0, 1))));
  const discrete: Model = () =>
    plate("a", 2, { dim: -1 }, () =>
      plate("c", 6, { dim: -3, subsampleSize: 3 }, () =>
        sample("k", new Bernoulli(0.4), { infer: { enumerate: "parallel" } }),
      ),
    );
  const scales = new SVI(normal, new AutoNormal(normal), adam(0.1), new TraceELBO()).init(key).params;
  assert.equal((scales.z_auto_loc as Tensor).shape, [6, 1, 2]);
  const guide = new AutoDiscreteParallel(discrete);
  const svi = new SVI(discrete, guide, adam(0.1), new TraceEnumELBO());
  const state = svi.init(key);
  assert.equal((svi.getParams(state).k_auto_probs as Tensor).shape, [6, 1, 2, 2]);
  // KL(uniform guide || prior), for all 12 elements.
  near(svi.evaluate(state), -12 * (0.5 * Math.log(0.4 / 0.5) + 0.5 * Math.log(0.6 / 0.5)));
  const loop = () => {
    for (const i of plate("d", 4, half)) sample(`z${i}`, new Normal(0, 1));
  };
  const error = refusal(() => trace(seed(new AutoNormal(loop), key)).getTrace());
  assert.is(error.code, "subsampled-latent");
  assert.match(error.message, /"z\d" is inside the for loop over plate "d", which visits 2 of 4/);
});

test("initToValue sets all elements of a subsampled plate, and refuses values outside the support", () => {
  const square = [1, 2, 3].map((r) => [0, 1, 2, 3].map((c) => r + c / 10));
  const model = () => plate("d", 4, half, () => plate("e", 3, () => sample("a", new Normal(0, 1))));
  const start = (a: number | number[] | number[][]) => {
    const guide = new AutoNormal(model, { initLocFn: initToValue({ a }) });
    return new SVI(model, guide, adam(0.1), new TraceELBO()).init(key).params.a_auto_loc as Tensor;
  };
  assert.equal(start(square).toArray(), square);
  // A single number is used for all elements; a value of another length is refused.
  assert.equal(start(7).shape, [3, 4]);
  assert.is(refusal(() => start([1, 2, 3])).code, "shape-mismatch");
});

test.run();
