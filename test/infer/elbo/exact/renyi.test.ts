/** RenyiELBO and ReweightedWakeSleep compared with exact sums over all tuples of particles (golden/elbo.json, models g and h). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Elbo,
  type ElboOptions,
  factor,
  type Model,
  Normal,
  param,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  sample,
  scale,
  scope,
  subsample,
  type Tensor,
  type TensorLike,
  TraceELBO,
  tensor,
} from "../../../../index.js";
import { refusal } from "../../../refusals.js";
import { assertMean, drawsOf, estimates, type Rows } from "../../draws.js";
import { exactBound, exactMean, exactWake, type Program } from "../../estimators/exactMean.js";
import { categorical, golden, p, paramsOf } from "./goldenModels.js";

interface Observations {
  observations: { x: TensorLike | null };
}
const model: Model = ({ observations }: Observations) => {
  const z1 = sample("z1", categorical(p("z1_logits")));
  const z2 = sample("z2", categorical(p("z2_logits").at(z1)));
  sample("x", categorical(p("x_logits").at(z1, z2)), { obs: observations.x });
};
const guideG: Model = () => {
  const z1 = sample("z1", categorical(p("q1")));
  sample("z2", categorical(p("q2").at(z1)));
};
const guideH: Model = ({ observations }: { observations: { x: Tensor | number } }) => {
  const z1 = sample("z1", categorical(p("q1").at(observations.x)));
  sample("z2", categorical(p("q2").at(observations.x, z1)));
};
const data = { observations: { x: 2 } };

// biome-ignore lint/suspicious/noExplicitAny: golden files are data
const g = golden.g_renyi_discrete as any;
for (const [alpha, bounds] of Object.entries(g.bounds))
  for (const K of [2, 3])
    for (const estimator of ["score", "vimco"] as const)
      test(`RenyiELBO, alpha ${alpha}, K = ${K}, ${estimator}: mean of n = 20,000 within 4.5 standard errors`, () => {
        const elbo = new RenyiELBO({ alpha: Number(alpha), numParticles: K, estimator });
        const columns = drawsOf(estimates(elbo, model, guideG, paramsOf(g), [data]), 20_000);
        // biome-ignore lint/suspicious/noExplicitAny: golden files are data
        const { bound, gradOfExpectedBound } = (bounds as any)[`K${K}`];
        assertMean("bound", columns.loss as Rows, bound, -1);
        for (const [name, want] of Object.entries(gradOfExpectedBound))
          assertMean(name, columns[name] as Rows, want, -1);
      });

test("RenyiELBO refuses alpha 1, an alpha that is not a number, and fewer than 2 particles; errors say what to use instead", () => {
  assert.throws(() => new RenyiELBO({ alpha: 1 }), /TraceELBO/);
  for (const alpha of [Number.NaN, Infinity, "0.5" as unknown as number])
    assert.throws(() => new RenyiELBO({ alpha }), /finite number/);
  assert.throws(() => new RenyiELBO({ numParticles: 1 }), /at least 2/);
});

// biome-ignore lint/suspicious/noExplicitAny: golden files are data
const h = golden.h_rws_discrete as any;
const rows = (elbo: ReweightedWakeSleep, n = 20_000) => drawsOf(estimates(elbo, model, guideH, paramsOf(h), [data]), n);
for (const K of [2, 3])
  test(`wake phases with K = ${K}: mean of n = 20,000 within 4.5 standard errors`, () => {
    const want = h.wake[`K${K}`];
    const columns = rows(new ReweightedWakeSleep({ numParticles: K }));
    assertMean("loss", columns.loss as Rows, want.expectedWakeThetaLoss + want.expectedWakePhiLoss);
    for (const [name, grad] of Object.entries({ ...want.expectedWakeThetaGrad, ...want.expectedWakePhiGrad }))
      assertMean(name, columns[name] as Rows, grad);
  });

const DATA = [
  [1.4, -0.3],
  [0.2, 0.9],
  [-1.1, 0.5],
];
const start = { theta: tensor(0.7), q: tensor([0.4, -0.6, 0.1]) };
/** Elements `which` of a program with a latent and two data in each element of a plate; without the plate if `which` is a number. */
const inPlate = (which: number | "all" | "mixed", subsampleSize = 3): Program => {
  const around = (body: () => void) =>
    typeof which === "number" ? body() : void plate("d", 3, { dim: -2, subsampleSize }, body);
  const own = (x: Tensor, eventDim = 0) => (typeof which === "number" ? x.at(which) : subsample(x, { eventDim }));
  const column = (x: Tensor) => (typeof which === "number" ? x : x.expandDims(-1));
  const model = () =>
    around(() => {
      const z = sample("z", new Bernoulli(0.3));
      const mean = (which === "mixed" ? z.sub(z.mean(0)) : z).mul(param("theta"));
      plate("c", 2, { dim: -1 }, () => sample("x", new Normal(mean, 0.8), { obs: own(tensor(DATA), 0) }));
    });
  const guide = () => around(() => sample("z", new Bernoulli({ logits: own(column(param("q"))) })));
  const subsets =
    subsampleSize < 3
      ? [
          [0, 1],
          [0, 2],
          [1, 2],
        ].map((d) => ({ d }))
      : [{}];
  return { model, guide, params: start, subsets, mixesElements: which === "mixed" };
};
const sums: Record<
  string,
  [make: (options: ElboOptions) => Elbo, exact: (program: Program) => Record<string, Float64Array>]
> = {
  ReweightedWakeSleep: [(options) => new ReweightedWakeSleep(options), exactWake],
  "RenyiELBO, alpha 0": [(options) => new RenyiELBO(options), (program) => exactBound(program, 0)],
  "RenyiELBO, alpha 2": [(options) => new RenyiELBO({ ...options, alpha: 2 }), (program) => exactBound(program, 2)],
};
for (const [name, [make, exact]] of Object.entries(sums))
  test(`${name}: each element of a plate around all sites has its own weights, unless an op mixes the elements`, () => {
    const elements = [0, 1, 2].map((i) => exact(inPlate(i)));
    const total = (param: string, j: number) =>
      elements.reduce((sum, element) => sum + ((element[param] as Float64Array)[j] as number), 0);
    for (const size of [3, 2]) {
      const got = exactMean(make, inPlate("all", size)) as Record<string, Float64Array>;
      for (const param of ["loss", "theta", "q"])
        (got[param] as Float64Array).forEach((x, j) => {
          assert.ok(
            Math.abs(x - total(param, j)) < 1e-12,
            `${param}[${j}], ${size} of 3: ${x}, not ${total(param, j)}`,
          );
        });
    }
    const [got, want] = [exactMean(make, inPlate("mixed")), exact(inPlate("mixed"))];
    for (const [param, values] of Object.entries(want))
      values.forEach((x, j) => {
        assert.ok(Math.abs((got?.[param]?.[j] as number) - x) < 1e-12, `mixed, ${param}[${j}]`);
      });
    assert.match(
      refusal(() => exactMean(make, inPlate("mixed", 2))).message,
      /"mean" mixes its elements before site "x"/,
    );
  });

test("sleep phase alone: mean of n = 20,000 within 4.5 standard errors", () => {
  const columns = rows(
    new ReweightedWakeSleep({ insomnia: 0, modelHasParams: false, numParticles: 2, numSleepParticles: 1 }),
  );
  assertMean("loss", columns.loss as Rows, h.sleepPhi.expectedLoss);
  for (const [name, grad] of Object.entries(h.sleepPhi.expectedGrad)) assertMean(name, columns[name] as Rows, grad);
});

test("in the sleep phase all draws are constants, also at an auxiliary site: n = 4,000, 4.5 standard errors", () => {
  // -E[∂/∂s log q(a)] is 0 for constant draws. Along the path of the draws it would be 1/s.
  const dreaming = ({ observations }: { observations: { x: Tensor } }) => {
    const z = sample("z", new Normal(0, 1));
    sample("x", new Normal(z, 1), { obs: observations.x });
  };
  const guide = ({ observations }: { observations: { x: Tensor } }) => {
    const a = sample("a", new Normal(0.3, param("s")), { infer: { isAuxiliary: true } });
    sample("z", new Normal(observations.x.mul(0.4).add(a.mul(0)), 1));
  };
  const elbo = new ReweightedWakeSleep({ insomnia: 0, modelHasParams: false });
  const draws = drawsOf(
    estimates(elbo, dreaming, guide, { s: tensor(0.6) }, [{ observations: { x: tensor(1.2) } }]),
    4000,
  );
  assertMean("s", draws.s as Rows, 0);
});

test("insomnia 0.3 mixes both phases", () => {
  const columns = rows(new ReweightedWakeSleep({ insomnia: 0.3, numParticles: 2 }));
  for (const [name, grad] of Object.entries(h["insomnia0.3_K2_phiGrad"])) assertMean(name, columns[name] as Rows, grad);
});

test("wake-sleep refuses an insomnia outside [0, 1], and a sleep phase if the guide does not take observations", () => {
  for (const insomnia of [-0.1, 1.5, Number.NaN])
    assert.throws(() => new ReweightedWakeSleep({ insomnia }), /in \[0,1\]/);
  const elbo = new ReweightedWakeSleep({ insomnia: 0.5 });
  assert.throws(
    () =>
      drawsOf(
        estimates(elbo, () => model(data), guideG, paramsOf(g)),
        2,
      ),
    /observations/,
  );
});

test("in the sleep phase the guide gets drawn data for a partly observed site, and names that are not sites are refused", () => {
  const seen: number[] = [];
  const partly = ({ observations: { x } }: { observations: { x: number } }) => {
    sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: x, obsMask: 1 });
  };
  const guide = ({ observations: { x } }: { observations: { x: Tensor | number } }) => {
    sample("z", new Normal(0, 1));
    seen.push(Number(x));
  };
  const elbo = new ReweightedWakeSleep({ insomnia: 0, modelHasParams: false, vectorizeParticles: false });
  elbo.loss(random.key(0), {}, partly, guide, { observations: { x: 50 } });
  assert.ok(
    seen.every((x) => Math.abs(x) < 10),
    `${seen}`,
  );
  const scoped = () => elbo.loss(random.key(0), {}, scope(partly, { prefix: "s" }), guide, { observations: { x: 50 } });
  assert.match(refusal(scoped).message, /no site "x".*It has "s\/z".*Name observations by their sites/);
  const misspelt = () => elbo.loss(random.key(0), {}, partly, guide, { observations: { x: 50, Z: 0 } });
  assert.match(refusal(misspelt).message, /no site "Z".*It has "z".*Did you mean "z"\?/);
});

test("the sleep phase refuses a factor of latents, which dreams ignore, but not a factor of parameters", () => {
  const weighted =
    (value: (z: Tensor) => Tensor): Model =>
    ({ observations: { x } }) => {
      const z = sample("z", new Normal(0, 1));
      factor("weight", value(z));
      sample("x", new Normal(z, 1), { obs: x });
    };
  const guide = () => sample("z", new Normal(0, 1));
  const run = (model: Model) =>
    new ReweightedWakeSleep({ insomnia: 0.5 }).loss(random.key(0), {}, model, guide, { observations: { x: 1 } });
  const { code, site, message } = refusal(() => run(weighted((z) => z.square().neg())));
  assert.equal([code, site], ["no-sampler", "weight"]);
  assert.match(message, /observed site, or set insomnia: 1/);
  assert.ok(Number.isFinite(run(weighted(() => param("w", 1).square())).item()));
});

test("the sleep phase refuses a scale in the model, without which dreams are drawn, but multiplies by a scale of the guide", () => {
  const model: Model = ({ observations: { x } }) => {
    sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: x });
  };
  const guide = () => sample("z", new Normal(0, 1));
  const run = (p: Model, q: Model, insomnia: number) =>
    new ReweightedWakeSleep({ insomnia }).loss(random.key(0), {}, p, q, { observations: { x: 1 } });
  const { code, site, message } = refusal(() => run(scale(model, 0.1), guide, 0.5));
  assert.equal([code, site], ["no-sampler", "z"]);
  assert.match(message, /Scale the guide only, or set insomnia: 1/);
  assert.ok(Number.isFinite(run(scale(model, 0.1), guide, 1).item()));
  const sleepPhi = (q: Model) =>
    new ReweightedWakeSleep({ insomnia: 0, modelHasParams: false })
      .loss(random.key(0), {}, scale(model, 1), q, { observations: { x: 1 } })
      .item();
  assert.is(sleepPhi(scale(guide, 0.5)), sleepPhi(guide) / 2);
});

test("if the guide has no sites, the loss is -log p of the data, element by element of a plate", () => {
  const observed: Model = () => plate("d", 3, { dim: -2 }, () => sample("x", new Normal(0, 1), { obs: 1 }));
  for (const numParticles of [2, 3])
    for (const elbo of [new ReweightedWakeSleep({ numParticles }), new RenyiELBO({ numParticles, estimator: "dreg" })])
      assert.ok(
        Math.abs(elbo.loss(random.key(0), {}, observed, () => {}).item() - 1.5 * (1 + Math.log(2 * Math.PI))) < 1e-12,
      );
});

test("TraceELBO agrees with the ELBO of model g in golden/elbo.json", () => {
  const columns = drawsOf(estimates(new TraceELBO(), model, guideG, paramsOf(g), [data]), 20_000);
  assertMean("elbo", columns.loss as Rows, g.elbo, -1);
});

test.run();
