import {
  betaincinv,
  clip,
  digammaDifference,
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
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { positive } from "../../constraints/index.js";
import { clampInside } from "../../constraints/inside.js";
import { family, type Tensors } from "../../core/family.js";
import { withImplicitGradient } from "../../core/implicit.js";
import { logRatioDensity } from "../../densities/continuous.js";
import { betaincinvRest, betaTail } from "../../densities/countQuantiles.js";
import { betaEntropy } from "../../densities/stirling.js";

/** With more degrees of freedom than this number, draws and the cdf are the same as with infinitely many degrees. */
const INFINITE = 1e100;

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
export class FisherSnedecor extends /* @__PURE__ */ family<Tensors<"df1" | "df2">, [df1: TensorLike, df2: TensorLike]>(
  "FisherSnedecor",
  {
    constraints: { df1: positive, df2: positive },
    support: positive,
    formulas: ({ df1, df2 }, d) => {
      const limitedHalves = () => [df1, df2].map((df) => minimum(df, INFINITE).mul(0.5)) as [a: Tensor, b: Tensor];
      return {
        logDensity: (x) => logRatioDensity(df1.mul(0.5), df2.mul(0.5), x),
        draw: (key, shape) => {
          // The ratio is computed from logarithms, because gamma draws with a small concentration underflow.
          const [[k1, k2], [a, b]] = [splitInTwo(key), limitedHalves()];
          const logDraw = (k: Tensor, half: Tensor) => random.logGamma(k, half, shape).sub(log(half));
          return withImplicitGradient(clampInside(exp(logDraw(k1, a).sub(logDraw(k2, b))), d.support), d);
        },
        mean: () => where(greater(df2, 2), df2.div(df2.sub(2)), Number.NaN),
        variance: () => {
          const finite = square(df2.div(df2.sub(2)))
            .mul(2)
            .mul(df1.add(df2).sub(2))
            .div(df1.mul(df2.sub(4)));
          return where(greater(df2, 4), finite, Number.NaN);
        },
        entropy: () => {
          const [a, b] = limitedHalves();
          // y is Beta(a, b), and x = b/a · y / (1 - y).
          return betaEntropy(a, b)
            .add(log(b.div(a)))
            .add(digammaDifference(b, a).mul(2));
        },
        cdf: (x) => {
          const [a, b] = limitedHalves();
          // y / (1 - y), clipped because it may overflow.
          const odds = minimum(clip(x, 0, Number.MAX_VALUE).mul(a.div(b)), Number.MAX_VALUE);
          return betaTail(b, a, odds.add(1).reciprocal(), odds.div(odds.add(1)));
        },
        icdf: (q) => {
          const [a, b] = limitedHalves();
          return betaincinv(a, b, q)
            .div(betaincinvRest(a, b, q))
            .mul(b.div(a));
        },
      };
    },
  },
) {}
