/**
 * A pathwise gradient ends where host code reads a value: numbers computed from `z.item()`, and branches on such numbers, have no
 * derivative with respect to z. So a pathwise site that was read gets a score-function gradient instead: guide and model run once
 * more with the same key, and the draws of this site have no gradient. After the read, all costs have the site in their provenance,
 * so the site is charged with them.
 */
import { warnOnce } from "../../../provenance/base/warnOnce.js";
import type { Handler } from "../../program/messages.js";
import { isPointMass, sampleSites } from "../../program/trace.js";
import type { Pair } from "./pair.js";

/**
 * If no pathwise site was read: `pair`. Otherwise: the result of `rerun`, with a handler that gives the sites that were read a
 * score-function gradient. Warn of these sites. Also warn of point masses that were read, because they have no score function.
 */
export function scoreSitesThatWereRead<P extends Pair>(pair: P, rerun: (scoreHandler: Handler) => P): P {
  const names = new Set<string>();
  for (const { name, fn, isObserved } of sampleSites(pair.guide)) {
    if (isObserved || !pair.readSites.has(name)) continue;
    if (!isPointMass(fn)) {
      if (fn.hasRsample) names.add(name);
    } else if (fn.params.v?.node !== null)
      warnOnce(
        "point mass read",
        () =>
          `${readOf(name)}. The guide has a point mass there (${fn.label}), whose gradient does not pass through the number that was read. Compute with ops on the tensor, or give "${name}" a guide with a density, such as AutoNormal.`,
      );
  }
  const [first] = names;
  if (first === undefined) return pair;
  warnOnce(
    "pathwise site read",
    () =>
      `${readOf(first)}, and a pathwise gradient cannot pass through such a read. This site, and others that are read, take the score function instead. To keep the pathwise gradient, compute with ops on the tensor. For a branch, say .nonreparameterized().`,
  );
  return rerun({
    process: {
      sample(message) {
        if (names.has(message.name)) message.fn = message.fn.nonreparameterized();
      },
    },
  });
}

const readOf = (name: string): string =>
  `the program reads the value of site "${name}" (by item(), a comparison or an index)`;
