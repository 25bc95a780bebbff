/** The special functions of ops/elementwise/special.ts as methods, receiver first. */
import type { TensorLike } from "./core/convert.js";
import type { Tensor } from "./core/tensor.js";
import { ElementwiseMethods } from "./methods.js";
import * as incomplete from "./ops/elementwise/incomplete.js";
import * as special from "./ops/elementwise/special.js";

const self = (x: object) => x as Tensor;

export abstract class SpecialMethods extends ElementwiseMethods {
  lgamma(): Tensor {
    return special.lgamma(self(this));
  }
  digamma(): Tensor {
    return special.digamma(self(this));
  }
  trigamma(): Tensor {
    return special.trigamma(self(this));
  }
  erf(): Tensor {
    return special.erf(self(this));
  }
  erfc(): Tensor {
    return special.erfc(self(this));
  }
  erfcx(): Tensor {
    return special.erfcx(self(this));
  }
  erfinv(): Tensor {
    return special.erfinv(self(this));
  }
  ndtr(): Tensor {
    return special.ndtr(self(this));
  }
  logNdtr(): Tensor {
    return special.logNdtr(self(this));
  }
  ndtri(): Tensor {
    return special.ndtri(self(this));
  }
  i0e(): Tensor {
    return special.i0e(self(this));
  }
  i1e(): Tensor {
    return special.i1e(self(this));
  }
  logI0(): Tensor {
    return special.logI0(self(this));
  }
  logBeta(b: TensorLike): Tensor {
    return special.logBeta(self(this), b);
  }
  multigammaln(d: number): Tensor {
    return special.multigammaln(self(this), d);
  }
  /** P(a, x) with this tensor as the shape a. */
  gammainc(x: TensorLike): Tensor {
    return incomplete.gammainc(self(this), x);
  }
  gammaincc(x: TensorLike): Tensor {
    return incomplete.gammaincc(self(this), x);
  }
  gammaincinv(p: TensorLike): Tensor {
    return incomplete.gammaincinv(self(this), p);
  }
  /** I_x(a, b) with this tensor as a. */
  betainc(b: TensorLike, x: TensorLike): Tensor {
    return incomplete.betainc(self(this), b, x);
  }
}
