/**
 * Lower bounds for the rows that are compared with NumPyro: the same step written by hand for one model, with the library's random numbers,
 * elementary functions and SIMD code. The losses of the first steps must agree.
 */
import { adam, random, SVI, type Tensor } from "../index.js";
import { chain } from "./byHand/chain.js";
import { mixture } from "./byHand/mixture.js";
import { normal50 } from "./byHand/normal50.js";
import { renyi } from "./byHand/renyi.js";
import type { Start } from "./byHand/tools.js";
import { vae } from "./byHand/vae.js";
import type { Case } from "./harness.js";
import { SCALE_TRIL } from "./peers/models.js";
import { type Loop, works } from "./peers/works.js";

type ByHand = (start: Start, args: readonly unknown[]) => () => number;
const steps: Readonly<Record<string, ByHand>> = {
  "scalar normal RenyiELBO, 10 particles": (start) => renyi(start),
  "mixture N=200 K=3 TraceGraphELBO": (start, [xs]) => mixture(start, (xs as Tensor).toFloat64Array()),
  "multivariate normal, 50 dims": (start) => normal50(start, SCALE_TRIL.toFloat64Array()),
  "chain T=5 mean-field guide": (start) => chain(start),
  "VAE 784-256-20, batch 128": (start, [pictures]) => vae(start, (pictures as Tensor).toFloat64Array()),
};

const FIRST = 100;

/** A step of `svi.steps` and a step by hand. Throws unless their first losses agree. */
function variants(name: string, byHand: ByHand): Record<string, () => number> {
  const { model, guide, elbo, initParams, args: make } = works.find((work) => work.name === name) as Loop;
  const args = make?.() ?? [];
  const svi = new SVI(model, guide, adam(1e-3), elbo, { jit: true });
  const { params, key } = svi.init(random.key(0), ...args);
  const initial = initParams?.() ?? {};
  const start: Start = {
    params: Object.fromEntries(
      Object.entries({ ...params, ...initial }).map(([path, x]) => [path, x.toFloat64Array()]),
    ),
    key: key.toFloat64Array(),
  };
  const ours = svi.steps(random.key(0), { numSteps: Infinity, initParams: initial }, ...args)[Symbol.iterator]();
  const step = byHand(start, args);
  for (let i = 0; i < FIRST; i++) {
    const [a, b] = [ours.next().value.loss, step()];
    if (!(Math.abs(a - b) <= 1e-12 * Math.abs(a)))
      throw new Error(`${name}: the loss of step ${i} is ${a}, by hand ${b}`);
  }
  return { "svi.steps": () => ours.next().value.loss, "by hand": step };
}

export const cases: readonly Case[] = Object.entries(steps).map(([name, byHand]) => ({
  name: `floors/${name}`,
  isRandom: true,
  make: () => variants(name, byHand),
}));
