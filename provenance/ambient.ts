/**
 * Control flow also makes values depend on sites. `if (z.item() > 0)` leaks a sampled value into the host program, and
 * whatever that program computes afterwards depends on z although no op ever saw z. So a read adds the provenance of
 * the value (the set of sites it depends on) to the *ambient* set of the current run, and every later result of that
 * run inherits the ambient set. A site too many costs variance; a missing site would be a silent bias.
 *
 * An error that depends on a value (an index out of range, a bad parameter) counts as a read only if the program
 * catches it and continues. But then the program has also branched where the value raised no error, and in that case
 * nothing records a read. So a run in which such an error was caught is refused when it ends.
 *
 * A run is one execution of a model or a guide, for one particle or for a batch of them. Outside a run nothing is
 * collected.
 */
import { MIX } from "./axes.js";
import { PedigradError } from "./base/error.js";
import { Provenance, union } from "./set.js";

/** The sites whose values host code has read in the current run; empty outside a run. Every op reads this set. */
export let ambient: Provenance = Provenance.empty;
let collecting = false;
/** The enumerated sites of the current run: their tensors hold all values at once. */
let enumerated: string[] = [];
/** The first refusal in the current run that depends on a value which host code had not read. */
let refusal: PedigradError | null = null;

/**
 * Tell the current run that host code has read a value with this provenance. The number that host code gets has no
 * axes, so the relation to the elements of each site is lost (the axes are *mixed*, axes.ts).
 */
export function noteRead(read: Provenance): void {
  if (collecting) ambient = union(ambient, read.moved(MIX, "read"));
}

/** Tell the current run that an op threw `error` because of a value with this provenance. */
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
    // The program of the outer run may catch this error, so the outer run must note the refusal too.
    if (outer.collecting) thrown = refusal;
    throw error;
  } finally {
    ({ ambient, collecting, enumerated } = outer);
    refusal = outer.refusal ?? thrown;
  }
}

/** Run `body` as a new run: its ambient set starts empty and is dropped afterwards, also after a throw. */
export const inFreshRun = <T>(body: () => T): T => withCollection(true, body);

/** Whether a run surrounds this point. */
export const isInRun = (): boolean => collecting;

/** Run `body` as part of the current run, or as a new run if there is none. */
export const inRun = <T>(body: () => T): T => (collecting ? body() : inFreshRun(body));

/** Run `body` (a gradient, an optimiser) outside all runs: no read is recorded, and results inherit nothing. */
export const outsideRuns = <T>(body: () => T): T => withCollection(false, body);

/** The ambient set of the current run, to be put back by `withAmbient`. */
export const currentAmbient = (): Provenance => ambient;

/**
 * Run `body` with an ambient set that `currentAmbient` returned earlier. The density of a site is computed later, but
 * with the ambient set as it was when its `sample` statement ran.
 */
export function withAmbient<T>(set: Provenance, body: () => T): T {
  const outer = ambient;
  ambient = set;
  try {
    return body();
  } finally {
    ambient = outer;
  }
}
