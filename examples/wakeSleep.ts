/**
 * Reweighted wake-sleep on a branching model: a first coin decides whether the datum comes from one normal, or from one of two others, which a
 * second coin chooses. The amortised guide predicts both coins from x; its probabilities are printed beside the exact posterior.
 *
 *     npx tsx examples/wakeSleep.ts
 *     npx tsx examples/wakeSleep.ts --steps 300
 */
import { parseArgs } from "node:util";
import {
  adam,
  Bernoulli,
  module,
  Normal,
  nn,
  plate,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  sigmoid,
  type Tensor,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "3000" } } });
const [pBranch, pLeft] = [0.6, 0.3];
const means = { trunk: 0, left: -3, right: 3 };

interface Data {
  observations: { x: Tensor };
}
const model = ({ observations }: Data) =>
  plate("data", observations.x.length, () => {
    const branch = sample("branch", new Bernoulli(pBranch));
    const left = sample("left", new Bernoulli(pLeft));
    const side = left.mul(means.left - means.right).add(means.right);
    sample("x", new Normal(branch.mul(side), 1), { obs: observations.x });
  });
const guide = ({ observations }: Data) => {
  const net = module("net", nn.mlp([1, 16, 3]));
  const logits = net(observations.x.expandDims(1));
  const [toBranch, given0, given1] = [0, 1, 2].map((k) => logits.slice(k, k + 1, { axis: 1 }).squeeze(1)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  plate("data", observations.x.length, () => {
    const branch = sample("branch", new Bernoulli({ logits: toBranch }));
    sample("left", new Bernoulli({ logits: branch.mul(given1).add(tensor(1).sub(branch).mul(given0)) }));
  });
};

const xs = tensor([-4, -2, -0.5, 0, 0.5, 2, 4]);
const elbo = new ReweightedWakeSleep({ numParticles: 10, insomnia: 0.5, modelHasParams: false });
const { params } = new SVI(model, guide, adam(0.01), elbo).run(random.key(0), Number(flags.steps), {
  observations: { x: xs },
});

const density = (x: number, mean: number) => Math.exp(-0.5 * (x - mean) ** 2);
const exactBranch = (x: number) => {
  const split = pBranch * (pLeft * density(x, means.left) + (1 - pLeft) * density(x, means.right));
  return split / (split + (1 - pBranch) * density(x, means.trunk));
};
const exactLeft = (x: number) => {
  const left = pLeft * density(x, means.left);
  return left / (left + (1 - pLeft) * density(x, means.right));
};
const layer = (x: Tensor, name: string) =>
  x.matmul(params[`${name}/weight`] as Tensor).add(params[`${name}/bias`] as Tensor);
const guessed = sigmoid(layer(layer(xs.expandDims(1), "net/0").tanh(), "net/1")).toArray() as number[][];
console.table(
  (xs.toArray() as number[]).map((x, i) => ({
    x,
    "q(branch | x)": guessed[i]?.[0]?.toFixed(2),
    "p(branch | x)": exactBranch(x).toFixed(2),
    "q(left | branch, x)": guessed[i]?.[2]?.toFixed(2),
    "p(left | branch, x)": exactLeft(x).toFixed(2),
  })),
);
