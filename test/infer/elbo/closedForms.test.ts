/** `infer: { kl: "analytic" }`: the KL of one site in closed form, under every estimator that has a KL term. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Binomial,
  Categorical,
  configEnumerate,
  type Elbo,
  klDivergence,
  LogNormal,
  type Model,
  mask,
  Normal,
  param,
  plate,
  RenyiELBO,
  random,
  sample,
  scale,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
} from "../../../index.js";
import { assertClose, exactElbo, exactMoments } from "../exact.js";

const analytic = { infer: { kl: "analytic" } } as const;
const params = { m: tensor(0.4), l: tensor([0.2, -0.3, 0.5]) };
const q = (infer = {}) => {
  plate("data", 3, () => sample("k", new Bernoulli({ logits: param("l", tensor([0, 0, 0])) }), infer));
  sample("z", new Normal(param("m", 0), 0.5), infer);
};
const p = () => {
  plate("data", 3, () => sample("k", new Bernoulli(0.3)));
  sample("z", new Normal(1, 2));
};
// Nothing is observed, so the whole loss is a sum of KL terms, and closed forms have no noise.
const exact = ({ m, l }: typeof params): Tensor =>
  (klDivergence(new Bernoulli({ logits: l }), new Bernoulli(0.3)) as Tensor)
    .sum()
    .add(klDivergence(new Normal(m, 0.5), new Normal(1, 2)) as Tensor);

for (const elbo of [new TraceELBO(), new TraceGraphELBO(), new TraceMeanFieldELBO(), new TraceEnumELBO()] as Elbo[])
  test(`${elbo.name}: the loss is the KL, for every draw`, () => {
    for (let seed = 0; seed < 3; seed++) {
      const loss = elbo.loss(random.key(seed), params, p, () => q(analytic));
      assert.ok(Math.abs(loss.item() - exact(params).item()) < 1e-13, `${loss}`);
    }
    const [, grads] = elbo.lossAndGrads(random.key(0), params, p, () => q(analytic));
    assert.ok(Math.abs((grads.m as Tensor).item() - (0.4 - 1) / 4) < 1e-13);
  });

test("TraceEnumELBO: closed forms with enumerated sites, for latents that depend on them or not", () => {
  const model: Model = () => {
    const k = sample("k", new Categorical([0.3, 0.7]));
    const z = sample("z", new Normal(tensor([-1, 1]).at(k), 1));
    sample("x", new Normal(z, 1), { obs: 0.5 });
  };
  const guide: Model = () => {
    const k = sample("k", new Categorical({ logits: param("w", tensor([0, 0])) }));
    sample("z", new Normal(tensor([-0.5, 0.6]).at(k), 0.7), analytic);
  };
  const w = { w: tensor([0.4, -0.1]) };
  const elbo = new TraceEnumELBO();
  const run = (kl: boolean, seed: number) =>
    elbo
      .loss(
        random.key(seed),
        w,
        model,
        configEnumerate(
          kl
            ? guide
            : () => {
                const k = sample("k", new Categorical({ logits: param("w", tensor([0, 0])) }));
                sample("z", new Normal(tensor([-0.5, 0.6]).at(k), 0.7));
              },
        ),
      )
      .item();
  const n = 4000;
  const [closed, sampled] = [true, false].map((kl) => Array.from({ length: n }, (_, seed) => run(kl, seed))) as [
    number[],
    number[],
  ];
  const stats = (xs: number[]) => {
    const mean = xs.reduce((a, b) => a + b) / n;
    return [mean, xs.reduce((a, b) => a + (b - mean) ** 2, 0) / n] as const;
  };
  const [[m, v], [k, u]] = [stats(closed), stats(sampled)];
  assert.ok(Math.abs(m - k) < 4.5 * Math.sqrt((u + v) / n), `${m} and ${k}`);
});

test("an error for a site without a closed form names the site and gives the reason", () => {
  const unknown: Model = () => sample("z", new LogNormal(0, 1), analytic);
  const gamma: Model = () => sample("z", new Normal(0, 1));
  assert.throws(
    () => new TraceELBO().loss(random.key(0), {}, unknown, gamma),
    /site "z" asks for kl: "analytic", but no closed form is known for Normal against LogNormal/,
  );
  assert.throws(
    () => new RenyiELBO().loss(random.key(0), params, p, () => q(analytic)),
    /the loss RenyiELBO has no KL term/,
  );
});

test("all elements of the masks and scales of guide and model are compared, however long they are", () => {
  const rows = 2000;
  const keep = (without: number) => tensor(Float64Array.from({ length: rows }, (_, i) => (i === without ? 0 : 1)));
  const side = (loc: number, without: number) => () =>
    plate("rows", rows, () => mask(() => sample("z", new Normal(loc, 1)), keep(without))());
  const elbo = new TraceMeanFieldELBO();
  assert.is(elbo.loss(random.key(0), {}, side(0, 1000), side(2, 1000)).item(), 2 * (rows - 1));
  const differing = [elbo, new TraceGraphELBO()].map((e) => e.loss(random.key(0), {}, side(0, 1000), side(2, 1001)));
  assert.is(differing[0]?.item(), differing[1]?.item());
  const scaled = (factor: number) => scale(side(0, 1000), tensor(Float64Array.from({ length: rows }, () => factor)));
  assert.throws(() => elbo.loss(random.key(0), {}, scaled(1), scaled(2)), /has scale .* in the guide but/);
});

/** The mean of loss and slope over the two values of the flip y, whose logit is `at`. */
const meanOverFlip = (elbo: Elbo, model: Model, guide: Model, at: number): { loss: number; y: number } => {
  const total = { loss: 0, y: 0 };
  for (const y of [0, 1]) {
    const run = substitute(guide, { y });
    const [loss, grads] = elbo.lossAndGrads(random.key(0), { logit: tensor(at), m: tensor(0.2) }, model, run);
    const weight = 1 / (1 + Math.exp(y === 1 ? -at : at));
    total.loss += weight * loss.item();
    total.y += weight * (grads.logit as Tensor).item();
  }
  return total;
};

test("if a branch on a site chooses a prior, the site is charged with the closed form", () => {
  // KL(N(m, 0.7²) || N(l, 1)) = -log 0.7 + (0.49 + (m - l)²)/2 - 1/2, with l = 2 or -1, depending on y.
  const kl = (l: number) => -Math.log(0.7) + (0.49 + (0.2 - l) ** 2) / 2 - 0.5;
  const [at, prior] = [0.3, 0.3];
  const loss = (logit: number) => {
    const one = 1 / (1 + Math.exp(-logit));
    return one * (Math.log(one / prior) + kl(2)) + (1 - one) * (Math.log((1 - one) / (1 - prior)) + kl(-1));
  };
  const slope = (loss(at + 1e-5) - loss(at - 1e-5)) / 2e-5;
  const model: Model = () => {
    const y = sample("y", new Bernoulli(prior));
    sample("z", new Normal(y.item() > 0 ? 2 : -1, 1), analytic);
  };
  const guide: Model = () => {
    sample("y", new Bernoulli({ logits: param("logit") }));
    sample("z", new Normal(param("m"), 0.7));
  };
  for (const elbo of [
    new TraceGraphELBO(),
    new TraceGraphELBO({ order: 2 }),
    new TraceMeanFieldELBO(),
    new TraceEnumELBO({ strictEnumerationWarning: false }),
  ] as Elbo[]) {
    const got = meanOverFlip(elbo, model, guide, at);
    assert.ok(Math.abs(got.loss - loss(at)) < 1e-12, `${elbo.name}: loss ${got.loss}, exact ${loss(at)}`);
    assert.ok(Math.abs(got.y - slope) < 1e-8, `${elbo.name}: slope ${got.y}, exact ${slope}`);
  }
});

test("latents with different masks, by handler or distribution, have no closed form; their terms are sampled as under TraceELBO", () => {
  const by: Record<string, (keep: number[], loc: number) => Model> = {
    distribution: (keep, loc) => () => sample("z", new Normal(loc, 1).expand([2]).mask(keep)),
    handler: (keep, loc) => mask(() => sample("z", new Normal(loc, 1).expand([2])), keep),
  };
  for (const [name, side] of Object.entries(by)) {
    const [model, guide] = [side([0, 1], 1), side([1, 0], 0)].map((body) => () => plate("d", 2, body));
    const [closed, sampled] = [new TraceMeanFieldELBO(), new TraceELBO()].map((elbo) =>
      elbo.loss(random.key(1), {}, model as Model, guide as Model).item(),
    );
    assert.is(closed, sampled, name);
  }
});

test("a prior that the handler mask makes flat leaves the entropy of the guide, and the likelihood", () => {
  const model: Model = () => {
    const k = mask(() => sample("k", new Bernoulli(0.3)), false)();
    const n = sample("n", new Bernoulli(0.2));
    sample("x", new Normal(k.add(n), 1), { obs: 2 });
  };
  const guide: Model = () => {
    sample("k", new Bernoulli({ logits: param("l") }));
    sample("n", new Bernoulli({ logits: param("m") }));
  };
  const params = { l: tensor(0.4), m: tensor(-0.7) };
  const task = { model, guide, params, latents: { k: { shape: [] }, n: { shape: [] } } };
  const { mean } = exactMoments({ ...task, elbo: new TraceMeanFieldELBO() });
  for (const [name, values] of Object.entries(exactElbo(task)))
    assertClose(mean[name] as number[], values, 1e-12, name);
});

test("a latent with a closed form in one branch only is charged in both branches to the site that the branch reads", () => {
  // By a branch on "a", the prior of "z" is a Bernoulli (with a closed form) or a Binomial (without one). E over all values is the truth.
  for (const [one, other] of [
    [new Bernoulli(0.3), new Binomial(1, 0.3)],
    [new Binomial(1, 0.8), new Bernoulli(0.3)],
  ] as const) {
    const model: Model = () => {
      const a = sample("a", new Bernoulli(0.4));
      sample("z", a.item() === 1 ? one : other);
    };
    const guide: Model = () => {
      sample("a", new Bernoulli({ logits: param("l") }));
      sample("z", new Bernoulli({ logits: param("m") }));
    };
    const task = {
      model,
      guide,
      params: { l: tensor(0.3), m: tensor(-0.6) },
      latents: { a: { shape: [] }, z: { shape: [] } },
      loop: true,
    };
    const want = exactElbo(task);
    for (const elbo of [new TraceMeanFieldELBO(), new TraceMeanFieldELBO({ order: 2 })]) {
      const { mean } = exactMoments({ ...task, elbo });
      for (const [name, values] of Object.entries(want)) assertClose(mean[name] as number[], values, 1e-12, name);
    }
  }
});

test.run();
