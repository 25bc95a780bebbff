/** TraceGraphELBO on the chain of `../models.ts` with its mean-field guide. */

import { exp, log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { Stream } from "../../autodiff/kernels/random/index.js";
import { Adam, Keys, type Start } from "./tools.js";

const K = 3;

/** The score of z_t is multiplied by the terms of z_t and x_t and by the next transition, because other terms do not depend on z_t. */
export function chain(start: Start): () => number {
  const logits = (start.params.logits as Float64Array).slice();
  const length = logits.length / K ** 2;
  const keys = new Keys(start);
  const adam = new Adam(logits.length);
  const stream = new Stream();
  const words = new Int32Array(2);
  const [z, cost] = [new Int32Array(length), new Float64Array(length)];
  const [shares, gradient] = [new Float64Array(K * length), new Float64Array(logits.length)];
  // Three log probabilities: a state has the class of the previous state; it has a certain other class; the first state has a certain class.
  const total = Math.log(Math.E + 2);
  const [same, other] = [1 - total, -total];
  const first = [0, 0.1, 0].map((logit) => logit - Math.log(2 + Math.exp(0.1)));
  return () => {
    keys.step();
    keys.fold(0);
    let loss = 0;
    for (let t = 0; t < length; t++) {
      const at = t * K ** 2;
      const [a, b, c] = [logits[at] as number, logits[at + 1] as number, logits[at + 2] as number];
      const top = Math.max(a, b, c);
      const [p, q, r] = [exp(a - top), exp(b - top), exp(c - top)];
      const sum = p + q + r;
      keys.child(t, words);
      const target = stream.at(words[0] as number, words[1] as number, 0).uniform() * sum;
      const k = p > target ? 0 : p + q > target ? 1 : 2;
      const logq = (logits[at + k] as number) - top - log(sum);
      const before = t === 0 ? (first[k] as number) : k === z[t - 1] ? same : other;
      if (t > 0) cost[t - 1] = (cost[t - 1] as number) + before;
      const own = before + (k === t % K ? same : other) - logq;
      z[t] = k;
      cost[t] = own;
      loss -= own;
      shares[K * t] = p / sum;
      shares[K * t + 1] = q / sum;
      shares[K * t + 2] = r / sum;
    }
    for (let t = 0; t < length; t++) {
      const c = cost[t] as number;
      for (let k = 0; k < K; k++) gradient[t * K ** 2 + k] = c * ((shares[K * t + k] as number) - (k === z[t] ? 1 : 0));
    }
    adam.step();
    for (let i = 0; i < logits.length; i++) logits[i] = adam.moved(logits[i] as number, i, gradient[i] as number);
    return loss;
  };
}
