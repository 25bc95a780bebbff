/** Transforms built from other transforms. */
import type { Shape } from "../../autodiff/core/shape.js";
import { mul, type Tensor } from "../../autodiff/index.js";
import { sumOver } from "../constraints/axes.js";
import { type Constraint, independent, real } from "../constraints/index.js";
import { Transform } from "./transform.js";

/**
 * The composition of `parts`, of which the first is applied first.
 *
 * @example new Compose([new Affine(1, 2), new Exp()]).forward(tensor(0)).item() // 2.7183
 */
export class Compose extends Transform {
  readonly parts: readonly Transform[];
  constructor(parts: readonly Transform[]) {
    super();
    this.parts = parts;
  }

  /** The least number of event axes that is enough for every part. Parts may add or remove event axes for the parts after them. */
  override get domainEventDim(): number {
    return this.parts.reduceRight(
      (dim, part) => Math.max(part.domainEventDim, dim - part.codomainEventDim + part.domainEventDim),
      0,
    );
  }
  override get codomainEventDim(): number {
    return this.parts.reduce((dim, part) => dim - part.domainEventDim + part.codomainEventDim, this.domainEventDim);
  }
  override get domain(): Constraint {
    const first = this.parts[0]?.domain ?? real;
    return independent(first, this.domainEventDim - first.eventDim);
  }
  override get codomain(): Constraint {
    const last = this.parts.at(-1)?.codomain ?? real;
    return independent(last, this.codomainEventDim - last.eventDim);
  }
  override get direction(): Tensor | number | null {
    return this.parts.reduce<Tensor | number | null>((product, { direction }) => {
      if (product === null || direction === null) return null;
      return product === 1 ? direction : mul(product, direction);
    }, 1);
  }
  override forward(x: Tensor): Tensor {
    return this.parts.reduce((y, part) => part.forward(y), x);
  }
  override inverse(y: Tensor): Tensor {
    return this.parts.reduceRight((x, part) => part.inverse(x), y);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    let total: Tensor | null = null;
    let input = x;
    let eventDim = this.domainEventDim;
    for (const [i, part] of this.parts.entries()) {
      const output = i === this.parts.length - 1 ? y : part.forward(input);
      const term = sumOver(part.logAbsDetJacobian(input, output), eventDim - part.domainEventDim);
      total = total === null ? term : total.add(term);
      eventDim += part.codomainEventDim - part.domainEventDim;
      input = output;
    }
    return total ?? x.mul(0);
  }
  override forwardShape(shape: Shape): Shape {
    return this.parts.reduce((from, part) => part.forwardShape(from), shape);
  }
  override inverseShape(shape: Shape): Shape {
    return this.parts.reduceRight((from, part) => part.inverseShape(from), shape);
  }
}

/**
 * `base` applied to each part of a larger event, which has `n` more axes.
 *
 * @example new IndependentTransform(new Exp(), 1).logAbsDetJacobian(tensor([1, 2]), tensor([0, 0])).item() // 3
 */
export class IndependentTransform extends Compose {
  constructor(
    readonly base: Transform,
    readonly n: number,
  ) {
    super([base]);
  }
  override get domainEventDim(): number {
    return this.base.domainEventDim + this.n;
  }
}

/**
 * The inverse of `base`.
 *
 * @example new Inverse(new Exp()).forward(tensor(1)).item() // 0
 */
export class Inverse extends Transform {
  constructor(readonly base: Transform) {
    super();
  }
  override get domainEventDim(): number {
    return this.base.codomainEventDim;
  }
  override get domain(): Constraint {
    return this.base.codomain;
  }
  override get codomain(): Constraint {
    return this.base.domain;
  }
  override get codomainEventDim(): number {
    return this.base.domainEventDim;
  }
  override get direction(): Tensor | number | null {
    return this.base.direction;
  }
  override forward(x: Tensor): Tensor {
    return this.base.inverse(x);
  }
  override inverse(y: Tensor): Tensor {
    return this.base.forward(y);
  }
  override logAbsDetJacobian(x: Tensor, y: Tensor): Tensor {
    return this.base.logAbsDetJacobian(y, x).neg();
  }
  override forwardShape(shape: Shape): Shape {
    return this.base.inverseShape(shape);
  }
  override inverseShape(shape: Shape): Shape {
    return this.base.forwardShape(shape);
  }
}
