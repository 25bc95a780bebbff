/** Finds the initial values of all parameters in one run of the guide and one run of the model with the guide's draws. */

import { elementsOf } from "../../autodiff/core/reads.js";
import { sameShape } from "../../autodiff/core/shape.js";
import { textOf } from "../../autodiff/core/tensor.js";
import {
  type ErrorCode,
  emptyRecord,
  mapTree,
  PedigradError,
  type Tensor,
  type TensorLike,
  tensor,
  zeros,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { bijectTo, type Constraint } from "../../distributions/index.js";
import { warnOnce } from "../../provenance/base/warnOnce.js";
import { detachProvenance, inFreshRun, trackProvenance } from "../../provenance/index.js";
import { refuseSharedName, unknownParam } from "../checks.js";
import { warnOfSharedBaselines } from "../elbo/costs/sharedBaseline.js";
import type { Elbo } from "../elbo/elbo.js";
import type { Outcome } from "../elbo/particles/pair.js";
import { supportsHandler } from "../elbo/particles/supports.js";
import { type Handler, type Model, outsideHandlers, type ParamMessage, withHandler } from "../program/messages.js";
import { sharedPlatesHandler } from "../program/subsamples.js";
import { nonFiniteSite, type Trace, trace } from "../program/trace.js";
import { addSiteToParameterError, reportAsSite } from "../program/traceChecks.js";
import { replay, seed } from "../program/values.js";
import { constraintText } from "./paramSpace.js";
import type { SVIState } from "./state.js";

export interface Initial {
  /** Constrained values by name. */
  readonly values: Record<string, Tensor>;
  readonly constraints: Map<string, Constraint>;
  readonly mutables: Record<string, Tensor>;
}

const START_ADVICE =
  " If a draw of the guide led to it, start the guide elsewhere: { initParams }, or the option initLocFn of an autoguide.";

/**
 * The initial values of the params of guide and model. A value in `initParams` takes precedence over the guide's value,
 * and the guide's value over the model's.
 */
export function initialise(
  key: Tensor,
  { model, guide, elbo }: { readonly model: Model; readonly guide: Model; readonly elbo: Elbo },
  args: readonly unknown[],
  initParams: Record<string, TensorLike>,
): Initial {
  const [guideKey, modelKey] = [random.foldIn(key, 1), random.foldIn(key, 2)];
  const plates = sharedPlatesHandler(() => random.foldIn(key, 0));
  const [collector, initial] = collectorOf(key, initParams, (known) => declarations(model, args, modelKey, known));
  const run = (f: Model, k: Tensor): Trace =>
    inFreshRun(() =>
      withHandler(collector, () =>
        trace(seed((...rest) => withHandler(ownKeysHandler, () => f(...rest)), k)).getTrace(...args),
      ),
    );
  withHandler(plates, () => {
    const guideTrace = run(guide, guideKey);
    warnOfSharedBaselines(guideTrace, guide, guideKey, initial.values, args);
    const runReplayed = () => run(replay(model, elbo.drawsForModel(guideTrace)), modelKey);
    try {
      withHandler(supportsHandler(guideTrace), runReplayed);
    } catch (error) {
      throw addSiteToParameterError(error, () => {
        const site = nonFiniteSite(runReplayed());
        return site && [site.name, START_ADVICE];
      });
    }
  });
  const { constraints } = initial;
  for (const name of Object.keys(initParams))
    if (!constraints.has(name)) throw unknownParam(name, constraints, "initParams: ");
  for (const name of Object.keys(initial.mutables))
    if (constraints.has(name)) refuseSharedName(name, "param", "mutable");
  return initial;
}

/** The value that a param has already; null if it has none. */
type KnownValue = (name: string) => Tensor | null;

/**
 * A handler that gives each param its initial value when it is first declared, and the values that it has given. A param that the guide
 * declares without an initial value has the one in the model's declaration.
 */
function collectorOf(
  key: Tensor,
  initParams: Record<string, TensorLike>,
  declarationsOfModel: (knownValue: KnownValue) => Map<string, ParamMessage>,
): [Handler, Initial] {
  const values: Record<string, Tensor> = emptyRecord();
  const constraints = new Map<string, Constraint>();
  const mutables: Record<string, Tensor> = emptyRecord();
  const knownValue: KnownValue = (name) =>
    Object.hasOwn(initParams, name) ? tensor(initParams[name] as TensorLike) : (values[name] ?? null);
  let modelDeclarations: Map<string, ParamMessage> | null = null;
  const withInit = (message: ParamMessage): ParamMessage => {
    if (message.init !== null) return message;
    modelDeclarations ??= declarationsOfModel(knownValue);
    return modelDeclarations.get(message.name) ?? message;
  };
  const handler: Handler = {
    postprocess: {
      mutable({ name, cell }) {
        mutables[name] ??= detachProvenance((cell as { value: Tensor }).value);
      },
    },
    process: {
      param(message) {
        const { name } = message;
        if (!constraints.has(name)) {
          const { init, isReference, constraint: declared } = withInit(message);
          // An inner handler (substitute) may already have given the param a value.
          const value = knownValue(name) ?? message.value ?? init?.(random.foldIn(key, 3 + constraints.size));
          if (value === undefined) return;
          const constraint = isReference ? message.constraint : declared;
          values[name] = checkInitial(name, constraint, value);
          constraints.set(name, constraint);
        }
        const initial = values[name] as Tensor;
        message.value = trackProvenance(initial, firstValueOf(name));
        checkRedeclared(message, initial, constraints.get(name) as Constraint);
      },
    },
  };
  return [handler, { values, constraints, mutables }];
}

/** The name with which the provenance of a param's value is marked in the first run. */
const firstValueOf = (name: string): string => `param "${name}" in the first run`;

/** Refuse a program that keeps values of params, or values computed from them, from its first run: a later run had this loss. */
export function requireNothingKept({ loss }: Outcome, values: Initial["values"]): void {
  const param = Object.keys(values).find((name) => loss.provenance.has(firstValueOf(name)));
  if (param === undefined) return;
  refuse(
    "unknown-param",
    param,
    " is used with its value from the first run of the program (as in memo ??= param(…)), which no step changes. Declare it in every run, with all that depends on it. Keep a constant as detachProvenance(value).",
  );
}

/** A handler that warns, once, of a latent that the program draws with a key of its own. */
const ownKeysHandler: Handler = {
  process: {
    sample({ name, key, value }) {
      if (key === null || value !== null) return;
      warnOnce(
        "key of the program",
        () =>
          `site "${name}" is drawn with a key of the program (seed, or the option key). If every step has the same key, the fit adapts to its noise. Leave the key to SVI.`,
      );
    },
  },
};

/**
 * The initial values of mutables, and the averages of baselines, which start at 0. `outcome` is the outcome of a dry run of
 * one step. A mutable whose shape changes in the dry run starts at its value after the dry run.
 */
export function initialMutables(
  outcome: Outcome,
  declaredValues: Record<string, Tensor>,
): Pick<SVIState, "mutableState" | "averages"> {
  const { mutableState, averages = {} } = outcome;
  const start = (value: Tensor, name: string): Tensor => {
    const after = mutableState[name];
    return after === undefined || sameShape(value.shape, after.shape) ? value : after;
  };
  return {
    mutableState: mapTree(declaredValues, (value, name) => start(value as Tensor, name)),
    ...(Object.keys(averages).length > 0 && { averages: mapTree(averages, (x) => zeros((x as Tensor).shape)) }),
  };
}

/** The params for which the model declares an initial value, by name. */
function declarations(
  model: Model,
  args: readonly unknown[],
  key: Tensor,
  knownValue: KnownValue,
): Map<string, ParamMessage> {
  const byName = new Map<string, ParamMessage>();
  const collector: Handler = {
    process: {
      param(message) {
        const { name, init } = message;
        if (init !== null && !byName.has(name)) byName.set(name, { ...message });
        message.value ??= knownValue(name) ?? byName.get(name)?.init?.(key) ?? null;
      },
    },
  };
  outsideHandlers(() => inFreshRun(() => withHandler(collector, () => seed(model, key)(...args))));
  return byName;
}

/**
 * Refuse an initial value outside the constraint or on its boundary. On the boundary, the unconstrained value would be
 * infinite, and no step could change it.
 */
function checkInitial(name: string, constraint: Constraint, value: Tensor): Tensor {
  const bijection = reportAsSite(name, () => bijectTo(constraint), "param");
  const isInside = elementsOf(constraint.check(value)).every((ok) => ok === 1);
  if (!(isInside && elementsOf(bijection.inverse(value)).every(Number.isFinite)))
    refuse(
      "bad-initial-value",
      name,
      `: initial value ${textOf(value)} is outside the constraint ${constraint.name}, or on its boundary. Give a value strictly inside.`,
    );
  return value;
}

/** Refuse a declaration of a param that differs from the first declaration, which had the constraint `first` and this value. */
function checkRedeclared(
  { name, shape, constraint, isReference }: ParamMessage,
  value: Tensor,
  first: Constraint,
): void {
  const [before, now] = [constraintText(first), constraintText(constraint)];
  if (!isReference && before !== now)
    refuse(
      "constraint-mismatch",
      name,
      ` is declared twice: with the constraint ${before} and with ${now}. Give both the same constraint, refer to the param by param("${name}") in one place, or use two names.`,
    );
  if (shape !== null && !sameShape(shape, value.shape))
    refuse(
      "shape-mismatch",
      name,
      ` is declared twice: with shape [${value.shape}] and with shape [${shape}]. Give both the same initial value, or two names.`,
    );
}

function refuse(code: ErrorCode, param: string, message: string): never {
  throw new PedigradError({ code, param, site: param, message: `param "${param}"${message}` });
}
