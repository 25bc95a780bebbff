import {
  arange,
  concatenate,
  cumsum,
  log,
  slice,
  square,
  sum,
  type TensorLike,
  zeros,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { positive, positiveInteger, realVector } from "../../constraints/index.js";
import { LOG_SQRT_2PI } from "../../core/constants.js";
import { family, type Tensors } from "../../core/family.js";
import { commonNumber } from "../../core/parameters.js";

const stepsOf = ({ numSteps }: Tensors<"numSteps">): number => commonNumber(numSteps, "GaussianRandomWalk", "numSteps");

/**
 * GaussianRandomWalk: T = numSteps steps of a random walk, which are one event:
 *
 *     log p(x) = Σ_t log N(x_t | x_{t-1}, scale²),   x_0 = 0.
 *
 * @example new GaussianRandomWalk(1, 3).eventShape // [3]
 */
export class GaussianRandomWalk extends /* @__PURE__ */ family<
  Tensors<"scale" | "numSteps">,
  [scale?: TensorLike, numSteps?: number]
>("GaussianRandomWalk", {
  constraints: { scale: positive, numSteps: positiveInteger },
  defaults: { scale: 1, numSteps: 1 },
  support: realVector,
  check: stepsOf,
  formulas: ({ scale, ...p }) => {
    const steps = (): number => stepsOf(p);
    return {
      eventShape: () => [steps()],
      logDensity: (x) => {
        const before = concatenate([zeros([...x.shape.slice(0, -1), 1]), slice(x, 0, -1, { axis: -1 })], -1);
        const moves = x.sub(before).div(scale.expandDims(-1));
        return sum(square(moves), -1).mul(-0.5).sub(log(scale).add(LOG_SQRT_2PI).mul(steps()));
      },
      draw: (key, shape) => cumsum(random.normal(key, [...shape, steps()]), -1).mul(scale.expandDims(-1)),
      entropy: () =>
        log(scale)
          .add(0.5 + LOG_SQRT_2PI)
          .mul(steps()),
      mean: () => zeros([steps()]),
      variance: () =>
        square(scale)
          .expandDims(-1)
          .mul(arange(1, steps() + 1)),
    };
  },
}) {}
