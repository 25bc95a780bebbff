import { exp, expm1, less, log, log1p, square, type Tensor, type TensorLike, where } from "../../../autodiff/index.js";
import { positive, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";

/** The cdf at a distance d from loc. */
function cdf(d: Tensor, left: Tensor, right: Tensor): Tensor {
  const total = left.add(right);
  const isLeft = less(d, 0);
  const low = exp(where(isLeft, d, 0).div(left))
    .mul(left)
    .div(total);
  // l / (l + r), the probability left of loc, plus the probability between loc and x.
  const high = left.sub(right.mul(expm1(where(isLeft, 0, d.neg()).div(right)))).div(total);
  return where(isLeft, low, high);
}

/** The distance from loc to the quantile. */
function icdf(q: Tensor, left: Tensor, right: Tensor): Tensor {
  const total = left.add(right);
  const isLeft = less(q, left.div(total));
  const low = log(where(isLeft, q, 0.5).mul(total).div(left)).mul(left);
  // log y for y = (1 - q) (l + r) / r is computed as log(1 - q) + log((l + r) / r) for q > 1/2, else as log1p(y - 1).
  const isFar = less(0.5, q);
  const beyond = where(isFar, q, q.mul(total).sub(left).div(right));
  const high = log1p(where(isLeft, 0, beyond).neg())
    .add(where(isFar, log(total).sub(log(right)), 0))
    .mul(right);
  return where(isLeft, low, high.neg());
}

/**
 * AsymmetricLaplace: two exponential tails that meet at loc. The left tail has the scale l = scale · asymmetry, the right tail the scale
 * r = scale / asymmetry.
 *
 *     log p(x) = -log(l + r) - (loc - x) / l  left of loc,  -log(l + r) - (x - loc) / r  right of loc.
 *
 * @example new AsymmetricLaplace(0, 1, 2).logProb(1).item() // -2.9163
 */
export class AsymmetricLaplace extends /* @__PURE__ */ family<
  Tensors<"loc" | "scale" | "asymmetry">,
  [loc?: TensorLike, scale?: TensorLike, asymmetry?: TensorLike]
>("AsymmetricLaplace", {
  constraints: { loc: real, scale: positive, asymmetry: positive },
  defaults: { loc: 0, scale: 1, asymmetry: 1 },
  support: real,
  isLocationScale: true,
  formulas: ({ loc, scale, asymmetry }) => {
    const [left, right] = [() => scale.mul(asymmetry), () => scale.div(asymmetry)];
    return {
      logDensity: (x) => {
        const [d, l, r] = [x.sub(loc), left(), right()];
        return where(less(d, 0), d.div(l), d.neg().div(r)).sub(log(l.add(r)));
      },
      mean: () => loc.add(right()).sub(left()),
      variance: () => square(left()).add(square(right())),
      entropy: () => log(left().add(right())).add(1),
      cdf: (x) => cdf(x.sub(loc), left(), right()),
      icdf: (q) => icdf(q, left(), right()).add(loc),
    };
  },
}) {}
