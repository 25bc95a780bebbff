/**
 * DirichletMultinomial: Multinomial(n = totalCount) with probabilities drawn from Dirichlet(a = concentration), A = Σ a.
 *
 *     log p(x) = w(n, A) - Σ_k w(x_k, a_k),   w(x, a) = log x! Γ(a) / Γ(x + a).
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { random, stopGradient, sum, type Tensor, type TensorLike } from "../../../autodiff/index.js";
import { type Constraint, independent, multinomial, nonnegativeInteger, positive } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { logNegativeBinomial } from "../../densities/counts.js";
import { countsOf } from "./multinomial.js";

type Params = { readonly concentration: Tensor; readonly totalCount: Tensor };
const DIRICHLET_MULTINOMIAL: Signature<Params> = {
  name: "DirichletMultinomial",
  constraints: { concentration: independent(positive, 1), totalCount: nonnegativeInteger },
  defaults: { totalCount: 1 },
};

export class DirichletMultinomial extends Distribution<Params> {
  constructor(concentration: TensorLike, totalCount?: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(DIRICHLET_MULTINOMIAL, args));
  }

  override get support(): Constraint {
    return multinomial(this.params.totalCount);
  }
  override get eventShape(): Shape {
    return this.params.concentration.shape.slice(-1);
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration: a } = this.params;
    const [n, total] = [sum(value, -1), sum(a, -1)];
    // Independent negative binomial counts of any common odds, given their sum: sizes do not cancel.
    const odds = stopGradient(n.div(total));
    return sum(logNegativeBinomial(value, a, odds.expandDims(-1)), -1).sub(logNegativeBinomial(n, total, odds));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { concentration, totalCount } = this.params;
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    return countsOf(k2, totalCount, random.dirichlet(k1, concentration, shape), shape);
  }
  /** Σ a with its axis kept, and the shares a / Σ a. */
  get #shares(): [total: Tensor, shares: Tensor] {
    const { concentration: a } = this.params;
    const total = sum(a, -1, { keepDims: true });
    return [total, a.div(total)];
  }
  override get mean(): Tensor {
    return this.spread(this.params.totalCount.expandDims(-1).mul(this.#shares[1]));
  }
  override get variance(): Tensor {
    const [total, p] = this.#shares;
    const n = this.params.totalCount.expandDims(-1);
    return this.spread(
      n
        .mul(p)
        .mul(p.neg().add(1))
        .mul(total.add(n).div(total.add(1))),
    );
  }
}
