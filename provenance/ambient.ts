/**
 * Control flow counts. `if (z.item() > 0)` leaks a sampled value into the host program, and whatever that program
 * computes afterwards depends on z although no op ever saw it. So a read adds the value's set to the *ambient* set of the
 * run it happens in, and every later result of that run inherits the ambient set. Over-counting costs variance;
 * under-counting would be silent bias.
 *
 * An error that depends on a value (an index out of range, a bad parameter) counts as a read only if the program catches it and
 * continues. Then the program also branches on every value that raises no error, and nothing records that. So such a run is refused when
 * it ends.
 *
 * A run is one execution of a model, a guide, or one particle of them. Outside a run nothing is collected.
 */
import { MIX } from "./axes.js";
import { PedigradError } from "./base/error.js";
import { Provenance, union } from "./set.js";

/** The sites whose values host code has read in the current run; empty outside a run. Read it on every op. */
export let ambient: Provenance = Provenance.empty;
let collecting = false;
/** The enumerated sites of the current run: their tensors hold all values at once. */
let enumerated: string[] = [];
/** The first refusal in the current run that depends on a value which host code had not read. */
let refusal: PedigradError | null = null;

/** Tell the current run that host code has read a value with this set. A number has no axes: its sites are mixed. */
export function noteRead(read: Provenance): void {
  if (collecting) ambient = union(ambient, read.moved(MIX, "read"));
}

/** Tell the current run that an op threw `error` because of a value with this set. */
export function noteRefusal(set: Provenance, error: PedigradError): void {
  if (collecting && !ambient.includes(set)) refusal ??= caughtRefusal(set, error);
}

const caughtRefusal = (set: Provenance, { op, param, message }: PedigradError): PedigradError =>
  new PedigradError({
    code: "caught-refusal",
    site: [...set][0],
    op,
    param,
    message: `the program caught an error that depends on the sampled value of ${set}, and continued. So it branches on that value, which the gradient would miss. Keep the value in the allowed range (clip, where), or read it with item() and branch on the number. The error was: ${message}`,
  });

/** Tell the current run that a site is enumerated. */
export function noteEnumerated(site: string): void {
  if (collecting) enumerated.push(site);
}

/** The first enumerated site of the current run that is in `set`, for errors. */
export const enumeratedIn = (set: Provenance): string | undefined => enumerated.find((site) => set.has(site));

function withCollection<T>(collect: boolean, body: () => T): T {
  const outer = { ambient, collecting, enumerated, refusal };
  [ambient, collecting, enumerated, refusal] = [Provenance.empty, collect, [], null];
  let thrown: PedigradError | null = null;
  try {
    const result = body();
    if (refusal !== null) throw refusal;
    return result;
  } catch (error) {
    // The outer run may catch the error too.
    if (outer.collecting) thrown = refusal;
    throw error;
  } finally {
    ({ ambient, collecting, enumerated } = outer);
    refusal = outer.refusal ?? thrown;
  }
}

/** Run `body` as a run of its own: an ambient set that starts empty and is gone afterwards, also after a throw. */
export const inFreshRun = <T>(body: () => T): T => withCollection(true, body);

/** Whether a run surrounds this point. */
export const isInRun = (): boolean => collecting;

/** Run `body` as part of the current run, or as one of its own where there is none. */
export const inRun = <T>(body: () => T): T => (collecting ? body() : inFreshRun(body));

/** Run `body` (a gradient, an optimiser) where reads leave no trace and results inherit nothing. */
export const outsideRuns = <T>(body: () => T): T => withCollection(false, body);

/** The ambient set of the current run, to be put back by `withAmbient`. */
export const currentAmbient = (): Provenance => ambient;

/** Run `body` with an ambient set that `currentAmbient` returned earlier. The density of a site is computed with the set at its statement. */
export function withAmbient<T>(set: Provenance, body: () => T): T {
  const outer = ambient;
  ambient = set;
  try {
    return body();
  } finally {
    ambient = outer;
  }
}
