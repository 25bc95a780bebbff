/**
 * `infer: { gradient }`: the exact mean of every gradient estimator of a site, the sites that it refuses, and the variance of DisARM.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  type Distribution,
  type Elbo,
  type GradientChoice,
  grad,
  type InferOptions,
  inferConfig,
  type Model,
  Normal,
  OneHotCategorical,
  param,
  plate,
  RenyiELBO,
  random,
  sample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { assertMean, drawsOf, estimates, moments, type Rows } from "../draws.js";
import { exactElbo } from "../exact.js";

const N = 20_000;
const params = { q: tensor([0.3, -0.8, 1.4]), r: tensor([0.2, 0.5, -0.4]), t: tensor(0.7) };
const latents = { z: { shape: [3] }, w: { shape: [3] } };

/** Three flips z, three flips w that depend on z, three data x that depend on both, and a datum y that depends on all of z. */
const model: Model = () => {
  const z = sample("z", new Bernoulli(0.4).expand([3]).toEvent(1));
  const w = sample("w", new Bernoulli({ logits: z.sub(0.5) }).toEvent(1));
  sample("x", new Normal(w.mul(2).sub(z), 0.8).toEvent(1), { obs: [1, -0.5, 2] });
  sample("y", new Normal(z.sum().mul(z.at(0)), 1), { obs: 1.2 });
};
const guide =
  (ofZ: InferOptions, ofW: InferOptions): Model =>
  () => {
    const z = sample("z", new Bernoulli({ logits: param("q") }).toEvent(1), { infer: ofZ });
    sample("w", new Bernoulli({ logits: param("r").add(param("t").mul(z)) }).toEvent(1), { infer: ofW });
  };
const exact = exactElbo({ model, guide: guide({}, {}), params, latents });
const average: InferOptions = { baseline: { useDecayingAvgBaseline: true } };

const choices: Record<string, [InferOptions, InferOptions]> = {
  "disarm at z": [{ gradient: "disarm" }, {}],
  "disarm at w": [{}, { gradient: "disarm" }],
  "disarm at z, a baseline at w": [{ gradient: "disarm" }, average],
  score: [{ gradient: "score" }, { gradient: "score" }],
};
for (const [name, [ofZ, ofW]] of Object.entries(choices))
  for (const make of [() => new TraceGraphELBO(), () => new TraceELBO(), () => new TraceGraphELBO({ numParticles: 2 })])
    test(`${name}, ${make().name} of ${make().numParticles}: the mean of n = ${N} within 4.5 standard errors`, () => {
      const columns = drawsOf(estimates(make(), model, guide(ofZ, ofW), params), N);
      for (const [key, want] of Object.entries(exact)) assertMean(key, columns[key] as Rows, want, -1);
    });

test("disarm inside a plate has the exact mean gradient (4.5 standard errors)", () => {
  const inPlate = (disarmed: boolean): { model: Model; guide: Model } => ({
    model: () =>
      plate("d", 3, () => {
        const z = sample("z", new Bernoulli(0.4));
        sample("x", new Normal(z.mul(2), 1), { obs: [0.3, 1, 2] });
      }),
    guide: () =>
      plate("d", 3, () =>
        sample("z", new Bernoulli({ logits: param("q") }), { infer: disarmed ? { gradient: "disarm" } : {} }),
      ),
  });
  const { model: m, guide: g } = inPlate(true);
  const only = { q: params.q };
  const want = exactElbo({ ...inPlate(false), params: only, latents: { z: { shape: [3] } } });
  assertMean("q", drawsOf(estimates(new TraceGraphELBO(), m, g, only), N).q as Rows, want.q, -1);
});

test("disarm has less variance than the score function with leave-one-out and the same number of runs", () => {
  const of = (ofZ: InferOptions, numParticles: number): number => {
    const elbo = new TraceGraphELBO({ numParticles });
    const { variance } = moments(
      drawsOf(estimates(elbo, model, guide(ofZ, ofZ.gradient ? {} : ofZ), params), N).q as Rows,
    );
    return variance.reduce((a, b) => a + b);
  };
  const disarmed = of({ gradient: "disarm" }, 1);
  const leftOut = of({ baseline: { leaveOneOut: true } }, 2);
  assert.ok(disarmed < leftOut, `${disarmed} against ${leftOut}`);
});

test("straight through: a draw has the gradient of the mean", () => {
  const weights = tensor([1, 2, 3]);
  const families: ((logits: Tensor) => Distribution)[] = [
    (logits) => new Bernoulli({ logits }),
    (logits) => new OneHotCategorical({ logits }),
  ];
  for (const of of families) {
    const key = random.key(5);
    const drawn = (logits: Tensor): Tensor => {
      const program = () => sample("z", of(logits), { infer: { gradient: "straightThrough" }, key });
      return program();
    };
    const plain = of(params.q).sample(key);
    assert.equal(drawn(params.q).toArray(), plain.toArray());
    const slope = grad((q: Tensor) => drawn(q).mul(weights).sum())(params.q) as Tensor;
    const ofMean = grad((q: Tensor) => of(q).mean.mul(weights).sum())(params.q) as Tensor;
    assert.equal(slope.toArray(), ofMean.toArray());
  }
});

const said = (ofZ: InferOptions, ofW: InferOptions = {}, elbo: Elbo = new TraceGraphELBO()) =>
  refusal(() => elbo.lossAndGrads(random.key(0), params, model, guide(ofZ, ofW))).message;

test("a gradient that a site or an estimator does not allow is refused, and the error names the site", () => {
  assert.match(said({ gradient: "pathwise" }), /"z": gradient: "pathwise" needs a pathwise sampler, got Bernoulli/);
  assert.match(said({ gradient: "reinforce" as GradientChoice }), /infer: gradient must be one of "pathwise", "score"/);
  assert.match(said({ gradient: "disarm" }, { gradient: "disarm" }), /"w".*same logits.*depend on "z"/);
  assert.match(said({ gradient: "disarm", baseline: { useDecayingAvgBaseline: true } }), /Remove the baseline/);
  assert.match(
    said({ gradient: "disarm" }, { baseline: { leaveOneOut: true } }, new TraceGraphELBO({ numParticles: 2 })),
    /"w".*leaveOneOut/,
  );
  for (const elbo of [
    new RenyiELBO(),
    new TraceGraphELBO({ order: 2 }),
    new TraceEnumELBO({ strictEnumerationWarning: false }),
  ])
    assert.match(
      said({ gradient: "disarm" }, {}, elbo),
      /"z" takes gradient: "disarm", for TraceELBO and TraceGraphELBO/,
    );
  const normal: Model = () => sample("z", new Normal(param("q"), 1).toEvent(1), { infer: { gradient: "disarm" } });
  const ofNormal = () => new TraceELBO().lossAndGrads(random.key(0), params, normal, normal);
  assert.match(refusal(ofNormal).message, /needs a Bernoulli/);
  const classes: Model = () => sample("z", new Categorical([0.5, 0.5]), { infer: { gradient: "straightThrough" } });
  assert.match(
    refusal(() => new TraceELBO().lossAndGrads(random.key(0), {}, classes, classes)).message,
    /OneHotCategorical/,
  );
  const asked = inferConfig(model, () => ({ gradient: "score" }));
  assert.match(
    refusal(() => new TraceELBO().lossAndGrads(random.key(0), params, asked, guide({}, {}))).message,
    /Move it to the guide's sample statement/,
  );
});

test("a site with a pathwise sampler may use the score function", () => {
  const target: Model = () => {
    const z = sample("z", new Normal(0, 1));
    sample("x", new Normal(z, 0.5), { obs: 1 });
  };
  const q =
    (gradient: GradientChoice): Model =>
    () =>
      sample("z", new Normal(param("m"), 0.7), { infer: { gradient } });
  // d ELBO / dm = -m - (m - 1) / 0.25
  const want = -0.3 + 0.7 / 0.25;
  for (const gradient of ["pathwise", "score"] as const)
    assertMean(
      "m",
      drawsOf(estimates(new TraceELBO(), target, q(gradient), { m: tensor(0.3) }), N).m as Rows,
      want,
      -1,
    );
});

const logNormal = (x: number, loc: number): number => -0.5 * (x - loc) ** 2 - 0.5 * Math.log(2 * Math.PI);
const chance = (logit: number): number => 1 / (1 + Math.exp(-logit));
const slopesAt = (loss: (q: number, r: number) => number, q: number, r: number): Record<string, number> => ({
  q: (loss(q + 1e-4, r) - loss(q - 1e-4, r)) / 2e-4,
  r: (loss(q, r + 1e-4) - loss(q, r - 1e-4)) / 2e-4,
});

for (const K of [1, 2, 3])
  test(`disarm at a site that a branch leads to, ${K} particles: n = 4,000, 4.5 standard errors`, () => {
    const model: Model = () => {
      const isBranch = sample("a", new Bernoulli(0.5)).item() > 0;
      const loc = isBranch ? sample("b", new Bernoulli(0.3)).mul(2) : 0.2;
      sample("y", new Normal(loc, 1), { obs: 1.6 });
    };
    const guide: Model = () => {
      if (sample("a", new Bernoulli({ logits: param("q") })).item() > 0)
        sample("b", new Bernoulli({ logits: param("r") }), { infer: { gradient: "disarm" } });
    };
    const loss = (q: number, r: number): number => {
      const [a, b] = [chance(q), chance(r)];
      const ofBranch =
        b * (Math.log(0.3 / b) + logNormal(1.6, 2)) + (1 - b) * (Math.log(0.7 / (1 - b)) + logNormal(1.6, 0));
      return -(a * (Math.log(0.5 / a) + ofBranch) + (1 - a) * (Math.log(0.5 / (1 - a)) + logNormal(1.6, 0.2)));
    };
    const params = { q: tensor(0.3), r: tensor(-0.2) };
    const elbo = new TraceGraphELBO({ numParticles: K, vectorizeParticles: false });
    const draws = drawsOf(estimates(elbo, model, guide, params), 4000, { loop: true });
    for (const [name, want] of Object.entries(slopesAt(loss, 0.3, -0.2))) assertMean(name, draws[name] as Rows, want);
  });

test("disarm, with a site that host code reads in only one of the two runs: n = 4,000, 4.5 standard errors", () => {
  const model: Model = () => {
    const b = sample("b", new Bernoulli(0.4));
    const x = sample("x", new Normal(0, 1));
    const loc = b.item() > 0 ? (x.item() > 0.2 ? 2 : -1) : 0;
    sample("y", new Normal(loc, 1), { obs: 1.5 });
  };
  const guide: Model = () => {
    sample("b", new Bernoulli({ logits: param("q") }), { infer: { gradient: "disarm" } });
    sample("x", new Normal(param("r"), 1));
  };
  const loss = (q: number, r: number): number => {
    const b = chance(q);
    const above = 1 - new Normal(r, 1).cdf(0.2).item();
    const ofBranch = above * logNormal(1.5, 2) + (1 - above) * logNormal(1.5, -1);
    const terms = b * (Math.log(0.4 / b) + ofBranch) + (1 - b) * (Math.log(0.6 / (1 - b)) + logNormal(1.5, 0));
    return (r * r) / 2 - terms;
  };
  const params = { q: tensor(-0.3), r: tensor(0.25) };
  for (const stickingTheLanding of [false, true]) {
    const elbo = new TraceGraphELBO({ stickingTheLanding });
    const draws = drawsOf(estimates(elbo, model, guide, params), 4000, { loop: true });
    for (const [name, want] of Object.entries(slopesAt(loss, -0.3, 0.25))) assertMean(name, draws[name] as Rows, want);
  }
});

test.run();
