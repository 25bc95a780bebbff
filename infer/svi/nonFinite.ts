/** The errors of steps, most of all the error for a loss that is not finite. */
import { abridge } from "../../autodiff/core/nested.js";
import { contiguous } from "../../autodiff/core/view.js";
import { PedigradError, type Tensor } from "../../autodiff/index.js";
import { quoted } from "../checks.js";
import { hasFiniteParams, type Stepper, type SVIState } from "./state.js";

/**
 * The error for a loss that is not finite. The message names the step (null for the step of an `update`), the sites whose costs are not
 * finite with their values, and the parameters. `refusal` is the error that the step threw. A compiled step does not check values; without
 * `refusal`, the step is therefore taken again eagerly.
 */
export function nonFiniteLossError(
  svi: Stepper,
  state: SVIState,
  step: number | null,
  loss: number,
  args: unknown[],
  refusal?: unknown,
): PedigradError {
  if (refusal === undefined)
    try {
      svi.with({ jit: false }).advance(state, args);
    } catch (error) {
      refusal = error;
    }
  const nonFiniteSites = findNonFiniteSites(svi, state, args);
  const refusalText = refusal instanceof PedigradError ? ` ${refusal.message}` : "";
  const sites = [...nonFiniteSites].map(([name, value]) => `"${name}" (value ${textOf(value)})`).join(", ");
  const params = Object.entries(svi.getParams(state)).map(([name, value]) => `${name} = ${textOf(value)}`);
  const reason = Number.isNaN(loss)
    ? " Lower the learning rate, or check the data for NaN."
    : " A density is 0 or infinite there: check the data and the support of the guide.";
  const start = step === 0 ? " Start elsewhere: initLocFn: initToMedian() in an autoguide, or initParams." : "";
  const [op, which] = step === null ? ["svi.update", "loss"] : ["svi.run", `loss of step ${step}`];
  const skip = step === null ? "call svi.stableUpdate" : "set { stableUpdate: true }";
  return new PedigradError({
    code: Number.isNaN(loss) ? "nan-loss" : "infinite-loss",
    site: (refusal instanceof PedigradError ? refusal.site : undefined) ?? nonFiniteSites.keys().next().value,
    op,
    message: `${op}: the ${which} is ${loss}${sites && `, caused by site ${sites}`}.${refusalText} The parameters were ${params.join(", ") || "none"}.${refusalText && hasFiniteParams(state) ? "" : reason}${start} To skip such steps, ${skip}.`,
  });
}

const warned = /* @__PURE__ */ new WeakSet<Stepper>();
/** Warn that a step of `update` from `state` has a loss that is not finite, once for each SVI. Its caller may know what to do, so it is not an error. */
export function warnOfLoss(svi: Stepper, state: SVIState, loss: number, args: unknown[]): void {
  if (warned.has(svi)) return;
  warned.add(svi);
  console.warn(`pedigrad: ${nonFiniteLossError(svi, state, null, loss, args).message}`);
}

/** An error of a step, with the number of the step added. If the error names no site, add one whose cost is not finite. */
export function errorInStep(
  step: number,
  error: PedigradError,
  nonFiniteSites: () => ReadonlyMap<string, Tensor>,
): PedigradError {
  const { code, param, op = "svi.run", message } = error;
  const site = error.site ?? nonFiniteSites().keys().next().value;
  const atSite = error.site === undefined && site !== undefined ? `, at site "${site}"` : "";
  return new PedigradError({ code, site, param, op, message: `svi.run: in step ${step}${atSite}: ${message}` });
}

/** Warn that `stableUpdate` refused most steps of a run. The result of the run then differs little from its initial state, or not at all. */
export function warnOfRefusedSteps(op: string, refused: number, taken: number, sites: readonly string[]): void {
  const cause = sites.length === 0 ? "" : `, in the last state because of site ${quoted(sites)}`;
  console.warn(
    `pedigrad: ${op}: stableUpdate refused ${refused} of ${taken} steps, whose loss or parameters were not finite${cause}. Start elsewhere (initLocFn: initToMedian()), lower the learning rate, or leave stableUpdate out to see the cause.`,
  );
}

/** The sites whose cost is not finite, with their values; an empty map if the program throws an error instead. */
export function findNonFiniteSites(svi: Stepper, state: SVIState, args: unknown[]): Map<string, Tensor> {
  try {
    return svi.nonFiniteSites(state, ...args);
  } catch {
    return new Map();
  }
}

const textOf = (x: Tensor): string => abridge(contiguous(x.toFloat64Array(), x.shape));
