/** RenyiELBO with 10 particles on the scalar normal of `../models.ts`. */

import { exp, log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import type { DrawKernel } from "../../autodiff/kernels/wasm/draws.js";
import { Adam, drawKernel, Keys, memoryFor, type Start } from "./tools.js";

const COUNT = 10;
// Space for 10 draws, which are made four at a time.
const ROOM = 12;
const OBSERVED = 0.6;
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/**
 * With z = m + s e and weights w = p(z) p(x | z) / q(z), the loss is -log mean w. Its gradient is the mean of the gradients of -log w with
 * weights w: d/dz = 2z - x, dz/dm = 1, dz/d log s = s e, and -1 from the term log s of log w.
 */
export function renyi(start: Start): () => number {
  let [m, u] = [start.params.m?.[0] as number, start.params.s?.[0] as number];
  const keys = new Keys(start);
  const adam = new Adam(2);
  const { simd, at, arrays } = memoryFor({ key: 2, keys: 2 * ROOM, noise: ROOM });
  const { key, noise } = arrays;
  const [split, fold, draw, quantiles] = (["splitKey", "foldKeys", "tailsOfKeys", "quantiles"] as const).map((name) =>
    drawKernel(simd, name),
  ) as [DrawKernel, DrawKernel, DrawKernel, DrawKernel];
  const weights = new Float64Array(COUNT);
  return () => {
    keys.step();
    keys.write(key);
    split(at.keys, at.key, ROOM, 0);
    fold(at.keys, at.keys, ROOM, 0);
    fold(at.keys, at.keys, ROOM, 0);
    draw(at.noise, at.keys, ROOM, 0);
    quantiles(at.noise, at.noise, COUNT, 0);
    const s = exp(u);
    let top = -Infinity;
    for (let i = 0; i < COUNT; i++) {
      const e = noise[i] as number;
      const z = m + s * e;
      const rest = OBSERVED - z;
      const w = 0.5 * (e * e - z * z - rest * rest);
      weights[i] = w;
      top = Math.max(top, w);
    }
    let [total, dm, du] = [0, 0, 0];
    for (let i = 0; i < COUNT; i++) {
      const [w, e] = [exp((weights[i] as number) - top), noise[i] as number];
      const slope = w * (2 * (m + s * e) - OBSERVED);
      total += w;
      dm += slope;
      du += slope * e;
    }
    adam.step();
    m = adam.moved(m, 0, dm / total);
    const loss = -(top + log(total) + u - LOG_SQRT_2PI - Math.log(COUNT));
    u = adam.moved(u, 1, (s * du) / total - 1);
    return loss;
  };
}
