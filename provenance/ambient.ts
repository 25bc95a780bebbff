/**
 * Values depend on sites not only through ops but also through control flow. `if (z.item() > 0)` passes a sampled number to host code
 * (JavaScript outside ops), and everything that the program computes afterwards depends on z, although no op has z as its input. So a read
 * adds the provenance of the value (the set of sites it depends on) to the *ambient* set of the current run, and every later result of that
 * run inherits the ambient set. An unnecessary site in a set makes gradients noisier; a missing site would bias them without any error.
 *
 * A program may also branch on whether a value raises an error (an index out of range, a bad parameter): it catches the
 * error and continues. If the value raises no error, nothing records that the program branched. So a run in which such an
 * error was caught is refused when it ends.
 *
 * A run is one execution of a model or a guide, for one particle or for a batch of them. Outside a run no read is
 * recorded.
 */
import { MIX } from "./axes.js";
import { PedigradError } from "./base/error.js";
import { Provenance, union } from "./set.js";
import { detachProvenance, getProvenance, isTracked, trackProvenance } from "./track.js";

/** The sites whose values host code has read in the current run; empty outside a run. Every op adds them to its result. */
export let ambient: Provenance = Provenance.empty;
let isRunning = false;
/** The enumerated sites of the current run: their tensors hold all values at once. */
let enumerated: string[] = [];
/** Thrown when the current run ends, if the program has caught an error that depends on a sampled value it had not read. */
let refusal: PedigradError | null = null;

/**
 * Record in the current run that host code has read a value with this provenance. The number that host code gets has no
 * axes, so it is not known which elements of each site it depends on: all axes become *mixed* (axes.ts).
 */
export function noteRead(set: Provenance): void {
  if (isRunning) ambient = union(ambient, set.moved(MIX, "read"));
}

/** Record in the current run that an op threw `error` because of a value with this provenance. */
export function noteRefusal(set: Provenance, error: PedigradError): void {
  if (isRunning && !ambient.includes(set)) refusal ??= caughtRefusalError(set, error);
}

const caughtRefusalError = (set: Provenance, { op, param, message }: PedigradError): PedigradError =>
  new PedigradError({
    code: "caught-refusal",
    site: [...set][0],
    op,
    param,
    message: `the program caught an error that depends on the sampled value of ${set}, and continued. So the program branches on that value, but no gradient would account for the branch. Keep the value in the allowed range (clip, where), or read it with item() and branch on the number. The error was: ${message}`,
  });

/** Record in the current run that a site is enumerated. */
export function noteEnumerated(site: string): void {
  if (isRunning) enumerated.push(site);
}

/** The first enumerated site of the current run that is in `set`; error messages name it. */
export const enumeratedIn = (set: Provenance): string | undefined => enumerated.find((site) => set.has(site));

/** Run `body` with the variables above reset: as a new run if `running`, else outside all runs. Restores them afterwards. */
function withFreshState<T>(running: boolean, body: () => T): T {
  const outer = { ambient, isRunning, enumerated, refusal };
  [ambient, isRunning, enumerated, refusal] = [Provenance.empty, running, [], null];
  let thrown: PedigradError | null = null;
  try {
    const result = body();
    if (refusal !== null) throw refusal;
    return result;
  } catch (error) {
    // The program of the outer run may catch this error, so the outer run must note the refusal too.
    if (outer.isRunning) thrown = refusal;
    throw error;
  } finally {
    ({ ambient, isRunning, enumerated } = outer);
    refusal = outer.refusal ?? thrown;
  }
}

/** Run `body` as a new run: its ambient set starts empty and is dropped afterwards, even if `body` throws. */
export const inFreshRun = <T>(body: () => T): T => withFreshState(true, body);

/** Whether a run is in progress. */
export const isInRun = (): boolean => isRunning;

/** Run `body` as part of the current run, or as a new run if there is none. */
export const inRun = <T>(body: () => T): T => (isRunning ? body() : inFreshRun(body));

/** Run `body` (a step of an optimiser, say) outside all runs: reads are not recorded, and results inherit no ambient set. */
export const outsideRuns = <T>(body: () => T): T => withFreshState(false, body);

/**
 * The result of a run that has ended, without the sites of that run in its provenance. If an outer run is in progress, the result depends on
 * the sites of `inputs`, and on the sites whose values the outer run has read.
 */
export function withOuterSets<T>(result: T, inputs: unknown): T {
  const outer = isRunning ? union(getProvenance(inputs), ambient) : Provenance.empty;
  const detached = detachProvenance(result);
  return outer.size === 0 ? detached : trackProvenance(detached, outer);
}

/** The ambient set of the current run. */
export const currentAmbient = (): Provenance => ambient;

/**
 * Run `body` with the ambient set `set`. The provenance of the result includes this set and the sites that `body` reads,
 * even if no op has computed the result. The density of a site, for example, is computed after the program has ended, but
 * depends on the ambient set that was current at its `sample` statement.
 */
export function withAmbient<T>(set: Provenance, body: () => T): T {
  const outer = ambient;
  ambient = set;
  try {
    const result = body();
    if (ambient.size === 0 || !isTracked(result)) return result;
    return result.withProvenance(union(result.provenance, ambient));
  } finally {
    ambient = outer;
  }
}
