/**
 * KL(q | p) for any p whose log density is linear in a few statistics of x. With H the entropy of q,
 *
 *     KL(q | p) = -H(q) - E_q[log p(x)],
 *
 * where E_q needs the mean, the variance, E log x or E log(1 - x) of q. So one formula serves every q for which these moments are known.
 * The result is Infinity where q has mass outside the support of p, and null if a moment is not known.
 */
import { readNumbers } from "../../autodiff/core/reads.js";
import { logicalAnd, PedigradError, type Tensor, where } from "../../autodiff/index.js";
import { boundsOf } from "../constraints/constraint.js";
import type { Distribution } from "../core/distribution.js";
import { type Divergence, divergence } from "../core/divergence.js";

/** The bounds of a distribution of real numbers. Null for wrappers such as masks, because their `mean` and `variance` describe the base. */
const boundsOfValues = (q: Distribution): [low: Tensor, high: Tensor] | null =>
  q.eventDim > 0 || q.isDiscrete || "base" in q ? null : boundsOf(q.support);

/** E log x; undefined if it is not known for q. */
export const meanLog = (q: Distribution): Tensor | undefined => q.divergences.meanLog?.(q);
/** E log(1 - x); undefined if it is not known for q. */
export const meanLogRest = (q: Distribution): Tensor | undefined => q.divergences.meanLogRest?.(q);

/**
 * -H(q) - E log p where the support of q lies within the support of p, else Infinity; null if a moment is not known. `meanLogDensity`
 * returns E log p, or undefined if it needs an unknown moment.
 */
export const byMoments = <Q extends Distribution, P extends Distribution>(
  meanLogDensity: (q: Q, p: P) => Tensor | undefined,
): Divergence =>
  divergence((q: Q, p: P) => {
    const [inner, outer] = [boundsOfValues(q), boundsOfValues(p)];
    if (inner === null || outer === null) return null;
    const inside = logicalAnd(inner[0].greaterEqual(outer[0]), inner[1].lessEqual(outer[1]));
    const minusKl = valueIfKnown(() =>
      meanLogDensity(q, p)?.sub(q.divergences.negativeEntropy?.(q) ?? q.entropy().neg()),
    );
    if (minusKl !== undefined) return where(inside, minusKl.neg(), Infinity);
    return readNumbers(inside, "the bounds of a support").some((yes) => yes === 1) ? null : inside.mul(0).add(Infinity);
  });

/** The value of f, or undefined if the distribution does not have the moment. */
function valueIfKnown<T>(f: () => T): T | undefined {
  try {
    return f();
  } catch (error) {
    if (error instanceof PedigradError && error.code === "no-closed-form") return undefined;
    throw error;
  }
}
