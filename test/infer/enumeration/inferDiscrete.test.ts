/** Marginals, posterior draws and the most probable assignment of enumerated sites, compared with sums over all configurations. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  computeMarginals,
  configEnumerate,
  logLikelihood,
  type Model,
  Normal,
  Predictive,
  plate,
  random,
  sample,
  sampleDiscrete,
  type Tensor,
  vmap,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { type GoldenModel, golden, type Pair, pairs, paramsOf } from "../elbo/exact/goldenModels.js";

const nothing: Model = () => {};
const hmm = golden.d1_hmm_meanfield_guide as GoldenModel;
const { model } = pairs.d1_hmm_meanfield_guide as Pair;
const params = paramsOf(hmm);
const xs = hmm.observed?.x as number[];
const [init, trans, emit] = ["init_logits", "trans_logits", "emit_logits"].map((name) =>
  (params[name] as Tensor).logSoftmax(-1).toArray(),
) as [number[], number[][], number[][]];

/** Every path of states with its posterior probability. */
const paths: { path: number[]; p: number }[] = [];
const extend = (path: number[], logp: number): void => {
  const t = path.length;
  if (t === xs.length) {
    paths.push({ path, p: Math.exp(logp) });
    return;
  }
  for (let k = 0; k < 3; k++) {
    const step = t === 0 ? (init[k] as number) : ((trans[path[t - 1] as number] as number[])[k] as number);
    extend([...path, k], logp + step + ((emit[k] as number[])[xs[t] as number] as number));
  }
};
extend([], 0);
const total = paths.reduce((s, { p }) => s + p, 0);
for (const entry of paths) entry.p /= total;

test("marginals of a hidden Markov model equal sums over all 729 paths, to 1e-12", () => {
  const marginals = computeMarginals(random.key(0), params, configEnumerate(model), nothing);
  xs.forEach((_, t) => {
    const got = (marginals[`z${t}`] as Tensor).toArray() as number[];
    for (let k = 0; k < 3; k++) {
      const want = paths.reduce((s, { path, p }) => (path[t] === k ? s + p : s), 0);
      assert.ok(Math.abs((got[k] as number) - want) < 1e-12, `z${t} = ${k}: ${got[k]} against ${want}`);
    }
  });
});

test("temperature 0 gives the most probable path", () => {
  const best = paths.reduce((a, b) => (b.p > a.p ? b : a));
  const got = sampleDiscrete(random.key(0), params, configEnumerate(model), nothing, { temperature: 0 });
  assert.equal(
    xs.map((_, t) => got[`z${t}`]?.item()),
    best.path,
  );
});

test("joint draws have the posterior distribution: n = 20,000, every path within 4.5 standard errors", () => {
  const n = 20_000;
  const draws = vmap((key: Tensor) => sampleDiscrete(key, params, configEnumerate(model), nothing))(
    random.split(random.key(3), n),
  );
  const columns = xs.map((_, t) => (draws[`z${t}`] as Tensor).toFloat64Array());
  const counts = new Map<string, number>();
  for (let i = 0; i < n; i++) {
    const path = columns.map((c) => c[i]).join();
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  for (const { path, p } of paths) {
    const share = (counts.get(path.join()) ?? 0) / n;
    assert.ok(Math.abs(share - p) <= 4.5 * Math.sqrt((p * (1 - p)) / n) + 5 / n, `${path}: ${share} against ${p}`);
  }
});

test("each element of a plate has a separate marginal", () => {
  const gmm = golden.b_gmm_plate as GoldenModel;
  const values = paramsOf(gmm);
  const marginals = computeMarginals(
    random.key(0),
    values,
    configEnumerate((pairs.b_gmm_plate as Pair).model),
    nothing,
  );
  const got = (marginals.z as Tensor).toArray() as number[][];
  const weights = (values.weights_logits as Tensor).logSoftmax(-1).toArray() as number[];
  const locs = (values.locs as Tensor).toArray() as number[];
  const scale = Math.exp((values.logscale as Tensor).item());
  const data = gmm.observed?.x as number[];
  data.forEach((x, i) => {
    const joint = weights.map((w, k) => Math.exp(w - 0.5 * ((x - (locs[k] as number)) / scale) ** 2));
    const sum = joint.reduce((a, b) => a + b, 0);
    joint.forEach((p, k) => {
      assert.ok(Math.abs(((got[i] as number[])[k] as number) - p / sum) < 1e-12);
    });
  });
});

test("a site in a plate of dim -2 alone keeps the axis to the right of it", () => {
  const data = [
    [0.1, 0.2, 0],
    [3, 3.1, 2.9],
    [-0.1, 0.3, 0.2],
  ];
  const rows: Model = (obs: number[][] | null) =>
    plate("rows", 3, { dim: -2 }, () => {
      const z = sample("z", new Bernoulli(0.4), { infer: { enumerate: "parallel" } });
      plate("columns", 3, { dim: -1 }, () => {
        sample("x", new Normal(z.mul(3), 1), { obs });
        sample("y", new Normal(z.mul(30), 0.01));
      });
    });
  const odds = data.map((row) => row.reduce((sum, x) => sum + 3 * x - 4.5, Math.log(0.4 / 0.6)));
  const { z: probs } = computeMarginals(random.key(0), {}, rows, nothing, data) as { z: Tensor };
  assert.equal(probs.shape, [3, 1, 2]);
  odds.forEach((logit, i) => {
    assert.ok(Math.abs(probs.at(i, 0, 1).item() - 1 / (1 + Math.exp(-logit))) < 1e-12);
  });
  const best = sampleDiscrete(random.key(0), {}, rows, nothing, { temperature: 0 }, data);
  assert.equal(best.z?.toArray(), [[0], [1], [0]]);
  const drawn = new Predictive(rows, { posteriorSamples: {}, numSamples: 2, inferDiscrete: true });
  const { y } = drawn.run(random.key(1), data) as { y: Tensor };
  assert.equal(y.div(30).round().abs().at(0).toArray(), [
    [0, 0, 0],
    [1, 1, 1],
    [0, 0, 0],
  ]);
});

test("sites that the guide enumerates are refused, sequentially or in parallel", () => {
  const model: Model = () => {
    const w = sample("w", new Bernoulli(0.1));
    const x = sample("x", new Bernoulli(0.2), { infer: { enumerate: "parallel" } });
    sample("y", new Normal(w.add(x), 1), { obs: 1 });
  };
  for (const enumerate of ["parallel", "sequential"] as const) {
    const guide: Model = () => sample("w", new Bernoulli(0.4), { infer: { enumerate } });
    for (const infer of [computeMarginals, sampleDiscrete]) {
      const error = refusal(() => infer(random.key(0), {}, model, guide));
      assert.is(error.code, "enumeration");
      assert.is(error.site, "w");
    }
  }
});

test("if the data are null, enumerated sites and data are drawn from the prior (n = 4,000)", () => {
  const n = 4000;
  const withNull: Model = (obs: number | null) => {
    const z = sample("z", new Categorical([0.2, 0.5, 0.3]), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(z.mul(10), 1), { obs });
  };
  const predictive = new Predictive(withNull, { guide: nothing, numSamples: n, inferDiscrete: true });
  const { z, x } = predictive.run(random.key(3), null) as { z: Tensor; x: Tensor };
  [0.2, 0.5, 0.3].forEach((p, k) => {
    const share = z.equal(k).mean().item();
    assert.ok(Math.abs(share - p) < 4.5 * Math.sqrt((p * (1 - p)) / n), `${k}: ${share}`);
  });
  assert.ok(x.sub(z.mul(10)).abs().max().item() < 6, "each datum belongs to its state");
  const { z: given } = predictive.run(random.key(4), 20) as { z: Tensor };
  assert.is(given.min().item(), 2);
  // If an observed site depends on the missing data, they would have to be summed out too.
  const above: Model = () => {
    const z = sample("z", new Categorical([0.5, 0.5]), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(sample("y", new Normal(z, 1)), 1), { obs: 1 });
  };
  const error = refusal(() => sampleDiscrete(random.key(0), {}, above, nothing));
  assert.is(error.code, "model-only-site");
});

test("logLikelihood refuses an enumerated site without values by name, and accepts its values", () => {
  const model: Model = () => {
    const z = sample("z", new Categorical([0.5, 0.5]), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(z, 1), { obs: 0.5 });
  };
  const error = refusal(() => logLikelihood(model, { other: [0, 0] }));
  assert.is(error.code, "enumeration");
  assert.is(error.site, "z");
  assert.equal((logLikelihood(model, { z: [0, 1] }).x as Tensor).shape, [2]);
});

test.run();
