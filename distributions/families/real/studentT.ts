import {
  clip,
  digammaDifference,
  greater,
  log,
  logBeta,
  square,
  type TensorLike,
  where,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { positive, real } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";
import { logOnePlusSquareOver, studentCdf, studentQuantile, studentSpread } from "../../densities/student.js";
import { ofStudentT } from "../../kl/real.js";

/** Draws of z are clipped to ± this number, so that draws of x stay finite. */
const FARTHEST = 1e290;

/**
 * StudentT with df degrees of freedom, z = (x - loc) / scale:
 *
 *     log p(x) = -(df + 1)/2 log(1 + z²/df) - log B(1/2, df/2) - log(df)/2 - log(scale).
 *
 * @example new StudentT(5, 0, 1).variance.item() // 1.6667
 */
export class StudentT extends /* @__PURE__ */ family<
  Tensors<"df" | "loc" | "scale">,
  [df: TensorLike, loc?: TensorLike, scale?: TensorLike]
>("StudentT", {
  constraints: { df: positive, loc: real, scale: positive },
  defaults: { loc: 0, scale: 1 },
  support: real,
  isLocationScale: true,
  formulas: ({ df, loc, scale }) => ({
    logDensity: (x) =>
      logOnePlusSquareOver(x.sub(loc).div(scale), df)
        .mul(df.add(1).mul(0.5))
        .add(logBeta(0.5, df.mul(0.5)))
        .add(log(df).mul(0.5))
        .add(log(scale))
        .neg(),
    draw: (key, shape) => {
      const [k1, k2] = splitInTwo(key);
      const z = random.normal(k1, shape).mul(studentSpread(k2, df, shape));
      return clip(z, -FARTHEST, FARTHEST).mul(scale).add(loc);
    },
    mean: () => where(greater(df, 1), loc, NaN),
    variance: () => {
      const finite = square(scale).mul(df.div(df.sub(2)));
      return where(greater(df, 2), finite, where(greater(df, 1), Infinity, NaN));
    },
    entropy: () => {
      const half = df.mul(0.5);
      const spread = digammaDifference(half, 0.5).mul(half.add(0.5));
      return spread.add(log(df).mul(0.5)).add(logBeta(0.5, half)).add(log(scale));
    },
    cdf: (x) => studentCdf(x.sub(loc).div(scale), df),
    icdf: (q) => studentQuantile(q, df).mul(scale).add(loc),
  }),
  divergences: ofStudentT,
}) {}
