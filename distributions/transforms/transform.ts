/**
 * Smooth bijections with their Jacobians. `forward` maps events of `domainEventDim` axes to events of `codomainEventDim` axes;
 * `logAbsDetJacobian(x, y)`, where y = forward(x), is log |det dy/dx| of each event, with the batch shape of x.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import type { Tensor } from "../../autodiff/index.js";
import { type Constraint, independent, real } from "../constraints/index.js";

export abstract class Transform {
  abstract forward(x: Tensor): Tensor;
  abstract inverse(y: Tensor): Tensor;
  abstract logAbsDetJacobian(x: Tensor, y: Tensor): Tensor;

  /** The set of all x. The transform maps it one-to-one onto `codomain`, the set of all y. */
  get domain(): Constraint {
    return independent(real, this.domainEventDim);
  }
  get codomain(): Constraint {
    return independent(real, this.codomainEventDim);
  }
  /**
   * For transforms that act on each number separately: 1 where y increases with x, -1 where y decreases (a tensor if elements may differ).
   * Null for all other transforms.
   */
  get direction(): Tensor | number | null {
    return null;
  }
  get domainEventDim(): number {
    return 0;
  }
  get codomainEventDim(): number {
    return this.domainEventDim;
  }
  /** The shape of forward(x) for x of this shape. */
  forwardShape(shape: Shape): Shape {
    return shape;
  }
  /** The shape of inverse(y) for y of this shape. By default the same as forwardShape, since parameters broadcast with y as they do with x. */
  inverseShape(shape: Shape): Shape {
    return this.forwardShape(shape);
  }
}
