/** TraceGraphELBO on the mixture of `../models.ts`. SIMD code handles the guide's logits class by class, two rows at a time. */

import { exp, log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { Adam, adamText, drawKernel, Keys, memoryFor, type Start } from "./tools.js";

const [N, K] = [200, 3];
const ROW = 8 * N;
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

export function mixture(start: Start, xs: Float64Array): () => number {
  const { simd, at, arrays } = memoryFor({
    logits: N * K,
    mean: N * K,
    square: N * K,
    weights: N * K,
    totals: N,
    shifts: N,
    classes: N,
    costs: N,
    uniforms: N,
    key: 2,
    factors: 2,
  });
  const each = (text: (k: number) => string): string => [0, 1, 2].map(text).join("\n");
  /** `before`: exp(logits - top), their sum, and log sum + top. `after`: the gradient cost (softmax - one-hot class), and Adam. */
  const { before, after } = simd.compile(`
function before() {
  let i = 0;
  while (i !== ${ROW}) {
    ${each((k) => `let l${k} = load(i + ${at.logits + k * ROW});`)}
    let top = larger(larger(l0, l1), l2);
    ${each((k) => `let e${k} = exp(l${k} - top); store(i + ${at.weights + k * ROW}, e${k});`)}
    let total = e0 + e1 + e2;
    store(i + ${at.totals}, total);
    store(i + ${at.shifts}, log(total) + top);
    i = i + 16;
  }
}
function after() {
  let rate = loadSame(${at.factors});
  let scale = loadSame(${at.factors + 8});
  let i = 0;
  while (i !== ${ROW}) {
    let z = load(i + ${at.classes});
    let cost = load(i + ${at.costs});
    let share = cost / load(i + ${at.totals});
    ${each((k) => {
      const [x, m, v] = [at.logits, at.mean, at.square].map((from) => `i + ${from + k * ROW}`) as [
        string,
        string,
        string,
      ];
      return `let g = share * load(i + ${at.weights + k * ROW}) - (z === ${k} ? cost : 0);${adamText(x, m, v, "g")}`;
    })}
    i = i + 16;
  }
}`) as { before: () => void; after: () => void };
  const { logits, weights: shares, totals, shifts, classes, costs, uniforms, key, factors } = arrays;
  const draw = drawKernel(simd, "uniforms");
  const given = start.params.logits as Float64Array;
  for (let i = 0; i < N * K; i++) logits[(i % K) * N + Math.floor(i / K)] = given[i] as number;
  const [weights, locs] = [start.params.weights, start.params.locs].map((x) => (x as Float64Array).slice()) as [
    Float64Array,
    Float64Array,
  ];
  const keys = new Keys(start);
  const adam = new Adam(2 * K);
  const [counts, sums, logw] = [new Float64Array(K), new Float64Array(K), new Float64Array(K)];
  return () => {
    keys.step();
    keys.fold(0);
    keys.fold(0);
    keys.write(key);
    draw(at.uniforms, at.key, N, 0);
    before();
    const top = Math.max(weights[0] as number, weights[1] as number, weights[2] as number);
    let total = 0;
    for (let k = 0; k < K; k++) total += exp((weights[k] as number) - top);
    for (let k = 0; k < K; k++) {
      logw[k] = (weights[k] as number) - top - log(total);
      counts[k] = 0;
      sums[k] = 0;
    }
    let loss = 0;
    for (let i = 0; i < N; i++) {
      const target = (uniforms[i] as number) * (totals[i] as number);
      const [p, q] = [shares[i] as number, (shares[i] as number) + (shares[i + N] as number)];
      const z = (p <= target ? 1 : 0) + (q <= target ? 1 : 0);
      const rest = (xs[i] as number) - (locs[z] as number);
      const cost =
        (logw[z] as number) -
        0.5 * rest * rest -
        LOG_SQRT_2PI -
        ((logits[z * N + i] as number) - (shifts[i] as number));
      loss -= cost;
      counts[z] = (counts[z] as number) + 1;
      sums[z] = (sums[z] as number) + rest;
      classes[i] = z;
      costs[i] = cost;
    }
    adam.step();
    factors[0] = adam.rate;
    factors[1] = adam.scale;
    after();
    for (let k = 0; k < K; k++) {
      locs[k] = adam.moved(locs[k] as number, k, -(sums[k] as number));
      weights[k] = adam.moved(weights[k] as number, K + k, N * exp(logw[k] as number) - (counts[k] as number));
    }
    return loss;
  };
}
