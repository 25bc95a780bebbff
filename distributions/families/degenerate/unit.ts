import { broadcastTo, type TensorLike } from "../../../autodiff/index.js";
import { extendedReal, realVector } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";

/**
 * Unit: one event that holds no numbers, with log density logFactor. `factor` uses it to add to a model's log density.
 *
 * @example new Unit(-1.5).logProb([]).item() // -1.5
 */
export class Unit extends /* @__PURE__ */ family<Tensors<"logFactor">, [logFactor: TensorLike]>("Unit", {
  constraints: { logFactor: extendedReal },
  support: realVector,
  eventShape: () => [0],
  logDensity: (_, { logFactor }) => logFactor,
  draw: (_key, shape) => broadcastTo([], [...shape, 0]),
}) {}
