/**
 * What a step of inference costs: guide, model, gradient and Adam together. The coin stands beside the same step written by hand;
 * the other models beside the eager step. `random.beta` is the draw on both sides of the coin.
 */
import { betaDraw, foldIn, Stream, split } from "../autodiff/kernels/random/index.js";
import { digamma, lgamma } from "../autodiff/kernels/special/index.js";
import {
  AutoNormal,
  adam,
  Bernoulli,
  Beta,
  Categorical,
  constraints,
  type Elbo,
  HalfNormal,
  type Model,
  matmul,
  module,
  Normal,
  nn,
  ones,
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
  TraceMeanFieldELBO,
  tensor,
  zeros,
} from "../index.js";
import type { Case } from "./harness.js";

const flips = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0];
const coin: Model = (data: Tensor) => {
  const f = sample("f", new Beta(10, 10));
  plate("flips", 10, () => sample("obs", new Bernoulli(f), { obs: data }));
};
const coinGuide: Model = () => {
  const [a, b] = [
    param("a", 15, { constraint: constraints.positive }),
    param("b", 15, { constraint: constraints.positive }),
  ];
  sample("f", new Beta(a, b).nonreparameterized(), { infer: { baseline: { useDecayingAvgBaseline: true } } });
};

/** Steps of an inference, each from the state that the one before left, after the first few. */
function stepping(model: Model, guide: Model, elbo: Elbo, args: unknown[], jit: boolean, warm = 4): () => number {
  const svi = new SVI(model, guide, adam(1e-3), elbo, { jit });
  let state = svi.init(random.key(0), ...args);
  const step = (): number => {
    const [next, loss] = svi.update(state, ...args);
    state = next;
    return loss;
  };
  for (let i = 0; i < warm; i++) step();
  return step;
}

/** The coin's step by hand: the same draw, the score gradient of both log parameters, Adam, the decaying average. */
function coinByHand(): () => number {
  const [b1, b2, rate, beta] = [0.9, 0.999, 1e-3, 0.9];
  const u = [Math.log(15), Math.log(15)] as [number, number];
  const [m, v] = [new Float64Array(2), new Float64Array(2)];
  const keys = new Float64Array(4);
  const sub = new Float64Array(2);
  split(0, 0, 2, keys);
  const stream = new Stream();
  let [average, t] = [0, 0];
  const logBetaOf = (a: number, b: number) => lgamma(a) + lgamma(b) - lgamma(a + b);
  const prior = logBetaOf(10, 10);
  return () => {
    split(keys[0] as number, keys[1] as number, 2, keys);
    foldIn(keys[2] as number, keys[3] as number, 0, sub);
    const [a, b] = [Math.exp(u[0]), Math.exp(u[1])];
    const f = betaDraw(stream.at(sub[0] as number, sub[1] as number, 0), a, b);
    const [l1, l0] = [Math.log(f), Math.log1p(-f)];
    let logLikelihood = 0;
    for (const y of flips) logLikelihood += y === 1 ? l1 : l0;
    const elbo = 9 * l1 + 9 * l0 - prior + logLikelihood - ((a - 1) * l1 + (b - 1) * l0 - logBetaOf(a, b));
    const gain = elbo - average;
    average = beta * average + (1 - beta) * elbo;
    const total = digamma(a + b);
    const grads = [-gain * (l1 - digamma(a) + total) * a, -gain * (l0 - digamma(b) + total) * b];
    t++;
    for (let i = 0; i < 2; i++) {
      const g = grads[i] as number;
      m[i] = b1 * (m[i] as number) + (1 - b1) * g;
      v[i] = b2 * (v[i] as number) + (1 - b2) * g * g;
      u[i] =
        (u[i] as number) -
        (rate * ((m[i] as number) / (1 - b1 ** t))) / (Math.sqrt((v[i] as number) / (1 - b2 ** t)) + 1e-8);
    }
    return -elbo;
  };
}

/** Steps of the coin, for those who count what they leave behind. */
export const stepsOfCoin = (jit: boolean): (() => number) =>
  stepping(coin, coinGuide, new TraceGraphELBO(), [tensor(flips)], jit);

const mixtureData = random.normal(random.key(1), [200]).add(random.randint(random.key(2), [200], -1, 2).mul(3));
const mixture: Model = (xs: Tensor) =>
  plate("data", 200, () => {
    const z = sample("z", new Categorical({ logits: param("weights", zeros([3])) }));
    sample("x", new Normal(param("locs", tensor([-1, 0, 1])).at(z), 1), { obs: xs });
  });
const mixtureGuide =
  (enumerate: "parallel" | null): Model =>
  () =>
    plate("data", 200, () =>
      sample("z", new Categorical({ logits: param("logits", zeros([200, 3])) }), { infer: { enumerate } }),
    );

const eye3 = tensor([
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
]);
const chain =
  (length: number): Model =>
  () => {
    let z: Tensor | null = null;
    for (let t = 0; t < length; t++) {
      z = sample(`z${t}`, new Categorical({ logits: z === null ? tensor([0, 0.1, 0]) : eye3.at(z) }));
      sample(`x${t}`, new Categorical({ logits: eye3.at(z) }), { obs: t % 3 });
    }
  };
const chainGuide =
  (length: number, isChain: boolean): Model =>
  () => {
    const logits = param("logits", zeros([length, 3, 3]));
    let z: Tensor | null = null;
    for (let t = 0; t < length; t++)
      z = sample(`z${t}`, new Categorical({ logits: logits.at(t).at(isChain && z !== null ? z : 0) }));
  };

const schools: Model = (y: Tensor, sigma: Tensor) => {
  const [mu, tau] = [sample("mu", new Normal(0, 5)), sample("tau", new HalfNormal(5))];
  plate("schools", 8, () => sample("y", new Normal(mu.add(tau.mul(sample("z", new Normal(0, 1)))), sigma), { obs: y }));
};
const schoolsData = [tensor([28, 8, -3, 7, -1, 1, 18, 12]), tensor([15, 10, 16, 11, 9, 11, 10, 18])];

const regression: Model = (x: Tensor, y: Tensor) => {
  const w = sample("w", new Normal(zeros([x.shape[1] as number]), ones([x.shape[1] as number])).toEvent(1));
  plate("data", x.length, () => sample("y", new Bernoulli({ logits: matmul(x, w) }), { obs: y }));
};
const regressionGuide: Model = (x: Tensor) => {
  const d = x.shape[1] as number;
  const scale = param("scale", ones([d]).mul(0.1), { constraint: constraints.positive });
  sample("w", new Normal(param("loc", zeros([d])), scale).toEvent(1));
};
const regressionData = (n: number, d: number) => [
  random.normal(random.key(3), [n, d]),
  random.bernoulli(random.key(4), 0.5, [n]),
];

interface Observed {
  observations: { x: number };
}
const scalar: Model = ({ observations }: Observed) => {
  sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: observations.x });
};
const scalarGuide: Model = () => {
  sample("z", new Normal(param("m", 0.3), param("s", 1, { constraint: constraints.positive })));
};

// The VAE: 784 pixels, 256 hidden units, a latent of 20 dimensions, all 128 pictures of a batch.
const pictures = () => [random.bernoulli(random.key(5), 0.3, [128, 784])];
const vae: Model = (x: Tensor) =>
  plate("data", 128, () => {
    const z = sample("z", new Normal(zeros([128, 20]), 1).toEvent(1));
    sample("x", new Bernoulli({ logits: module("decoder", nn.mlp([20, 256, 784]))(z) }).toEvent(1), { obs: x });
  });
const vaeGuide: Model = (x: Tensor) =>
  plate("data", 128, () => {
    const code = module("encoder", nn.mlp([784, 256, 40]))(x);
    const scale = code.slice(20, 40, { axis: 1 }).exp();
    sample("z", new Normal(code.slice(0, 20, { axis: 1 }), scale).toEvent(1));
  });

const beside = (
  name: string,
  model: Model,
  guide: Model,
  elbo: () => Elbo,
  args: unknown[] = [],
  isLong = false,
): Case => ({
  name: `svi/${name}`,
  isRandom: true,
  isLong,
  make: () => ({
    compiled: stepping(model, guide, elbo(), args, true),
    eager: stepping(model, guide, elbo(), args, false),
  }),
});
const graph = () => new TraceGraphELBO();

export const cases: readonly Case[] = [
  {
    name: "svi/coin TraceGraphELBO with baseline",
    isRandom: true,
    targets: { compiled: 3 },
    make: () => ({
      compiled: stepping(coin, coinGuide, new TraceGraphELBO(), [tensor(flips)], true),
      eager: stepping(coin, coinGuide, new TraceGraphELBO(), [tensor(flips)], false),
      "by hand": coinByHand(),
    }),
  },
  beside("mixture N=200 K=3 TraceGraphELBO", mixture, mixtureGuide(null), graph, [mixtureData]),
  beside("mixture N=200 K=3 TraceEnumELBO", mixture, mixtureGuide("parallel"), () => new TraceEnumELBO(), [
    mixtureData,
  ]),
  ...[5, 20, 80, 320].map((t) =>
    beside(`chain T=${t} mean-field guide`, chain(t), chainGuide(t, false), graph, [], t > 20),
  ),
  ...[5, 20, 80, 320].map((t) => beside(`chain T=${t} chain guide`, chain(t), chainGuide(t, true), graph, [], t > 20)),
  ...[false, true].map(
    (isChain): Case => ({
      name: `svi/chain ${isChain ? "chain" : "mean-field"} guide, growth from T=80 to T=320`,
      isRandom: true,
      isLong: true,
      targets: { "T=320": isChain ? 6 : 4.6 },
      make: () => ({
        // V8 takes some hundred calls for a text of ten thousand lines.
        "T=320": stepping(chain(320), chainGuide(320, isChain), graph(), [], true, 2000),
        "T=80": stepping(chain(80), chainGuide(80, isChain), graph(), [], true, 2000),
      }),
    }),
  ),
  beside("eight schools AutoNormal", schools, new AutoNormal(schools), () => new TraceELBO(), schoolsData),
  ...[1, 16].map((k) =>
    beside(
      `logistic regression 1000x10, ${k} particles`,
      regression,
      regressionGuide,
      () => new TraceELBO({ numParticles: k }),
      regressionData(1000, 10),
    ),
  ),
  ...[1, 16].map((k) =>
    beside(
      `logistic regression 50000x50, ${k} particles`,
      regression,
      regressionGuide,
      () => new TraceELBO({ numParticles: k }),
      regressionData(50_000, 50),
      true,
    ),
  ),
  beside("VAE 784-256-20, batch 128", vae, vaeGuide, () => new TraceMeanFieldELBO(), pictures(), true),
  beside("scalar normal RenyiELBO, 10 particles", scalar, scalarGuide, () => new RenyiELBO({ numParticles: 10 }), [
    { observations: { x: 0.6 } },
  ]),
  beside(
    "scalar normal wake-sleep, 10 particles",
    scalar,
    scalarGuide,
    () => new ReweightedWakeSleep({ numParticles: 10, insomnia: 0.5 }),
    [{ observations: { x: 0.6 } }],
  ),
];
