/**
 * A pathwise gradient ends where host code reads a value: numbers computed from `z.item()`, and branches on it, have no derivative with
 * respect to z. A site that was read therefore takes the score function instead: guide and model run once more with the same key, with
 * the draws of that site held constant. Later costs carry the site's name in their provenance, so they are among the costs that multiply
 * the score of this site.
 */
import type { Handler } from "../../program/messages.js";
import { isDraw, sampleSites } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/**
 * `pair` itself if no pathwise site was read; else the pair that `rerun` returns, run with a handler that holds the
 * draws of the read sites constant.
 */
export function scoreSitesThatWereRead<P extends Pair>(pair: P, rerun: (constants: Handler) => P): P {
  const names = pathwiseSitesRead(pair);
  if (names.size === 0) return pair;
  warnOfRead(names);
  return rerun({
    process: {
      sample(message) {
        if (names.has(message.name)) message.fn = message.fn.nonreparameterized();
      },
    },
  });
}

/** The guide's sites with a pathwise gradient whose values host code read before a later site. */
function pathwiseSitesRead({ guide, readSites }: Pair): Set<string> {
  const names = new Set<string>();
  for (const site of sampleSites(guide))
    if (readSites.has(site.name) && site.fn.hasRsample && isDraw(site)) names.add(site.name);
  return names;
}

let hasWarned = false;
function warnOfRead([name]: ReadonlySet<string>): void {
  if (hasWarned) return;
  hasWarned = true;
  console.warn(
    `pedigrad: the program reads the value of site "${name}" (by item(), a comparison or an index), and a pathwise gradient cannot pass through such a read. This site, and others that are read, take the score function instead. To keep the pathwise gradient, compute with ops on the tensor. For a branch, which needs the score function, say .nonreparameterized().`,
  );
}
