/**
 * Objectives under subsampling, compared with exact sums: the mean of a loss over all subsamples is the loss of all elements, or the estimator
 * refuses with an error that names the reason.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  Delta,
  type Elbo,
  type Model,
  Normal,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  sample,
  subsample,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { assertMean, drawsOf } from "../draws.js";

const key = random.key(0);
const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-10, `got ${got}, want ${want}`);
const logNormal = (x: number, loc: number, scale = 1) =>
  -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);
const logAdd = (...xs: number[]) => Math.log(xs.reduce((sum, x) => sum + Math.exp(x), 0));

const y = [0.4, -1, 2, 0.7];
const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].slice(i + 1).map((j) => [i, j]));
const loss = (elbo: Elbo, model: Model, guide: Model = () => {}) => elbo.loss(key, {}, model, guide).item();

test("linear estimators: the mean over all subsamples is the loss of all elements, computed by hand", () => {
  const model =
    (options: object): Model =>
    () => {
      const mu = sample("mu", new Normal(0, 2));
      plate("d", 4, options, () => {
        const z = sample("z", new Normal(mu, 1));
        sample("x", new Normal(z, 0.5), { obs: subsample(y) });
      });
    };
  const at = [1, 2, -1, 0.5];
  const guide =
    (options: object): Model =>
    () => {
      sample("mu", new Delta(0.3));
      plate("d", 4, options, () => sample("z", new Delta(subsample(at))));
    };
  const exact =
    -logNormal(0.3, 0, 2) -
    y.reduce((sum, x, i) => sum + logNormal(at[i] as number, 0.3) + logNormal(x, at[i] as number, 0.5), 0);
  for (const elbo of [new TraceELBO(), new TraceGraphELBO(), new TraceEnumELBO({ strictEnumerationWarning: false })]) {
    const mean = pairs.reduce((sum, s) => sum + loss(elbo, model({ subsample: s }), guide({ subsample: s })) / 6, 0);
    near(mean, exact);
  }
});

/** A mixture of two components, with one choice for all elements or, if `local`, one choice for each element. */
const mixture =
  (local: boolean, options: object): Model =>
  () => {
    const choose = (name: string) =>
      sample(name, new Categorical({ probs: [0.3, 0.7] }), { infer: { enumerate: "parallel" } });
    const a = local ? null : choose("a");
    plate("d", 4, options, () =>
      sample("x", new Normal(tensor([0, 2]).at(a ?? choose("k")), 0.8), { obs: subsample(y) }),
    );
  };
const byElement = (x: number) => [0, 2].map((loc, k) => Math.log([0.3, 0.7][k] as number) + logNormal(x, loc, 0.8));

test("TraceEnumELBO: an enumerated site inside the subsampled plate is exact; outside it is refused, with the names of both", () => {
  const exact = -y.reduce((sum, x) => sum + logAdd(...byElement(x)), 0);
  near(
    pairs.reduce((sum, s) => sum + loss(new TraceEnumELBO(), mixture(true, { subsample: s })) / 6, 0),
    exact,
  );
  for (const options of [{ subsample: [0, 2] }, { subsampleSize: 3 }]) {
    const error = refusal(() => loss(new TraceEnumELBO(), mixture(false, options)));
    assert.is(error.code, "biased-subsampling");
    assert.match(error.message, /plate "d" visits \d of 4.*"x".*enumerated site "a"/);
  }
  // With biasedSubsampling, the estimate has plate powers: log Σ_a p(a) Π p(x | a)^(N/M).
  const powers = [0, 2].map(
    (loc, k) =>
      Math.log([0.3, 0.7][k] as number) + 2 * [0, 2].reduce((sum, i) => sum + logNormal(y[i] as number, loc, 0.8), 0),
  );
  near(loss(new TraceEnumELBO({ biasedSubsampling: true }), mixture(false, { subsample: [0, 2] })), -logAdd(...powers));
});

test("TraceEnumELBO: a site enumerated outside a loop over a subsample is refused, since a loop has no product to scale", () => {
  const loop: Model = () => {
    const a = sample("a", new Categorical({ probs: [0.3, 0.7] }), { infer: { enumerate: "parallel" } });
    for (const i of plate("d", 4, { subsampleSize: 2 })) sample(`x${i}`, new Normal(a, 1), { obs: y[i] });
  };
  for (const biasedSubsampling of [false, true]) {
    const error = refusal(() => loss(new TraceEnumELBO({ biasedSubsampling }), loop));
    assert.is(error.code, "biased-subsampling");
    assert.not.match(error.message, /accept the bias/);
  }
});

test("the refused estimate is biased: with biasedSubsampling, the mean over all subsamples differs from the exact loss", () => {
  const biased = new TraceEnumELBO({ biasedSubsampling: true });
  const mean = pairs.reduce((sum, s) => sum + loss(biased, mixture(false, { subsample: s })) / 6, 0);
  assert.ok(Math.abs(mean - loss(new TraceEnumELBO(), mixture(false, {}))) > 0.1);
});

test("TraceEnumELBO: a site enumerated between two plates, and a chain of enumerated sites that begins outside the plate", () => {
  const nested = (outer: object, inner: object) => () =>
    plate("g", 3, outer, () => {
      const k = sample("k", new Categorical({ probs: [0.5, 0.5] }), { infer: { enumerate: "parallel" } });
      plate("d", 4, inner, () => sample("x", new Normal(tensor([0, 2]).at(k), 1), { obs: 0.5 }));
    });
  loss(new TraceEnumELBO(), nested({ subsampleSize: 2 }, {}));
  const error = refusal(() => loss(new TraceEnumELBO(), nested({ subsampleSize: 2 }, { subsampleSize: 2 })));
  assert.is(error.site, "d");
  const chain = () => {
    const a = sample("a", new Bernoulli(0.3), { infer: { enumerate: "parallel" } });
    plate("d", 4, { subsampleSize: 2 }, () => {
      const b = sample("b", new Bernoulli(a.mul(0.4).add(0.3)), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(b, 1), { obs: 0 });
    });
  };
  assert.match(
    refusal(() => loss(new TraceEnumELBO(), chain)).message,
    /"b" inside depends on the enumerated site "a"/,
  );
  // If the site is enumerated in the guide, the loss is linear in the elements.
  const guide = () => {
    sample("a", new Bernoulli(0.6), { infer: { enumerate: "parallel" } });
  };
  const seen =
    (options: object): Model =>
    () => {
      const a = sample("a", new Bernoulli(0.3));
      plate("d", 4, options, () => sample("x", new Normal(a, 1), { obs: subsample(y) }));
    };
  const mean = pairs.reduce((sum, s) => sum + loss(new TraceEnumELBO(), seen({ subsample: s }), guide) / 6, 0);
  near(mean, loss(new TraceEnumELBO(), seen({}), guide));
});

test("RenyiELBO: a subsampled plate around all sites is right; any other is refused, and the error names a site outside it", () => {
  const flip =
    (options: object, p: number, obs: boolean): Model =>
    () =>
      plate("d", 4, options, () => {
        const z = sample("z", new Bernoulli(p));
        if (obs) sample("x", new Normal(z, 1), { obs: subsample(y) });
      });
  // The bound of two particles, element by element, summed over their four configurations.
  const bound = (alpha: number, x: number) =>
    [0, 1]
      .flatMap((a) => [0, 1].map((b) => [a, b]))
      .reduce((sum, zs) => {
        const q = zs.map((z) => (z === 1 ? 0.4 : 0.6));
        const w = zs.map((z, k) => Math.log((z === 1 ? 0.3 : 0.7) / (q[k] as number)) + logNormal(x, z));
        const power = logAdd(...w.map((l) => (1 - alpha) * l)) - Math.log(2);
        return sum + ((q[0] as number) * (q[1] as number) * power) / (1 - alpha);
      }, 0);
  for (const alpha of [0, 0.5]) {
    const elbo = new RenyiELBO({ alpha });
    const half = { subsampleSize: 2 };
    const draws = drawsOf((k) => ({ loss: elbo.loss(k, {}, flip(half, 0.3, true), flip(half, 0.4, false)) }), 4000);
    // n = 4000, standard error about 0.03.
    assertMean(`alpha ${alpha}`, draws.loss as never, -y.reduce((sum, x) => sum + bound(alpha, x), 0));
  }
  const global = (where: object) => () => {
    sample("mu", new Normal(0, 1));
    plate("d", 4, where, () => sample("x", new Normal(0, 1), { obs: subsample(y) }));
  };
  const guide = () => {
    sample("mu", new Normal(0, 1));
  };
  const error = refusal(() => loss(new RenyiELBO(), global({ subsampleSize: 2 }), guide));
  assert.is(error.code, "biased-subsampling");
  assert.match(error.message, /plate "d" visits 2 of 4 elements, and site "mu" is not in it/);
  assert.ok(Number.isFinite(loss(new RenyiELBO({ biasedSubsampling: true }), global({ subsampleSize: 2 }), guide)));
  const loop = () => {
    for (const i of plate("d", 4, { subsampleSize: 2 })) sample(`x${i}`, new Normal(0, 1), { obs: 0 });
  };
  assert.match(refusal(() => loss(new RenyiELBO(), loop)).message, /plate "d" visits 2 of 4 elements, and/);
});

test("ReweightedWakeSleep refuses a subsampled plate in the sleep phase, or with a site outside, unless biasedSubsampling is set", () => {
  const model = ({ observations }: { observations: { x: unknown } }) =>
    plate("d", 4, { subsampleSize: 2 }, () => {
      const z = sample("z", new Normal(0, 1));
      sample("x", new Normal(z, 1), { obs: observations.x as number });
    });
  const guide = () => plate("d", 4, { subsampleSize: 2 }, () => sample("z", new Normal(0, 1)));
  const run = (options: object) => () =>
    new ReweightedWakeSleep(options).loss(key, {}, model, guide, { observations: { x: 0.3 } }).item();
  assert.ok(Number.isFinite(run({})()));
  for (const options of [{ insomnia: 0, modelHasParams: false }, { insomnia: 0.5 }])
    assert.match(refusal(run(options)).message, /visits 2 of 4 elements, and dreams have only these/);
  const outside = () => {
    sample("mu", new Normal(0, 1));
    guide();
  };
  const error = refusal(() => loss(new ReweightedWakeSleep(), outside, outside));
  assert.equal([error.code, error.site], ["biased-subsampling", "d"]);
  assert.match(
    error.message,
    /ReweightedWakeSleep: .* and site "mu" is not in it: the weight of a particle is a product/,
  );
  assert.ok(Number.isFinite(run({ insomnia: 0.5, biasedSubsampling: true })()));
  for (const Loss of [TraceELBO, TraceGraphELBO])
    assert.is(refusal(() => new Loss({ biasedSubsampling: true } as never)).code, "unknown-option");
});

test.run();
