/** Divergences of categorical families and of families of vectors. */
import {
  cholesky,
  cumsum,
  diag,
  eye,
  flip,
  matmul,
  slice,
  square,
  sum,
  type Tensor,
  triangularSolve,
  tril,
} from "../../autodiff/index.js";
import { matrixTranspose } from "../../autodiff/ops/linalg/matmul.js";
import type { Derived, Distribution, Independent } from "../core/distribution.js";
import { byParams, type Divergence, type Divergences, divergence, type Having } from "../core/divergence.js";
import type { Tensors } from "../core/family.js";
import { classDivergence, scaleDivergence } from "../densities/divergences.js";
import { klOfBetas } from "./bounded.js";
import { byConversion } from "./conversion.js";

type Classes = Distribution & { readonly probs: Tensor; readonly logits: Tensor };
const klOfClasses = (q: Classes, p: Classes): Tensor => classDivergence(q.probs, q.logits, p.logits);
export const ofCategorical = (): Divergences => ({ to: { Categorical: divergence(klOfClasses) } });

type Indexed = Distribution & { readonly index: Classes };
export const ofOneHotCategorical = (): Divergences => ({
  to: { OneHotCategorical: divergence((q: Indexed, p: Indexed) => klOfClasses(q.index, p.index)) },
});

export const ofDirichlet = (): Divergences => ({
  to: {
    Dirichlet: byParams(
      ({ concentration: a }: Tensors<"concentration">, { concentration: c }: Tensors<"concentration">) => {
        // Each weight, as a share of itself and all later weights, is an independent Beta variable.
        const current = (x: Tensor): Tensor => slice(x, 0, -1, { axis: -1 });
        const later = (x: Tensor): Tensor => flip(current(cumsum(flip(x, -1), -1)), -1);
        const betaOf = (x: Tensor) => ({ concentration1: current(x), concentration0: later(x) });
        const step = c.sub(a);
        return sum(klOfBetas(betaOf(a), betaOf(c), current(step), later(step)), -1);
      },
    ),
  },
});

/** A multivariate normal distribution: its mean, and the lower triangular L with covariance L Lᵀ. */
interface NormalVector {
  readonly loc: Tensor;
  readonly scale: Tensor;
}
const diagonal = (x: Tensor): Tensor => x.expandDims(-1).mul(eye(x.shape.at(-1) as number));
const fromMultivariate = ({ params: { loc }, scale }: Having<"loc"> & { readonly scale: Tensor }): NormalVector => ({
  loc,
  scale,
});
const fromLowRank = ({
  params: { loc, covFactor, covDiag },
}: Having<"loc" | "covFactor" | "covDiag">): NormalVector => ({
  loc,
  scale: cholesky(matmul(covFactor, matrixTranspose(covFactor)).add(diagonal(covDiag))),
});
/** Independent normal variables as one multivariate normal; null for variables of other families. */
function fromIndependent({ base, reinterpreted }: Independent): NormalVector | null {
  const family = base.family === "Expanded" ? (base as Derived).base : base;
  if (family.family !== "Normal" || reinterpreted !== 1) return null;
  const { loc, scale } = family.params as Tensors<"loc" | "scale">;
  return { loc: loc.broadcastTo(base.batchShape), scale: diagonal(scale.broadcastTo(base.batchShape)) };
}
// Σ_i KL of the scales L_ii + (Σ_{i>j} E_ij² + |L_p⁻¹ (m_q - m_p)|²) / 2 for L_p⁻¹ L_q = I + E
function klOfNormalVectors(q: NormalVector, p: NormalVector): Tensor {
  const [scaleQ, scaleP] = [tril(q.scale), p.scale];
  const shift = triangularSolve(scaleP, q.loc.sub(p.loc).expandDims(-1));
  const below = tril(triangularSolve(scaleP, scaleQ.sub(tril(scaleP))), -1);
  const squares = sum(square(below), [-1, -2]).add(sum(square(shift), [-1, -2]));
  return sum(scaleDivergence(diag(scaleQ), diag(scaleP)), -1).add(squares.mul(0.5));
}
const CONVERSIONS = { MultivariateNormal: fromMultivariate, LowRankMultivariateNormal: fromLowRank };
const amongNormals = (name: "MultivariateNormal" | "LowRankMultivariateNormal"): Divergences => ({
  to: byConversion<NormalVector>(
    CONVERSIONS[name],
    { ...CONVERSIONS, Independent: fromIndependent },
    klOfNormalVectors,
  ),
  from: {
    Independent: byConversion<NormalVector>(fromIndependent, CONVERSIONS, klOfNormalVectors)[name] as Divergence,
  },
});
export const ofMultivariateNormal = (): Divergences => amongNormals("MultivariateNormal");
export const ofLowRankMultivariateNormal = (): Divergences => amongNormals("LowRankMultivariateNormal");
