/**
 * The trace of a run records every site in order, with its distribution, value, plates, scale and mask. Estimators
 * compute their loss from two traces, the guide's and the model's.
 */
import { batchDepth } from "../../autodiff/core/batch.js";
import { recorder } from "../../autodiff/core/recorder.js";
import { sameShape } from "../../autodiff/core/shape.js";
import { type Tensor, tensor, where } from "../../autodiff/index.js";
import { overElements } from "../../distributions/constraints/axes.js";
import type { Distribution } from "../../distributions/index.js";
import { refuse } from "../../provenance/base/error.js";
import * as kinds from "../../provenance/base/kinds.js";
import { inRun, type Provenance, withAmbient } from "../../provenance/index.js";
import { requireKind } from "../checks.js";
import { familyOf, type InferOptions } from "./inferOptions.js";
import {
  type Handler,
  type Listeners,
  type Model,
  type ParamMessage,
  type PlateFrame,
  type SampleMessage,
  withHandlers,
} from "./messages.js";
import { sharedPlatesHandler } from "./subsamples.js";
import {
  addSiteToError,
  checkBroadcast,
  checkPlates,
  checkWeight,
  maskObserved,
  refuseInside,
  reportAsSite,
  requireSameSite,
} from "./traceChecks.js";

/**
 * A random choice in a trace.
 *
 * @example trace(() => sample("x", new Normal(0, 1), { obs: 1 })).getTrace().get("x")?.logProb().item() // -1.4189
 */
export class SampleSite {
  readonly type = "sample";
  readonly name: string;
  readonly fn: Distribution;
  readonly value: Tensor;
  readonly isObserved: boolean;
  readonly infer: InferOptions;
  /** The plates around the site, innermost first. */
  readonly plates: readonly PlateFrame[];
  readonly scale: Tensor | number;
  readonly mask: Tensor | null;
  readonly ambient: Provenance;
  #logProb: Tensor | null = null;
  #elements: Tensor | null = null;

  constructor(
    message: Pick<
      SampleSite,
      "name" | "fn" | "value" | "isObserved" | "infer" | "plates" | "scale" | "mask" | "ambient"
    >,
  ) {
    this.name = message.name;
    this.fn = message.fn;
    this.value = message.value;
    this.isObserved = message.isObserved;
    this.infer = message.infer;
    this.plates = message.plates;
    this.scale = message.scale;
    this.mask = message.mask;
    this.ambient = message.ambient;
  }

  /**
   * The log density of the value, not scaled. Its provenance includes the sites whose values host code had read before
   * the statement.
   */
  logProb(): Tensor {
    this.#logProb ??= this.#density("logProb");
    return this.#logProb;
  }

  /** The same site without the masks of its distribution. Used for the score of a draw, because masks do not change the score. */
  unmasked(): SampleSite {
    const { unmasked } = this.fn;
    return unmasked === this.fn ? this : new SampleSite({ ...this, fn: unmasked });
  }

  /** The log density of each independent element of an event: `logProb` before its last `fn.elementDim` axes are summed. */
  elements(): Tensor {
    if (this.fn.elementDim === 0) return this.logProb();
    this.#elements ??= this.#density("logProbElements");
    return this.#elements;
  }

  #density(method: "logProb" | "logProbElements"): Tensor {
    const { name, fn, value, isObserved, mask, ambient } = this;
    // A value with the batch shape of its distribution needs no check, since the distribution was expanded to the plates.
    if (!sameShape(value.shape.slice(0, value.shape.length - fn.eventDim), fn.batchShape)) {
      checkPlates(this);
      checkBroadcast(this);
    }
    // A masked observation may be NaN, so mask before computing. A latent is not masked here, since its score ignores the mask.
    const density = () => (isObserved && mask !== null ? maskObserved(this, mask) : fn)[method](value);
    try {
      return withAmbient(ambient, density);
    } catch (error) {
      throw addSiteToError(name, error, isObserved ? "observed site" : "site");
    }
  }

  /** The log density, masked and scaled. */
  scaledLogProb(): Tensor {
    return this.scaled(this.masked(this.logProb()));
  }

  /** `elements`, masked and scaled. */
  scaledElements(): Tensor {
    const { elementDim } = this.fn;
    return this.scaled(this.masked(this.elements(), elementDim), elementDim);
  }

  /** `x`, a log density or a KL term of this site, with 0 where the site's mask is 0. (Multiplying by 0 would keep a NaN.) */
  masked(x: Tensor, elementDim = 0): Tensor {
    if (this.mask === null) return x;
    const mask = overElements(this.mask, elementDim);
    checkWeight(this.name, "mask", mask, x.shape);
    return where(mask, x, 0);
  }

  /** `x`, a log density or a KL term of this site, multiplied by its scale. */
  scaled(x: Tensor, elementDim = 0): Tensor {
    const { name, scale } = this;
    if (typeof scale === "number") return scale === 1 ? x : x.mul(scale);
    const weight = overElements(scale, elementDim);
    checkWeight(name, "scale", weight, x.shape);
    return x.mul(weight);
  }
}

/** A `param`, `deterministic` or `mutable` value in a trace. */
export interface ValueSite {
  readonly type: "param" | "deterministic" | "mutable";
  readonly name: string;
  readonly value: Tensor;
}

/** A plate that was opened. */
export interface PlateSite {
  readonly type: "plate";
  readonly name: string;
  readonly value: Tensor;
  readonly size: number;
  readonly isGiven: boolean;
  readonly isWhole: boolean;
}

export type Site = SampleSite | ValueSite | PlateSite;
/** All sites of a run by name, in order. */
export type Trace = Map<string, Site>;

/** The random choices of a trace. */
export function* sampleSites(trace: Trace): Generator<SampleSite> {
  for (const site of trace.values()) if (site.type === "sample") yield site;
}

/** The first site whose log density is not finite. */
export const nonFiniteSite = (trace: Trace): SampleSite | null =>
  [...sampleSites(trace)].find((site) => !site.logProb().toFloat64Array().every(Number.isFinite)) ?? null;

/** Whether a site is a `factor`. Only a factor observes an empty tensor (distributions/families/degenerate/unit.ts). */
export const isFactor = ({ fn }: { readonly fn: Distribution }): boolean => fn.eventShape[0] === 0;

/** Whether a distribution is a point mass (a Delta), which may be expanded, masked or made an event. */
export const isPointMass = (fn: Distribution): boolean => familyOf(fn).family === "Delta";

/** Whether a site of the guide is random: neither a factor nor a point mass, which has no score. */
export const isDraw = ({ isObserved, fn }: SampleSite): boolean => !isObserved && !isPointMass(fn);

/** Whether a site of the guide has a score-function gradient. */
export const isScoreSite = (site: SampleSite): boolean => !site.isObserved && !site.fn.hasRsample;

/** A handler that records the messages of a program as sites. */
export class TraceHandler implements Handler {
  readonly sites: Trace = new Map();
  readonly #recorder = recorder;
  readonly #batchDepth = batchDepth;
  readonly #cellOfName = new Map<string, { value: Tensor }>();

  readonly postprocess: Listeners = {
    sample: (message) => this.#add(new SampleSite(message as SampleMessage & { value: Tensor })),
    param: (message) => {
      // Without handlers that give values, a reference has the value of the declaration before it.
      const declared = this.sites.get(message.name);
      if (declared?.type === "param") message.value ??= declared.value;
      this.#addValue(message);
    },
    deterministic: (message) => this.#addValue(message),
    plate: ({ name, value, size, isGiven, isWhole }) =>
      this.#add({ type: "plate", name, value: value as Tensor, size, isGiven, isWhole }),
    mutable: (message) => {
      const cell = this.#cellOfName.get(message.name) ?? (message.cell as { value: Tensor });
      message.cell = cell;
      this.#cellOfName.set(message.name, cell);
      this.#addValue({ ...message, ...cell });
    },
  };

  #addValue({ type, name, value }: Pick<ParamMessage, "name" | "value"> & Pick<ValueSite, "type">): void {
    this.#add({ type, name, value: value as Tensor });
  }

  #add(site: Site): void {
    if (recorder !== this.#recorder) refuseInside("jit", site);
    if (batchDepth !== this.#batchDepth && site.type !== "param") refuseInside("vmap", site);
    const before = this.sites.get(site.name);
    if (before !== undefined) requireSameSite(before, site);
    this.sites.set(site.name, site);
  }

  /** The trace, with the final values of the mutables that the run changed. */
  finish(): Trace {
    const type = "mutable";
    for (const [name, cell] of this.#cellOfName)
      this.sites.set(name, { type, name, value: reportAsSite(name, () => tensor(cell.value), type) });
    return this.sites;
  }
}

/** How many programs are running, one inside another. */
let runDepth = 0;

/**
 * Refuse inference inside a running model or guide: the outer handlers would get the messages of the inner sites, and the
 * outer gradient would not include them.
 */
export function requireOutside(op: string): void {
  if (runDepth > 0)
    refuse(
      "inference-inside",
      op,
      "called inside a running model or guide. Run the inference before, and pass its results as arguments.",
    );
}

/** `trace(f).getTrace(...args)` runs f and returns the trace of the run; the result of f is dropped. */
export function trace<A extends unknown[]>(f: (...args: A) => unknown): { getTrace(...args: A): Trace } {
  requireKind("trace", "the first argument", f, kinds.function);
  // A trace has one site for each plate, so a plate must visit the same elements whenever it is opened.
  return { getTrace: (...args) => inRun(() => traceOf(f, args, [sharedPlatesHandler(null)])) };
}

/** The trace of f(...args), inside these handlers. The caller starts the run (`inRun`). */
export function traceOf(f: Model, args: readonly unknown[], handlers: readonly Handler[] = []): Trace {
  const handler = new TraceHandler();
  runDepth++;
  try {
    withHandlers([...handlers, handler], () => f(...args));
  } finally {
    runDepth--;
  }
  return handler.finish();
}
