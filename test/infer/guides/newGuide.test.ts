/** Autoguides that have not run their model, as in a process that only predicts: they refuse what they cannot know, and then run as usual. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoGuideList,
  AutoLaplaceApproximation,
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  Bernoulli,
  block,
  type Model,
  Normal,
  Predictive,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const [x, y] = [tensor([1, 2, 3]), tensor([1, 0, 1])];
const discrete = (x: Tensor, y: Tensor | null) => {
  const a = sample("a", new Normal(0, 1));
  plate("n", x.length, () => sample("y", new Bernoulli({ logits: x.mul(a) }), { obs: y }));
};
const continuous = (x: Tensor, y: Tensor | null) => {
  const a = sample("a", new Normal(0, 1));
  plate("n", x.length, () => sample("y", new Normal(x.mul(a), 1), { obs: y }));
};
const inference = (model: Model, guide: Model) => new SVI(model, guide, adam(0.1), new TraceELBO());
const draws = { sampleShape: [3] };

test("a new guide without arguments is refused in words of its own, and runs after svi.init or with the arguments", () => {
  for (const model of [discrete, continuous])
    for (const Guide of [AutoNormal, AutoMultivariateNormal, AutoLaplaceApproximation]) {
      const fitted = new Guide(model);
      const { params } = inference(model, fitted).run(key, 5, x, y);
      const guide = new Guide(model);
      const uses: (() => unknown)[] = [
        () => guide.median(params),
        () => guide.quantiles(params, [0.5]),
        () => guide.samplePosterior(key, params, draws),
      ];
      for (const use of uses) {
        const { code, message } = refusal(use);
        assert.is(code, "no-latents");
        assert.match(
          message,
          /has not run its model yet.*svi\.init\(key, \.\.\.args\).*samplePosterior\(key, params, \{\}/,
        );
      }
      if (Guide !== AutoLaplaceApproximation || model === discrete)
        assert.is(refusal(() => guide.samplePosterior(key, params, draws, x, null)).code, "no-latents");
      const drawn = (g: typeof guide) => g.samplePosterior(key, params, draws, x, y).a?.toArray();
      assert.equal(drawn(guide), drawn(fitted), "a refusal leaves no trace");

      const later = new Guide(model);
      refusal(() => new Predictive(model, { guide: later, params, numSamples: 9 }).run(key, x, null));
      inference(model, later).init(key, x, y);
      assert.equal(later.median(params).a?.toArray(), fitted.median(params).a?.toArray());
      assert.equal(new Predictive(model, { guide: later, params, numSamples: 9 }).run(key, x, null).y?.shape, [9, 3]);
    }
});

test("Predictive with a new guide says that the guide has not run, or how a latent becomes data", () => {
  const messageFor = (model: Model) => {
    const { params } = inference(model, new AutoNormal(model)).run(key, 5, x, y);
    return refusal(() =>
      new Predictive(model, { guide: new AutoNormal(model), params, numSamples: 9 }).run(key, x, null),
    ).message;
  };
  assert.match(messageFor(continuous), /AutoNormal: this guide has not run its model yet.*"y_auto_loc"/);
  assert.match(messageFor(discrete), /If it is data, give it in the arguments of the guide's first run/);
});

test("a new guide with one vector for all latents names the latents for which its params are too short", () => {
  const { params } = inference(continuous, new AutoMultivariateNormal(continuous)).run(key, 5, x, y);
  const predict = (guide: Model) => new Predictive(continuous, { guide, params, numSamples: 9 }).run(key, x, null);
  const { code, message } = refusal(() => predict(new AutoMultivariateNormal(continuous)));
  assert.is(code, "no-latents");
  assert.match(
    message,
    /"auto_loc" has 1 numbers, but the latents "a", "y" have 4\. If this guide has not run its model/,
  );
  const guide = new AutoMultivariateNormal(continuous);
  refusal(() => predict(guide));
  inference(continuous, guide).init(key, x, y);
  assert.equal(predict(guide).y?.shape, [9, 3]);
});

test("a list of guides draws without arguments after its fit; params that lack a name are refused", () => {
  const list = () => new AutoGuideList(continuous).append(new AutoNormal(block(continuous, { expose: ["a"] })));
  const fitted = list();
  const { params } = inference(continuous, fitted).run(key, 5, x, y);
  assert.equal(fitted.samplePosterior(key, params, draws).a?.shape, [3]);
  assert.is(refusal(() => list().samplePosterior(key, params, draws)).code, "no-latents");
  assert.is(refusal(() => list().median(params)).code, "no-latents");

  const guide = new AutoNormal(continuous);
  inference(continuous, guide).init(key, x, y);
  const { code, message } = refusal(() => guide.samplePosterior(key, { a_auto_loc: tensor(0) }, draws));
  assert.is(code, "no-value");
  assert.match(message, /"a_auto_scale"/);
});

test.run();
