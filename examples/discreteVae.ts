/**
 * A variational autoencoder with 20 binary latents, trained by DisARM on the digits of pictures.ts. Then the variance of the encoder's gradient
 * is compared under three unbiased estimators, each of which runs the model twice. Only the options of the sample statement differ.
 *
 *     npx tsx examples/discreteVae.ts
 *     npx tsx examples/discreteVae.ts --draws 50 --steps 50
 */
import { parseArgs } from "node:util";
import {
  adam,
  Bernoulli,
  type InferOptions,
  type Model,
  module,
  nn,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceGraphELBO,
  zeros,
} from "../index.js";
import { drawDigits } from "./pictures.js";

const { values: flags } = parseArgs({
  options: { draws: { type: "string", default: "200" }, steps: { type: "string", default: "300" } },
});
const [numDraws, numSteps] = [Number(flags.draws), Number(flags.steps)];
const data = drawDigits(random.key(1), 50).images;
const N = data.length;

const model: Model = (xs: Tensor) =>
  plate("data", N, () => {
    const z = sample("z", new Bernoulli({ logits: zeros([N, 20]) }).toEvent(1));
    sample("x", new Bernoulli({ logits: module("decoder", nn.mlp([20, 32, 120]))(z) }).toEvent(1), { obs: xs });
  });
const guide =
  (infer: InferOptions): Model =>
  (xs: Tensor) =>
    plate("data", N, () =>
      sample("z", new Bernoulli({ logits: module("encoder", nn.mlp([120, 32, 20]))(xs) }).toEvent(1), { infer }),
    );

const svi = new SVI(model, guide({ gradient: "disarm" }), adam(5e-3), new TraceGraphELBO());
const { params, losses } = svi.run(random.key(0), numSteps, data);
const perDigit = (i: number): string => ((losses.at(i) as number) / N).toFixed(2);
console.log(`loss per digit: ${perDigit(0)} at the first step, ${perDigit(-1)} at the last (nats)`);

/** The variance of the encoder's gradient, summed over its parameters. */
function gradientVariance(infer: InferOptions, numParticles: number): number {
  const elbo = new TraceGraphELBO({ numParticles });
  const draws = Array.from(
    { length: numDraws },
    (_, i) => elbo.lossAndGrads(random.key(i), params, model, guide(infer), data)[1],
  );
  return Object.keys(params)
    .filter((name) => name.startsWith("encoder/"))
    .map((name) => {
      const rows = draws.map((grads) => grads[name] as Tensor);
      const mean = rows.reduce((a, b) => a.add(b)).div(numDraws);
      return rows.reduce((sum, row) => sum + row.sub(mean).square().sum().item(), 0) / (numDraws - 1);
    })
    .reduce((a, b) => a + b, 0);
}
console.log(`Variance of the encoder's gradient over ${numDraws} draws:`);
console.table({
  "score function, 2 particles": { variance: gradientVariance({}, 2).toPrecision(3) },
  "the same, leave-one-out": { variance: gradientVariance({ baseline: { leaveOneOut: true } }, 2).toPrecision(3) },
  "DisARM, one antithetic pair": { variance: gradientVariance({ gradient: "disarm" }, 1).toPrecision(3) },
});
