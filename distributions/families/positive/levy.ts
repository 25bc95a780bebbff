import { clip, erfc, log, maximum, ndtri, sqrt, square, type TensorLike } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { greaterThan, positive, real } from "../../constraints/index.js";
import { justBeyond } from "../../constraints/inside.js";
import { family, type Tensors } from "../../core/family.js";

/** (1 + 3 γ + log 16π) / 2, the entropy of Levy(0, 1). */
const ENTROPY = 3.32448280139689;

/**
 * Levy, with d = x - loc and c = scale:
 *
 *     log p(x) = (log(c / 2π) - c / d - 3 log d) / 2,   x > loc.
 *
 * @example new Levy(0, 1).cdf(1).item() // 0.3173
 */
export class Levy extends /* @__PURE__ */ family<Tensors<"loc" | "scale">, [loc: TensorLike, scale: TensorLike]>(
  "Levy",
  {
    constraints: { loc: real, scale: positive },
    support: ({ loc }) => greaterThan(loc),
    isLocationScale: true,
    formulas: ({ loc, scale }) => ({
      logDensity: (x) => {
        const d = x.sub(loc);
        return log(scale.div(2 * Math.PI))
          .sub(scale.div(d))
          .sub(log(d).mul(3))
          .mul(0.5);
      },
      draw: (key, shape) =>
        clip(scale.div(square(random.normal(key, shape))).add(loc), justBeyond(loc, 1), Number.MAX_VALUE),
      mean: () => scale.mul(Infinity),
      variance: () => scale.mul(Infinity),
      entropy: () => log(scale).add(ENTROPY),
      cdf: (x) => erfc(sqrt(scale.div(maximum(x.sub(loc), 0).mul(2)))),
      icdf: (q) => scale.div(square(ndtri(q.mul(0.5)))).add(loc),
    }),
  },
) {}
