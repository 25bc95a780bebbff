/** Divergences of the location-scale families on the real line, and of families derived from them. */
import { exp, greater, log, mulZeroWins, ndtr, square, type Tensor, tensor, where } from "../../autodiff/index.js";
import { LOG_SQRT_2PI } from "../core/constants.js";
import { byParams, type Divergences, type Having } from "../core/divergence.js";
import type { Tensors } from "../core/family.js";
import {
  cauchyDivergence,
  excessOverExp,
  gumbelDivergence,
  rateDivergence,
  scaleDivergence,
  sizeOf,
} from "../densities/divergences.js";
import { byMoments } from "./moments.js";

type LocScale = Tensors<"loc" | "scale">;
type Scale = Tensors<"scale">;

const klOfNormals = /* @__PURE__ */ byParams((q: LocScale, p: LocScale) =>
  scaleDivergence(q.scale, p.scale).add(square(q.loc.sub(p.loc).div(p.scale)).mul(0.5)),
);
export const ofNormal = (): Divergences => ({
  to: {
    Normal: klOfNormals,
    // For x from Normal(m, s): E |x - loc| = s √(2/π) exp(-d²/2) + (m - loc) (2 Φ(d) - 1), d = (m - loc) / s
    Laplace: byMoments((q: Having<"loc" | "scale">, { params: { loc, scale } }: Having<"loc" | "scale">) => {
      const shift = sizeOf(q.params.loc.sub(loc));
      const d = shift.div(q.params.scale);
      const centred = exp(square(d).mul(-0.5)).mul(q.params.scale.mul(Math.sqrt(2 / Math.PI)));
      const distance = centred.add(shift.mul(ndtr(d).mul(2).sub(1)));
      return distance.div(scale).add(log(scale)).add(Math.LN2).neg();
    }),
  },
  from: {
    "*": byMoments((q, { params }: Having<"loc" | "scale">) => meanLogNormal(q.mean, q.variance, params)),
  },
});
// The mean of the log density of Normal(loc, scale).
const meanLogNormal = (mean: Tensor, variance: Tensor, { loc, scale }: LocScale): Tensor =>
  variance
    .div(square(scale))
    .add(square(mean.sub(loc).div(scale)))
    .mul(-0.5)
    .sub(log(scale))
    .sub(LOG_SQRT_2PI);
export const ofStudentT = (): Divergences => ({
  to: {
    // For df <= 1 the variance is NaN, but the mean of (x - loc)² is Infinity.
    Normal: byMoments((q: Having<"df" | "loc" | "scale">, { params }: Having<"loc" | "scale">) =>
      meanLogNormal(q.params.loc, where(greater(q.params.df, 2), q.variance, Infinity), params),
    ),
  },
});
export const ofLogNormal = (): Divergences => ({ to: { LogNormal: klOfNormals } });
export const ofHalfNormal = (): Divergences => ({
  to: {
    HalfNormal: byParams((q: Scale, p: Scale) => scaleDivergence(q.scale, p.scale)),
  },
});

export const ofLaplace = (): Divergences => ({
  to: {
    // r φ(-t) + r - 1 - log r, where φ(x) = exp(x) - 1 - x, r = s_q / s_p and t = |loc_q - loc_p| / s_q. For large t, r φ(-t) = r t - r.
    Laplace: byParams((q: LocScale, p: LocScale) => {
      const shift = sizeOf(q.loc.sub(p.loc));
      const [t, r] = [shift.div(q.scale), q.scale.div(p.scale)];
      const isFar = greater(t, 50);
      const near = mulZeroWins(excessOverExp(where(isFar, 0, t.neg())), r);
      return where(isFar, shift.div(p.scale).sub(r), near).add(rateDivergence(p.scale, q.scale));
    }),
  },
});

export const ofGumbel = (): Divergences => ({
  to: {
    Gumbel: byParams((q: LocScale, p: LocScale) => gumbelDivergence(q.scale, p.scale, q.loc.sub(p.loc).div(p.scale))),
  },
});

export const ofCauchy = (): Divergences => ({
  to: {
    // The mean of (x - loc)² is infinite.
    Normal: () => tensor(Infinity),
    Cauchy: byParams((q: LocScale, p: LocScale) => cauchyDivergence(q.scale, p.scale, q.loc.sub(p.loc))),
  },
});
// By symmetry, this is the divergence between two Cauchy distributions around 0.
export const ofHalfCauchy = (): Divergences => ({
  to: {
    HalfCauchy: byParams((q: Scale, p: Scale) => cauchyDivergence(q.scale, p.scale, tensor(0))),
  },
});
