/** RenyiELBO with 10 particles on the scalar normal of `../models.ts`. */

import { exp, log } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { normalDraw, Stream, threefry2x32 } from "../../autodiff/kernels/random/index.js";
import { Adam, Keys, type Start } from "./tools.js";

const COUNT = 10;
const OBSERVED = 0.6;
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/**
 * With z = m + s e and weights w = p(z) p(x | z) / q(z), the loss is -log mean w; its gradient is that of log w, averaged by the weights:
 * d/dz = 2z - x, dz/dm = 1, dz/d log s = s e, and 1 for log q.
 */
export function renyi(start: Start): () => number {
  let [m, u] = [start.params.m?.[0] as number, start.params.s?.[0] as number];
  const keys = new Keys(start);
  const adam = new Adam(2);
  const stream = new Stream();
  const words = new Int32Array(2);
  const [noise, weights] = [new Float64Array(COUNT), new Float64Array(COUNT)];
  return () => {
    keys.step();
    const s = exp(u);
    let top = -Infinity;
    for (let i = 0; i < COUNT; i++) {
      keys.child(i, words);
      threefry2x32(words[0] as number, words[1] as number, 0, 0, words);
      threefry2x32(words[0] as number, words[1] as number, 0, 0, words);
      const e = normalDraw(stream.at(words[0] as number, words[1] as number, 0));
      const z = m + s * e;
      const rest = OBSERVED - z;
      const w = 0.5 * (e * e - z * z - rest * rest);
      noise[i] = e;
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
