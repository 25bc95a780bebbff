/** Divergences of the location-scale families on the real line, and of families derived from them. */
import { abs, exp, log, log1p, ndtr, square, type Tensor } from "../../autodiff/index.js";
import { EULER, LOG_SQRT_2PI } from "../core/constants.js";
import { type Divergences, divergence, type Of } from "../core/divergence.js";
import { excessOverExp, lgammaExcess, rateDivergence, scaleDivergence } from "../densities/divergences.js";
import { fromMeanLogDensity } from "./moments.js";

type LocScale = Of<"loc" | "scale">;

const klOfNormals = /* @__PURE__ */ divergence(({ params: q }: LocScale, { params: p }: LocScale) =>
  scaleDivergence(q.scale, p.scale).add(square(q.loc.sub(p.loc).div(p.scale)).mul(0.5)),
);
export const ofNormal = (): Divergences => ({
  to: {
    Normal: klOfNormals,
    // E |x - loc| of a normal variable around m: s √(2/π) exp(-d²/2) + (m - loc) (2 Φ(d) - 1), d = (m - loc) / s
    Laplace: divergence((q: LocScale, { params: { loc, scale } }: LocScale) =>
      fromMeanLogDensity(q, -Infinity, Infinity, () => {
        const shift = abs(q.params.loc.sub(loc));
        const d = shift.div(q.params.scale);
        const centred = exp(square(d).mul(-0.5)).mul(q.params.scale.mul(Math.sqrt(2 / Math.PI)));
        const distance = centred.add(shift.mul(ndtr(d).mul(2).sub(1)));
        return distance.div(scale).add(log(scale)).add(Math.LN2).neg();
      }),
    ),
  },
  from: {
    "*": divergence((q, { params: { loc, scale } }: LocScale) =>
      fromMeanLogDensity(q, -Infinity, Infinity, () =>
        q.variance
          .add(square(q.mean.sub(loc)))
          .div(square(scale))
          .mul(-0.5)
          .sub(log(scale))
          .sub(LOG_SQRT_2PI),
      ),
    ),
  },
});
export const ofLogNormal = (): Divergences => ({ to: { LogNormal: klOfNormals } });
export const ofHalfNormal = (): Divergences => ({
  to: {
    HalfNormal: divergence((q: Of<"scale">, p: Of<"scale">) => scaleDivergence(q.params.scale, p.params.scale)),
  },
});

export const ofLaplace = (): Divergences => ({
  to: {
    // r φ(-t) + r - 1 - log r, where φ(x) = exp(x) - 1 - x, r = s_q / s_p and t = |loc_q - loc_p| / s_q
    Laplace: divergence(({ params: q }: LocScale, { params: p }: LocScale) => {
      const t = abs(q.loc.sub(p.loc)).div(q.scale);
      return q.scale.div(p.scale).mul(excessOverExp(t.neg())).add(rateDivergence(p.scale, q.scale));
    }),
  },
});

// KL between Gumbel distributions with s_q = (1 + u) s_p and d = (loc_q - loc_p) / s_p: φ(w) + log Γ(1 + u) + γ u, where
// w = log Γ(2 + u) - d and φ(x) = exp(x) - 1 - x.
export function gumbelDivergence(u: Tensor, d: Tensor): Tensor {
  const excess = lgammaExcess(u);
  return excessOverExp(excess.sub(u.mul(EULER)).add(log1p(u)).sub(d)).add(excess);
}
export const ofGumbel = (): Divergences => ({
  to: {
    Gumbel: divergence(({ params: q }: LocScale, { params: p }: LocScale) =>
      gumbelDivergence(q.scale.sub(p.scale).div(p.scale), q.loc.sub(p.loc).div(p.scale)),
    ),
  },
});

// log(((s_q + s_p)² + d²) / (4 s_q s_p)), where d = loc_q - loc_p (Chyzak and Nielsen 2019)
const cauchyDivergence = (s: Tensor, t: Tensor, d: Tensor): Tensor =>
  log1p(square(s.sub(t)).add(square(d)).div(s.mul(t).mul(4)));
export const ofCauchy = (): Divergences => ({
  to: {
    Cauchy: divergence(({ params: q }: LocScale, { params: p }: LocScale) =>
      cauchyDivergence(q.scale, p.scale, q.loc.sub(p.loc)),
    ),
  },
});
// By symmetry, this is the divergence between two Cauchy distributions around 0.
export const ofHalfCauchy = (): Divergences => ({
  to: {
    HalfCauchy: divergence(({ params: q }: Of<"scale">, { params: p }: Of<"scale">) =>
      cauchyDivergence(q.scale, p.scale, q.scale.mul(0)),
    ),
  },
});
