/** AutoLaplaceApproximation: the curvature at the maximum, with enumerated sites summed out; and the errors of this guide. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoGuideList,
  AutoLaplaceApproximation,
  adam,
  Bernoulli,
  block,
  factor,
  initToValue,
  type Model,
  Normal,
  plate,
  random,
  SVI,
  sample,
  subsample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const obs = [1.2, -0.4, 2.1];
const enumerated: Model = () => {
  const a = sample("a", new Normal(0, 1));
  plate("n", obs.length, () => {
    const z = sample("z", new Bernoulli(0.3), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(a.add(z.mul(2)), 0.7), { obs });
  });
};
/** -log p(a, x), z summed out by hand. */
const energy = (a: number): number => {
  const normal = (x: number, loc: number): number => Math.exp(-(((x - loc) / 0.7) ** 2) / 2) / 0.7;
  return a ** 2 / 2 - obs.reduce((sum, x) => sum + Math.log(0.7 * normal(x, a) + 0.3 * normal(x, a + 2)), 0);
};

test("the curvature is that of the density with enumerated sites summed out", () => {
  const guide = new AutoLaplaceApproximation(enumerated);
  const { params } = new SVI(enumerated, guide, adam(0.05), new TraceEnumELBO()).run(random.key(0), 400);
  const mode = (guide.median(params).a as Tensor).item();
  const h = 1e-4;
  const [left, middle, right] = [energy(mode - h), energy(mode), energy(mode + h)];
  assert.ok(Math.abs((right - left) / (2 * h)) < 1e-3, `slope at ${mode}`);
  const sd = 1 / Math.sqrt((left - 2 * middle + right) / h ** 2);
  const [low, high] = (guide.quantiles(params, [0.15865525393145707, 0.8413447460685429]).a as Tensor).toArray() as [
    number,
    number,
  ];
  // The error of the second difference is about 1e-16 / h² times the energy.
  assert.ok(Math.abs((high - low) / 2 / sd - 1) < 1e-6, `${(high - low) / 2} against ${sd}`);
  const n = 4000;
  const { a } = guide.samplePosterior(random.key(1), params, { sampleShape: [n] });
  assert.ok(Math.abs((a as Tensor).mean().item() - mode) < (4.5 * sd) / Math.sqrt(n));
});

test("samplePosterior refuses unknown options", () => {
  const guide = new AutoLaplaceApproximation(enumerated);
  const { params } = new SVI(enumerated, guide, adam(0.05), new TraceEnumELBO()).run(random.key(0), 2);
  assert.is(
    refusal(() => guide.samplePosterior(random.key(0), params, { sampleshape: [3] } as never)).code,
    "unknown-option",
  );
});

test("draws and quantiles are refused if the fitted point is not a maximum", () => {
  // -log p = a²/2 + b²/2 - 2ab: a saddle at 0.
  const saddle: Model = () => {
    const [a, b] = [sample("a", new Normal(0, 1)), sample("b", new Normal(0, 1))];
    factor("f", a.mul(b).mul(2));
  };
  const guide = new AutoLaplaceApproximation(saddle, { initLocFn: initToValue({ a: 0, b: 0 }) });
  const { params } = new SVI(saddle, guide, adam(0.1), new TraceELBO()).run(random.key(0), 1);
  for (const ask of [() => guide.samplePosterior(random.key(0), params), () => guide.quantiles(params, 0.5)]) {
    const { code, message } = refusal(ask);
    assert.is(code, "not-a-maximum");
    assert.match(message, /^AutoLaplaceApproximation: auto_loc is not a maximum/);
  }
});

test("with subsampling, the curvature uses all data", () => {
  // mu ~ N(0, 2²), six observations of N(mu, sd²): precision 1/4 + Σ 1/sd², whichever two a step visits.
  const sds = [1, 2, 0.5, 1, 3, 0.25];
  const minibatches: Model = () => {
    const mu = sample("mu", new Normal(0, 2));
    plate("n", 6, { subsampleSize: 2 }, () => {
      sample("y", new Normal(mu, subsample(sds)), { obs: subsample([3, 1, 2, 5, 4, 2]) });
    });
  };
  const guide = new AutoLaplaceApproximation(minibatches);
  const { params } = new SVI(minibatches, guide, adam(0.05), new TraceELBO()).run(random.key(0), 3);
  const { variance } = guide.laplaceApproximation(params);
  const precision = sds.reduce((sum, sd) => sum + 1 / sd ** 2, 1 / 4);
  assert.ok(Math.abs(variance.item() - 1 / precision) < 1e-14);
});

test("AutoGuideList refuses AutoLaplaceApproximation, which needs the whole model", () => {
  const part = new AutoLaplaceApproximation(block(enumerated, { expose: ["a"] }));
  assert.match(
    refusal(() => new AutoGuideList(enumerated).append(part)).message,
    /AutoLaplaceApproximation needs the log density of the whole model/,
  );
});

test("the error for a point that is not a maximum abridges the Hessian, which is -I here, and gives its shape", () => {
  const model = () =>
    factor(
      "hill",
      sample("z", new Normal(zeros([20]), 1).toEvent(1))
        .square()
        .sum(),
    );
  const { message } = refusal(() =>
    new AutoLaplaceApproximation(model).laplaceApproximation({ auto_loc: zeros([20]) }),
  );
  assert.match(message, /not positive definite, \[\[-1,.*,-1\]\] of shape \[20,20\]\. Run more steps/);
  assert.ok(message.length < 450, message);
});

test.run();
