/** ImproperUniform: log density 0 everywhere on a support. It is not a probability distribution and has no draws, but serves as a flat prior. */
import type { Shape } from "../../../autodiff/core/shape.js";
import { checkShape } from "../../../autodiff/core/shape.js";
import { PedigradError, type Tensor, zeros } from "../../../autodiff/index.js";
import { type Constraint, independent } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { refuseParameter } from "../../core/parameters.js";

/**
 * @example new ImproperUniform(constraints.positive).logProb(7).item() // 0
 */
export class ImproperUniform extends Distribution {
  override readonly support: Constraint;
  readonly #eventShape: Shape;

  /** `eventShape` has at least as many axes as the events of `support`. The elements along further axes are independent. */
  constructor(support: Constraint, batchShape: Shape = [], eventShape: Shape = []) {
    const lead = checkShape("ImproperUniform: batchShape", batchShape);
    super({ family: "ImproperUniform", params: {}, batchShape: lead, argConstraints: {} });
    this.#eventShape = checkShape("ImproperUniform: eventShape", eventShape);
    const extraAxes = eventShape.length - support.eventDim;
    if (extraAxes < 0)
      refuseParameter(
        "ImproperUniform",
        "eventShape",
        `the support (${support.must}) has ${support.eventDim} event axes, but eventShape has only ${eventShape.length}. Give the whole event shape.`,
        "bad-shape",
      );
    this.support = independent(support, extraAxes);
  }

  override get eventShape(): Shape {
    return this.#eventShape;
  }
  override logDensity(value: Tensor): Tensor {
    return zeros(value.shape.slice(0, value.shape.length - this.eventDim));
  }
  override draw(): never {
    throw new PedigradError({
      code: "no-sampler",
      op: "sample",
      message:
        "ImproperUniform: a flat prior over an unbounded set cannot be sampled. Give the site its value by a guide, condition or substitute.",
    });
  }
}
