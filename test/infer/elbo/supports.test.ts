/**
 * svi.init refuses guides that certainly leave the support of the model's sites, and names both supports; other guides are accepted.
 * Supports that move with a parameter are refused if a gradient would miss the effect of the moving bounds.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Affine,
  adam,
  Bernoulli,
  Beta,
  Delta,
  Dirichlet,
  type Distribution,
  type Elbo,
  Exp,
  Gamma,
  HalfNormal,
  type InferOptions,
  LogNormal,
  type Model,
  mask,
  Normal,
  Pareto,
  Poisson,
  param,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  StudentT,
  SVI,
  sample,
  stopGradient,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TransformedDistribution,
  TruncatedNormal,
  tensor,
  Uniform,
  VonMises,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { assertMean, drawsOf, estimates, type Rows } from "../draws.js";

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
test("a guide site whose support is larger than the model's is refused, and the error names the site", () => {
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

test("a guide whose support may lie inside the model's support is accepted", () => {
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

const target = () => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(z, 1), { obs: 1.5 });
};
const reading = () => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(z.item() > 0.8 ? 1 : 0, 1), { obs: 1.5 });
};
const at = { h: tensor(1.7) };
const slopeOf = (elbo: Elbo, q: () => Distribution, infer: InferOptions = {}, model: Model = target) =>
  elbo.lossAndGrads(random.key(0), at, model, () => void sample("z", q(), { infer }))[1].h;

test("a support that moves with a parameter is refused if the gradient needs a fixed support, and the error names the site", () => {
  const moving: (() => Distribution)[] = [
    () => new Uniform(0, param("h")),
    () => new Pareto(param("h"), 2),
    () => new TransformedDistribution(new Beta(2, 2), new Affine(0, param("h"))),
    () => new TruncatedNormal({ loc: 0, scale: 1, low: param("h").neg() }),
  ];
  const cases: [Elbo, InferOptions, Model][] = [
    [new TraceELBO(), { gradient: "score" }, target],
    [new TraceGraphELBO({ order: 2 }), { gradient: "score" }, target],
    [new RenyiELBO(), { gradient: "score" }, target],
    [new TraceEnumELBO({ strictEnumerationWarning: false }), { gradient: "score" }, target],
    [new TraceELBO({ stickingTheLanding: true }), {}, target],
    [new RenyiELBO({ estimator: "dreg" }), {}, target],
    [new ReweightedWakeSleep(), {}, target],
    [new TraceELBO(), {}, reading],
  ];
  const codeOf = (...args: Parameters<typeof slopeOf>) => {
    const { code, site } = refusal(() => slopeOf(...args));
    return [code, site];
  };
  for (const q of moving)
    for (const [elbo, infer, model] of cases)
      assert.equal(codeOf(elbo, q, infer, model), ["moving-support", "z"], elbo.name);
  const vectors = () => new Uniform([0, 0], param("h")).toEvent(1);
  const ofVectors = () => void sample("z", new Normal([0, 0], 1).toEvent(1));
  for (const [elbo, infer] of cases.filter(([, , model]) => model === target))
    assert.equal(codeOf(elbo, vectors, infer, ofVectors), ["moving-support", "z"], elbo.name);
  // The support of a point mass is its position, which may move too, also for an event.
  assert.equal(
    codeOf(new TraceELBO(), () => new Delta(param("h")), { gradient: "score" }),
    ["moving-support", "z"],
  );
  const points = () => new Delta(param("h").mul([1, 2])).toEvent(1);
  assert.equal(codeOf(new ReweightedWakeSleep(), points, {}, ofVectors), ["moving-point", "z"]);
});

test("the pathwise gradient follows a support that moves: n = 20,000 draws, 4.5 standard errors", () => {
  // The loss is the mean over [0, h] of -log h - log p(z, 1.5), so its slope is -1/h + (f(h) - mean of f)/h with f = -log p.
  const h = 1.7;
  const f = (z: number) => (z * z + (1.5 - z) ** 2) / 2 + Math.log(2 * Math.PI);
  const n = 1000;
  const mean = Array.from({ length: n }, (_, i) => f((h * (i + 0.5)) / n)).reduce((a, b) => a + b) / n;
  const draws = drawsOf(
    estimates(new TraceELBO(), target, () => sample("z", new Uniform(0, param("h"))), at),
    20_000,
  );
  assertMean("h", draws.h as Rows, -1 / h + (f(h) - mean) / h);
});

test("a fixed support is accepted, whatever parameters the constraint contains", () => {
  const staying: (() => Distribution)[] = [
    () => new Uniform(0, 2),
    () => new Gamma(param("h"), 1),
    () => new TruncatedNormal({ loc: param("h"), scale: 1, low: 0, high: 3 }),
    () => new TransformedDistribution(new Normal(param("h"), 1), new Exp()),
    () => new TransformedDistribution(new Gamma(2, 1), new Affine(0, param("h"))),
    () => new Uniform(0, stopGradient(param("h"))),
  ];
  for (const q of staying)
    for (const elbo of [
      new TraceELBO(),
      new TraceELBO({ stickingTheLanding: true }),
      new RenyiELBO({ estimator: "dreg" }),
    ]) {
      const isScore = elbo instanceof TraceELBO && !elbo.stickingTheLanding;
      assert.ok(Number.isFinite(slopeOf(elbo, q, isScore ? { gradient: "score" } : {})?.item()));
    }
});

test("the error names the guide's site, not a later distribution that uses the value as a parameter", () => {
  const model: Model = () => {
    const s = sample("s", new HalfNormal(1));
    sample("x", new Normal(0, s), { obs: 1 });
  };
  const refused = (q: () => Distribution) => {
    const guide: Model = () => sample("s", q());
    const { code, site } = refusal(() => new SVI(model, guide, adam(0.1), new TraceELBO()).init(random.key(0)));
    return [code, site];
  };
  assert.equal(
    refused(() => new Normal(param("m", -5), 0.01)),
    ["support-mismatch", "s"],
  );
  assert.equal(
    refused(() => new Delta(param("m", -5))),
    ["outside-support", "s"],
  );
});

test("elbo.loss names the site whose draw leaves the support, also where a later statement fails", () => {
  const model: Model = (later: boolean) => {
    const sd = sample("sd", new LogNormal(0, 1));
    if (later) sample("y", new Normal(0, sd));
    sample("x", new Normal(0, 1), { obs: 1 });
  };
  const guide: Model = (later: boolean) => {
    const sd = sample("sd", new Normal(param("m", -5), 0.1));
    if (later) sample("y", new Normal(sd, 1));
  };
  const params = { m: tensor(-5) };
  const elbos: Elbo[] = [
    new TraceELBO(),
    new TraceELBO({ numParticles: 3 }),
    new TraceGraphELBO(),
    new TraceEnumELBO({ strictEnumerationWarning: false }),
    new RenyiELBO(),
    new ReweightedWakeSleep(),
  ];
  for (const elbo of elbos)
    for (const later of [true, false])
      for (const call of ["loss", "lossWithMutableState", "lossAndGrads"] as const) {
        const error = refusal(() => elbo[call](random.key(0), params, model, guide, later));
        assert.equal([error.code, error.site], ["support-mismatch", "sd"], `${elbo.name} ${call}`);
      }
  // Errors that have another cause keep it.
  const wrong = () => void sample("sd", new LogNormal(0, -1));
  const inside = () => void sample("sd", new LogNormal(0, 1));
  assert.is(refusal(() => new TraceELBO().loss(random.key(0), {}, wrong, inside)).code, "bad-parameter");
});

test.run();
