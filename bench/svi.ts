/**
 * The time of an SVI step: guide, model, gradient and Adam together. The coin is compared with the same step written by hand, which draws
 * from the same beta distribution; the other models are compared with their eager step.
 */
import { betaDraw, foldIn, Stream, split } from "../autodiff/kernels/random/index.js";
import { digamma, lgamma } from "../autodiff/kernels/special/index.js";
import {
  AutoNormal,
  adam,
  type Elbo,
  jit,
  type Model,
  matmul,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
} from "../index.js";
import type { Case } from "./harness.js";
import {
  chain,
  chainGuide,
  coin,
  coinGuide,
  flips,
  mixture,
  mixtureData,
  mixtureGuide,
  pictures,
  regression,
  regressionData,
  regressionGuide,
  scalar,
  scalarGuide,
  schools,
  schoolsData,
  vae,
  vaeGuide,
} from "./models.js";

/** A function that makes one SVI step after another, each from the state of the step before. The first `warm` steps are already made. */
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

/** The same steps by `svi.steps`, whose state stays in memory. */
function loopOf(model: Model, guide: Model, elbo: Elbo, args: unknown[]): () => number {
  const svi = new SVI(model, guide, adam(1e-3), elbo, { jit: true });
  const steps = svi.steps(random.key(0), { numSteps: Infinity }, ...args)[Symbol.iterator]();
  return () => steps.next().value.loss;
}

/** The coin's step by hand: the same draw, the score-function gradient of both log parameters, Adam, and the decaying average. */
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

/** Steps of the coin, for measurements of the heap. */
export const stepsOfCoin = (jit: boolean): (() => number) =>
  stepping(coin, coinGuide, new TraceGraphELBO(), [tensor(flips)], jit);

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

/** The matrix products of a step of the VAE, forward and backward, compiled: a lower bound for the step. */
function vaeProducts(): () => unknown {
  const draw = (shape: number[], i: number): Tensor => random.normal(random.key(i), shape);
  const layers = [draw([784, 256], 0), draw([256, 40], 1), draw([20, 256], 2), draw([256, 784], 3)];
  const values = [draw([128, 784], 4), draw([128, 256], 5), draw([128, 20], 6), draw([128, 256], 7)];
  const results = [draw([128, 256], 8), draw([128, 40], 9), draw([128, 256], 10), draw([128, 784], 11)];
  // The first layer needs no gradient for its input, a picture.
  const all = jit((weights: Tensor[], inputs: Tensor[], outputs: Tensor[]) =>
    weights.flatMap((w, k) => {
      const [x, g] = [inputs[k] as Tensor, outputs[k] as Tensor];
      const products = [matmul(x, w), matmul(x.transpose(), g), ...(k === 0 ? [] : [matmul(g, w.transpose())])];
      return products.map((y) => y.sum());
    }),
  );
  return () => all(layers, values, results);
}

export const cases: readonly Case[] = [
  {
    name: "svi/coin TraceGraphELBO with baseline",
    isRandom: true,
    targets: { compiled: 3, "svi.steps": 2 },
    make: () => ({
      compiled: stepping(coin, coinGuide, new TraceGraphELBO(), [tensor(flips)], true),
      "svi.steps": loopOf(coin, coinGuide, new TraceGraphELBO(), [tensor(flips)]),
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
        // V8 needs several hundred calls to optimise ten thousand lines of code.
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
  {
    name: "svi/VAE 784-256-20, batch 128, beside its matrix products",
    isRandom: true,
    isLong: true,
    make: () => ({
      compiled: stepping(vae, vaeGuide, new TraceMeanFieldELBO(), pictures(), true),
      "products alone": vaeProducts(),
    }),
  },
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
