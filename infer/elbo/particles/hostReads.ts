/**
 * A pathwise gradient ends where host code reads a value: numbers computed from `z.item()`, and branches on such numbers, have no
 * derivative with respect to z. So a pathwise site that was read gets a score-function gradient instead: guide and model run once
 * more with the same key, and the draws of this site have no gradient. After the read, all costs have the site in their provenance,
 * so the site is charged with them.
 */
import { warnOnce } from "../../../provenance/base/warnOnce.js";
import type { Handler } from "../../program/messages.js";
import { isDraw, isPointMass, sampleSites } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/**
 * `pair` itself if no pathwise site was read. Otherwise the result of `rerun`, which receives a handler that gives the sites
 * that were read a score-function gradient.
 */
export function scoreSitesThatWereRead<P extends Pair>(pair: P, rerun: (constants: Handler) => P): P {
  const names = pathwiseSitesRead(pair);
  warnOfPointRead(pair);
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

/** The pathwise sites of the guide whose values host code read before a later sample statement. */
function pathwiseSitesRead({ guide, readSites }: Pair): Set<string> {
  const names = new Set<string>();
  for (const site of sampleSites(guide))
    if (readSites.has(site.name) && site.fn.hasRsample && isDraw(site)) names.add(site.name);
  return names;
}

/** Warn of a point mass that was read. A point mass has no score function, so its gradient ends at the read. */
function warnOfPointRead({ guide, readSites }: Pair): void {
  if (readSites.size === 0) return;
  for (const { name, fn, isObserved } of sampleSites(guide))
    if (!isObserved && readSites.has(name) && isPointMass(fn) && fn.params.v?.node !== null)
      warnOnce(
        "point mass read",
        () =>
          `the program reads the value of site "${name}" (by item(), a comparison or an index). The guide has a point mass there (${fn.label}), whose gradient does not pass through the number that was read. Compute with ops on the tensor, or give "${name}" a guide with a density, such as AutoNormal.`,
      );
}

const warnOfRead = ([name]: ReadonlySet<string>): void =>
  warnOnce(
    "pathwise site read",
    () =>
      `the program reads the value of site "${name}" (by item(), a comparison or an index), and a pathwise gradient cannot pass through such a read. This site, and others that are read, take the score function instead. To keep the pathwise gradient, compute with ops on the tensor. For a branch, which needs the score function, say .nonreparameterized().`,
  );
