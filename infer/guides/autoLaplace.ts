/**
 * The Laplace approximation. SVI fits a point in unconstrained space, the mode of the posterior. Then a normal around
 * this point approximates the posterior. The covariance of the normal is the inverse Hessian of -log p at the point, where
 * p is the density of the model, with enumerated sites summed out.
 */
import { abridge } from "../../autodiff/core/nested.js";
import { contiguous } from "../../autodiff/core/view.js";
import { hessian, type Tensor, zeros } from "../../autodiff/index.js";
import { constraints, Delta, type Distribution, MultivariateNormal } from "../../distributions/index.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { TraceELBO } from "../elbo/scoreElbo.js";
import { TraceEnumELBO } from "../enumeration/traceEnumElbo.js";
import type { Model } from "../program/messages.js";
import { withWholePlates } from "../program/subsamples.js";
import type { SampleSite, Trace } from "../program/trace.js";
import { AutoJoint } from "./autoJoint.js";

/**
 * The Laplace approximation of the posterior. Param: `auto_loc`. In SVI and in Predictive the guide draws the fitted
 * point; `samplePosterior` and `quantiles` use the normal around this point.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoLaplaceApproximation(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoLaplaceApproximation extends AutoJoint {
  /** Whether the model has enumerated latents, which the guide does not sample. */
  #hasEnumerated = false;

  override get title(): string {
    return "AutoLaplaceApproximation";
  }
  protected override posterior(loc: Tensor): Distribution {
    return new Delta(loc, 0, 1);
  }
  protected override covers(site: SampleSite, run: Trace): boolean {
    const isCovered = super.covers(site, run);
    this.#hasEnumerated ||= !isCovered;
    return isCovered;
  }

  /**
   * The normal around the fitted point, over all latents in unconstrained space. Its precision is the Hessian of -log p
   * at this point, with all elements of every plate visited. `modelArgs` are the arguments of the model; by default the
   * arguments of the guide's first run.
   */
  laplaceApproximation(params: Record<string, Tensor>, ...modelArgs: unknown[]): Distribution {
    const args = modelArgs.length > 0 ? modelArgs : (this.firstArgs ?? []);
    if (this.size(...args) === 0)
      throw this.refusal("no-latents", "the model has no continuous latents to approximate. Leave this guide out.");
    const name = `${this.prefix}_loc`;
    const loc = this.paramOf(params, name);
    const elbo = this.#hasEnumerated ? new TraceEnumELBO() : new TraceELBO();
    // Visit all elements, since the Hessian of a minibatch is noisy.
    const [model, guide] = [this.model, this].map(withWholePlates) as [Model, Model];
    const energy = (x: Tensor): Tensor =>
      elbo.loss(this.key, mergeRecords(params, { [name]: x }), model, guide, ...args);
    const curvature = hessian(energy)(loc);
    const precisionMatrix = curvature.add(curvature.transpose()).mul(0.5);
    if (constraints.positiveDefinite.check(precisionMatrix).item() === 0)
      throw this.refusal(
        "not-a-maximum",
        `${name} is not a maximum of the posterior density: the Hessian of -log p there is not positive definite, ${abridge(contiguous(precisionMatrix.toFloat64Array(), precisionMatrix.shape))}. Run more steps, start elsewhere, or use AutoNormal.`,
      );
    return new MultivariateNormal({ loc, precisionMatrix });
  }

  override samplePosterior(
    key: Tensor,
    params: Record<string, Tensor>,
    options: { sampleShape?: readonly number[] | undefined } = {},
    ...args: unknown[]
  ): Record<string, Tensor> {
    const sampleShape = this.sampleShapeOf(key, params, options);
    if (this.size(...args) === 0) return this.constrained(zeros([...sampleShape, 0]));
    return this.constrained(this.laplaceApproximation(params, ...args).sample(key, sampleShape));
  }

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return this.constrained(this.size() === 0 ? zeros([0]) : this.jointParam(params, "loc"));
  }

  protected override spread(params: Record<string, Tensor>): Tensor {
    return this.size() === 0 ? zeros([0]) : this.laplaceApproximation(params).variance.sqrt();
  }
}
