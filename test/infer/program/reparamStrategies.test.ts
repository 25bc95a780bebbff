/**
 * Reparameterised sites have the densities of the original sites after the change of variables, under masks, plates, minibatches and
 * enumeration.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AsymmetricLaplace,
  adam,
  Bernoulli,
  Cauchy,
  CircularReparam,
  Delta,
  type Distribution,
  Exp,
  Gumbel,
  Laplace,
  Levy,
  LocScaleReparam,
  Logistic,
  LogNormal,
  type Model,
  Normal,
  Predictive,
  plate,
  type Reparam,
  random,
  reparam,
  SkewNormal,
  SoftLaplace,
  StudentT,
  SVI,
  sample,
  seed,
  subsample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TransformedDistribution,
  Truncated,
  TruncatedNormal,
  tensor,
  trace,
  Uniform,
  VonMises,
} from "../../../index.js";
import type { SampleSite } from "../../../infer/program/trace.js";
import { decodeParams, lawful } from "../../distributions/families/families.js";
import { refusal } from "../../refusals.js";

const [loc, scale] = [tensor([-1.3, 2]), tensor([0.4, 5])];
const FAMILIES: readonly Distribution[] = [
  new AsymmetricLaplace({ loc, scale, asymmetry: 1.7 }),
  new Cauchy(loc, scale),
  new Gumbel(loc, scale),
  new Laplace(loc, scale),
  new Levy(loc, scale),
  new Logistic(loc, scale),
  new Normal(loc, scale),
  new SkewNormal({ loc, scale, skewness: -2 }),
  new SoftLaplace(loc, scale),
  new StudentT({ df: 3, loc, scale }),
];
test("this file tests every location-scale family", () => {
  const without = lawful
    .filter(({ entry, make }) => make(decodeParams(entry.cases[0]?.params ?? {})).isLocationScale)
    .filter(({ name }) => !FAMILIES.some(({ family }) => family === name))
    .map(({ name }) => name);
  const how = "add one, with the loc and scale above, to FAMILIES of test/infer/program/reparamStrategies.test.ts";
  assert.equal(without, [], `${without}: ${how}`);
});
const seeded = (fn: Distribution, strategy: Reparam): (() => Tensor) =>
  seed(
    reparam(() => sample("x", fn), { x: strategy }),
    random.key(1),
  );
for (const fn of FAMILIES)
  test(`LocScaleReparam of ${fn.family}: log p(x) = log p'(x') - log dx/dx'`, () => {
    // Masked elements have neither a density nor a log-Jacobian.
    const cases: [Distribution, keep: number[]][] = [
      [fn, [1, 1]],
      [fn.toEvent(1), [1, 1]],
      [fn.mask([1, 0]), [1, 0]],
      [fn.expand([3, 2]).mask([0, 1]).toEvent(2), [0, 1]],
    ];
    for (const c of [0, 0.4, 1])
      for (const [written, keep] of cases) {
        const run = trace(seeded(written, LocScaleReparam(c))).getTrace();
        const { value: x } = run.get("x") as { value: Tensor };
        const stretch = scale
          .log()
          .mul(1 - c)
          .mul(keep)
          .broadcastTo(x.shape);
        const axes = written.eventShape.map((_, i) => -1 - i);
        const jacobian = axes.length === 0 ? stretch : stretch.sum(axes);
        const want = (run.get("x_decentered") as SampleSite).logProb().sub(jacobian);
        const error = written.logProb(x).sub(want).abs().max().item();
        assert.ok(error < 1e-12, `${written}, c = ${c}: ${error}`);
      }
  });

test("LocScaleReparam refuses families whose loc and scale do not shift and stretch draws", () => {
  for (const fn of [
    new LogNormal(0, 1),
    new TruncatedNormal({ loc: 0, scale: 1, low: -1 }),
    new TransformedDistribution(new Normal(0, 1), new Exp()),
    new Truncated(new Normal(0, 1), { low: 0 }),
    new Uniform(0, 1),
  ])
    assert.match(
      refusal(seeded(fn.expand([2]).toEvent(1), LocScaleReparam())).message,
      new RegExp(`site "x" is ${fn.family}, which is not a location-scale family`),
    );
  assert.is(refusal(() => LocScaleReparam(1.5)).param, "centered");
});

test("a learnt centring has one number for each element of a subsampled plate", () => {
  const locs = tensor([1, 2, 3, 4, 5, 6]);
  const model: Model = () => {
    plate("d", 6, { subsampleSize: 2 }, () => {
      const here = subsample(locs);
      sample("x", new Normal(here, 2));
      sample("y", new Normal(here.expandDims(-1).add([0, 1, 2]), 1).toEvent(1));
    });
  };
  const moved = reparam(model, { x: LocScaleReparam(null), y: LocScaleReparam(null) });
  const guide: Model = () => {
    plate("d", 6, { subsampleSize: 2 }, () => {
      sample("x_decentered", new Normal(0, 1));
      sample("y_decentered", new Normal([0, 0, 0], 1).toEvent(1));
    });
  };
  const { params } = new SVI(moved, guide, adam(0.1), new TraceELBO()).run(random.key(0), 20);
  assert.equal([params.x_centered?.shape, params.y_centered?.shape], [[6], [6, 3]]);
  assert.is(new Set((params.x_centered as Tensor).toFloat64Array()).size, 6, "each was trained with its own element");
});

/** I₀(κ) by its series. */
const bessel = (k: number): number => {
  let [term, sum] = [1, 1];
  for (let n = 1; n < 40; n++) sum += term *= (k / 2 / n) ** 2;
  return sum;
};
test("CircularReparam with an enumerated direction: the density is the sum over directions, and has period 2π", () => {
  const model: Model = () => {
    plate("d", 2, () => {
      const z = sample("z", new Bernoulli(0.3), { infer: { enumerate: "parallel" } });
      const a = sample("a", new VonMises(z.mul(2).sub(0.5), 3));
      sample("x", new Normal(a, 1.2), { obs: [1, -2] });
    });
  };
  const moved = reparam(model, { a: CircularReparam() });
  const turns = [0.7 + 2 * Math.PI, -4];
  const guide: Model = () => {
    plate("d", 2, () => sample("a_unwrapped", new Delta(tensor(turns))));
  };
  const want = turns.reduce((sum, u, i) => {
    const angle = Math.atan2(Math.sin(u), Math.cos(u));
    const p = [0, 1].reduce((total, z) => {
      const direction = Math.exp(3 * Math.cos(angle - (2 * z - 0.5))) / (2 * Math.PI * bessel(3));
      return total + (z === 1 ? 0.3 : 0.7) * direction;
    }, 0);
    const x = Math.exp(-((([1, -2][i] as number) - angle) ** 2) / 2 / 1.44) / 1.2 / Math.sqrt(2 * Math.PI);
    return sum - Math.log(p * x);
  }, 0);
  const loss = new TraceEnumELBO().loss(random.key(0), {}, moved, guide).item();
  assert.ok(Math.abs(loss - want) < 1e-12, `${loss} against ${want}`);
  // Without enumeration and plates, the site keeps its batch axes, and the prior can be drawn.
  const free = reparam(() => sample("a", new VonMises([0, 1, 2], 5)), { a: CircularReparam() });
  const { a } = new Predictive(free, { numSamples: 2, returnSites: ["a"] }).run(random.key(1));
  assert.equal(a?.shape, [2, 3]);
  assert.ok((a as Tensor).abs().max().item() <= Math.PI);
});

test.run();
