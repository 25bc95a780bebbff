/**
 * Bayesian logistic regression on synthetic data: 1,000 rows, ten features, a mean-field normal guide, and minibatches of 100 from a
 * subsampled plate. It prints the posterior beside the weights that generated the data.
 *
 *     npx tsx examples/logisticRegression.ts
 *     npx tsx examples/logisticRegression.ts --steps 300
 */
import { parseArgs } from "node:util";
import {
  adam,
  Bernoulli,
  constraints,
  matmul,
  Normal,
  ones,
  param,
  plate,
  random,
  SVI,
  sample,
  sigmoid,
  subsample,
  type Tensor,
  TraceELBO,
  zeros,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "3000" } } });
const [N, D] = [1000, 10];

const truth = random.normal(random.key(1), [D]);
const features = random.normal(random.key(2), [N, D]);
const labels = random.bernoulli(random.key(3), sigmoid(matmul(features, truth)));

const model = (x: Tensor, y: Tensor) => {
  const weights = sample("weights", new Normal(zeros([D]), ones([D])).toEvent(1));
  plate("data", N, { subsampleSize: 100 }, () => {
    const logits = matmul(subsample(x, { eventDim: 1 }), weights);
    sample("y", new Bernoulli({ logits }), { obs: subsample(y) });
  });
};
const guide = () => {
  const loc = param("loc", zeros([D]));
  const scale = param("scale", ones([D]).mul(0.1), { constraint: constraints.positive });
  sample("weights", new Normal(loc, scale).toEvent(1));
};
// The guide needs no plate, since its only latent lies outside the plate of the model.

const svi = new SVI(model, guide, adam(0.01), new TraceELBO({ numParticles: 4 }));
const { params, losses } = svi.run(random.key(0), Number(flags.steps), features, labels);

const [loc, scale] = [params.loc, params.scale].map((x) => (x as Tensor).toFloat64Array()) as [
  Float64Array,
  Float64Array,
];
console.table(
  truth.toFloat64Array().reduce<Record<string, object>>((rows, w, i) => {
    rows[`w${i}`] = { truth: w.toFixed(2), "posterior mean": loc[i]?.toFixed(2), "posterior sd": scale[i]?.toFixed(2) };
    return rows;
  }, {}),
);
const mean = (xs: Float64Array) => xs.reduce((a, b) => a + b, 0) / xs.length;
console.log(
  `loss per datum: first tenth ${(mean(losses.slice(0, losses.length / 10)) / N).toFixed(3)}, last tenth ${(mean(losses.slice(-losses.length / 10)) / N).toFixed(3)}`,
);
