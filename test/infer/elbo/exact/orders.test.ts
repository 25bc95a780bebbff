/**
 * Second derivatives (`order: 2`), several samples from one guide run, and forward mode, each against an exact or a reverse-mode result.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  configEnumerate,
  grad,
  type Model,
  Normal,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
} from "../../../../index.js";
import { assertMean, drawsOf, estimates, type Rows } from "../../draws.js";
import { type GoldenModel, golden, type Pair, pairs, paramsOf } from "./goldenModels.js";

for (const name of ["a1_chain_independent_guide", "j1_mask_scale_factor"]) {
  const { model, guide } = pairs[name] as Pair;
  const exact = golden[name] as GoldenModel;
  const params = paramsOf(exact);
  const [own] = exact.guideParams as [string];
  /** The derivative, along the parameter itself, of the squared gradient's direction: one number of second order. */
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
