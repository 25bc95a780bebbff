/**
 * Guides made from models. The model runs once to show its latent sites; the guide then has one variational factor a site
 * (autoNormal.ts) or one over all of them (autoJoint.ts), moved to each site's support by its bijection. Guides are functions,
 * given to SVI like any other.
 */
import {
  emptyRecord,
  PedigradError,
  random,
  stopGradient,
  type Tensor,
  type TensorLike,
  vmap,
} from "../../autodiff/index.js";
import { bijectTo, Identity, type Transform } from "../../distributions/index.js";
import { detachProvenance } from "../../provenance/index.js";
import { didYouMean, quoted, requireKey, requireOptions, requireProgram, show } from "../checks.js";
import { block, seed, substitution } from "../program/handlers.js";
import type { Model } from "../program/messages.js";
import { type Messenger, type PlateFrame, withMessenger } from "../program/messages.js";
import { plate, turnOf } from "../program/plate.js";
import { visitedPart, wholePlates } from "../program/subsamples.js";
import { type SampleSite, sampleSites, type Trace, trace } from "../program/trace.js";
import { type InitStrategy, initToFeasible, initToUniform, startingValue } from "./initStrategies.js";

export interface AutoGuideOptions {
  /** What parameter names start or end with; "auto" by default. */
  prefix?: string;
  /** Where the latents start; uniform on [-2, 2] in unconstrained space by default. */
  initLocFn?: InitStrategy;
  /** The key of the run that looks at the model, and of the starting values, which follow the key of `svi.init` otherwise. */
  key?: Tensor;
}

export interface ScaleOptions extends AutoGuideOptions {
  /** The standard deviation that all coordinates start with; 0.1. */
  initScale?: number;
}

/** A starting value in unconstrained space, by a key. */
export type Start = (key: Tensor) => Tensor;

/** A latent site of the model: its plates (outermost first), its way to unconstrained space, where it starts there. */
export interface Latent {
  readonly name: string;
  readonly site: SampleSite;
  readonly plates: readonly PlateFrame[];
  readonly transform: Transform;
  /** What its parameters start at, with the full size of every plate. */
  readonly startFrom: Start;
  /** The shape of that. */
  readonly startShape: readonly number[];
  /** How many of its last axes are its event in unconstrained space. */
  readonly eventDim: number;
}

// An instance is a function that runs the guide, with the class's methods.
class Callable {
  constructor() {
    const self: { guide(...args: unknown[]): unknown } = Object.setPrototypeOf(
      (...args: unknown[]) => self.guide(...args),
      new.target.prototype,
    );
    // biome-ignore lint/correctness/noConstructorReturn: a guide must be callable
    return self as unknown as Callable;
  }
}

export interface AutoGuide {
  // biome-ignore lint/style/useShorthandFunctionType: merges with the class of this name
  // biome-ignore lint/suspicious/noExplicitAny: models take whatever arguments their author gave them
  (...args: any[]): Record<string, Tensor>;
}

const OPTIONS = ["prefix", "initLocFn", "key"];

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface is the call signature that Callable gives
export abstract class AutoGuide extends Callable {
  readonly prefix: string;
  readonly #initLocFn: InitStrategy;
  /** The key of the run that looks at the model. */
  protected readonly key: Tensor;
  readonly #hasOwnKey: boolean;
  #latents: readonly Latent[] | null = null;

  constructor(
    readonly model: Model,
    options: AutoGuideOptions = {},
    own: readonly string[] = [],
  ) {
    super();
    requireOptions(new.target.name, options, [...OPTIONS, ...own]);
    this.prefix = options.prefix ?? "auto";
    this.#initLocFn = options.initLocFn ?? initToUniform();
    this.key = options.key ?? random.key(0);
    this.#hasOwnKey = options.key !== undefined;
    requireProgram(new.target.name, "model", model);
    requireKey(`${new.target.name}({ key })`, this.key);
  }

  /** The guide's name in errors. */
  abstract get title(): string;
  /** Sample every latent; what calling the guide does. */
  abstract guide(...args: unknown[]): Record<string, Tensor>;
  /** The medians of all latents under these (constrained) parameters. */
  abstract median(params: Record<string, Tensor>): Record<string, Tensor>;

  /** Quantiles of all latents, element by element, [...probs, ...site]; refused where a guide knows none. */
  quantiles(_params: Record<string, Tensor>, _probs: TensorLike): Record<string, Tensor> {
    throw this.noClosedForm("quantiles");
  }

  protected noClosedForm(op: string): PedigradError {
    return new PedigradError({
      code: "no-closed-form",
      op,
      message: `${this.title} has no ${op} in closed form; take them from samplePosterior(key, params, { sampleShape: [1000] }).`,
    });
  }

  /**
   * Draws of all latents, [...sampleShape, ...site], under these parameters, of all elements of a subsampled plate; the model's
   * arguments where its plates need them.
   */
  samplePosterior(
    key: Tensor,
    params: Record<string, Tensor>,
    { sampleShape = [] }: { sampleShape?: readonly number[] } = {},
    ...args: unknown[]
  ): Record<string, Tensor> {
    requireKey(`${this.title}.samplePosterior`, key);
    const count = sampleShape.reduce((a, b) => a * b, 1);
    const draw = (k: Tensor): Record<string, Tensor> =>
      block(() =>
        withMessenger(substitution(params), () =>
          withMessenger(wholePlates("given"), () => seed(() => this.guide(...args), k)()),
        ),
      )();
    const stacked: Record<string, Tensor> = vmap(draw)(random.split(key, count));
    const latents = new Set(this.latents().map(({ name }) => name));
    const values = emptyRecord<Tensor>();
    for (const [name, x] of Object.entries(stacked))
      if (latents.has(name)) values[name] = x.reshape([...sampleShape, ...x.shape.slice(1)]);
    return values;
  }

  /** The param `name` among `params`. */
  protected of(params: Record<string, Tensor>, name: string): Tensor {
    if (Object.hasOwn(params ?? {}, name)) return params[name] as Tensor;
    throw new PedigradError({
      code: "no-value",
      op: this.title,
      param: name,
      message: `${this.title}: expected the params of a fit, result.params, with "${name}" among them; got ${show(params)}.`,
    });
  }

  /** The latent sites of the model; it runs once, with the arguments of the first call. */
  protected latents(...args: unknown[]): readonly Latent[] {
    this.#latents ??= this.#look(args);
    return this.#latents;
  }

  /** The latent sites in their plates as this call opens them: the model runs again where it gives a plate its elements. */
  protected latentsOf(args: readonly unknown[]): readonly Latent[] {
    const latents = this.latents(...args);
    const isGiven = ({ plates }: Latent) => plates.some((plate) => plate.isGiven);
    if (!latents.some(isGiven)) return latents;
    const now = this.#run(args, initToFeasible());
    const asNow = (plate: PlateFrame): PlateFrame => {
      const site = now.get(plate.name);
      if (!plate.isGiven || site?.type !== "plate") return plate;
      return { ...plate, indices: site.value, subsampleSize: site.value.length };
    };
    return latents.map((latent) => (isGiven(latent) ? { ...latent, plates: latent.plates.map(asNow) } : latent));
  }

  /** What the model does when its latents start as `strategy` says, unheard by any handler. */
  #run(args: readonly unknown[], strategy: InitStrategy): Trace {
    let count = 0;
    const starting: Messenger = {
      process: (message) => {
        if (message.type === "param") message.value ??= message.init?.(random.foldIn(this.key, ++count)) ?? null;
        else if (message.type === "sample" && message.value === null && !message.fn.isDiscrete)
          message.value = visitedPart(startingValue(strategy, message, random.foldIn(this.key, ++count)), message);
      },
    };
    return block(() =>
      withMessenger(starting, () => trace(seed(this.model, random.foldIn(this.key, 0))).getTrace(...args)),
    )();
  }

  #look(args: readonly unknown[]): Latent[] {
    const seen = this.#run(args, this.#initLocFn);
    const given = this.#initLocFn.names ?? [];
    const others = [...seen.keys()].filter((name) => !given.includes(name));
    for (const name of given) {
      // Several guides may share their values: a name that this one has no site for is a mistake if it nearly is that of a site without one.
      const hint = seen.has(name) ? "" : didYouMean(name, others);
      if (hint !== "")
        throw new PedigradError({
          code: "unknown-site",
          op: this.#initLocFn.title,
          site: name,
          message: `${this.#initLocFn.title}: the model of this ${this.title} has no site "${name}"; it has ${quoted(seen.keys())}.${hint}`,
        });
    }
    const latents = [...sampleSites(seen)].filter((site) => !site.isObserved && this.covers(site));
    for (const site of latents) this.#refuseTurns(site);
    return latents.map((site) => describe(site, this.#hasOwnKey ? null : this.#initLocFn));
  }

  /** A loop over some elements of a plate has latents of other names at each step, of which this run has shown only its own. */
  #refuseTurns({ name, plates }: SampleSite): void {
    const loop = plates.find(({ dim, size, subsampleSize }) => dim === null && size !== subsampleSize);
    if (loop === undefined) return;
    throw new PedigradError({
      code: "subsampled-latent",
      op: this.title,
      site: name,
      message: `${this.title}: latent site "${name}" lies in the loop over plate "${loop.name}", which visits ${loop.subsampleSize} of ${loop.size} elements, others at every step. Write the plate with a body, plate("${loop.name}", ${loop.size}, { subsampleSize: ${loop.subsampleSize} }, body), or a guide by hand.`,
    });
  }

  /** Whether the guide has this latent: continuous ones, unless they are left to enumeration. */
  protected covers({ name, fn, infer }: SampleSite): boolean {
    if (!fn.isDiscrete) return true;
    if (infer.enumerate != null) return false;
    throw new PedigradError({
      code: "discrete-latent",
      op: this.title,
      site: name,
      message: `${this.title} cannot handle the discrete latent site "${name}" (${fn.label}). Sum it out in the model (infer: { enumerate: "parallel" }, with TraceEnumELBO), or block it from the guide.`,
    });
  }
}

/** A latent, started by `strategy`; where there is none, as the run that looked at the model did. */
function describe(site: SampleSite, strategy: InitStrategy | null): Latent {
  const transform = site.fn.isDiscrete ? new Identity() : bijectTo(site.fn.support);
  const eventDim = transform.domainEventDim;
  const plates = [...site.plates].reverse();
  const whole = (value: Tensor): Tensor => {
    let start = stopGradient(detachProvenance(transform.inverse(value)));
    for (const { dim, size, subsampleSize } of plates) {
      if (dim === null) continue;
      const axis = start.shape.length - eventDim + dim;
      if (start.shape[axis] === size) continue;
      // Elements that this run did not visit start where the visited ones do.
      start = start.take(
        Array.from({ length: size as number }, (_, i) => i % (subsampleSize as number)),
        axis,
      );
    }
    return start;
  };
  const first = whole(site.value);
  const startFrom: Start = (key) => (strategy === null ? first : whole(startingValue(strategy, site, key)));
  return { name: site.name, site, plates, transform, startFrom, startShape: first.shape, eventDim };
}

/** Run `body` inside the plates of a latent. */
export function inPlates<T>(plates: readonly PlateFrame[], body: () => T): T {
  const [first, ...rest] = plates;
  if (first === undefined) return body();
  const { name, size, dim, subsampleSize, indices, isGiven } = first;
  if (dim === null) return turnOf(first, () => inPlates(rest, body));
  const visits = isGiven ? { subsample: indices as Tensor } : { subsampleSize: subsampleSize as number };
  return plate(name, size as number, { dim, ...visits }, () => inPlates(rest, body));
}
