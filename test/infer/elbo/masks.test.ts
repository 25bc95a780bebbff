/** Autoguides stand under the masks of their model: what does not count leaves the loss alone. The truth is a closed form. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDiagonalNormal,
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  type Elbo,
  type Model,
  mask,
  Normal,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  scale,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

const half = -Math.log(2 * Math.PI) / 2;
/** Models, and log p of what they observe. */
const models: Readonly<Record<string, [Model, number]>> = {
  // z ~ N(0, 1) is seen at 0.5 in the first element and latent in the second; y = 1 ~ N(z, 1) in both.
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
      // The posterior of the latent that counts is N(1/2, 1/2): there the loss is -log p for every draw.
      const guide = new AutoNormal(model);
      const { params } = new SVI(model, guide, adam(0.02), elboOf(10)).run(random.key(0), 1500);
      const loss = elboOf(4000).loss(random.key(1), params, model, guide).item();
      assert.ok(Math.abs(loss + evidence) < 0.02, `loss ${loss}, -log p ${-evidence}`);
    });

test("joint guides refuse masked latents by name", () => {
  for (const Guide of [AutoDiagonalNormal, AutoMultivariateNormal])
    for (const [model] of Object.values(models))
      refuses(
        () => new Guide(model)(),
        /has one distribution over all latents, which cannot leave out the masked elements of "z.*AutoNormal/,
      );
});

test("a latent masked inside its event is refused by every autoguide: no factor could leave a part of it out", () => {
  const inside: Model = () => {
    const z = sample("z", new Normal(0, 1).expand([2]).mask([1, 0]).toEvent(1));
    sample("y", new Normal(z.sum(), 1), { obs: 1 });
  };
  for (const Guide of [AutoNormal, AutoDiagonalNormal])
    refuses(() => new Guide(inside)(), new RegExp(`${Guide.name}: latent site "z" is masked inside its event`));
});

test("a mask or a scale with more elements than a site would count it several times, and is refused in its name", () => {
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
  // With an element for each of its own a site counts each once: log p, masked and scaled by hand.
  const fits: Model = () => {
    plate("d", 3, () =>
      mask(() => scale(() => sample("x", new Normal(0, 1), { obs: [1, 2, 3] }), [1, 2, 3])(), [1, 0, 1])(),
    );
  };
  const want = -(half - 0.5 + 3 * (half - 4.5));
  assert.ok(Math.abs(new TraceELBO().loss(random.key(0), {}, fits, () => {}).item() - want) < 1e-12);
});

test.run();
