/**
 * The Laplace approximation: a point is fitted in unconstrained space, and the posterior is then approximated by a
 * normal around this point, whose covariance is the inverse Hessian of -log p at the point. Enumerated sites of the
 * model are summed out of p.
 */
import { type ErrorCode, emptyRecord, hessian, PedigradError, type Tensor, zeros } from "../../autodiff/index.js";
import { constraints, Delta, type Distribution, MultivariateNormal } from "../../distributions/index.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { requireKey } from "../checks.js";
import { TraceELBO } from "../elbo/scoreElbo.js";
import { TraceEnumELBO } from "../enumeration/traceEnumElbo.js";
import type { Model } from "../program/messages.js";
import { param } from "../program/primitives.js";
import { withWholePlates } from "../program/subsamples.js";
import type { SampleSite } from "../program/trace.js";
import { AutoJoint } from "./autoJoint.js";
import type { Start } from "./latents.js";

/**
 * Param `auto_loc`. In SVI and in Predictive the guide draws the fitted point; `samplePosterior` and `quantiles` use
 * the normal.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoLaplaceApproximation(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoLaplaceApproximation extends AutoJoint {
  /** The model's arguments when the guide first ran. */
  #args: readonly unknown[] = [];
  /** Whether the model has latents that are left to enumeration. */
  #hasEnumerated = false;

  override get title(): string {
    return "AutoLaplaceApproximation";
  }
  protected override posterior(start: Start): Distribution {
    return new Delta(param(this.#loc, start), 0, 1);
  }
  override guide(...args: unknown[]): Record<string, Tensor> {
    if (this.#args.length === 0) this.#args = args;
    return super.guide(...args);
  }
  protected override covers(site: SampleSite): boolean {
    const isCovered = super.covers(site);
    this.#hasEnumerated ||= !isCovered;
    return isCovered;
  }
  get #loc(): string {
    return `${this.prefix}_loc`;
  }

  /**
   * The normal at the fitted point, over all latents in unconstrained space. Its precision is the Hessian of the loss
   * -log p there, with every plate visited whole. `given` are the model's arguments; by default the arguments of the
   * guide's first run.
   */
  laplaceApproximation(params: Record<string, Tensor>, ...given: unknown[]): Distribution {
    const args = given.length > 0 ? given : this.#args;
    if (this.size(...args) === 0)
      throw this.#refusal("no-latents", "the model has no continuous latents to approximate. Leave this guide out.");
    const loc = this.paramOf(params, this.#loc);
    const elbo = this.#hasEnumerated ? new TraceEnumELBO() : new TraceELBO();
    // One minibatch would give the curvature of another posterior.
    const [model, guide] = [this.model, this].map(withWholePlates) as [Model, Model];
    const energy = (x: Tensor): Tensor =>
      elbo.loss(this.key, mergeRecords(params, { [this.#loc]: x }), model, guide, ...args);
    const second = hessian(energy)(loc);
    const precisionMatrix = second.add(second.transpose()).mul(0.5);
    if (constraints.positiveDefinite.check(precisionMatrix).item() === 0)
      throw this.#refusal(
        "not-a-maximum",
        `${this.#loc} is not a maximum of the posterior density: the Hessian of -log p there is not positive definite, ${precisionMatrix}. Run more steps, start elsewhere (initLocFn), or use AutoNormal, which needs no maximum.`,
      );
    return new MultivariateNormal({ loc, precisionMatrix });
  }

  #refusal(code: ErrorCode, message: string): PedigradError {
    return new PedigradError({ code, op: this.title, message: `${this.title}: ${message}` });
  }

  override samplePosterior(
    key: Tensor,
    params: Record<string, Tensor>,
    { sampleShape = [] }: { sampleShape?: readonly number[] } = {},
    ...args: unknown[]
  ): Record<string, Tensor> {
    requireKey("AutoLaplaceApproximation.samplePosterior", key);
    if (this.size(...args) === 0) return this.constrained(zeros([...sampleShape, 0]));
    return this.constrained(this.laplaceApproximation(params, ...args).sample(key, sampleShape));
  }

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return this.size() === 0 ? emptyRecord() : this.constrained(this.paramOf(params, this.#loc));
  }

  protected override marginalQuantile(params: Record<string, Tensor>, z: Tensor): Tensor {
    const { mean, variance } = this.laplaceApproximation(params);
    return z.mul(variance.sqrt()).add(mean);
  }
}
