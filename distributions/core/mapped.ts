/** The base class of distributions of f(x), where x is a draw of another distribution. f(x) has other values and moments than x. */
import type { Tensor } from "../../autodiff/index.js";
import { Derived, type Distribution } from "./distribution.js";
import { refuseParameter } from "./parameters.js";
import { requireThat } from "./validation.js";

/** Refuse a masked base: the log density 0 of its masked elements says nothing about the elements of the distribution made from it. */
export function requireUnmasked(family: string, base: Distribution): void {
  if (base.unmasked !== base)
    refuseParameter(family, "base", `base must have no mask. Mask the result: new ${family}(…).mask(mask).`);
}

export abstract class Mapped extends Derived {
  constructor(family: string, base: Distribution) {
    requireUnmasked(family, base);
    super(family, base);
  }

  override get hasEnumerateSupport(): boolean {
    return false;
  }
  override supportValues(): Tensor {
    return this.hasNo("enumerable support");
  }
  override inside(value: Tensor): Tensor {
    return this.support.check(value);
  }
  override requireInside(value: Tensor): void {
    requireThat(value, this.support, { family: this.family, what: "value" });
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
}
