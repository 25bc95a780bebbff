/** Autoguides with an independent distribution for every site: AutoNormal (mean field) and AutoDelta (point masses). */
import { full, mapTree, ndtri, type Tensor, type TensorLike } from "../../autodiff/index.js";
import {
  constraints,
  Delta,
  Identity,
  IndependentTransform,
  Normal,
  type Transform,
  TransformedDistribution,
} from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import type { Model } from "../program/messages.js";
import { param, sample } from "../program/primitives.js";
import { AutoGuide, type ScaleOptions } from "./autoGuide.js";
import { sampleEach, valuesOf } from "./eachLatent.js";
import type { Latent, StartValue } from "./latents.js";

const isIdentity = (t: Transform): boolean =>
  t instanceof Identity || (t instanceof IndependentTransform && isIdentity(t.base));

/**
 * An independent normal for every latent in unconstrained space (mean field). Params: `name_auto_loc`, `name_auto_scale`.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoNormal(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoNormal extends AutoGuide {
  readonly #initScale: number;

  constructor(model: Model, options: ScaleOptions = {}) {
    super(model, options, { initScale: kinds.positive });
    this.#initScale = options.initScale ?? 0.1;
  }

  override get title(): string {
    return "AutoNormal";
  }

  override guide(...args: unknown[]): Record<string, Tensor> {
    return sampleEach(this.latentsOf(args), (latent) => this.#sample(latent));
  }

  #sample({ name, site, transform, startFrom, startShape }: Latent): Tensor {
    const eventDim = transform.domainEventDim;
    const loc = param(`${name}_${this.prefix}_loc`, startFrom, { eventDim });
    const spread = full(startShape, this.#initScale);
    const scale = param(`${name}_${this.prefix}_scale`, spread, { constraint: constraints.positive, eventDim });
    const base = new Normal(loc, scale).toEvent(eventDim);
    const fn = isIdentity(transform) ? base : new TransformedDistribution(base, transform, site.fn.support);
    return sample(name, fn, { infer: { sharesMask: true } });
  }

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return this.quantiles(params, 0.5);
  }

  /** Quantiles of shape [...probs, ...site]. They are exact if the site's bijection is elementwise. */
  override quantiles(params: Record<string, Tensor>, probs: TensorLike): Record<string, Tensor> {
    const p = this.probabilities(probs);
    return valuesOf(this.latents(), ({ name, transform }) => {
      const loc = this.paramOf(params, `${name}_${this.prefix}_loc`);
      // A decreasing bijection maps the upper quantiles to the lower ones.
      const z = ndtri(p)
        .reshape([...p.shape, ...loc.shape.map(() => 1)])
        .mul(transform.direction ?? 1);
      return transform.forward(z.mul(this.paramOf(params, `${name}_${this.prefix}_scale`)).add(loc));
    });
  }
}

/**
 * A point mass for every latent, for maximum a posteriori estimates. Params: `name_auto_loc`, in the site's support.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoDelta(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoDelta extends AutoGuide {
  override get title(): string {
    return "AutoDelta";
  }

  override guide(...args: unknown[]): Record<string, Tensor> {
    return sampleEach(this.latentsOf(args), ({ name, transform, startFrom, site }) => {
      const { support, eventDim } = site.fn;
      const start: StartValue = (key) => transform.forward(startFrom(key));
      const point = param(`${name}_${this.prefix}_loc`, start, { constraint: support, eventDim });
      return sample(name, new Delta(point, 0, eventDim), { infer: { sharesMask: true } });
    });
  }

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return valuesOf(this.latents(), ({ name }) => this.paramOf(params, `${name}_${this.prefix}_loc`));
  }

  /** Every quantile is the point itself. */
  override quantiles(params: Record<string, Tensor>, probs: TensorLike): Record<string, Tensor> {
    const { shape } = this.probabilities(probs);
    return mapTree(this.median(params), (point) =>
      (point as Tensor).broadcastTo([...shape, ...(point as Tensor).shape]),
    );
  }
}
