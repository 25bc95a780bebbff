import type { Shape } from "../../../autodiff/core/shape.js";
import {
  betaincinv,
  clip,
  exp,
  greater,
  log,
  minimum,
  square,
  type Tensor,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { positive } from "../../constraints/index.js";
import { clampInside } from "../../constraints/inside.js";
import { family, type Tensors } from "../../core/family.js";
import { withImplicitGradient } from "../../core/implicit.js";
import { logRatioDensity } from "../../densities/continuous.js";
import { betaTail } from "../../densities/countQuantiles.js";

type Params = Tensors<"df1" | "df2">;
const halvesOf = ({ df1, df2 }: Params): [a: Tensor, b: Tensor] => [df1.mul(0.5), df2.mul(0.5)];
/** With more degrees of freedom than this number, draws and the cdf are the same as with infinitely many degrees. */
const INFINITE = 1e100;
const limitedHalvesOf = ({ df1, df2 }: Params): [a: Tensor, b: Tensor] =>
  halvesOf({ df1: minimum(df1, INFINITE), df2: minimum(df2, INFINITE) });

/**
 * FisherSnedecor: the ratio of two Chi2 variables, each divided by its degrees of freedom. With a = df1/2, b = df2/2, and
 * y = a x / (a x + b), which is Beta(a, b),
 *
 *     log p(x) = a log y + b log(1 - y) - log x - log B(a, b).
 *
 * Moments that are not finite are NaN, as in PyTorch.
 *
 * @example new FisherSnedecor(3, 6).mean.item() // 1.5
 */
export class FisherSnedecor extends /* @__PURE__ */ family<Params, [df1: TensorLike, df2: TensorLike]>(
  "FisherSnedecor",
  {
    constraints: { df1: positive, df2: positive },
    support: positive,
    logDensity: (x, p) => logRatioDensity(...halvesOf(p), x),
    mean: ({ df2 }) => where(greater(df2, 2), df2.div(df2.sub(2)), Number.NaN),
    variance: ({ df1, df2 }) => {
      const finite = square(df2.div(df2.sub(2)))
        .mul(2)
        .mul(df1.add(df2).sub(2))
        .div(df1.mul(df2.sub(4)));
      return where(greater(df2, 4), finite, Number.NaN);
    },
    cdf: (x, p) => {
      const [a, b] = limitedHalvesOf(p);
      // y / (1 - y), clipped because it may overflow.
      const odds = minimum(clip(x, 0, Number.MAX_VALUE).mul(a.div(b)), Number.MAX_VALUE);
      return betaTail(b, a, odds.add(1).reciprocal(), odds.div(odds.add(1)));
    },
    icdf: (q, p) => {
      const [a, b] = limitedHalvesOf(p);
      // The quantile of 1 - y is computed separately: subtracting y from 1 would lose digits where y is near 1.
      return betaincinv(a, b, q)
        .div(betaincinv(b, a, q.neg().add(1)))
        .mul(b.div(a));
    },
  },
) {
  override draw(key: Tensor, shape: Shape): Tensor {
    const [a, b] = limitedHalvesOf(this.params);
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    // The ratio is computed from logarithms, because gamma draws with a small concentration underflow.
    const logChi2PerDf = (k: Tensor, half: Tensor): Tensor => random.logGamma(k, half, shape).sub(log(half));
    const ratio = exp(logChi2PerDf(k1, a).sub(logChi2PerDf(k2, b)));
    return withImplicitGradient(clampInside(ratio, this.support), this);
  }
}
