/** Subsampled plates after a fit: draws and densities of all elements, or of given elements. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  Bernoulli,
  Categorical,
  computeMarginals,
  deterministic,
  logLikelihood,
  type Model,
  Normal,
  Predictive,
  param,
  plate,
  psisDiagnostic,
  random,
  SVI,
  sample,
  sampleDiscrete,
  subsample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const rows = (x: Tensor | undefined) => (x as Tensor).toArray() as number[][];
const logNormal = (x: number, loc: number, scale = 1) =>
  -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);
const closeTo = (got: number[][], want: number[][], tolerance: number) => {
  for (const [d, row] of got.entries())
    for (const [i, x] of row.entries())
      assert.ok(Math.abs(x - ((want[d] as number[])[i] as number)) < tolerance, `[${d}][${i}]: ${x}`);
};

const loc = [0, 10, 20, 30, 40, 50];
const half = { subsampleSize: 2 };
const model: Model = (xs: number[] | null = null) =>
  plate("d", 6, half, () => {
    const z = sample("z", new Normal(0, 100));
    deterministic("twice", z.mul(2));
    sample("x", new Normal(z, 1), { obs: xs });
  });

test("Predictive: guide and model visit the same elements, and the result has their indices under the plate's name", () => {
  const byHand = () => plate("d", 6, half, () => sample("z", new Normal(param("l", loc), 1e-3)));
  const auto = new AutoNormal(model);
  new SVI(model, auto, adam(0.1), new TraceELBO()).init(key, [0, 0]);
  const fits = [
    { guide: byHand, params: { l: loc } },
    { guide: auto, params: { z_auto_loc: tensor(loc), z_auto_scale: tensor(loc).mul(0).add(1e-3) } },
  ];
  for (const fit of fits)
    for (const parallel of [true, false]) {
      const drawn = new Predictive(model, { ...fit, numSamples: 3, parallel }).run(key);
      assert.equal(new Set(rows(drawn.d).map(String)).size, 1);
      const at = rows(drawn.d).map((row) => row.map((i) => 2 * (loc[i] as number)));
      closeTo(rows(drawn.twice), at, 0.1);
      closeTo(
        rows(drawn.x),
        rows(drawn.twice).map((row) => row.map((x) => x / 2)),
        6,
      );
    }
});

test("samplePosterior draws all elements of a subsampled plate, also if the program chooses the subsample", () => {
  const chosen: Model = (i: Tensor) =>
    plate("d", 6, { subsample: i }, () => plate("e", 2, () => sample("z", new Normal(0, 1))));
  const guide = new AutoNormal(chosen);
  const batch = tensor([5, 0]);
  const svi = new SVI(chosen, guide, adam(0.1), new TraceELBO());
  svi.init(key, batch);
  const at = [loc, loc.map((x) => -x)];
  const params = { z_auto_loc: tensor(at), z_auto_scale: tensor(at).mul(0).add(1e-4) };
  const { z } = guide.samplePosterior(key, params, { sampleShape: [2] }, batch);
  assert.equal(z?.shape, [2, 2, 6]);
  for (const draw of (z as Tensor).toArray() as number[][][]) closeTo(draw, at, 0.01);
});

test("posterior samples of all plate elements are subsampled with the plate; samples of some elements need their indices", () => {
  const z = [loc, loc.map((x) => x + 1)];
  const drawn = new Predictive(model, { posteriorSamples: { z } }).run(key);
  closeTo(
    rows(drawn.twice),
    rows(drawn.d).map((row, k) => row.map((i) => 2 * ((z[k] as number[])[i] as number))),
    1e-9,
  );
  const part = { z: [[30, 10]] };
  assert.match(
    refusal(() => new Predictive(model, { posteriorSamples: part }).run(key)).message,
    /"z" has 2 of the 6 elements of plate "d", but not the indices/,
  );
  const named = new Predictive(model, { posteriorSamples: { ...part, d: [[3, 1]] } }).run(key);
  assert.equal(rows(named.d), [[3, 1]]);
  assert.equal(rows(named.twice), [[60, 20]]);
});

test("logLikelihood visits all elements of a plate", () => {
  const y = [1, 2, 3, 4];
  const seen: Model = () => {
    const mu = sample("mu", new Normal(0, 1));
    plate("d", 4, half, () => {
      const z = sample("z", new Normal(0, 1));
      sample("y", new Normal(z.add(mu), 1), { obs: subsample(y) });
    });
  };
  const z = [0.1, 0.2, 0.3, 0.4];
  const logs = logLikelihood(seen, { mu: [1, -1], z: [z, z] });
  closeTo(
    rows(logs.y),
    [1, -1].map((mu) => y.map((x, i) => logNormal(x, (z[i] as number) + mu))),
    1e-10,
  );
  assert.match(
    refusal(() => logLikelihood(seen, { mu: [1], z: [[1, 2, 3]] })).message,
    /logLikelihood: .* site "z" has shape \[3\] in each draw, but the site has shape \[4\].*chains and draws to one axis/,
  );
});

test("sizes of the subsample, in a function that visits all elements, are refused with the reason", () => {
  const inHalf =
    (body: () => unknown): Model =>
    () => {
      sample("mu", new Normal(0, 1));
      plate("d", 4, half, body);
    };
  for (const body of [
    () => sample("y", new Normal(0, 1).expand([2]), { obs: subsample([1, 2, 3, 4]) }),
    () => sample("y", new Normal(0, 1), { obs: [1, 2] }),
  ]) {
    const { site, message } = refusal(() => logLikelihood(inHalf(body), { mu: [1] }));
    assert.is(site, "y");
    assert.match(message, /such as logLikelihood visit all 4 elements of a plate, although its subsampleSize is 2/);
  }
  const tooMany = inHalf(() => sample("y", new Normal(0, 1).expand([3])));
  assert.not.match(refusal(() => new Predictive(tooMany, { numSamples: 1 }).run(key)).message, /logLikelihood/);
});

test("psisDiagnostic visits all elements, and refuses plates whose elements the program chooses", () => {
  const data = [1, 2, 3, 4, 5, 6, 7, 8];
  const program =
    (options: object): Model =>
    () => {
      const mu = sample("mu", new Normal(0, 10));
      plate("d", 8, options, () => sample("y", new Normal(mu, 1), { obs: subsample(data) }));
    };
  const guide = () => {
    sample("mu", new Normal(4.4, 0.5));
  };
  const k = (options: object) => psisDiagnostic(key, {}, program(options), guide);
  assert.is(k({ subsampleSize: 2 }), k({}));
  assert.is(refusal(() => k({ subsample: [0, 1] })).code, "biased-subsampling");
});

const y = [0.1, 1.9, 1, -0.4];
const mixture =
  (options: object): Model =>
  () => {
    const a = sample("a", new Categorical({ probs: [0.3, 0.7] }), { infer: { enumerate: "parallel" } });
    plate("d", 4, options, () => {
      const k = sample("k", new Categorical({ probs: [0.5, 0.5] }), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(tensor([0, 2]).at(k).add(a), 0.5), { obs: subsample(y) });
    });
  };

test("posteriors of discrete sites are conditioned on all elements", () => {
  const likelihood = (x: number, a: number, k: number) => 0.5 * Math.exp(logNormal(x, 2 * k + a, 0.5));
  const joint = [0, 1].map((a) =>
    y.reduce((p, x) => p * (likelihood(x, a, 0) + likelihood(x, a, 1)), [0.3, 0.7][a] as number),
  );
  const total = (joint[0] as number) + (joint[1] as number);
  const marginals = computeMarginals(key, {}, mixture(half), () => {});
  closeTo([(marginals.a as Tensor).toArray() as number[]], [joint.map((p) => p / total)], 1e-10);
  assert.equal(marginals.k?.shape, [4, 2]);
  assert.equal(sampleDiscrete(key, {}, mixture(half), () => {}, { temperature: 0 }).k?.shape, [4]);
  const given = refusal(() => computeMarginals(key, {}, mixture({ subsample: [0, 1] }), () => {}));
  assert.is(given.code, "biased-subsampling");
  assert.not.match(given.message, /biasedSubsampling/);
});

test("inferDiscrete draws the discrete sites of the elements that the run visits", () => {
  const data = [0, 100, 0, 100, 100, 0];
  const clusters = () =>
    plate("d", 6, half, (i) => {
      const k = sample("k", new Categorical({ probs: [0.5, 0.5] }), { infer: { enumerate: "parallel" } });
      deterministic("cluster", k);
      deterministic("element", i);
      sample("x", new Normal(k.mul(100), 1), { obs: subsample(data) });
    });
  const drawn = new Predictive(clusters, { guide: () => {}, params: {}, numSamples: 4, inferDiscrete: true }).run(key);
  assert.equal(
    rows(drawn.cluster),
    rows(drawn.element).map((row) => row.map((i) => (data[i] as number) / 100)),
  );
  assert.is(new TraceEnumELBO().loss(key, {}, clusters, () => {}).shape.length, 0);
});

test("vector latents of another length, a numSamples that disagrees and misspelt params are refused", () => {
  const weights: Model = (n: number) => {
    const w = sample("w", new Normal(tensor(new Float64Array(n)), 1).toEvent(1));
    sample("x", new Normal(w.sum().mul(param("slope", 1)), 1));
  };
  const draws = {
    w: [
      [1, 2, 3],
      [4, 5, 6],
    ],
  };
  const predict = (options: object, n = 3) =>
    new Predictive(weights, { posteriorSamples: draws, params: { slope: 1 }, ...options }).run(key, n);
  assert.equal(predict({}).x?.shape, [2]);
  for (const n of [2, 4])
    assert.match(
      refusal(() => predict({}, n)).message,
      new RegExp(`site "w" has shape \\[3\\] in each draw, but the site has shape \\[${n}\\]`),
    );
  assert.equal(predict({ numSamples: 2 }).x?.shape, [2]);
  assert.match(refusal(() => predict({ numSamples: 5 })).message, /numSamples is 5, but posteriorSamples has 2 draws/);
  assert.match(
    refusal(() => predict({ params: { slop: 2 } })).message,
    /param "slope" has no value. The given values are "slop".*Did you mean "slop"/,
  );
  assert.match(
    refusal(() => predict({ params: undefined })).message,
    /param "slope" has no value.*params of the fit: \{ params: result.params \}/,
  );
  assert.equal(predict({ params: undefined, posteriorSamples: { ...draws, slope: [1, 2] } }).x?.shape, [2]);
  // Before a fit the initial value is a part of the prior.
  assert.equal(new Predictive(weights, { numSamples: 2 }).run(key, 3).x?.shape, [2]);
  // Params of a guide that does not run here are ignored.
  assert.equal(predict({ params: { slope: 2, w_auto_loc: 1 } }).x?.shape, [2]);
});

test("functions that take the params of a fit refuse a param without a value, by its name", () => {
  const k = () => sample("k", new Bernoulli(param("p", 0.5)), { infer: { enumerate: "parallel" } });
  const model = () => void sample("x", new Normal(k(), 1), { obs: 1 });
  const latent = () => void sample("z", new Normal(0, 1));
  const guide = () => void sample("z", new Normal(param("p", 0), 1));
  const auto = new AutoNormal(latent);
  const calls: [op: string, param: string, call: () => unknown][] = [
    ["computeMarginals", "p", () => computeMarginals(key, { pp: tensor(0.9) }, model, () => {})],
    ["sampleDiscrete", "p", () => sampleDiscrete(key, { pp: tensor(0.9) }, model, () => {})],
    ["psisDiagnostic", "p", () => psisDiagnostic(key, { pp: tensor(3) }, latent, guide)],
    ["AutoNormal.samplePosterior", "z_auto_scale", () => auto.samplePosterior(key, { z_auto_loc: tensor(0) })],
  ];
  for (const [op, param, call] of calls) {
    const error = refusal(call);
    assert.equal([error.code, error.op, error.param], ["no-value", op, param]);
  }
  // No params at all ask for the initial values.
  assert.type(psisDiagnostic(key, {}, latent, guide, { numParticles: 100 }), "number");
  const [marginal] = Object.values(computeMarginals(key, { p: tensor(0.9) }, model, () => {}));
  const odds = (0.1 / 0.9) * Math.exp(-0.5);
  assert.ok(Math.abs((marginal?.at(0).item() as number) - odds / (1 + odds)) < 1e-12);
});

test.run();
