/**
 * TransformedDistribution: y = T(x) for x from `base`, T a bijection (or several, applied in order).
 *
 *     log p(y) = log p_base(x) - log |det dy/dx|,   x = T⁻¹(y).
 */
import { broadcastTo, type Tensor, type TensorLike } from "../autodiff/index.js";
import { broadcastShapes, type Shape } from "../autodiff/view.js";
import { sumOver } from "./axes.js";
import { Compose } from "./composedTransforms.js";
import { type Constraint, independent, real } from "./constraints.js";
import { Derived, type Distribution } from "./distribution.js";
import type { Transform } from "./transforms.js";
import { requireThat } from "./validation.js";

const composed = (transforms: Transform | readonly Transform[]): Transform =>
  "forward" in transforms
    ? transforms
    : transforms.length === 1
      ? (transforms[0] as Transform)
      : new Compose(transforms);

export class TransformedDistribution extends Derived {
  readonly transform: Transform;
  readonly #support: Constraint;

  /** `support` says where values lie, if that is less than all numbers. */
  constructor(base: Distribution, transforms: Transform | readonly Transform[], support?: Constraint) {
    const transform = composed(transforms);
    // A transform of whole vectors needs them to be events of the base.
    const own = base.toEvent(Math.max(0, transform.domainEventDim - base.eventDim));
    super("TransformedDistribution", own);
    this.transform = transform;
    const eventDim = own.eventDim - transform.domainEventDim + transform.codomainEventDim;
    this.#support = support ?? independent(real, eventDim);
  }

  override get support(): Constraint {
    return this.#support;
  }
  override get eventShape(): Shape {
    return this.transform.forwardShape(this.base.shape()).slice(this.batchShape.length);
  }
  override get hasEnumerateSupport(): boolean {
    return false;
  }
  override inside(value: Tensor): Tensor {
    return this.#support.check(value);
  }
  override requireInside(value: Tensor): void {
    requireThat(value, this.#support, { family: this.family, what: "value" });
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.transform.forward(this.base.draw(key, shape));
  }
  override logDensity(value: Tensor): Tensor {
    const { base, transform } = this;
    const x = transform.inverse(value);
    const jacobian = sumOver(transform.logAbsDetJacobian(x, value), base.eventDim - transform.domainEventDim);
    const lead = x.shape.slice(0, x.shape.length - base.eventDim);
    const shape = broadcastShapes(this.family, lead, base.batchShape);
    return broadcastTo(base.logDensity(x), shape).sub(jacobian);
  }
  override get mean(): Tensor {
    return this.hasNo("mean");
  }
  override get variance(): Tensor {
    return this.hasNo("variance");
  }
  override entropy(): Tensor {
    return this.hasNo("entropy");
  }
  override cdf(_value: TensorLike): Tensor {
    return this.hasNo("cdf");
  }
  override icdf(_q: TensorLike): Tensor {
    return this.hasNo("icdf");
  }
}
