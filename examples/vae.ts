/**
 * A variational autoencoder on digits it makes itself: seven-segment figures of 9 by 5 pixels with flipped noise. Encoder and
 * decoder are small networks; the latent plane has two dimensions. Prints losses, and some digits beside what comes back.
 *
 *     npx tsx examples/vae.ts
 *     npx tsx examples/vae.ts --steps 200
 */
import { parseArgs } from "node:util";
import {
  adam,
  Bernoulli,
  module,
  Normal,
  nn,
  ones,
  plate,
  random,
  SVI,
  sample,
  sigmoid,
  softplus,
  subsample,
  type Tensor,
  TraceMeanFieldELBO,
  tensor,
  zeros,
} from "../index.js";
import { clean, images } from "./digits.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "1500" } } });

const N = images.length;

const decode = (z: Tensor) => module("decoder", nn.mlp([2, 32, 45]))(z);
const model = (xs: Tensor) =>
  plate("data", N, { subsampleSize: 100 }, (i) => {
    const z = sample("z", new Normal(zeros([i.length, 2]), ones([2])).toEvent(1));
    sample("x", new Bernoulli({ logits: decode(z) }).toEvent(1), { obs: subsample(xs, { eventDim: 1 }) });
  });
const guide = (xs: Tensor) =>
  plate("data", N, { subsampleSize: 100 }, () => {
    const code = module("encoder", nn.mlp([45, 32, 4]))(subsample(xs, { eventDim: 1 }));
    sample(
      "z",
      new Normal(code.slice(0, 2, { axis: 1 }), softplus(code.slice(2, 4, { axis: 1 })).add(1e-3)).toEvent(1),
    );
  });

const svi = new SVI(model, guide, adam(5e-3), new TraceMeanFieldELBO());
const { params, losses } = svi.run(random.key(0), Number(flags.steps), images);
const average = (xs: Float64Array) => xs.reduce((a, b) => a + b, 0) / xs.length / N;
console.log(
  `loss per digit: first steps ${average(losses.slice(0, 10)).toFixed(2)}, last steps ${average(losses.slice(-10)).toFixed(2)} nats`,
);

const layer = (x: Tensor, name: string) =>
  x.matmul(params[`${name}/weight`] as Tensor).add(params[`${name}/bias`] as Tensor);
const codes = layer(layer(tensor(clean), "encoder/0").tanh(), "encoder/1").slice(0, 2, { axis: 1 });
const back = sigmoid(layer(layer(codes, "decoder/0").tanh(), "decoder/1")).toArray() as number[][];
const draw = (pixels: number[], row: number) =>
  pixels
    .slice(5 * row, 5 * row + 5)
    .map((p) => (p > 0.5 ? "█" : p > 0.2 ? "▒" : " "))
    .join("");
for (const set of [
  [0, 1, 2, 3, 4],
  [5, 6, 7, 8, 9],
])
  for (let row = 0; row < 9; row++)
    console.log(set.map((d) => `${draw(clean[d] as number[], row)} ${draw(back[d] as number[], row)}`).join("   "));
const wrong = back.reduce((sum, pixels, d) => sum + pixels.filter((p, i) => Math.round(p) !== clean[d]?.[i]).length, 0);
console.log(`${wrong} of 450 pixels of the clean digits come back wrong (left: digit, right: what comes back)`);
