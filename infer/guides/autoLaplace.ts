/**
 * The Laplace approximation: a point is fitted in unconstrained space, and afterwards the posterior there is taken to be normal, with the
 * inverse Hessian of -log p at the point as its covariance.
 */
import { emptyRecord, hessian, type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import { Delta, type Distribution, MultivariateNormal } from "../../distributions/index.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { requireKey } from "../checks.js";
import { logDensity } from "../posterior/logDensity.js";
import { param } from "../program/primitives.js";
import type { Start } from "./autoGuide.js";
import { AutoJoint, unpack } from "./autoJoint.js";

/** Param `auto_loc`. While fitting, and in Predictive, the guide is the point; draws and quantiles are those of the normal. */
export class AutoLaplaceApproximation extends AutoJoint {
  /** The model's arguments when the guide first ran. */
  #args: readonly unknown[] = [];

  override get title(): string {
    return "AutoLaplaceApproximation";
  }
  protected override posterior(start: Start): Distribution {
    return new Delta(param(`${this.prefix}_loc`, start), 0, 1);
  }
  override guide(...args: unknown[]): Record<string, Tensor> {
    if (this.#args.length === 0) this.#args = args;
    return super.guide(...args);
  }

  /**
   * The normal at the fitted point, over all latents in unconstrained space: its precision is the Hessian of -log p there. `args` are
   * the model's, those of the guide's first run where left out.
   */
  laplaceApproximation(params: Record<string, Tensor>, ...given: unknown[]): Distribution {
    const args = given.length > 0 ? given : this.#args;
    const loc = this.of(params, `${this.prefix}_loc`);
    const energy = (flat: Tensor): Tensor => {
      let total = tensor(0);
      const values = emptyRecord<Tensor>();
      for (const { name, transform, x } of unpack(flat, this.latentsOf(args))) {
        const value = transform.forward(x);
        values[name] = value;
        total = total.add(transform.logAbsDetJacobian(x, value).sum());
      }
      return total.add(logDensity(this.model, mergeRecords<TensorLike>(params, values), ...args).logDensity).neg();
    };
    return new MultivariateNormal({ loc, precisionMatrix: hessian(energy)(loc) });
  }

  override samplePosterior(
    key: Tensor,
    params: Record<string, Tensor>,
    { sampleShape = [] }: { sampleShape?: readonly number[] } = {},
    ...args: unknown[]
  ): Record<string, Tensor> {
    requireKey("AutoLaplaceApproximation.samplePosterior", key);
    return this.constrained(this.laplaceApproximation(params, ...args).sample(key, sampleShape));
  }

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return this.constrained(this.of(params, `${this.prefix}_loc`));
  }

  protected override marginalQuantile(params: Record<string, Tensor>, z: Tensor): Tensor {
    const { mean, variance } = this.laplaceApproximation(params);
    return z.mul(variance.sqrt()).add(mean);
  }
}
