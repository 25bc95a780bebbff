/** Runs a model to find its latents, with initial values and with perturbed values. */
import { arange, type ErrorCode, PedigradError, type Tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { bijectTo, type Constraint } from "../../distributions/index.js";
import { trackProvenance } from "../../provenance/index.js";
import { didYouMean, quoted, refuseSite } from "../checks.js";
import { block } from "../program/handlers.js";
import { type Handler, type Model, outsideHandlers, type PlateMessage, withHandler } from "../program/messages.js";
import { nonFiniteSite, type Trace, trace } from "../program/trace.js";
import { addSiteToParameterError } from "../program/traceChecks.js";
import { seed, selectVisited } from "../program/values.js";
import { type InitStrategy, startingValue } from "./initStrategies.js";

interface InspectionOptions {
  /** The guide's name in errors. */
  readonly title: string;
  readonly strategy: InitStrategy;
  readonly key: Tensor;
}

/** The runs of a model from which a guide is made. */
export interface ModelInspection extends InspectionOptions {
  /** The trace of the first run. */
  readonly first: Trace;
  /** The initial values of the continuous latents. */
  readonly initialValues: ReadonlyMap<string, Tensor>;
  /** Runs the model with other params, latents and visited elements; null if the model throws an error for them. */
  readonly runPerturbed: () => Trace | null;
}

/**
 * Run the model to find its latents. If a parameter of a distribution is wrong in this run, for example because of the initial value of
 * another latent, the error names the site.
 */
export function inspectModel(model: Model, args: readonly unknown[], options: InspectionOptions): ModelInspection {
  const { title } = options;
  try {
    return runsOf(model, args, options);
  } catch (error) {
    throw addSiteToParameterError(error, () => {
      const { first } = runsOf(model, args, options);
      const site = nonFiniteSite(first);
      if (site === null) return null;
      const isParent = (name: string) => name !== site.name && first.get(name)?.type === "sample";
      const parents = [...site.logProb().provenance].filter(isParent).sort();
      const advice = ` If an initial value of ${quoted(parents)} led to it, start elsewhere: new ${title}(model, { initLocFn: initToMedian() }), or initToValue({ ${parents.join(", ")} }) with your own values.`;
      return [site.name, parents.length === 0 ? "" : advice];
    });
  }
}

function runsOf(model: Model, args: readonly unknown[], options: InspectionOptions): ModelInspection {
  const { title, strategy, key } = options;
  const { modelTrace: first, initialValues } = runModel(model, args, strategy, key);
  refuseUnusedNames(title, strategy, first);
  const runPerturbed = (): Trace | null => {
    try {
      return runModel(model, args, strategy, key, true).modelTrace;
    } catch (error) {
      if (error instanceof PedigradError) return null;
      throw error;
    }
  };
  return { ...options, first, initialValues, runPerturbed };
}

/**
 * The trace of a run of the model with the initial values of `strategy`, hidden from all outer handlers. Values are tagged with the names
 * of params and sites. If `isPerturbed` is true, the run has different params, latents and visited elements. If `isInStep` is true, plates
 * that draw their elements visit the elements of the current step, by which the model may choose the elements of other plates.
 */
export function runModel(
  model: Model,
  args: readonly unknown[],
  strategy: InitStrategy,
  key: Tensor,
  isPerturbed = false,
  isInStep = false,
): { modelTrace: Trace; initialValues: Map<string, Tensor> } {
  const initialValues = new Map<string, Tensor>();
  const root = random.foldIn(key, isPerturbed ? 0x7fffffff : 0);
  const plate = (message: PlateMessage): void => {
    if (message.subsampleSize === message.size) return;
    const start = isPerturbed ? message.size - message.subsampleSize : 0;
    message.value ??= arange(start, start + message.subsampleSize);
  };
  const handler = startHandler(strategy, key, isPerturbed, initialValues);
  const run = (): Trace => withHandler(handler, () => trace(seed(model, root)).getTrace(...args));
  const modelTrace = isInStep
    ? block(run, { hideIf: (message) => message.type !== "plate" || message.isGiven })()
    : outsideHandlers(() => withHandler({ process: { plate } }, run));
  return { modelTrace, initialValues };
}

/** The handler behind `runModel`. It adds the initial values of latents to `initialValues`. */
function startHandler(
  strategy: InitStrategy,
  key: Tensor,
  isPerturbed: boolean,
  initialValues: Map<string, Tensor>,
): Handler {
  let count = 0;
  const nextKey = (): Tensor => random.foldIn(key, ++count);
  const perturb = (value: Tensor, support: Constraint): Tensor => {
    if (!isPerturbed) return value;
    const transform = bijectTo(support);
    return transform.forward(transform.inverse(value).add(0.5));
  };
  return {
    process: {
      param(message) {
        const value = message.value ?? message.init?.(nextKey());
        if (value != null) message.value = trackProvenance(perturb(value, message.constraint), message.name);
      },
      sample(message) {
        if (message.value !== null) return;
        message.isTracked = true;
        if (message.fn.isDiscrete) return;
        const start = startingValue(strategy, message, nextKey());
        initialValues.set(message.name, start);
        message.value = perturb(selectVisited(start, message), message.fn.support);
      },
    },
  };
}

/**
 * Refuse names of a strategy's values that would have no effect: a misspelt name, and a site that reparam or `obsMask` computes from a
 * latent without a value. Several guides may use one strategy, so an unknown name is refused only if it resembles the name of such a site.
 */
function refuseUnusedNames(title: string, { names = [], title: op = title }: InitStrategy, run: Trace): void {
  const sitesWithoutValue = [...run.keys()].filter((name) => !names.includes(name));
  for (const name of names) {
    const type = run.get(name)?.type;
    const from = sitesWithoutValue.find((site) => site.startsWith(`${name}_`) && run.get(site)?.type === "sample");
    const hint = didYouMean(name, sitesWithoutValue);
    const refuse = (code: ErrorCode, why: string) => refuseSite(code, name, `${op}: ${why}`, { op });
    if (type === "deterministic" && from !== undefined)
      refuse("no-effect", `"${name}" is computed from "${from}" here. Give "${from}" a value.`);
    if (type === undefined && hint !== "")
      refuse("unknown-site", `the model of this ${title} has no site "${name}". It has ${quoted(run.keys())}.${hint}`);
  }
}
