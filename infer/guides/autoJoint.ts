/**
 * Autoguides with one distribution over all latents in unconstrained space: a diagonal, full or low-rank normal.
 * Two more such guides are in autoLaplace.ts and autoFlow.ts. The joint draw is an auxiliary site, and each latent is a Delta at its
 * part of the draw. The log density of the Delta is minus the log-Jacobian of the bijection, so that all log densities
 * together sum to the log density of the latents.
 */
import { sizeOf } from "../../autodiff/core/shape.js";
import {
  broadcastTo,
  concatenate,
  type ErrorCode,
  emptyRecord,
  eye,
  full,
  ndtri,
  type PedigradError,
  type Tensor,
  type TensorLike,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { requireAll, validation } from "../../distributions/core/validation.js";
import {
  constraints,
  Delta,
  type Distribution,
  LowRankMultivariateNormal,
  MultivariateNormal,
  Normal,
} from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, quoted } from "../checks.js";
import { isMasked, sharesMask } from "../elbo/particles/masks.js";
import type { Model } from "../program/messages.js";
import { param, sample } from "../program/primitives.js";
import type { SampleSite, Trace } from "../program/trace.js";
import { AutoGuide, type ScaleOptions } from "./autoGuide.js";
import { sampleEach, valuesOf } from "./eachLatent.js";
import type { Latent } from "./latents.js";

/** The base class of guides that draw all latents as one vector in unconstrained space. Param: `auto_loc`, the location of this vector. */
export abstract class AutoFlat extends AutoGuide {
  /** Draw the vector of all latents, of length `size`. */
  protected abstract drawFlat(loc: Tensor, size: number): Tensor;

  override guide(...args: unknown[]): Record<string, Tensor> {
    const latents = this.latentsOf(args);
    for (const latent of latents) this.#refuseSubsampled(latent);
    if (latents.length === 0) return emptyRecord();
    const name = `${this.prefix}_loc`;
    const size = this.size(...args);
    const loc = param(name, (key: Tensor) =>
      concatenate(latents.map(({ startFrom }, i) => startFrom(random.foldIn(key, i)).reshape([-1]))),
    );
    // A single number is the location of all coordinates.
    const [length = size] = loc.shape;
    if (length !== size)
      throw this.refusal(
        "no-latents",
        `the param "${name}" has ${length} numbers, but the latents ${quoted(latents.map((latent) => latent.name))} have ${size}. If this guide has not run its model yet, first call svi.init(key, ...args).`,
        { param: name },
      );
    return sampleEach(unpack(this.drawFlat(loc, size), latents), ({ name: site, transform, site: { fn }, x }) => {
      const value = transform.forward(x);
      return sample(site, new Delta(value, transform.logAbsDetJacobian(x, value).neg(), fn.eventDim));
    });
  }

  /** The dimension of unconstrained space: the number of coordinates of all latents there. */
  protected size(...args: unknown[]): number {
    return this.latents(...args).reduce((size, latent) => size + sizeOf(latent.startShape), 0);
  }

  protected override covers(site: SampleSite, run: Trace): boolean {
    const isCovered = super.covers(site, run);
    if (isCovered && isMasked(site) && sharesMask(site, run))
      throw this.#refusal("masked-latent", site.name, `which cannot leave out the masked elements of "${site.name}"`);
    return isCovered;
  }

  #refuseSubsampled({ name, plates }: Latent): void {
    const plate = plates.find(({ isWhole }) => !isWhole);
    if (plate !== undefined)
      throw this.#refusal(
        "subsampled-latent",
        name,
        `but "${name}" is in the subsampled plate "${plate.name}", so each step visits only some of its elements`,
      );
  }

  #refusal(code: ErrorCode, site: string, why: string): PedigradError {
    const message = `this guide has one distribution over all latents, ${why}. Use AutoNormal, or AutoGuideList with AutoNormal for "${site}".`;
    return this.refusal(code, message, { site });
  }
}

/** The base class of guides that draw all latents as one vector from a single distribution. */
export abstract class AutoJoint extends AutoFlat {
  /** The distribution of the vector, which depends on params of the guide. */
  protected abstract posterior(loc: Tensor, size: number): Distribution;
  /** The standard deviation of each coordinate, given parameters by name. */
  protected abstract spread(params: Record<string, Tensor>): Tensor;

  protected override drawFlat(loc: Tensor, size: number): Tensor {
    const q = this.posterior(loc, size);
    const flat = sample(`_${this.prefix}_latent`, q, { infer: { isAuxiliary: true } });
    this.checkDraw(flat, q);
    return flat;
  }
  /** Refuse a draw from `q` whose density has lost its digits. */
  protected checkDraw(_flat: Tensor, _q: Distribution): void {}

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return this.quantiles(params, 0.5);
  }

  override quantiles(params: Record<string, Tensor>, probs: TensorLike): Record<string, Tensor> {
    const z = ndtri(this.probabilities(probs)).expandDims(-1);
    const latents = this.latents();
    if (latents.length === 0) return emptyRecord();
    // A decreasing bijection maps the upper quantiles to the lower ones.
    const directions = latents.map(({ transform, startShape }) =>
      broadcastTo(transform.direction ?? 1, startShape).reshape([-1]),
    );
    const standard = z.mul(concatenate(directions));
    return this.constrained(standard.mul(this.spread(params)).add(this.jointParam(params, "loc")));
  }

  /** The param `auto_…` in `params`. */
  protected jointParam(params: Record<string, Tensor>, part: string): Tensor {
    return this.paramOf(params, `${this.prefix}_${part}`);
  }

  /** The constrained latents, by name, from vectors in unconstrained space, [..., D]. */
  protected constrained(flat: Tensor): Record<string, Tensor> {
    return valuesOf(unpack(flat, this.latents()), ({ transform, x }) => transform.forward(x));
  }
}

/** Each latent with its part `x` of the vector, reshaped to the latent's shape. */
function unpack(flat: Tensor, latents: readonly Latent[]): (Latent & { x: Tensor })[] {
  let end = 0;
  const lead = flat.shape.slice(0, -1);
  return latents.map((latent) => {
    const start = end;
    end += sizeOf(latent.startShape);
    return { ...latent, x: flat.slice(start, end, { axis: -1 }).reshape([...lead, ...latent.startShape]) };
  });
}

/** A joint distribution whose standard deviations start at `initScale`. */
abstract class ScaledJoint extends AutoJoint {
  protected readonly initScale: number;
  constructor(model: Model, options: ScaleOptions = {}, moreOptions: Readonly<Record<string, Kind>> = {}) {
    super(model, options, { initScale: kinds.positive, ...moreOptions });
    this.initScale = options.initScale ?? 0.1;
  }
  /**
   * For a draw loc + L ε of a normal, log q + entropy is (D - |ε|²) / 2, and |ε|² is about D. The density finds ε by solving with L. If L is
   * close to singular, the solution has no right digit, and |ε|² is far larger.
   */
  protected override checkDraw(flat: Tensor, q: Distribution): void {
    const least = -50 * (flat.length + 1);
    const isNear = () => q.logProb(flat).add(q.entropy()).greaterEqual(least);
    const must = "far from singular (lower the learning rate)";
    const subject = { family: this.title, what: "the covariance" };
    if (validation) requireAll(isNear, q.variance, { must, eventDim: 1 }, subject);
  }
}

/**
 * Independent normals over all latents in unconstrained space. Params: `auto_loc`, `auto_scale`.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoDiagonalNormal(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoDiagonalNormal extends ScaledJoint {
  override get title(): string {
    return "AutoDiagonalNormal";
  }
  protected override posterior(loc: Tensor, size: number): Distribution {
    const scale = param(`${this.prefix}_scale`, full([size], this.initScale), {
      constraint: constraints.positive,
    });
    return new Normal(loc, scale).toEvent(1);
  }
  protected override spread(params: Record<string, Tensor>): Tensor {
    return this.jointParam(params, "scale");
  }
}

/**
 * A normal with full covariance over all latents in unconstrained space. Params: `auto_loc`, `auto_scale_tril`.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoMultivariateNormal(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoMultivariateNormal extends ScaledJoint {
  override get title(): string {
    return "AutoMultivariateNormal";
  }
  protected override posterior(loc: Tensor, size: number): Distribution {
    const scaleTril = param(`${this.prefix}_scale_tril`, eye(size).mul(this.initScale), {
      constraint: constraints.lowerCholesky,
    });
    return new MultivariateNormal({ loc, scaleTril });
  }
  protected override spread(params: Record<string, Tensor>): Tensor {
    return this.jointParam(params, "scale_tril").square().sum(-1).sqrt();
  }
}

/**
 * A normal over all latents in unconstrained space, whose covariance is a matrix of low rank plus a diagonal. Params:
 * `auto_loc`, `auto_cov_factor` [D, rank], `auto_scale`. Initially, `auto_cov_factor` is initScale / √2 times the first
 * `rank` columns of the identity, and `auto_scale` is initScale / √2. So the initial standard deviation is initScale for
 * the first `rank` coordinates, and initScale / √2 for the others.
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoLowRankMultivariateNormal(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoLowRankMultivariateNormal extends ScaledJoint {
  readonly #rank: number | undefined;
  constructor(model: Model, options: ScaleOptions & { rank?: number } = {}) {
    super(model, options, { rank: kinds.count });
    this.#rank = options.rank;
  }
  override get title(): string {
    return "AutoLowRankMultivariateNormal";
  }
  protected override posterior(loc: Tensor, d: number): Distribution {
    const rank = this.#rank ?? Math.max(1, Math.round(Math.sqrt(d)));
    const share = this.initScale * Math.SQRT1_2;
    const covFactor = param(`${this.prefix}_cov_factor`, eye(d, rank).mul(share));
    const scale = param(`${this.prefix}_scale`, full([d], share), { constraint: constraints.positive });
    return new LowRankMultivariateNormal({ loc, covFactor, covDiag: scale.square() });
  }
  protected override spread(params: Record<string, Tensor>): Tensor {
    const ofFactor = this.jointParam(params, "cov_factor").square().sum(-1);
    return ofFactor.add(this.jointParam(params, "scale").square()).sqrt();
  }
}
