/**
 * If a model mixes the elements of a plate, gradients are right and one warning is given. If the elements stay separate, no warning is given.
 * Also baselines with one number for each element.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  type BaselineOptions,
  Bernoulli,
  type Distribution,
  flip,
  type Model,
  Normal,
  param,
  plate,
  RenyiELBO,
  random,
  SVI,
  sample,
  softmax,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  take,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { assertClose, exactElbo, exactMoments } from "../exact.js";
import { golden, type Pair, pairs, paramsOf } from "./exact/goldenModels.js";

const N = 3;
const params = { q: tensor([0.3, -0.4, 0.8]) };
const obs = [0.4, 1.2, -0.3];
const guide =
  (name: string): Model =>
  () =>
    plate("d", N, () => sample(name, new Bernoulli({ logits: param("q") })));

test("RenyiELBO treats a plate whose elements were mixed like sites outside any plate", () => {
  const programs = (inPlate: boolean, f: (z: Tensor) => Tensor): { model: Model; guide: Model } => {
    const around = (body: () => void): void => (inPlate ? plate("d", N, body) : body());
    const form = (d: Distribution): Distribution => (inPlate ? d : d.expand([N]).toEvent(1));
    return {
      model: () =>
        around(() => {
          const z = sample("z", form(new Bernoulli(0.4)));
          const w = sample("w", form(new Normal(z, 1)));
          sample("x", form(new Normal(f(w), 1)), { obs });
        }),
      guide: () =>
        around(() => {
          const z = sample("z", form(new Bernoulli({ logits: param("q") })));
          sample("w", form(new Normal(z.mul(param("t")), 0.8)));
        }),
    };
  };
  const gradient = (inPlate: boolean, f: (z: Tensor) => Tensor) => {
    const { model, guide: q } = programs(inPlate, f);
    const elbo = new RenyiELBO({ numParticles: 4 });
    const [loss, grads] = elbo.lossAndGrads(random.key(8), { ...params, t: tensor(0.5) }, model, q);
    return [loss.item(), ...(grads.q as Tensor).toFloat64Array(), (grads.t as Tensor).item()];
  };
  const mixing = (w: Tensor): Tensor => w.add(w.sum());
  const near = (a: number[], b: number[]): boolean => a.every((x, i) => Math.abs(x - (b[i] as number)) < 1e-12);
  assert.ok(near(gradient(true, mixing), gradient(false, mixing)), "mixed: as one event");
  assert.not.ok(
    near(
      gradient(true, (w) => w),
      gradient(false, (w) => w),
    ),
    "kept: a bound for each element",
  );
  const subsampled: Model = () =>
    plate("d", N, { subsampleSize: 2 }, () => {
      const z = sample("z", new Bernoulli(0.4));
      sample("x", new Normal(z.sum(), 1), { obs: [1, 2] });
    });
  const error = refusal(() =>
    new RenyiELBO().loss(random.key(0), params, subsampled, () =>
      plate("d", N, { subsampleSize: 2 }, () => sample("z", new Bernoulli(0.5))),
    ),
  );
  assert.match(error.message, /"sum" mixes its elements before site "x"/);
});

/** The warnings while `body` ran. */
function warnings(body: () => void): string[] {
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => said.push(text);
  try {
    body();
  } finally {
    console.warn = warn;
  }
  return said;
}

const mixes: Record<string, [op: string, (z: Tensor) => Tensor]> = {
  sum: ["sum", (z) => z.sum()],
  flip: ["flip", (z) => flip(z)],
  softmax: ["softmax", (z) => softmax(z.mul(3))],
  shifted: ["slice", (z) => z.slice(1).sum().add(z.mul(0.5))],
  permuted: ["take", (z) => take(z, [2, 0, 1])],
  first: ["at", (z) => z.at(0)],
  read: ["read", (z) => tensor(z.toFloat64Array().map((x) => 2 * x))],
};

for (const [name, [op, f]] of Object.entries(mixes))
  test(`mixed elements of a plate (${name}): the gradient is right, and one warning is given`, () => {
    const site = `z_${name}`;
    const model: Model = () => {
      const z = plate("d", N, () => sample(site, new Bernoulli(0.4)));
      plate("d", N, () => sample("x", new Normal(f(z), 1), { obs }));
    };
    const task = { model, guide: guide(site), params, latents: { [site]: { shape: [N] } }, loop: name === "read" };
    const exact = exactElbo(task);
    const said = warnings(() => {
      for (const elbo of [
        new TraceGraphELBO(),
        new TraceELBO(),
        new TraceMeanFieldELBO(),
        new TraceGraphELBO({ order: 2 }),
      ]) {
        const { mean } = exactMoments({ ...task, elbo });
        assertClose(mean.q as number[], exact.q, 1e-9, elbo.name);
      }
    });
    const mixed = said.filter((text) => text.includes("mixes"));
    assert.is(mixed.length, 1, said.join("\n"));
    for (const word of [`"${site}"`, '"d"', `"${op}"`, '"x"'])
      assert.ok(mixed[0]?.includes(word), `${word} in: ${mixed[0]}`);
  });

test("if the elements of a subsampled plate are mixed, the warning says that the loss is biased", () => {
  const visited = { subsampleSize: 2 };
  const model: Model = () => {
    plate("d", N, visited, (i) => {
      const z = sample("z_part", new Bernoulli(0.4));
      sample("x", new Normal(z.mean(), 1), { obs: tensor(obs).at(i) });
    });
  };
  const q: Model = () => plate("d", N, visited, () => sample("z_part", new Bernoulli(0.3)));
  const [said = "", ...more] = warnings(() => new TraceGraphELBO().loss(random.key(0), {}, model, q));
  assert.equal(more, []);
  assert.match(
    said,
    /visits only 2 of its 3 elements, .* the loss and its gradient are biased\..* visit the whole plate\./,
  );

  // The exact loss with the elements of `visits`, scaled up. Its mean over all subsamples differs from the loss with all elements.
  const exact = (visits: readonly number[]): number => {
    let sum = 0;
    for (let bits = 0; bits < 2 ** visits.length; bits++) {
      const z = visits.map((_, k) => (bits >> k) & 1);
      const mean = z.reduce((a, b) => a + b, 0) / z.length;
      const prior = z.map((one) => (one === 1 ? 0.3 : 0.7)).reduce((a, b) => a * b, 1);
      sum += prior * visits.reduce((loss, i) => loss + (Number(obs[i]) - mean) ** 2 / 2, 0);
    }
    return (sum * N) / visits.length;
  };
  const parts =
    [
      [0, 1],
      [0, 2],
      [1, 2],
    ]
      .map(exact)
      .reduce((a, b) => a + b, 0) / 3;
  assert.ok(Math.abs(parts - exact([0, 1, 2])) > 0.05, `${parts} and ${exact([0, 1, 2])}`);
});

test("plates whose elements stay separate give no warning", () => {
  const said = warnings(() => {
    for (const [name, exact] of Object.entries(golden)) {
      const { model, guide: q } = (pairs[name] ?? {}) as Pair;
      if (model === undefined) continue;
      for (const elbo of [new TraceGraphELBO(), new TraceELBO({ numParticles: 2 })])
        elbo.lossAndGrads(random.key(1), paramsOf(exact), model, q);
    }
  });
  assert.equal(
    said.filter((text) => text.includes("mixes")),
    [],
  );
});

const eventParams = {
  q: tensor([
    [0.3, -0.4, 0.8],
    [-0.2, 0.1, 0.5],
  ]),
};

/** A plate with two elements, each an event of three flips. */
const inEvents = (baseline: BaselineOptions, site: string): { model: Model; guide: Model } => ({
  model: () =>
    plate("rows", 2, () => {
      const z = sample(site, new Bernoulli(0.4).expand([2, N]).toEvent(1));
      sample("x", new Normal(z.mul([1, 2, 3]), 1).toEvent(1), { obs: [obs, [1, 0, 2]] });
    }),
  guide: () =>
    plate("rows", 2, () =>
      sample(site, new Bernoulli({ logits: param("q", eventParams.q) }).toEvent(1), { infer: { baseline } }),
    ),
});
const latents = (site: string) => ({ [site]: { shape: [2, N] } });

test("a baseline has one number for all elements, for each plate element, or for each element; the mean does not change", () => {
  const exact = exactElbo({ ...inEvents({}, "z"), params: eventParams, latents: latents("z") });
  const variances: number[] = [];
  for (const baselineValue of [
    -3,
    [-2, -4],
    [
      [-1, -2, -3],
      [-4, -1, -2],
    ],
    [[-2], [-4]],
  ]) {
    const { mean, variance } = exactMoments({
      ...inEvents({ baselineValue }, "z"),
      params: eventParams,
      latents: latents("z"),
      elbo: new TraceGraphELBO(),
    });
    // The loss that trains a baseline adds only to the gradient of the baseline's parameters.
    assertClose(mean.q as number[], exact.q, 1e-9, JSON.stringify(baselineValue));
    variances.push((variance.q as number[])[0] as number);
  }
  assert.is(variances[1], variances[3]);
  assert.is.not(variances[0], variances[1]);
  const refused = refusal(() =>
    new TraceGraphELBO().lossAndGrads(
      random.key(0),
      eventParams,
      inEvents({ baselineValue: [1, 2, 3] }, "z").model,
      inEvents({ baselineValue: [1, 2, 3] }, "z").guide,
    ),
  );
  assert.is(refused.code, "shape-mismatch");
  assert.is(refused.site, "z");
});

test("a baseline whose shape fits both the plates and the event is read as one number for each plate element", () => {
  const square = (baselineValue: number[] | number[][]): { model: Model; guide: Model } => ({
    model: () =>
      plate("rows", 2, () => {
        const z = sample("z", new Bernoulli(0.4).expand([2, 2]).toEvent(1));
        sample("x", new Normal(z, 1).toEvent(1), {
          obs: [
            [0, 1],
            [1, 2],
          ],
        });
      }),
    guide: () =>
      plate("rows", 2, () =>
        sample("z", new Bernoulli({ logits: param("q") }).toEvent(1), { infer: { baseline: { baselineValue } } }),
      ),
  });
  const q = {
    q: tensor([
      [0.3, -0.4],
      [0.8, 0.1],
    ]),
  };
  const gradient = (value: number[] | number[][]) =>
    (
      new TraceGraphELBO().lossAndGrads(random.key(2), q, square(value).model, square(value).guide)[1].q as Tensor
    ).toArray();
  assert.equal(
    gradient([-1, -5]),
    gradient([
      [-1, -1],
      [-5, -5],
    ]),
  );
  assert.not.equal(
    gradient([-1, -5]),
    gradient([
      [-1, -5],
      [-1, -5],
    ]),
  );
});

test("a decaying average has one number for each element, and an average with one number for each plate element is accepted", () => {
  const { model, guide: q } = inEvents({ useDecayingAvgBaseline: true }, "z");
  const of = (average?: Tensor) =>
    new TraceGraphELBO().estimate({
      key: random.key(3),
      values: eventParams,
      ...(average && { averages: { z: average } }),
      model,
      guide: q,
      args: [],
    }).averages?.z as Tensor;
  const first = of();
  assert.equal(first.shape, [2, N]);
  const later = of(tensor([-1, -2]));
  const expected = first.add(
    tensor([
      [-0.9, -0.9, -0.9],
      [-1.8, -1.8, -1.8],
    ]),
  );
  assert.ok(later.sub(expected).abs().max().item() < 1e-12);
  assert.is(refusal(() => of(tensor([1, 2, 3, 4]))).code, "shape-mismatch");
});

test("compiled equals eager bit for bit, and several particles equal a loop over them", () => {
  const { model, guide: q } = inEvents({ useDecayingAvgBaseline: true, leaveOneOut: true }, "z");
  const losses = [true, false].map((jit) => {
    const elbo = new TraceGraphELBO({ numParticles: 3, vectorizeParticles: jit });
    const svi = new SVI(model, q, adam(0.1), elbo, { jit });
    return svi.run(random.key(0), { numSteps: 6, progressBar: false }).losses;
  });
  assert.equal(losses[0], losses[1]);
});

test.run();
