/**
 * Dirichlet over the simplex of the last axis, a = concentration and A = Σ a:
 *
 *     log p(x) = Σ (a_i - 1) log x_i + lgamma(A) - Σ lgamma(a_i).
 *
 * Its gradient for x is the plain partial derivative (a_i - 1) / x_i.
 */
import type { Shape } from "../../../autodiff/core/shape.js";
import { digamma, lgamma, random, sum, type Tensor, type TensorLike, xlogy } from "../../../autodiff/index.js";
import { type Constraint, independent, positive, simplex } from "../../constraints/index.js";
import { Distribution } from "../../core/distribution.js";
import { type Given, readParameters, type Signature } from "../../core/parameters.js";
import { gammaEntropy } from "../../densities/continuous.js";

type Params = { readonly concentration: Tensor };
const DIRICHLET: Signature<Params> = { name: "Dirichlet", constraints: { concentration: independent(positive, 1) } };

export class Dirichlet extends Distribution<Params> {
  constructor(concentration: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(DIRICHLET, args));
  }

  override get support(): Constraint {
    return simplex;
  }
  override get eventShape(): Shape {
    return this.params.concentration.shape.slice(-1);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { concentration: a } = this.params;
    return sum(xlogy(a.sub(1), value), -1).sub(logNormalizer(a));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return random.dirichlet(key, this.params.concentration, shape);
  }
  override get mean(): Tensor {
    const { concentration: a } = this.params;
    return a.div(sum(a, -1, { keepDims: true }));
  }
  override get variance(): Tensor {
    const { concentration: a } = this.params;
    const total = sum(a, -1, { keepDims: true });
    return a.div(total).mul(total.sub(a).div(total)).div(total.add(1));
  }
  override entropy(): Tensor {
    const { concentration: a } = this.params;
    const total = sum(a, -1);
    const free = (a.shape.at(-1) as number) - 1;
    return sum(gammaEntropy(a), -1).sub(gammaEntropy(total)).sub(digamma(total).mul(free));
  }
}

/** Σ lgamma(a_i) - lgamma(Σ a_i), over the last axis. */
const logNormalizer = (a: Tensor): Tensor => sum(lgamma(a), -1).sub(lgamma(sum(a, -1)));
