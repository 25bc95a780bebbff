/**
 * The rows that are compared with NumPyro's compiled loop. `loops.py` has the same models, and makes the same data, from sines. So both
 * libraries fit the same data from the same initial parameters.
 */
import {
  AutoMultivariateNormal,
  AutoNormal,
  arange,
  type Elbo,
  initToValue,
  type Model,
  ones,
  RenyiELBO,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
  zeros,
} from "../library.js";
import {
  chain,
  chainGuide,
  coin,
  flips,
  mixture,
  mixtureGuide,
  regression,
  regressionGuide,
  scalar,
  scalarGuide,
  schools,
  schoolsData,
  vae,
  vaeGuide,
} from "../models.js";
import {
  coinGuide,
  enumeratedMixture,
  filtered,
  gaussian,
  hiddenMarkov,
  process,
  processStart,
  volatility,
  volatilityStart,
  wave,
} from "./models.js";

/** A model, a guide and an estimator. `rival` is the name of the same row in `loops.py`, by default `name`. */
export interface Loop {
  readonly name: string;
  readonly rival?: string;
  readonly model: Model;
  readonly guide: Model;
  readonly elbo: Elbo;
  /** Makes the data. It is called when the row is measured, because the data of some rows take 20 MB. */
  readonly args?: () => readonly unknown[];
  /** Initial values of parameters that would otherwise be random. */
  readonly initParams?: () => Record<string, Tensor>;
  /** The number of losses that are averaged in the check that both libraries estimate the same number. */
  readonly draws?: number;
  /** The largest acceptable ratio to NumPyro's time. */
  readonly target: number;
}

const empty: Model = () => {};
const layer = (from: number, to: number, seed: number): Tensor => wave([from, to], seed).mul(0.05);
const networks = () => ({
  "encoder/0/weight": layer(784, 256, 1),
  "encoder/1/weight": layer(256, 40, 2),
  "decoder/0/weight": layer(20, 256, 3),
  "decoder/1/weight": layer(256, 784, 4),
});
const schoolsStart = initToValue({ mu: 0, tau: 1, z: zeros([8]) });
const mixtureArgs = () => [
  wave([200], 0)
    .mul(1.4)
    .round()
    .mul(3)
    .add(wave([200], 1)),
];
const regressionArgs = (n: number, d: number) => [wave([n, d], 0), wave([n], 1).greater(0)];

/** The rows in the order of the table in docs/bench.md. */
export const works: readonly Loop[] = [
  {
    name: "coin TraceGraphELBO, no baseline",
    model: coin,
    guide: coinGuide,
    elbo: new TraceGraphELBO(),
    args: () => [tensor(flips)],
    target: 0.54,
  },
  {
    name: "eight schools AutoNormal",
    model: schools,
    guide: new AutoNormal(schools, { initLocFn: schoolsStart }),
    elbo: new TraceELBO(),
    args: () => schoolsData,
    target: 1,
  },
  {
    name: "eight schools AutoMultivariateNormal",
    model: schools,
    guide: new AutoMultivariateNormal(schools, { initLocFn: schoolsStart }),
    elbo: new TraceELBO(),
    args: () => schoolsData,
    target: 1,
  },
  {
    name: "scalar normal RenyiELBO, 10 particles",
    model: scalar,
    guide: scalarGuide,
    elbo: new RenyiELBO({ numParticles: 10 }),
    args: () => [{ observations: { x: 0.6 } }],
    target: 1,
  },
  {
    name: "mixture N=200 K=3 TraceGraphELBO",
    model: mixture,
    guide: mixtureGuide(null),
    elbo: new TraceGraphELBO(),
    args: mixtureArgs,
    target: 1,
  },
  {
    name: "mixture N=200 K=3 enumerated in the model",
    model: enumeratedMixture,
    guide: empty,
    elbo: new TraceEnumELBO(),
    args: mixtureArgs,
    target: 1.3,
  },
  {
    name: "multivariate normal, 50 dims",
    model: gaussian,
    guide: new AutoMultivariateNormal(gaussian, { initLocFn: initToValue({ z: ones([50]).mul(0.1) }) }),
    elbo: new TraceELBO(),
    target: 1,
  },
  {
    name: "stochastic volatility, T=500",
    model: volatility,
    guide: new AutoNormal(volatility, { initLocFn: volatilityStart }),
    elbo: new TraceELBO(),
    args: () => [wave([500], 2).mul(0.02)],
    target: 0.29,
  },
  ...[5, 20].map((t) => ({
    name: `chain T=${t} mean-field guide`,
    model: chain(t),
    guide: chainGuide(t, false),
    elbo: new TraceGraphELBO(),
    target: 1,
  })),
  {
    name: "logistic regression 1000x10, 1 particle",
    model: regression,
    guide: regressionGuide,
    elbo: new TraceELBO(),
    args: () => regressionArgs(1000, 10),
    target: 1,
  },
  ...[1, 16].map((numParticles) => ({
    name: `logistic regression 50000x50, ${numParticles} particle${numParticles > 1 ? "s" : ""}`,
    model: regression,
    guide: regressionGuide,
    elbo: new TraceELBO({ numParticles }),
    args: () => regressionArgs(50_000, 50),
    draws: 100,
    target: numParticles > 1 ? 0.7 : 1,
  })),
  {
    name: "VAE 784-256-20, batch 128",
    model: vae,
    guide: vaeGuide,
    elbo: new TraceMeanFieldELBO(),
    args: () => [wave([128, 784], 0).greater(0.5)],
    initParams: networks,
    draws: 50,
    target: 2.5,
  },
  {
    name: "Gaussian process, 200 points",
    model: process,
    guide: new AutoNormal(process, { initLocFn: processStart }),
    elbo: new TraceELBO(),
    args: () => [arange(200).div(20), wave([200], 0)],
    draws: 200,
    target: 2.8,
  },
  ...[50, 200].flatMap((t) => [
    {
      name: `HMM K=10 T=${t}, enumerated`,
      rival: `HMM K=10 T=${t}`,
      model: hiddenMarkov,
      guide: empty,
      elbo: new TraceEnumELBO(),
      args: () => [wave([t], 0).mul(5)],
      draws: 5,
      target: 4.5,
    },
    {
      name: `HMM K=10 T=${t}, DiscreteHMM`,
      rival: `HMM K=10 T=${t}`,
      model: filtered,
      guide: empty,
      elbo: new TraceELBO(),
      args: () => [wave([t], 0).mul(5)],
      draws: 5,
      target: 1.5,
    },
  ]),
];
