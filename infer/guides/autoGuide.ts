/**
 * The base class of autoguides, which are made from models. The model runs once to find its latent sites. The guide then
 * has an independent distribution for each site (autoNormal.ts) or a joint distribution over all sites (autoJoint.ts), in
 * unconstrained space; bijections map the draws to the supports of the sites. Autoguides are functions like other guides.
 */
import { sizeOf } from "../../autodiff/core/shape.js";
import {
  type ErrorCode,
  emptyRecord,
  PedigradError,
  type Tensor,
  type TensorLike,
  tensor,
  vmap,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { requireThat } from "../../distributions/core/validation.js";
import { constraints } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, requireCount, requireKey, requireKind, requireOptions, requireProgram, show } from "../checks.js";
import { type Model, outsideHandlers, withHandlers } from "../program/messages.js";
import { wholePlatesHandler } from "../program/subsamples.js";
import { type SampleSite, sampleSites, type Trace } from "../program/trace.js";
import { requireParamsHandler } from "../program/traceChecks.js";
import { seed, substituteHandler } from "../program/values.js";
import { Callable } from "./callable.js";
import * as strategies from "./initStrategies.js";
import { type InitStrategy, initToFeasible, initToUniform } from "./initStrategies.js";
import { inspectModel, type ModelInspection, runModel } from "./inspection.js";
import { type Latent, platesIn, toLatents } from "./latents.js";

export interface AutoGuideOptions {
  /** A part of the name of every parameter; "auto" by default, as in `z_auto_loc` or `auto_loc`. */
  prefix?: string | undefined;
  /** The initial values of the latents; by default uniform on [-2, 2] in unconstrained space. */
  initLocFn?: InitStrategy | undefined;
  /** A key for the initial values. By default they depend on the key of `svi.init`. */
  key?: Tensor | undefined;
}

export interface ScaleOptions extends AutoGuideOptions {
  /** The initial standard deviation of all coordinates; 0.1 by default. */
  initScale?: number | undefined;
}

export interface AutoGuide {
  // biome-ignore lint/style/useShorthandFunctionType: merges with the class of this name
  // biome-ignore lint/suspicious/noExplicitAny: models take whatever arguments their author gave them
  (...args: any[]): Record<string, Tensor>;
}

const OPTIONS = {
  prefix: kinds.string,
  // To write initToMedian instead of initToMedian() is a frequent mistake.
  initLocFn: [
    (x) => typeof x === "function" && !Object.values(strategies).includes(x as () => never),
    "a strategy, such as initToMedian()",
  ],
  key: kinds.any,
} satisfies Record<string, Kind>;

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface is the call signature that Callable gives
export abstract class AutoGuide extends Callable {
  readonly prefix: string;
  readonly #initLocFn: InitStrategy;
  /** The key of the run that finds the latent sites. */
  protected readonly key: Tensor;
  readonly #hasOwnKey: boolean;
  #inspection: ModelInspection | null = null;
  #latents: readonly Latent[] | null = null;
  /** The arguments of the first run that succeeded. The latents come from this run. Null as long as no run has succeeded. */
  protected firstArgs: readonly unknown[] | null = null;

  constructor(
    readonly model: Model,
    options: AutoGuideOptions = {},
    moreOptions: Readonly<Record<string, Kind>> = {},
  ) {
    super((args) => this.#run(args));
    requireOptions(this.title, options, { ...OPTIONS, ...moreOptions });
    this.prefix = options.prefix ?? "auto";
    this.#initLocFn = options.initLocFn ?? initToUniform();
    this.key = options.key ?? random.key(0);
    this.#hasOwnKey = options.key !== undefined;
    requireProgram(this.title, "model", model);
    requireKey(`${this.title}({ key })`, this.key);
  }

  /** The guide's name in errors. The library's guides override it by a literal string, since minifiers rename classes. */
  get title(): string {
    return this.constructor.name;
  }
  #run(args: unknown[]): Record<string, Tensor> {
    if (this.firstArgs !== null) return this.guide(...args);
    try {
      const values = this.guide(...args);
      this.firstArgs = args;
      return values;
    } catch (error) {
      // `samplePosterior` refuses params without values. Here the likely cause is that the guide has not run before.
      if (error instanceof PedigradError && error.code === "no-value") throw this.#notRun(error);
      this.#forget();
      throw error;
    }
  }

  /** Forget the latents of a run that failed, so that the next run finds them from its own arguments. */
  #forget(): void {
    this.#inspection = this.#latents = null;
  }

  /** The error for a use of a guide that has not run its model with the arguments of the training. */
  #notRun(cause: unknown = null): PedigradError {
    this.#forget();
    // A model without arguments has the same latents in every run, so then a param is missing in `params`.
    if (this.model.length === 0 && cause instanceof PedigradError && cause.code === "no-value") return cause;
    const why = cause instanceof Error ? ` (${cause.message.replace(/\.$/, "")})` : "";
    return this.refusal(
      "no-latents",
      `this guide has not run its model yet, so it does not know the latents${why}. First call svi.init(key, ...args), or samplePosterior(key, params, {}, ...args).`,
    );
  }

  /** An error of this guide. */
  protected refusal(code: ErrorCode, message: string, about: { site?: string; param?: string } = {}): PedigradError {
    return new PedigradError({ code, op: this.title, ...about, message: `${this.title}: ${message}` });
  }

  /** Sample every latent. A call of the autoguide runs this method. */
  abstract guide(...args: unknown[]): Record<string, Tensor>;
  /** The medians of all latents, given constrained parameters by name. */
  abstract median(params: Record<string, Tensor>): Record<string, Tensor>;

  /** Quantiles of all latents, element by element, of shape [...probs, ...site]. Guides without quantiles refuse the call. */
  quantiles(_params: Record<string, Tensor>, _probs: TensorLike): Record<string, Tensor> {
    throw this.noClosedForm("quantiles");
  }

  protected noClosedForm(op: string, guide = this.title): PedigradError {
    return new PedigradError({
      code: "no-closed-form",
      op,
      message: `${guide} has no ${op} in closed form. Estimate the ${op} from draws: samplePosterior(key, params, { sampleShape: [1000] }).`,
    });
  }

  /**
   * Draws of all latents, of shape [...sampleShape, ...site], given constrained parameters by name. `args` are the
   * arguments of the model. They are needed if the plates of the model depend on them, or if the guide has not run yet.
   * For the values that the model computes from the latents, run `new Predictive(model, { posteriorSamples: draws })`.
   */
  samplePosterior(
    key: Tensor,
    params: Record<string, Tensor>,
    options: { sampleShape?: readonly number[] | undefined } = {},
    ...args: unknown[]
  ): Record<string, Tensor> {
    const sampleShape = this.sampleShapeOf(key, params, options);
    if (this.firstArgs === null && args.length === 0 && this.model.length > 0) throw this.#notRun();
    const requireParams = requireParamsHandler(`${this.title}.samplePosterior`, params);
    const handlers = [requireParams, substituteHandler(params), wholePlatesHandler("given")];
    const draw = (k: Tensor): Record<string, Tensor> =>
      outsideHandlers(() => withHandlers(handlers, () => seed(() => this.#run(args), k)()));
    const stacked: Record<string, Tensor> = this.#afterFit(() => vmap(draw)(random.split(key, sizeOf(sampleShape))));
    const latents = new Set(this.#sites(args.length > 0 ? args : (this.firstArgs ?? [])).map(({ name }) => name));
    const values = emptyRecord<Tensor>();
    for (const [name, x] of Object.entries(stacked))
      if (latents.has(name)) values[name] = x.reshape([...sampleShape, ...x.shape.slice(1)]);
    return values;
  }

  /** The probabilities that `quantiles` received, after a check. */
  protected probabilities(probs: TensorLike): Tensor {
    const p = tensor(probs);
    requireThat(p, constraints.unitInterval, { family: `${this.title}.quantiles`, what: "probs" });
    return p;
  }

  /** The sample shape in the options of `samplePosterior`, after a check of all arguments. */
  protected sampleShapeOf(
    key: Tensor,
    params: unknown,
    options: { sampleShape?: readonly number[] | undefined },
  ): readonly number[] {
    const op = `${this.title}.samplePosterior`;
    requireKey(op, key);
    requireKind(op, "params", params, kinds.record);
    requireOptions(op, options, { sampleShape: kinds.numbers });
    const { sampleShape = [] } = options;
    const count = sizeOf(sampleShape);
    if (count > 0) requireCount(op, "the number of draws", count);
    return sampleShape;
  }

  /** Run `body`. If it throws and the guide has not run before, throw the error that asks for a run of the guide. */
  #afterFit<T>(body: () => T): T {
    const wasNew = this.firstArgs === null;
    try {
      return body();
    } catch (error) {
      throw wasNew && !(error instanceof PedigradError && error.code === "no-latents") ? this.#notRun(error) : error;
    }
  }

  /** The value of the param `name` in `params`. */
  protected paramOf(params: Record<string, Tensor>, name: string): Tensor {
    if (Object.hasOwn(params ?? {}, name)) return tensor(params[name] as TensorLike);
    throw this.refusal(
      "no-value",
      `the params must contain "${name}", as result.params of a fit does, got ${show(params)}.`,
      { param: name },
    );
  }

  /** The run of the model that finds the latent sites. The model runs once, with the arguments of the first call. */
  #inspect(args: readonly unknown[]): ModelInspection {
    const { title, key } = this;
    this.#inspection ??= inspectModel(this.model, args, { title, strategy: this.#initLocFn, key });
    return this.#inspection;
  }
  #sites(args: readonly unknown[]): SampleSite[] {
    const { first } = this.#inspect(args);
    return [...sampleSites(first)].filter((site) => !site.isObserved && this.covers(site, first));
  }

  /** The latent sites of the model. */
  protected latents(...args: unknown[]): readonly Latent[] {
    if (this.#latents !== null) return this.#latents;
    if (args.length === 0 && this.model.length > 0) throw this.#notRun();
    return this.#afterFit(() => this.#firstLatents(args));
  }
  #firstLatents(args: readonly unknown[]): readonly Latent[] {
    this.#latents ??= toLatents(this.#sites(args), this.#inspect(args), this.#hasOwnKey);
    return this.#latents;
  }

  /**
   * The latent sites with the plates of this call. If the model itself chooses the elements of a plate, the model runs
   * again to find these elements.
   */
  protected latentsOf(args: readonly unknown[]): readonly Latent[] {
    const latents = this.#firstLatents(args);
    const isGiven = ({ plates }: Latent) => plates.some((plate) => plate.isGiven);
    if (!latents.some(isGiven)) return latents;
    const current = runModel(this.model, args, initToFeasible(), this.key, false, true).modelTrace;
    return latents.map((latent) =>
      isGiven(latent) ? { ...latent, plates: platesIn(current, latent.plates) } : latent,
    );
  }

  /**
   * Whether the guide samples this latent of the model's first run. By default it samples continuous latents, and refuses discrete ones that
   * are not enumerated.
   */
  protected covers({ name, fn, infer }: SampleSite, _run: Trace): boolean {
    if (!fn.isDiscrete) return true;
    if (infer.enumerate != null) return false;
    throw this.refusal(
      "discrete-latent",
      `latent site "${name}" is discrete (${fn.label}). Sum it out in the model (infer: { enumerate: "parallel" }, with TraceEnumELBO), or block it from the guide. If it is data, give it in the arguments of the guide's first run.`,
      { site: name },
    );
  }
}
