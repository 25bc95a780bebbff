/**
 * A gradient along the path ends where host code reads a value: what it computes of `z.item()`, or decides by it, has no derivative for
 * z. So a site that was read takes the score function instead: guide and model run once more, under the same choices, with draws of
 * that site that are constants. Whatever depends on the read is then paid for by the site, since it inherits its name.
 */
import type { Handler } from "../../program/messages.js";
import { isDraw, sampleSites } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/** `pair`, or what `again` makes of its programs where draws of sites that were read must be constants. */
export function scoreSitesThatWereRead<P extends Pair>(pair: P, again: (constants: Handler) => P): P {
  const names = readAlongPath(pair);
  if (names.size === 0) return pair;
  note(names);
  return again({
    process: {
      sample(message) {
        if (names.has(message.name)) message.fn = message.fn.nonreparameterized();
      },
    },
  });
}

/** The guide's sites with a pathwise gradient whose values were read before some later site. */
function readAlongPath({ guide, read }: Pair): Set<string> {
  const names = new Set<string>();
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
