/**
 * Second derivatives (`order: 2`), several samples from one guide run, and forward mode, each compared with an exact or a reverse-mode result.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  configEnumerate,
  type Distribution,
  type Elbo,
  factor,
  grad,
  hessian,
  type InferOptions,
  type Model,
  mutable,
  Normal,
  param,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
} from "../../../../index.js";
import { refusal } from "../../../refusals.js";
import { assertMean, drawsOf, estimates, type Rows } from "../../draws.js";
import { type GoldenModel, golden, type Pair, pairs, paramsOf } from "./goldenModels.js";

for (const name of ["a1_chain_independent_guide", "j1_mask_scale_factor"]) {
  const { model, guide } = pairs[name] as Pair;
  const exact = golden[name] as GoldenModel;
  const params = paramsOf(exact);
  const [own] = exact.guideParams as [string];
  /** The gradient of a weighted sum of the entries of the gradient: second derivatives. */
  const second = (elbo: TraceELBO | TraceGraphELBO | TraceEnumELBO, q: Model, key: Tensor): Tensor =>
    grad((x: Tensor) => {
      const inner = grad((y: Tensor) => elbo.loss(key, { ...params, [own]: y }, model, q))(x);
      return inner.mul(tensor(Array.from({ length: inner.size }, (_, i) => i + 1)).reshape(inner.shape)).sum();
    })(params[own] as Tensor);
  const want = second(new TraceEnumELBO(), configEnumerate(guide), random.key(0)).toArray();
  for (const elbo of [new TraceELBO({ order: 2 }), new TraceGraphELBO({ order: 2 })])
    test(`${elbo.name} with order 2 on ${name}: first and second derivatives, n = 20,000, 4.5 standard errors`, () => {
      const columns = drawsOf((key) => ({ second: second(elbo, guide, key) }), 20_000);
      assertMean("second", columns.second as Rows, want);
      const firsts = drawsOf(estimates(elbo, model, guide, params), 20_000);
      for (const [param, g] of Object.entries(exact.gradElbo)) assertMean(param, firsts[param] as Rows, g, -1);
    });
}

test("second derivatives are refused where only the first ones are unbiased, and right where a loss is pathwise or exact", () => {
  const params = tensor([0.3, 1.2]);
  const bit = (probs: Tensor | number, infer: InferOptions = {}) => sample("z", new Bernoulli(probs), { infer });
  const normal = (loc: Tensor | number, infer: InferOptions = {}) => sample("z", new Normal(loc, 1), { infer });
  const observed = (z: Tensor) => sample("x", new Normal(z.mul(param("m")), 1), { obs: 1.5 });
  const [bits, normals] = [() => observed(bit(0.4)), () => observed(normal(0))];
  const [q, loc] = [() => bit(param("q").sigmoid()), () => normal(param("q"))];
  const lossAt = (elbo: Elbo, model: Model, guide: Model) => (x: Tensor) =>
    elbo.loss(random.key(1), { q: x.at(0), m: x.at(1) }, model, guide);
  const curvature = (...args: [Elbo, Model, Model]) => hessian(lossAt(...args))(params).toArray() as number[][];
  const refused: [Elbo, Model, Model][] = [
    ...[new TraceELBO(), new TraceGraphELBO(), new RenyiELBO(), new ReweightedWakeSleep()].map(
      (elbo): [Elbo, Model, Model] => [elbo, bits, q],
    ),
    [new TraceEnumELBO({ strictEnumerationWarning: false }), bits, q],
    [new TraceGraphELBO(), normals, () => normal(param("q"), { gradient: "score" })],
    [new TraceGraphELBO(), bits, () => bit(param("q").sigmoid(), { gradient: "disarm" })],
    [new TraceELBO({ stickingTheLanding: true }), normals, loc],
    [new RenyiELBO({ estimator: "dreg" }), normals, loc],
  ];
  for (const args of refused) {
    const { code, message } = refusal(() => curvature(...args));
    assert.equal([code, message.split(":")[0]], ["no-derivative", args[0].name]);
  }
  const near = (got: number[][], want: number[][], tolerance: number) =>
    got.flat().forEach((x, i) => {
      assert.ok(Math.abs(x - (want.flat()[i] as number)) < tolerance, `${got}, not ${want}`);
    });
  // log q is constant along the path of z, so the loss is z²/2 + (1.5 - m z)²/2 plus a constant. Its gradient reveals z.
  const m = 1.2;
  for (const elbo of [new TraceELBO(), new TraceGraphELBO({ order: 2 })]) {
    const [slope] = grad(lossAt(elbo, normals, loc))(params).toArray() as [number, number];
    const z = (slope + 1.5 * m) / (1 + m * m);
    const mixed = 2 * m * z - 1.5;
    near(
      curvature(elbo, normals, loc),
      [
        [1 + m * m, mixed],
        [mixed, z * z],
      ],
      1e-12,
    );
  }
  const exact = (logit: number, slope: number): number => {
    const q = 1 / (1 + Math.exp(-logit));
    const at = (z: number, probability: number, prior: number) =>
      probability * (Math.log(probability / prior) + 0.5 * (1.5 - slope * z) ** 2);
    return at(1, q, 0.4) + at(0, 1 - q, 0.6);
  };
  const h = 1e-3;
  const second = (i: number, j: number) =>
    [1, -1]
      .flatMap((a) => [1, -1].map((b) => [a, b] as const))
      .reduce((sum, [a, b]) => {
        const step = [0, 1].map((k) => h * ((k === i ? a : 0) + (k === j ? b : 0))) as [number, number];
        return sum + (a * b * exact(0.3 + step[0], m + step[1])) / (4 * h * h);
      }, 0);
  const want = [0, 1].map((i) => [0, 1].map((j) => second(i, j)));
  near(curvature(new TraceEnumELBO(), bits, configEnumerate(q)), want, 1e-5);
});

const data = [1.1, 0.3, 2];
const regression: Model = () => {
  const mu = sample("mu", new Normal(0, 3));
  plate("N", 3, () => sample("y", new Normal(mu, 1), { obs: data }));
};
test("multiSampleGuide: the loss is the mean over samples (n = 4,000 runs of 5, 4.5 standard errors)", () => {
  const exact = golden.i5_normal_normal as GoldenModel;
  const guide: Model = () => {
    sample("mu", new Normal(param("loc"), param("logscale").exp()).expand([5]));
  };
  const elbo = new TraceELBO({ multiSampleGuide: true });
  const columns = drawsOf(estimates(elbo, regression, guide, paramsOf(exact)), 4000);
  assertMean("elbo", columns.loss as Rows, exact.elbo, -1);
  for (const [name, want] of Object.entries(exact.gradElbo)) assertMean(name, columns[name] as Rows, want, -1);
  assert.throws(() => elbo.loss(random.key(0), {}, regression, () => {}), /no latent site/);
});

test("multiSampleGuide: latents on one side only, reads in the guide and different shapes are refused, and errors name the site", () => {
  const own = () => sample("mu", new Normal(param("loc"), 1).expand([5]));
  const plain = (more: () => void) => () => {
    sample("mu", new Normal(0, 3));
    more();
  };
  const latent = (name: string, fn: Distribution, infer = {}) => void sample(name, fn, { infer });
  const cases: [code: string, site: string, model: Model, guide: Model][] = [
    ["model-only-site", "b", plain(() => latent("b", new Normal(0, 1))), own],
    ["model-only-site", "b", plain(() => latent("b", new Bernoulli(0.5), { enumerate: "parallel" })), own],
    ["guide-only-site", "mu", () => void sample("y", new Normal(0, 1), { obs: 1 }), own],
    ["observed-in-model", "mu", () => void sample("mu", new Normal(0, 1), { obs: 1 }), own],
    ["shape-mismatch", "mu", () => latent("mu", new Normal([0, 0, 0], 1)), own],
    [
      "multi-sample",
      "mu",
      plain(() => latent("b", new Normal(0, 1))),
      () => latent("b", new Normal(own().mean().item() > 0 ? 1 : -1, 1).expand([5])),
    ],
    ["multi-sample", "mu", plain(() => {}), () => void own().mean().item()],
    ["multi-sample", "f", plain(() => {}), () => factor("f", own().mean())],
  ];
  const elbo = new TraceELBO({ multiSampleGuide: true });
  for (const [code, site, model, guide] of cases) {
    const error = refusal(() => elbo.loss(random.key(0), { loc: tensor(0.3) }, model, guide));
    assert.equal([error.code, error.site], [code, site]);
  }
});

test("multiSampleGuide: options of sites and of the estimator that would have no effect are refused", () => {
  const model: Model = () => void sample("mu", new Normal(0, 3));
  const guide =
    (infer: InferOptions): Model =>
    () =>
      void sample("mu", new Normal(param("loc", 0), 1).expand([5]), { infer });
  const elbo = new TraceELBO({ multiSampleGuide: true });
  const cases: [InferOptions, code: string, param: string][] = [
    [{ kl: "analytic" }, "bad-option", "kl"],
    [{ baseline: { useDecayingAvgBaseline: true } }, "baseline", "baseline"],
  ];
  for (const [infer, code, param] of cases) {
    const error = refusal(() => elbo.loss(random.key(0), { loc: tensor(0.3) }, model, guide(infer)));
    assert.equal([error.code, error.param, error.site], [code, param, "mu"]);
  }
  for (const [option, value] of Object.entries({ stickingTheLanding: true, numParticles: 2 }))
    assert.is(refusal(() => new TraceELBO({ multiSampleGuide: true, [option]: value })).param, option);
  new TraceELBO({ multiSampleGuide: true, stickingTheLanding: false, numParticles: 1 });
});

test("multiSampleGuide: mutable values are passed on from step to step", () => {
  const model: Model = () => {
    const steps = mutable("steps", 0);
    steps.value = steps.value.add(1);
    regression();
  };
  const guide: Model = () => void sample("mu", new Normal(param("loc", 0), 1).expand([5]));
  const { state } = new SVI(model, guide, adam(0.1), new TraceELBO({ multiSampleGuide: true })).run(random.key(0), 3);
  assert.is(state.mutableState.steps?.item(), 3);
});

test("forwardModeDifferentiation takes the steps of reverse mode, to 1e-12", () => {
  const { model, guide } = pairs.a1_chain_independent_guide as Pair;
  const exact = golden.a1_chain_independent_guide as GoldenModel;
  const run = (forwardModeDifferentiation: boolean) => {
    const svi = new SVI(declared(model), declared(guide), adam(0.05), new TraceGraphELBO(), { jit: false });
    return svi.run(random.key(3), { numSteps: 5, forwardModeDifferentiation });
  };
  const start = paramsOf(exact);
  const declared =
    (f: Model): Model =>
    () => {
      for (const [name, value] of Object.entries(start)) param(name, value);
      f();
    };
  const [forward, reverse] = [run(true), run(false)];
  for (const [name, value] of Object.entries(reverse.params)) {
    const gap = value
      .sub(forward.params[name] as Tensor)
      .abs()
      .max()
      .item();
    assert.ok(gap <= 1e-12, `${name} differs by ${gap}`);
  }
});

test.run();
