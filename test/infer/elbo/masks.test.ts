/** Autoguides of models with masks: masked elements do not affect the loss. The exact results are closed forms. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDiagonalNormal,
  AutoDiscreteParallel,
  AutoGuideList,
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  Bernoulli,
  block,
  Categorical,
  type Elbo,
  type InferOptions,
  type Model,
  mask,
  Normal,
  param,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  scale,
  substitute,
  type Tensor,
  type TensorLike,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";
import { assertClose, exactMoments } from "../exact.js";

const half = -Math.log(2 * Math.PI) / 2;
const near = (got: number, want: number): boolean => Math.abs(got - want) < 1e-12;
/** Models, and log p of their observations. */
const models: Readonly<Record<string, [Model, number]>> = {
  // z ~ N(0, 1) is observed to be 0.5 in the first element and latent in the second; y = 1 ~ N(z, 1) in both.
  obsMask: [
    () =>
      plate("d", 2, () => {
        const z = sample("z", new Normal(0, 1), { obs: [0.5, 0], obsMask: [1, 0] });
        sample("y", new Normal(z, 1), { obs: [1, 1] });
      }),
    half - 0.125 + (half - 0.125) + (half - Math.log(2) / 2 - 0.25),
  ],
  "the handler mask": [
    () =>
      plate("d", 2, () => {
        const z = mask(() => sample("z", new Normal(0, 1)), [0, 1])();
        sample("y", new Normal(z.mul([0, 1]), 1), { obs: [1, 1] });
      }),
    half - 0.5 + (half - Math.log(2) / 2 - 0.25),
  ],
  "a masked distribution": [
    () =>
      plate("d", 2, () => {
        const z = sample("z", new Normal(0, 1).mask([0, 1]));
        sample("y", new Normal(z.mul([0, 1]), 1), { obs: [1, 1] });
      }),
    half - 0.5 + (half - Math.log(2) / 2 - 0.25),
  ],
};
const estimators: Readonly<Record<string, (numParticles: number) => Elbo>> = {
  TraceELBO: (numParticles) => new TraceELBO({ numParticles }),
  TraceGraphELBO: (numParticles) => new TraceGraphELBO({ numParticles }),
  TraceMeanFieldELBO: (numParticles) => new TraceMeanFieldELBO({ numParticles }),
  TraceEnumELBO: (numParticles) => new TraceEnumELBO({ numParticles, strictEnumerationWarning: false }),
};

for (const [how, [model, evidence]] of Object.entries(models))
  for (const [name, elboOf] of Object.entries(estimators))
    test(`${how}: AutoNormal finds the posterior under ${name}`, () => {
      // The posterior of the unmasked latent is N(1/2, 1/2). With this guide the loss is -log p for every draw.
      const guide = new AutoNormal(model);
      const { params } = new SVI(model, guide, adam(0.02), elboOf(10)).run(random.key(0), 1500);
      const loss = elboOf(4000).loss(random.key(1), params, model, guide).item();
      assert.ok(Math.abs(loss + evidence) < 0.02, `loss ${loss}, -log p ${-evidence}`);
    });

const flat: Readonly<Record<string, () => Tensor>> = {
  "the handler mask": () => mask(() => sample("t", new Normal(0, 1)), false)(),
  "a masked distribution": () => sample("t", new Normal(0, 1).mask(0)),
};
for (const [how, latent] of Object.entries(flat))
  for (const [name, guideOf] of Object.entries({
    AutoNormal: (model: Model) => new AutoNormal(model),
    AutoDiagonalNormal: (model: Model) => new AutoDiagonalNormal(model),
    AutoMultivariateNormal: (model: Model) => new AutoMultivariateNormal(model),
    // This part of the list does not see that x depends on t.
    AutoGuideList: (model: Model) => new AutoGuideList(model).append(new AutoNormal(block(model, { expose: ["t"] }))),
  }))
    test(`${how} makes a prior flat: ${name} finds the posterior`, () => {
      // x = 2 ~ N(t, 1) with a flat prior of t: the posterior is N(2, 1), and log p(x | t) - log q(t) = 0 for every t.
      const model: Model = () => void sample("x", new Normal(latent(), 1), { obs: 2 });
      const guide = guideOf(model);
      for (const elboOf of [estimators.TraceELBO, estimators.TraceEnumELBO] as ((n: number) => Elbo)[]) {
        const { params } = new SVI(model, guide, adam(0.02), elboOf(10)).run(random.key(0), 1000);
        assert.ok(Math.abs(elboOf(1).loss(random.key(1), params, model, guide).item()) < 0.05);
        const [low, high] = guide.quantiles(params, [0.025, 0.975]).t as unknown as [Tensor, Tensor];
        assertClose([low.item(), high.item()], [2 - 1.96, 2 + 1.96], 0.1, "interval");
      }
    });

test("an obsMask of one number makes no prior flat, because the masked latent is not used", () => {
  const model: Model = () => {
    const z = sample("z", new Normal(0, 1), { obs: 0.5, obsMask: true });
    sample("x", new Normal(z, 1), { obs: 1 });
  };
  const { params, losses } = new SVI(model, new AutoNormal(model), adam(0.1), new TraceELBO()).run(random.key(0), 20);
  assertClose(
    [...losses, (params.z_unobserved_auto_scale as Tensor).item()],
    [...losses.map(() => 0.25 - 2 * half), 0.1],
    1e-15,
    "fit",
  );
});

test("a mask around a whole model leaves the guide as it is, since no cost bounds it", () => {
  const model = mask(() => void sample("x", new Normal(sample("t", new Normal(0, 1)), 1), { obs: 2 }), false);
  const { params, losses } = new SVI(model, new AutoNormal(model), adam(0.1), new TraceELBO()).run(random.key(0), 20);
  assert.ok(losses.every((loss) => loss === 0));
  assertClose([(params.t_auto_scale as Tensor).item()], [0.1], 1e-15, "scale");
});

test("joint guides refuse masked latents, and errors name the latent", () => {
  for (const Guide of [AutoDiagonalNormal, AutoMultivariateNormal])
    for (const [model] of Object.values(models))
      refuses(
        () => new Guide(model)(),
        /has one distribution over all latents, which cannot leave out the masked elements of "z.*AutoNormal/,
      );
});

test("every autoguide refuses a latent that is masked inside its event, because it has one density for the whole event", () => {
  const inside: Model = () => {
    const z = sample("z", new Normal(0, 1).expand([2]).mask([1, 0]).toEvent(1));
    sample("y", new Normal(z.sum(), 1), { obs: 1 });
  };
  for (const Guide of [AutoNormal, AutoDiagonalNormal])
    refuses(() => new Guide(inside)(), new RegExp(`${Guide.name}: latent site "z" is masked inside its event`));
});

test("a mask or a scale with more elements than a site is refused, and the error names the site", () => {
  const model: Model = () => {
    sample("mu", new Normal(0, 1));
    plate("d", 3, () => sample("x", new Normal(0, 1), { obs: [1, 2, 3] }));
  };
  const guide: Model = () => {
    sample("mu", new Normal(0.5, 1));
  };
  for (const [what, around] of Object.entries({ mask, scale }))
    for (const elbo of [...Object.values(estimators).map((of) => of(1)), new RenyiELBO(), new ReweightedWakeSleep()]) {
      if (elbo instanceof TraceEnumELBO && what === "scale") continue;
      const both = [model, guide].map((f) => around(f, [1, 1, 1])) as [Model, Model];
      const { message } = refusal(() => elbo.loss(random.key(0), {}, ...both));
      assert.match(message, /site "mu"/, `${elbo.name}: ${message}`);
      if (!(elbo instanceof TraceEnumELBO))
        assert.ok(message.includes(`its ${what} has shape [3], but its log density has shape []`));
    }
  // The mask of an observed site is applied before the density is computed, and could broadcast it to [3, 3].
  const column: Model = () => mask(() => sample("x", new Normal([0, 0, 0], 1), { obs: [1, 2, 3] }), [[1], [0], [1]])();
  for (const f of [column, () => plate("d", 3, column)]) {
    const { message } = refusal(() => new TraceELBO().loss(random.key(0), {}, f, () => {}));
    assert.match(message, /site "x": its mask has shape \[3,1\], but its log density has shape \[3\]/);
  }
  // A mask or scale with the site's elements counts each element once: compare with log p, masked and scaled by hand.
  const fits: Model = () => {
    plate("d", 3, () =>
      mask(() => scale(() => sample("x", new Normal(0, 1), { obs: [1, 2, 3] }), [1, 2, 3])(), [1, 0, 1])(),
    );
  };
  const want = -(half - 0.5 + 3 * (half - 4.5));
  assert.ok(Math.abs(new TraceELBO().loss(random.key(0), {}, fits, () => {}).item() - want) < 1e-12);
});

/**
 * Two data depend on two flips, of which the second is masked: log p and, in the guide, -log q count for the first flip alone. The exact ELBO
 * and the mean of an estimator's gradients are sums over four pairs of values.
 */
const [x, q] = [[0.5, 1.8] as const, [0.3, -0.4] as const];
const logFlip = (z: number, logits: number): number => -Math.log1p(Math.exp(z === 1 ? -logits : logits));
const pairs = [0, 1].flatMap((a) => [0, 1].map((b) => [a, b] as const));
const weightOf = (z: readonly number[], logits: readonly number[]): number =>
  Math.exp(logFlip(z[0] as number, logits[0] as number) + logFlip(z[1] as number, logits[1] as number));
const lossAt = (logits: readonly number[]): number =>
  -pairs.reduce((sum, z) => {
    const data = z.reduce<number>((all, v, i) => all + half - 0.5 * ((x[i] as number) - 2 * v) ** 2, 0);
    const counted = Math.log(z[0] === 1 ? 0.4 : 0.6) - logFlip(z[0], logits[0] as number);
    return sum + weightOf(z, logits) * (data + counted);
  }, 0);
const slopes = [0, 1].map((i) => {
  const moved = (h: number) => lossAt(q.map((v, j) => (i === j ? v + h : v)));
  return (moved(1e-5) - moved(-1e-5)) / 2e-5;
});
const keep = [1, 0];
const masked = (logits: TensorLike) => new Bernoulli({ logits }).mask(keep);
const flips: Readonly<Record<string, (logits: TensorLike, infer: InferOptions) => Tensor>> = {
  "in a plate": (logits, infer) => plate("d", 2, () => sample("z", masked(logits), { infer })),
  "inside an event": (logits, infer) => sample("z", masked(logits).toEvent(1), { infer }),
};
const withFlips = (draw: (typeof flips)[string], inModel: InferOptions, inGuide: InferOptions): [Model, Model] => [
  () => {
    const z = draw(Math.log(2 / 3), inModel);
    sample("x", new Normal(z.mul(2), 1).toEvent(1), { obs: x });
  },
  () => void draw(param("q"), inGuide),
];
for (const [where, draw] of Object.entries(flips))
  for (const [name, elbo] of Object.entries<Elbo>({
    TraceELBO: new TraceELBO(),
    "TraceELBO, order 2": new TraceELBO({ order: 2 }),
    TraceGraphELBO: new TraceGraphELBO(),
    TraceMeanFieldELBO: new TraceMeanFieldELBO(),
    TraceEnumELBO: new TraceEnumELBO({ strictEnumerationWarning: false }),
  }))
    test(`${name}: the score of a draw is not masked by its distribution, ${where}`, () => {
      const [model, guide] = withFlips(draw, {}, {});
      const sums = [0, 0, 0];
      for (const z of pairs) {
        const [loss, grads] = elbo.lossAndGrads(random.key(0), { q: tensor(q) }, model, substitute(guide, { z }));
        [loss.item(), ...(grads.q as Tensor).toFloat64Array()].forEach((v, i) => {
          sums[i] = (sums[i] as number) + v * weightOf(z, q);
        });
      }
      assert.ok(near(sums[0] as number, lossAt(q)), `${sums[0]}`);
      slopes.forEach((want, i) => {
        assert.ok(Math.abs((sums[i + 1] as number) - want) < 1e-8, `${sums[i + 1]}, exact ${want}`);
      });
    });

test("RenyiELBO: the score is the same under the mask of a distribution and under the handler mask", () => {
  const programs = [masked, (logits: TensorLike) => new Bernoulli({ logits })].map((flip, i) => {
    const draw = (logits: TensorLike) => plate("d", 2, () => sample("z", flip(logits)));
    return withFlips(i === 0 ? draw : (logits) => mask(() => draw(logits), keep)(), {}, {});
  });
  const [got, want] = programs.map(([model, guide]) =>
    new RenyiELBO().lossAndGrads(random.key(3), { q: tensor(q) }, model, guide)[1].q?.toArray(),
  );
  assert.equal(got, want);
});

test("TraceEnumELBO: a distribution's mask does not change the probabilities of enumerated values", () => {
  const draw = flips["in a plate"] as (typeof flips)[string];
  const elbo = new TraceEnumELBO();
  const model =
    (infer: InferOptions): Model =>
    () => {
      const z = draw(Math.log(2 / 3), infer);
      plate("d", 2, () => sample("x", new Normal(z.mul(2), 1), { obs: x }));
    };
  const guide: Model = () => void draw(param("q"), { enumerate: "parallel" });
  const [loss, grads] = elbo.lossAndGrads(random.key(0), { q: tensor(q) }, model({}), guide);
  assert.ok(near(loss.item(), lossAt(q)), `${loss.item()}`);
  slopes.forEach((want, i) => {
    assert.ok(Math.abs((grads.q?.at(i).item() as number) - want) < 1e-8);
  });
  const evidence = x.reduce(
    (sum, v) => sum + half + Math.log(0.6 * Math.exp(-0.5 * v * v) + 0.4 * Math.exp(-0.5 * (v - 2) ** 2)),
    0,
  );
  assert.ok(near(elbo.loss(random.key(0), {}, model({ enumerate: "parallel" }), () => {}).item(), -evidence));
});

test("AutoDiscreteParallel uses the masks of its model", () => {
  // q is 1/2 at first. A masked flip adds neither log p nor log q.
  const probs = [0.3, 0.7] as const;
  const choice = new Categorical([...probs]);
  const ways: Record<string, () => Tensor> = {
    handler: () => mask(() => sample("z", choice), keep)(),
    distribution: () => sample("z", choice.expand([2]).mask(keep)),
    obsMask: () => sample("z", choice, { obs: [0, 0], obsMask: [0, 1] }),
  };
  const data = (i: 0 | 1, z: number) => half - 0.5 * (x[i] - 2 * z) ** 2;
  const own = [0, 1].reduce((sum, z) => sum + (Math.log((probs[z] as number) / 0.5) + data(0, z)) / 2, 0);
  const other = { latent: (data(1, 0) + data(1, 1)) / 2, observed: Math.log(0.3) + data(1, 0) };
  for (const [way, draw] of Object.entries(ways)) {
    const model = () =>
      plate("d", 2, () => {
        const z = draw();
        sample("x", new Normal(z.mul(2), 1), { obs: x });
      });
    const guide = new AutoDiscreteParallel(model);
    const svi = new SVI(model, guide, adam(0.1), new TraceEnumELBO());
    const elbo = own + other[way === "obsMask" ? "observed" : "latent"];
    assert.ok(near(svi.evaluate(svi.init(random.key(0))), -elbo), way);
  }
});

test("the mask true has no effect in closed forms and joint guides, by the handler and by the distribution", () => {
  const byHandler: Model = () => void mask(() => sample("z", new Normal(0, 1)), true)();
  const byDistribution: Model = () => void sample("z", new Normal(0, 1).mask(true));
  const guide: Model = () => void sample("z", new Normal(0.3, 1));
  for (const model of [byHandler, byDistribution]) {
    assert.ok(near(new TraceMeanFieldELBO().loss(random.key(0), {}, model, guide).item(), 0.3 ** 2 / 2));
    new SVI(model, new AutoMultivariateNormal(model), adam(0.1), new TraceELBO()).init(random.key(0));
  }
});

test("a site that the model reads before it masks a latent is charged with the latent's -log q", () => {
  // ELBO = Σ_a q(a) (log p(a) - log q(a) - a KL(q_z || p_z)), where z is masked unless a = 1.
  const [l, m] = [0.3, -0.6];
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const [qa, qz] = [sigmoid(l), sigmoid(m)];
  const kl = qz * Math.log(qz / 0.7) + (1 - qz) * Math.log((1 - qz) / 0.3);
  const slope = qa * (1 - qa) * (Math.log(0.4 / 0.6) - l - kl);
  const z = () => sample("z", new Bernoulli(0.7));
  const choices: Record<string, (a: Tensor) => unknown> = {
    "mask of a number": (a) => mask(z, a.item() > 0)(),
    "mask in one branch": (a) => (a.item() > 0 ? z() : mask(z, false)()),
    "mask of the distribution": (a) =>
      sample("z", a.item() > 0 ? new Bernoulli(0.7) : new Bernoulli(0.7).mask(tensor(0))),
    "mask of the tensor": (a) => mask(z, a)(),
  };
  const guide: Model = () => {
    sample("a", new Bernoulli({ logits: param("l") }));
    sample("z", new Bernoulli({ logits: param("m") }), { infer: { sharesMask: true } });
  };
  for (const [name, choose] of Object.entries(choices)) {
    const model: Model = () => void choose(sample("a", new Bernoulli(0.4)));
    const task = {
      model,
      guide,
      params: { l: tensor(l), m: tensor(m) },
      latents: { a: { shape: [] }, z: { shape: [] } },
    };
    for (const elbo of [new TraceELBO(), new TraceGraphELBO(), new TraceGraphELBO({ order: 2 })]) {
      const { mean } = exactMoments({ ...task, elbo, loop: true });
      assertClose(mean.l as number[], [slope], 1e-12, `${name}, ${elbo.name}`);
    }
  }
});

test("a guide site with a score function has the gradient of its scale", () => {
  // E cost = s² Σ_z q(z) log q(z) - Σ_z q(z) log p(z), for a scale of s²: its slopes by q's logit l and by s.
  const [l, s, p] = [0.3, 0.7, 0.4];
  const q = 1 / (1 + Math.exp(-l));
  const want = {
    l: -q * (1 - q) * (s * s * l - Math.log(p / (1 - p))),
    s: -2 * s * (q * Math.log(q) + (1 - q) * Math.log(1 - q)),
  };
  const scaled: Model = () => {
    scale(() => sample("z", new Bernoulli({ logits: param("l", l) })), param("s", s).square())();
  };
  const prior: Model = () => sample("z", new Bernoulli(p));
  for (const elbo of [
    new TraceELBO(),
    new TraceGraphELBO(),
    new TraceGraphELBO({ order: 2 }),
    new TraceEnumELBO({ strictEnumerationWarning: false }),
  ]) {
    const { mean } = exactMoments({
      elbo,
      model: prior,
      guide: scaled,
      params: { l: tensor(l), s: tensor(s) },
      latents: { z: { shape: [] } },
    });
    for (const name of ["l", "s"] as const)
      assert.ok(near(mean[name]?.[0] as number, want[name]), `${elbo.name} ${name}: ${mean[name]}, want ${want[name]}`);
  }
});

test.run();
