/** The base class of distributions of f(x), where x is a draw of another distribution. f(x) has other values and moments than x. */
import type { Tensor } from "../../autodiff/index.js";
import { Derived } from "./distribution.js";
import { requireThat } from "./validation.js";

export abstract class Mapped extends Derived {
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
