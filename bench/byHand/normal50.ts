/** TraceELBO with AutoMultivariateNormal on the normal of 50 dimensions of `../peers/models.ts`. */

import { exp } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { Adam, adamText, drawKernel, Keys, memoryFor, type Start } from "./tools.js";

const N = 50;
const ROW = 8 * N;

/**
 * For z = L e + loc and S y = z, log q = -|e|²/2 - Σ log L_ii and log p = -|y|²/2 - Σ log S_ii, both without the constant -N log √(2π). With
 * Sᵀ w = y the gradient of the loss is w for loc, w_i e_j for L_ij, and w_i e_i L_ii - 1 for log L_ii. Rows of L are N numbers apart.
 */
export function normal50(start: Start, scaleTril: Float64Array): () => number {
  const { simd, at, arrays } = memoryFor({
    triangle: N * N,
    mean: N * N,
    square: N * N,
    prior: N * N,
    e: N,
    z: N,
    w: N,
    key: 2,
    factors: 2,
  });
  const { rows, moved } = simd.compile(`
function rows() {
  let i = 0;
  let a = ${at.triangle};
  while (i !== ${ROW}) {
    let s = same(0); let t = s;
    let j = 0;
    let end = i >>> 5 << 5;
    while (j !== end) {
      s = s + load(a + j) * load(j + ${at.e});
      t = t + load(a + j + 16) * load(j + ${at.e + 16});
      j = j + 32;
    }
    s = s + t;
    let total = first(s) + second(s);
    while (j !== i) { total = total + get(a + j) * get(j + ${at.e}); j = j + 8; }
    put(i + ${at.z}, get(i + ${at.z}) + total);
    a = a + ${ROW};
    i = i + 8;
  }
}
function moved() {
  let rate = loadSame(${at.factors});
  let scale = loadSame(${at.factors + 8});
  let i = 0;
  let a = 0;
  while (i !== ${ROW}) {
    let slope = loadSame(i + ${at.w});
    let j = 0;
    let end = i + 8 >>> 4 << 4;
    while (j !== end) {
      let g = slope * load(j + ${at.e});${adamText(`a + j + ${at.triangle}`, `a + j + ${at.mean}`, `a + j + ${at.square}`, "g")}
      j = j + 16;
    }
    a = a + ${ROW};
    i = i + 8;
  }
}`) as { rows: () => void; moved: () => void };
  const { triangle, prior, e, z, w, key, factors } = arrays;
  const [draw, quantiles] = [drawKernel(simd, "tails"), drawKernel(simd, "quantiles")];
  prior.set(scaleTril);
  const given = start.params.auto_scale_tril as Float64Array;
  for (let i = 0, k = 0; i < N; i++) for (let j = 0; j < i; j++) triangle[i * N + j] = given[k++] as number;
  const [loc, logs] = [(start.params.auto_loc as Float64Array).slice(), given.slice(-N)];
  const scales = new Float64Array(N);
  let constant = 0;
  for (let i = 0; i < N; i++) constant += Math.log(scaleTril[i * (N + 1)] as number);
  const keys = new Keys(start);
  const adam = new Adam(2 * N);
  const { kernels } = simd;
  return () => {
    keys.step();
    keys.fold(0);
    keys.fold(0);
    keys.write(key);
    draw(at.e, at.key, N, 0);
    quantiles(at.e, at.e, N, 0);
    let loss = constant;
    for (let i = 0; i < N; i++) {
      const noise = e[i] as number;
      const scale = exp(logs[i] as number);
      scales[i] = scale;
      z[i] = (loc[i] as number) + scale * noise;
      loss -= 0.5 * noise * noise + (logs[i] as number);
    }
    rows();
    w.set(z);
    kernels.solveLower(at.w, at.prior, ROW, N);
    for (let i = 0; i < N; i++) loss += 0.5 * (w[i] as number) * (w[i] as number);
    kernels.solveTransposed(at.w, at.prior, ROW, N);
    adam.step();
    factors[0] = adam.rate;
    factors[1] = adam.scale;
    moved();
    for (let i = 0; i < N; i++) {
      const slope = w[i] as number;
      loc[i] = adam.moved(loc[i] as number, i, slope);
      logs[i] = adam.moved(logs[i] as number, N + i, slope * (e[i] as number) * (scales[i] as number) - 1);
    }
    return loss;
  };
}
