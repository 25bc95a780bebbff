/**
 * The lesson of Pyro's "SVI Part III": known dependencies lower the variance. A mixture of three Gaussians with one discrete assignment per
 * datum, written in three ways: with a plate, which declares the data independent; with toEvent(1), which makes them one event whose elements
 * provenance still distinguishes; and as one event of which provenance has only the name of the site. The model is the same, but the variance
 * of the gradient is not.
 *
 *     npx tsx examples/gaussianMixture.ts
 *     npx tsx examples/gaussianMixture.ts --draws 500 --steps 200
 */
import { parseArgs } from "node:util";
import {
  adam,
  Categorical,
  type Model,
  Normal,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceGraphELBO,
  tensor,
  trackProvenance,
  vmap,
} from "../index.js";

const { values: flags } = parseArgs({
  options: { draws: { type: "string", default: "2000" }, steps: { type: "string", default: "2000" } },
});
const [numDraws, numSteps] = [Number(flags.draws), Number(flags.steps)];

const N = 60;
const truth = [-3, 0, 3];
const assigned = random.categorical(random.key(1), tensor([0, 0, 0]), [N]);
const data = tensor(truth)
  .at(assigned)
  .add(random.normal(random.key(2), [N]).mul(0.6));

const observe = (z: Tensor) => new Normal(param("locs", tensor([-1, 0.3, 1])).at(z), 0.6);
const assignment = () => new Categorical({ logits: param("logits", random.normal(random.key(3), [N, 3])) });
const prior = new Categorical({ logits: [0, 0, 0] });

const withPlate: { model: Model; guide: Model } = {
  model: () => plate("data", N, () => sample("x", observe(sample("z", prior)), { obs: data })),
  guide: () => plate("data", N, () => sample("z", assignment())),
};
const asOneEvent: { model: Model; guide: Model } = {
  model: () => sample("x", observe(sample("z", prior.expand([N]).toEvent(1))).toEvent(1), { obs: data }),
  guide: () => sample("z", assignment().toEvent(1)),
};
// This provenance has the name of the site but no axes, so a value that depends on z counts as depending on all of its elements.
const byNameAlone: { model: Model; guide: Model } = {
  ...asOneEvent,
  model: () => {
    const z = trackProvenance(sample("z", prior.expand([N]).toEvent(1)), "z");
    sample("x", observe(z).toEvent(1), { obs: data });
  },
};

/** The variance of the gradient for the assignment logits, summed over components. */
function gradientVariance({ model, guide }: { model: Model; guide: Model }): number {
  const svi = new SVI(model, guide, adam(1e-2), new TraceGraphELBO());
  const { params } = svi.init(random.key(0));
  const draw = (key: Tensor) => new TraceGraphELBO().lossAndGrads(key, params, model, guide)[1].logits as Tensor;
  const grads: Tensor = vmap(draw)(random.split(random.key(4), numDraws));
  return grads.sub(grads.mean(0)).square().mean(0).sum().item();
}

const variances = {
  plate: gradientVariance(withPlate),
  event: gradientVariance(asOneEvent),
  name: gradientVariance(byNameAlone),
};
console.log(`Gradient variance over ${numDraws} draws, summed over ${3 * N} assignment logits:`);
console.table({
  "plate (elements independent)": { variance: variances.plate.toFixed(1) },
  "toEvent(1) (one event)": { variance: variances.event.toFixed(1) },
  "toEvent(1), the name alone": { variance: variances.name.toFixed(1) },
});

const svi = new SVI(withPlate.model, withPlate.guide, adam(0.02), new TraceGraphELBO());
const { params } = svi.run(random.key(5), numSteps);
const locs = [...(params.locs as Tensor).toFloat64Array()].sort((a, b) => a - b);
console.log(
  `\nComponent means after ${numSteps} steps with the plate: ${locs.map((x) => x.toFixed(2)).join(", ")} (truth ${truth.join(", ")})`,
);
