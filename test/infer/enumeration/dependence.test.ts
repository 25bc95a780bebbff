/**
 * Cases in which a sum over states could lose a term, each compared with a sum written out here: the distribution of a masked latent, the
 * gradient through probabilities, scales by element, states of probability 0, empty plates. Also programs that are refused before the sum.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  configEnumerate,
  grad,
  type Model,
  MultivariateNormal,
  mask,
  Normal,
  param,
  plate,
  random,
  sample,
  scale,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  tensor,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const nothing: Model = () => {};
const summed = { infer: { enumerate: "parallel" } } as const;
const lossOf = (model: Model, guide: Model = nothing, params: Record<string, Tensor> = {}): number =>
  new TraceEnumELBO().loss(key, params, model, guide).item();
const near = (got: number, want: number, label = ""): void =>
  assert.ok(Math.abs(got - want) <= 1e-12 * (1 + Math.abs(want)), `${label}: ${got}, want ${want}`);
const logNormal = (x: number, m: number): number => -0.5 * (x - m) ** 2 - 0.5 * Math.log(2 * Math.PI);

test("a masked latent keeps its distribution, even if sites that depend on it are masked too", () => {
  const probs = [0.2, 0.5, 0.3];
  const x = [1.1, 2.4];
  for (const keep of [
    [0, 0],
    [1, 0],
    [1, 1],
  ]) {
    const model = () =>
      plate("data", 2, () => {
        const z = mask(() => sample("z", new Categorical(probs), summed), keep)();
        sample("x", new Normal(z, 1), { obs: x });
      });
    const want = x.map((v) => -Math.log(probs.reduce((sum, p, k) => sum + p * Math.exp(logNormal(v, k)), 0)));
    near(lossOf(model), (want[0] as number) + (want[1] as number), `mask ${keep}`);
  }
});

test("a sampled site pays for costs of which only the scale depends on it, beside an enumerated site", () => {
  // E cost = Σ_ab q(a) r(b) (log q(a) / p(a) + log r(b) / p(b) - (a + 0.5) log N(1.2 | 0.7 b)), so d/dl = Σ_a q(a) (a - q(1)) (…).
  const [logit, p] = [0.3, 0.3];
  const q = 1 / (1 + Math.exp(-logit));
  const r = 0.4;
  const model: Model = () => {
    const a = sample("a", new Bernoulli(p));
    const b = sample("b", new Bernoulli(0.6));
    scale(() => sample("x", new Normal(b.mul(0.7), 1), { obs: 1.2 }), a.add(0.5))();
  };
  for (const infer of [{}, summed.infer]) {
    const guide: Model = () => {
      sample("a", new Bernoulli({ logits: param("l", logit) }));
      sample("b", new Bernoulli(r), { infer });
    };
    let slope = 0;
    for (const a of [0, 1])
      for (const b of infer === summed.infer ? [null] : [0, 1]) {
        const given = { a, ...(b !== null && { b }) };
        const [, g] = new TraceEnumELBO({ strictEnumerationWarning: false }).lossAndGrads(
          key,
          { l: tensor(logit) },
          model,
          substitute(guide, given),
        );
        slope += (a ? q : 1 - q) * (b === null ? 1 : b ? r : 1 - r) * (g.l as Tensor).item();
      }
    const logx = r * logNormal(1.2, 0.7) + (1 - r) * logNormal(1.2, 0);
    near(slope, q * (1 - q) * (logit - Math.log(p / (1 - p)) - logx), JSON.stringify(infer));
  }
});

test("a program that catches the error of a read of an enumerated site is refused", () => {
  const model: Model = () => {
    const z = sample("z", new Bernoulli(0.3), summed);
    let loc = -1;
    try {
      if (z.item() > 0) throw new Error("one");
    } catch {
      loc = 3;
    }
    sample("x", new Normal(loc, 1), { obs: 2 });
  };
  const { code, site } = refusal(() => lossOf(model));
  assert.equal([code, site], ["caught-refusal", "z"]);
});

test("capture and recapture: an animal that was not yet caught is masked, but keeps its probability of being alive", () => {
  // An animal survives a year with probability 0.8 and is caught with probability 0.6; it counts from the year of its first capture.
  const caught = [
    [1, 0, 1],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const model = () =>
    plate("animals", 3, () => {
      let first = tensor([0, 0, 0]);
      let alive = tensor([1, 1, 1]);
      for (let year = 0; year < 3; year++) {
        const seen = tensor(caught.map((row) => row[year] as number));
        const before = first;
        const next = mask(() => sample(`z${year}`, new Bernoulli(alive.mul(0.8)), summed), before)();
        alive = mask(() => next, before)();
        const now = alive;
        mask(() => sample(`y${year}`, new Bernoulli(now.mul(0.6)), { obs: seen }), before)();
        first = first.maximum(seen);
      }
    });
  let want = 0;
  for (const row of caught) {
    let total = 0;
    for (const a of [0, 1])
      for (const b of [0, 1])
        for (const c of [0, 1]) {
          const states = [a, b, c];
          let p = 1;
          let known = 0;
          states.forEach((z, year) => {
            const survival = 0.8 * (year === 0 ? 1 : (states[year - 1] as number));
            p *= z ? survival : 1 - survival;
            const seen = row[year] as number;
            if (known) p *= seen ? 0.6 * z : 1 - 0.6 * z;
            known = Math.max(known, seen);
          });
          total += p;
        }
    want -= Math.log(total);
  }
  near(lossOf(model), want);
});

test("a scale may depend on an enumerated site of the guide, element by element", () => {
  const [logit, p] = [0.4, 0.3];
  const q = 1 / (1 + Math.exp(-logit));
  const density = logNormal(2, 0);
  // E_q (log q(z) / p(z) - (z + 1) log N(2 | 0)), for each of two elements.
  const cost = (prob: number) =>
    prob * (Math.log(prob / p) - 2 * density) + (1 - prob) * (Math.log((1 - prob) / (1 - p)) - density);
  const guide = () =>
    plate("data", 2, () => sample("z", new Bernoulli({ logits: param("l", [logit, logit]) }), summed));
  const modelWith =
    (scaleOf: (z: Tensor) => Tensor, options = {}) =>
    () =>
      plate("data", 2, () => {
        const z = sample("z", new Bernoulli(p), options);
        scale(() => sample("x", new Normal(0, 1), { obs: [2, 2] }), scaleOf(z))();
      });
  const params = { l: tensor([logit, logit]) };
  const elbo = new TraceEnumELBO();
  const [loss, { l }] = elbo.lossAndGrads(
    key,
    params,
    modelWith((z) => z.add(1)),
    guide,
  );
  near(loss.item(), 2 * cost(q));
  // d cost / d logit = q (1 - q) (log q / p - log (1 - q) / (1 - p) - density)
  const slope = q * (1 - q) * (Math.log(q / p) - Math.log((1 - q) / (1 - p)) - density);
  for (const element of l as Tensor) near(element.item(), slope);
  // Scales that mix the elements of the plate, and scales within a sum over the model's states.
  for (const mixed of [(z: Tensor) => z.sum(-1), (z: Tensor) => z.sum(), (z: Tensor) => z.flip(-1)])
    for (const f of [
      () =>
        lossOf(
          modelWith((z) => mixed(z).add(1)),
          guide,
          params,
        ),
      () => lossOf(modelWith((z) => mixed(z).add(1), summed)),
    ])
      assert.match(refusal(f).code, /^(mixed-plate|enumerated-dim-lost)$/);
  assert.is(refusal(() => lossOf(modelWith((z) => z.add(1), summed))).code, "scales");
});

test("a scale for each element of a plate multiplies the log of the sum for this element", () => {
  const weights = [1, 2, 0.5];
  const x = [0.3, 1.2, -0.4];
  const evidence = (v: number): number => Math.log(0.4 * Math.exp(logNormal(v, 0)) + 0.6 * Math.exp(logNormal(v, 2)));
  const model: Model = () =>
    plate("data", 3, () => {
      const z = sample("z", new Bernoulli(0.6), summed);
      sample("x", new Normal(z.mul(2), 1), { obs: x });
    });
  near(
    lossOf(scale(model, weights)),
    x.reduce((sum, v, i) => sum - (weights[i] as number) * evidence(v), 0),
  );
  const above: Model = () => {
    const g = sample("g", new Bernoulli(0.5), summed);
    plate("data", 3, () => sample("x", new Normal(g, 1), { obs: x }));
  };
  assert.is(refusal(() => lossOf(scale(above, weights))).code, "undeclared-dim");
  const inside: Model = () => {
    const g = sample("g", new Bernoulli(0.5), summed);
    plate("data", 3, () => scale(() => sample("x", new Normal(g, 1), { obs: x }), weights)());
  };
  assert.is(refusal(() => lossOf(inside)).code, "scales");
});

test("a state of probability 0 adds nothing, with parallel and with sequential enumeration", () => {
  const model = () => {
    const z = sample("z", new Categorical([0.5, 0.2, 0, 0.3]));
    sample("x", new Normal(z, 1), { obs: 0.7 });
  };
  const guideBy = (how: "parallel" | "sequential"): Model =>
    configEnumerate(() => {
      const l = param("l", [0.4, -0.2, 0.1]);
      // The third state is impossible for the guide, whose logit is -Infinity.
      sample("z", new Categorical({ logits: l.at(tensor([0, 1, 0, 2])).add([0, 0, -Infinity, 0]) }));
    }, how);
  const exact = (l: Tensor) => {
    const q = l.softmax(-1);
    const logp = tensor([0.5, 0.2, 0.3])
      .log()
      .add(tensor([0, 1, 3].map((z) => logNormal(0.7, z))));
    return q.mul(q.log().sub(logp)).sum();
  };
  const l = tensor([0.4, -0.2, 0.1]);
  for (const how of ["parallel", "sequential"] as const) {
    const [loss, { l: slope }] = new TraceEnumELBO().lossAndGrads(key, { l }, model, guideBy(how)) as [
      Tensor,
      { l: Tensor },
    ];
    near(loss.item(), exact(l).item(), how);
    const want = grad(exact)(l).toFloat64Array();
    for (const [i, g] of slope.toFloat64Array().entries()) near(g, want[i] as number, `${how}, slope ${i}`);
  }
});

test("plates without elements add nothing, also if they are nested or inside an enumerated site's sum", () => {
  const model: Model = () => {
    const g = sample("g", new Bernoulli(0.3), summed);
    sample("y", new Normal(g.mul(2), 1), { obs: 0.5 });
    plate("rows", 2, () =>
      plate("none", 0, () => {
        const z = sample("z", new Categorical([0.2, 0.8]), summed);
        sample("x", new Normal(z.add(g), 1), { obs: tensor([]).reshape([0, 1]) });
      }),
    );
    plate("none", 0, () =>
      plate("rows", 2, () => {
        const w = sample("w", new Bernoulli(g.mul(0.2).add(0.3)), summed);
        sample("v", new Normal(w, 1), { obs: zeros([2, 0]) });
      }),
    );
  };
  near(lossOf(model), -Math.log(0.7 * Math.exp(logNormal(0.5, 0)) + 0.3 * Math.exp(logNormal(0.5, 2))));
});

test("leading axes of size 1 do not make the plates of guide and model differ", () => {
  const model = () => {
    const a = sample("a", new Bernoulli(0.4));
    plate("rows", 3, () => sample("b", new Bernoulli(a.mul(0.5).add(0.2))));
  };
  const guide = configEnumerate(() => {
    sample("a", new Bernoulli(0.7));
    plate("rows", 3, () => sample("b", new Bernoulli(0.6)));
  });
  const kl = (q: number, p: number): number => q * Math.log(q / p) + (1 - q) * Math.log((1 - q) / (1 - p));
  near(lossOf(model, guide), kl(0.7, 0.4) + 3 * (0.3 * kl(0.6, 0.2) + 0.7 * kl(0.6, 0.7)));
});

test("a sum over too many combinations is refused before it is computed, and the error names the sites", () => {
  const tooLarge = (model: Model, guide: Model = nothing): string => {
    const error = refusal(() => lossOf(model, guide));
    assert.is(error.code, "enumeration-too-large");
    return error.message;
  };
  const uniform = (k: number) => new Categorical(Array(k).fill(1 / k));
  const together: Model = () => {
    let sum = tensor(0);
    for (let i = 0; i < 12; i++) sum = sum.add(sample(`z${i}`, uniform(8), summed));
    sample("x", new Normal(sum, 1), { obs: 4 });
  };
  assert.match(tooLarge(together), /"z0".*"z11"/);
  assert.match(tooLarge(nothingOf(together), configEnumerate(latentsOf(12, 8))), /"z11"/);
  // Every pair of sites occurs in some factor, so the sum needs a table of all of them.
  const pairs: Model = () => {
    const z = Array.from({ length: 10 }, (_, i) => sample(`z${i}`, uniform(8), summed));
    z.forEach((a, i) => {
      for (const [j, b] of z.slice(0, i).entries()) sample(`x${i},${j}`, new Normal(a.add(b), 1), { obs: 1 });
    });
  };
  assert.match(tooLarge(pairs), /"z\d"/);
  assert.match(tooLarge(nothingOf(together), configEnumerate(latentsOf(12, 8), "sequential")), /"z3"/);
  // The same number of sites without common factors needs no large table.
  near(lossOf(latentsOf(12, 8, true)), 0);
});
const nothingOf =
  (model: Model): Model =>
  () =>
    configEnumerate(model, null as never)();
const latentsOf =
  (n: number, k: number, isSummed = false): Model =>
  () => {
    for (let i = 0; i < n; i++)
      sample(`z${i}`, new Categorical(Array(k).fill(1 / k)), isSummed ? { infer: { enumerate: "parallel" } } : {});
  };

test("if an op reduces the axis of an enumerated site, the error names the site and the dim", () => {
  const total: Model = () => {
    const z = sample("z", new Categorical([0.2, 0.8]), summed);
    sample("x", new Normal(z.sum(), 1), { obs: 1 });
  };
  assert.is(refusal(() => lossOf(total)).code, "enumerated-dim-lost");
  // A sum over the elements of a plate, with sites enumerated in it, would need every combination of their values.
  const outside: Model = () => {
    const z = plate("rows", 3, () => sample("z", new Bernoulli(0.3)));
    sample("x", new Normal(z.sum(-1, { keepDims: true }), 1), { obs: 1 });
  };
  const guide = configEnumerate(() => void plate("rows", 3, () => sample("z", new Bernoulli(0.6))));
  const error = refusal(() => lossOf(outside, guide));
  assert.is(error.code, "intractable");
  assert.match(error.message, /"rows".*"z"/);
});

test('kl: "analytic" is refused if the prior of a site depends on this site through an enumerated site', () => {
  const model: Model = () => {
    const b = sample("b", new Bernoulli(0.4));
    sample("a", new Bernoulli(b.mul(0.5).add(0.2)));
  };
  const guide: Model = () => {
    const a = sample("a", new Bernoulli(0.6), { infer: { enumerate: "parallel", kl: "analytic" } });
    sample("b", new Bernoulli(a.mul(0.3).add(0.1)), summed);
  };
  assert.is(refusal(() => lossOf(model, guide)).code, "no-closed-form");
  const hidden: Model = () => {
    const z = sample("z", new Bernoulli(0.5), summed);
    sample("a", new Normal(z, 1));
  };
  const error = refusal(() =>
    lossOf(hidden, () => void sample("a", new Normal(0.2, 1), { infer: { kl: "analytic" } })),
  );
  assert.is(error.code, "no-closed-form");
  assert.match(error.message, /"z"/);
  // If the guide's b does not depend on a, the closed form of a is allowed.
  assert.ok(
    Number.isFinite(
      new TraceELBO()
        .loss(key, {}, model, () => {
          sample("b", new Bernoulli(0.3));
          sample("a", new Bernoulli(0.6), { infer: { kl: "analytic" } });
        })
        .item(),
    ),
  );
});

test("an obsMask has one number for each element of the batch, and an event is observed as a whole", () => {
  const normals = () =>
    new MultivariateNormal({
      loc: [0, 0],
      scaleTril: [
        [1, 0],
        [0.5, 1],
      ],
    });
  const obs = [
    [1, 2],
    [0, 0],
    [2, 3],
  ];
  const guide: Model = () => plate("data", 3, () => sample("y_unobserved", normals()));
  const modelOf =
    (obsMask: number | number[] | number[][]): Model =>
    () =>
      plate("data", 3, () => sample("y", normals(), { obs, obsMask }));
  assert.ok(Number.isFinite(new TraceELBO().loss(key, {}, modelOf([1, 0, 1]), guide).item()));
  assert.ok(Number.isFinite(new TraceELBO().loss(key, {}, modelOf(1), guide).item()));
  for (const wrong of [
    [
      [1, 1],
      [0, 0],
      [1, 1],
    ],
    [1, 0],
  ]) {
    const error = refusal(() => new TraceELBO().loss(key, {}, modelOf(wrong), guide));
    assert.is(error.code, "shape-mismatch");
    assert.match(error.message, /"y".*obsMask.*\[3\]/);
  }
});

test.run();
