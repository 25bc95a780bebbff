/** `explain`: how an estimator treats each site, the sizes of enumerated tables, and the measured variance of gradients. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type BaselineOptions,
  Bernoulli,
  Categorical,
  configEnumerate,
  type Elbo,
  explain,
  inferConfig,
  type Model,
  Normal,
  param,
  plate,
  random,
  recommend,
  sample,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
  zeros,
} from "../../../index.js";
import { refuses } from "../../refusals.js";
import { type GoldenModel, golden, type Pair, pairs } from "../elbo/exact/goldenModels.js";

const locs = tensor([-2, 0, 3]);
const model: Model = (data: number[]) => {
  const mu = sample("mu", new Normal(0, 1));
  plate("data", data.length, () => {
    const z = sample("z", new Categorical([0.2, 0.3, 0.5]));
    sample("x", new Normal(locs.at(z).add(mu), 1), { obs: data });
  });
};
const guide: Model = (data: number[]) => {
  sample("mu", new Normal(param("m", 0.5), 1));
  plate("data", data.length, () => sample("z", new Categorical({ logits: param("logits", zeros([4, 3])) })));
};
const data = [-1, 0.5, 2, 4];

test("explain reports the gradient of each site, and the costs that a score site is charged with", () => {
  const { sites } = explain(new TraceGraphELBO(), model, guide, data);
  const of = (name: string, side = "guide") => sites.find((one) => one.name === name && one.side === side);
  assert.is(of("mu")?.gradient, "pathwise");
  assert.is(of("z")?.gradient, "score function");
  assert.equal(of("z")?.charged, ["-log q(z)", "+log p(z)", "+log p(x)"]);
  assert.equal(of("z")?.plates, ["data(4, dim -1)"]);
  assert.equal(of("x", "model")?.provenance.slice().sort(), ["mu", "z"]);
});

test("for every kind of gradient, dependents give the axes of costs that meet each axis of the latent", () => {
  const { sites } = explain(
    new TraceELBO(),
    () =>
      plate("rows", 3, () => {
        const z = sample("z", new Normal(0, 1).expand([3, 2]).toEvent(1));
        const scale = sample("scale", new Normal(1, 1));
        sample(
          "x",
          new Normal(
            z
              .matmul(
                tensor([
                  [1, 2],
                  [3, 4],
                ]),
              )
              .mul(scale.expandDims(-1)),
            1,
          ).toEvent(1),
          { obs: zeros([3, 2]) },
        );
      }),
    () =>
      plate("rows", 3, () => {
        sample("z", new Normal(param("m", zeros([3, 2])), 1).toEvent(1));
        sample("scale", new Normal(1, 1));
      }),
  );
  const of = (name: string) => sites.find((one) => one.name === name && one.side === "guide")?.dependents;
  const axis = (cost: string, of: number, meets: number | null, mixedBy: string | null = null) => ({
    cost,
    axis: of,
    meets,
    mixedBy,
  });
  // Row i of x is computed from row i of z and from row i of the scale; every column of x is computed from both columns of z.
  const own = (cost: string) => ({ cost, axes: [axis(cost, -1, -1), axis(cost, -2, -2)] });
  assert.equal(of("z"), [
    own("-log q(z)"),
    own("+log p(z)"),
    { cost: "+log p(x)", axes: [axis("+log p(x)", -1, null, "matmul"), axis("+log p(x)", -2, -2)] },
  ]);
  assert.equal(of("scale")?.at(-1), { cost: "+log p(x)", axes: [axis("+log p(x)", -1, -2)] });
});

test("explain reports the axes along which elements meet, and the ops that mixed the other axes", () => {
  const report = explain(
    new TraceGraphELBO(),
    () => {
      const z = plate("d", 3, () => sample("z", new Bernoulli(0.4)));
      const w = sample("w", new Bernoulli(0.3).expand([2, 3]).toEvent(2));
      plate("d", 3, () => sample("x", new Normal(z.sum().add(w.sum(0)), 1), { obs: [1, 2, 3] }));
      sample("y", new Normal(w.transpose(), 1).toEvent(2), { obs: zeros([3, 2]) });
    },
    () => {
      plate("d", 3, () => sample("z", new Bernoulli({ logits: param("q", zeros([3])) })));
      sample("w", new Bernoulli({ logits: param("r", zeros([2, 3])) }).toEvent(2));
    },
  );
  const axes = (name: string) =>
    report.sites
      .find((site) => site.name === name && site.side === "guide")
      ?.axes?.map(({ cost, axis, meets, mixedBy }) => [cost, axis, meets ?? mixedBy]);
  assert.equal(axes("z"), [
    ["-log q(z)", -1, -1],
    ["+log p(z)", -1, -1],
    ["+log p(x)", -1, "sum"],
  ]);
  assert.equal(axes("w")?.slice(-4), [
    ["+log p(x)", -1, -1],
    ["+log p(x)", -2, "sum"],
    ["+log p(y)", -1, -2],
    ["+log p(y)", -2, -1],
  ]);
  assert.match(report.toString(), /\+log p\(y\) \(axis -1 meets -2, axis -2 meets -1\)/);
});

test("explain reports how a site is enumerated, the number of its values, and the size of its table", () => {
  const report = explain(new TraceEnumELBO(), model, configEnumerate(guide), data);
  const z = report.sites.find((one) => one.name === "z" && one.side === "guide");
  assert.is(z?.gradient, "enumerated");
  assert.equal(z?.enumeration, { how: "parallel", values: 3, table: 12 });
  assert.match(`${report}`, /enumerated \(parallel, 3 values, a table of 12\)/);
  const inModel = explain(
    new TraceEnumELBO(),
    configEnumerate(model),
    (xs: number[]) => {
      sample("mu", new Normal(param("m", 0.5), 1));
      assert.is(xs.length, 4);
    },
    data,
  );
  assert.equal(inModel.sites.find((one) => one.name === "z")?.enumeration?.values, 3);
});

test("the measured variance of TraceGraphELBO is the variance in golden/elbo.json, and enumeration has none (n = 4,000)", () => {
  const exact = golden.a1_chain_independent_guide as GoldenModel;
  const { model: chain, guide: independent } = pairs.a1_chain_independent_guide as Pair;
  const started: Model = () => {
    for (const [name, value] of Object.entries(exact.params)) param(name, tensor(value as number));
    independent();
  };
  const { variances } = explain(new TraceGraphELBO(), chain, started, { measureVariance: 4000 });
  const listed = exact.scoreFunctionEstimatorVariance as { graph: Record<string, number[]> };
  const graph = variances.find(({ estimator }) => estimator === "TraceGraphELBO");
  for (const name of ["qa", "qb", "qc"]) {
    const want = (listed.graph[name] as number[]).reduce((a, b) => a + b, 0);
    // Heavy tails: the variance of a variance is a few of its squares over n.
    assert.ok(
      Math.abs((graph?.variance[name] as number) - want) < 0.25 * want,
      `${name}: ${graph?.variance[name]}, listed ${want}`,
    );
  }
  const trace = variances.find(({ estimator }) => estimator === "TraceELBO");
  assert.ok((trace?.total as number) > (graph?.total as number));
  const enumerated = variances.find(({ estimator }) => estimator.startsWith("TraceEnumELBO"));
  assert.ok((enumerated?.total as number) < 1e-20);
  assert.ok(variances.every(({ seconds }) => seconds > 0));
});

test("a baseline is measured after its average has settled, particles are counted, and refusals are reported with reasons", () => {
  // The observation is far from both means: the cost is about -50 for both values of z, so nearly all variance comes from this constant.
  const bit: Model = () => {
    const z = sample("z", new Bernoulli(0.5));
    sample("x", new Normal(z, 1), { obs: 10 });
  };
  const guideOf =
    (baseline?: BaselineOptions): Model =>
    () => {
      sample("z", new Bernoulli({ logits: param("l", 0) }), { infer: { ...(baseline && { baseline }) } });
    };
  const of = (elbo: Elbo, guide: Model) => explain(elbo, bit, guide, { measureVariance: 2000 });
  // The gradient is (c - b)(z - 1/2): apart from terms that cancel, c is about -50.2 or -40.7, and b is the mean of c.
  const plain = of(new TraceGraphELBO(), guideOf());
  const steady = of(new TraceGraphELBO(), guideOf({ useDecayingAvgBaseline: true }));
  assert.ok((steady.variances[0]?.total as number) < 0.1 * (plain.variances[0]?.total as number), `${steady}`);
  assert.match(`${steady}`, /score function.*, baseline useDecayingAvgBaseline/);

  const several = of(new TraceGraphELBO({ numParticles: 4 }), guideOf());
  for (const { estimator } of several.variances) assert.match(estimator, /\(4 particles\)/);

  const wrong = of(new TraceGraphELBO(), guideOf({ baselineValue: [1, 2] }));
  assert.is(wrong.refusals[0]?.estimator, "TraceGraphELBO");
  assert.match(`${wrong}`, /TraceGraphELBO does not apply: .*baseline has shape \[2\]/);
});

test("the record of options is not passed to the model, and misspelt options are refused", () => {
  const text = `${explain(new TraceELBO(), model, guide, data, { measureVariance: 50 })}`;
  assert.match(text, /gradient variance by parameter/);
  assert.match(text, /TraceMeanFieldELBO: m /);
  assert.throws(
    () => explain(new TraceELBO(), model, guide, data, { measureVariance: 1 }),
    /a number of draws of at least 2/,
  );
  assert.is(JSON.parse(JSON.stringify(explain(new TraceELBO(), model, guide, data))).sites.length, 5);
});

test("recommend selects the best unbiased gradient of each site, for use with inferConfig", () => {
  const both: Model = () => {
    const z = sample("z", new Bernoulli(0.4));
    sample("y", new Normal(sample("m", new Normal(z, 1)), 0.2), { obs: 2 });
  };
  const q: Model = () => {
    sample("z", new Bernoulli({ logits: param("a", 0.3) }));
    sample("m", new Normal(param("b", 0.5), 1));
  };
  const warnings: unknown[] = [];
  const { warn } = console;
  console.warn = (text: unknown) => warnings.push(text);
  const report = explain(new TraceGraphELBO({ numParticles: 2 }), both, q, { measureVariance: 400 });
  console.warn = warn;
  assert.equal(warnings, [], "a biased choice is only measured");
  const at = (site: string) => report.choices.filter((one) => one.site === site).map(({ estimator }) => estimator);
  const score = ["score", "score, decaying average", "score, leave-one-out"];
  assert.equal(at("z"), [...score, "disarm", "straightThrough"]);
  assert.equal(at("m"), ["pathwise", ...score]);
  const worth = (site: string, name: string) =>
    report.choices.find((one) => one.site === site && one.estimator === name)?.total as number;
  assert.ok(worth("m", "pathwise") < worth("m", "score"), "the path has less noise");
  const chosen = recommend(report);
  assert.equal(chosen({ name: "m" }), { gradient: "pathwise" });
  assert.is.not(chosen({ name: "z" }).gradient, "straightThrough");
  assert.equal(chosen({ name: "other" }), {});
  const [loss] = new TraceGraphELBO({ numParticles: 2 }).lossAndGrads(
    random.key(0),
    { a: tensor(0.3), b: tensor(0.5) },
    both,
    inferConfig(q, chosen),
  );
  assert.ok(Number.isFinite(loss.item()));
  assert.match(report.toString(), /site "z", straightThrough \(biased\): /);
  assert.equal(report.toString().match(/site "\w", [a-z, -]* \(recommended\)/g)?.length, 2, "one choice for each site");
  assert.match(report.toString(), /site "m", pathwise \(recommended\): /);
  assert.throws(() => recommend(explain(new TraceGraphELBO(), both, q)), /contains no measurements/);
});

test("times are measured with a clock that ticks in milliseconds; if the clock stands still, recommend compares variances", () => {
  const p: Model = () => sample("x", new Normal(sample("z", new Bernoulli(0.4)).mul(2), 1), { obs: 1.5 });
  const q: Model = () => sample("z", new Bernoulli({ logits: param("q", 0.5) }));
  const { now } = performance;
  const measured = (clock: () => number) => {
    performance.now = clock;
    try {
      return explain(new TraceGraphELBO(), p, q, { measureVariance: 200 });
    } finally {
      performance.now = now;
    }
  };
  const coarse = measured(() => Math.floor(now.call(performance)));
  for (const { seconds } of [...coarse.variances, ...coarse.choices])
    assert.ok(seconds > 0 && Number.isFinite(seconds), `a gradient takes some time, not ${seconds} s`);
  const still = measured(() => 0);
  const unbiased = still.choices.filter(({ isBiased }) => !isBiased);
  const least = unbiased.reduce((a, b) => (b.total < a.total ? b : a));
  assert.is.not(least.estimator, unbiased[0]?.estimator);
  assert.equal(recommend(still)({ name: "z" }), least.infer);
});

test("the time of a gradient includes what depends only on parameters, such as an exact sum over states", () => {
  const seconds = (rows: number) => {
    const p: Model = () =>
      plate("data", rows, () => {
        const z = sample("z", new Bernoulli({ logits: param("q", 0.5) }), { infer: { enumerate: "parallel" } });
        sample("x", new Normal(z, 1), { obs: 1.5 });
      });
    const { variances } = explain(new TraceEnumELBO(), p, () => {}, { measureVariance: 10 });
    return variances[0]?.seconds as number;
  };
  const [one, many] = [seconds(1), seconds(10_000)];
  assert.ok(many > 10 * one, `10,000 rows take ${many} s, one row ${one} s`);
});

test("a record of misspelt options is refused; other records are arguments of the model", () => {
  const guide: Model = () => {};
  const seen: unknown[] = [];
  const program: Model = (arg) => {
    seen.push(arg);
  };
  const ask = (last: object) => explain(new TraceELBO(), program, guide, last);
  refuses(
    () => ask({ measurevariance: true }),
    /explain: unknown option "measurevariance".*Did you mean "measureVariance"/,
  );
  refuses(() => ask({ measureVarience: 10, params: {} }), /unknown option "measureVarience"/);
  assert.is(seen.length, 0);
  // A last argument of the model that looks like options needs options after it.
  refuses(
    () => ask({ keys: 3 }),
    /"keys"\. Did you mean "key"\? .*add the options after it: \{measureVariance: false\}/,
  );
  explain(new TraceELBO(), program, guide, { keys: 3 }, { measureVariance: false });
  assert.equal(seen.pop(), { keys: 3 });
  seen.length = 0;
  ask({ scale: 2, params: {} });
  assert.equal(seen[0], { scale: 2, params: {} });
});

test.run();
