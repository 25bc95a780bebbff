/**
 * A gradient along the path ends where host code reads a value: what it computes of `z.item()`, or decides by it, has no derivative for
 * z. So a site that was read takes the score function instead: guide and model run once more, under the same choices, with draws of
 * that site that are constants. Whatever depends on the read is then paid for by the site, since it inherits its name.
 */
import { Provenance, union } from "../../../provenance/index.js";
import type { Handler } from "../../program/messages.js";
import { isDraw, sampleSites } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/** The pair of runs that `run` makes; `around` are handlers that must be the outermost. */
export function scoreSitesThatWereRead<P extends Pair>(run: (...around: Handler[]) => P): P {
  const pair = run();
  const names = readAlongPath(pair);
  if (names.size === 0) return pair;
  note(names);
  return run({
    process: {
      sample(message) {
        if (names.has(message.name)) message.fn = message.fn.nonreparameterized();
      },
    },
  });
}

/** The guide's sites with a pathwise gradient whose values were read before some later site. */
function readAlongPath({ guide, model }: Pair): Set<string> {
  let read = Provenance.empty;
  for (const site of [...sampleSites(guide), ...sampleSites(model)]) read = union(read, site.ambient);
  const names = new Set<string>();
  if (read.size === 0) return names;
  for (const site of sampleSites(guide))
    if (read.has(site.name) && site.fn.hasRsample && isDraw(site)) names.add(site.name);
  return names;
}

let hasNoted = false;
function note([name]: ReadonlySet<string>): void {
  if (hasNoted) return;
  hasNoted = true;
  console.warn(
    `pedigrad: the program reads the value of site "${name}", where its pathwise gradient ends, so this site, and others like it, take the score function. Use ops on the tensor where what follows is smooth in it; for a branch, whose jump no path sees, say .nonreparameterized().`,
  );
}
