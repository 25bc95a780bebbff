import { broadcastTo, equal, type Tensor, type TensorLike, where, zeros } from "../../../autodiff/index.js";
import { allOf } from "../../constraints/axes.js";
import { extendedReal, independent, nonnegativeInteger, real } from "../../constraints/index.js";
import { divergence, type Having } from "../../core/divergence.js";
import { family, type Tensors } from "../../core/family.js";
import { commonNumber } from "../../core/parameters.js";

type Params = Tensors<"v" | "logDensity" | "eventDim">;
const axesOf = ({ eventDim }: Params): number => commonNumber(eventDim, "Delta", "eventDim");
const eventShapeOf = (p: Params) => p.v.shape.slice(p.v.shape.length - axesOf(p));

/**
 * Delta: the point mass at v, multiplied by exp(logDensity). The last `eventDim` axes of v are one event.
 *
 *     log p(x) = logDensity where x = v, else -Infinity.
 *
 * @example new Delta(2).logProb(2).item() // 0
 */
export class Delta extends /* @__PURE__ */ family<Params, [v?: TensorLike, logDensity?: TensorLike, eventDim?: number]>(
  "Delta",
  {
    constraints: { v: (p) => independent(real, axesOf(p)), logDensity: extendedReal, eventDim: nonnegativeInteger },
    defaults: { v: 0, logDensity: 0, eventDim: 0 },
    support: (p) => independent(real, axesOf(p)),
    eventShape: eventShapeOf,
    logDensity: (x, p) => where(allOf(equal(x, p.v), axesOf(p)), p.logDensity, -Infinity),
    draw: (_key, shape, p) => broadcastTo(p.v, [...shape, ...eventShapeOf(p)]),
    mean: ({ v }) => v,
    variance: ({ v }): Tensor => zeros(v.shape),
    divergences: () => ({
      to: {
        "*": divergence(({ params: { v, logDensity } }: Having<"v" | "logDensity">, p) => logDensity.sub(p.logProb(v))),
      },
    }),
  },
) {
  override get hasAtoms(): boolean {
    return true;
  }
}
