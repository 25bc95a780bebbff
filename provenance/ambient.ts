/**
 * Control flow counts. `if (z.item() > 0)` leaks a sampled value into the host program, and whatever that program
 * computes afterwards depends on z although no op ever saw it. So a read adds the value's set to the *ambient* set of the
 * run it happens in, and every later result of that run inherits the ambient set. Over-counting costs variance;
 * under-counting would be silent bias.
 *
 * A run is one execution of a model, a guide, or one particle of them. Outside a run nothing is collected.
 */
import { MIX } from "./axes.js";
import { Provenance, union } from "./set.js";

/** What host code has learnt from reading values in the current run; empty outside a run. Read it on every op. */
export let ambient: Provenance = Provenance.empty;
let collecting = false;

/** Tell the current run that host code has read a value with this set. A number has no axes: its sites are mixed. */
export function noteRead(read: Provenance): void {
  if (collecting) ambient = union(ambient, read.moved(MIX, "read"));
}

function within<T>(collect: boolean, body: () => T): T {
  const [outerAmbient, outerCollecting] = [ambient, collecting];
  [ambient, collecting] = [Provenance.empty, collect];
  try {
    return body();
  } finally {
    [ambient, collecting] = [outerAmbient, outerCollecting];
  }
}

/** Run `body` as a run of its own: an ambient set that starts empty and is gone afterwards, also after a throw. */
export const inFreshRun = <T>(body: () => T): T => within(true, body);

/** Run `body` as part of the current run, or as one of its own where there is none. */
export const inRun = <T>(body: () => T): T => (collecting ? body() : inFreshRun(body));

/** Run `body` (a gradient, an optimiser) where reads leave no trace and results inherit nothing. */
export const outsideRuns = <T>(body: () => T): T => within(false, body);

/** The ambient set of the current run, to be put back by `withAmbient`. */
export const currentAmbient = (): Provenance => ambient;

/** Run `body` under a set saved by `currentAmbient`: how a site computes its density as of its own statement. */
export function withAmbient<T>(set: Provenance, body: () => T): T {
  const outer = ambient;
  ambient = set;
  try {
    return body();
  } finally {
    ambient = outer;
  }
}
