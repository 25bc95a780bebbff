/** Refuses guides that can draw values outside the support of the model's site, since the ELBO would then be minus infinity. */
import { elementsOf } from "../../../autodiff/core/copy.js";
import { sameShape } from "../../../autodiff/core/shape.js";
import { PedigradError, type Tensor } from "../../../autodiff/index.js";
import { boundsOf } from "../../../distributions/constraints/constraint.js";
import type { Constraint } from "../../../distributions/index.js";
import { sampleSites, type Trace } from "../../program/trace.js";

/**
 * Refuse guide sites whose support is certainly not contained in that of the model's site. Masked sites of the model are exempt, and so
 * are point masses of the guide, because their values are checked when drawn.
 */
export function checkSupports(guide: Trace, model: Trace): void {
  for (const { name, fn: q, isObserved } of sampleSites(guide)) {
    const other = model.get(name);
    if (isObserved || other?.type !== "sample" || ["Delta", "Empirical"].includes(q.label)) continue;
    const { fn: p, mask } = other;
    if (mask !== null || p.unmasked !== p || !sameShape(q.shape(), p.shape()) || !reachesOutside(q.support, p.support))
      continue;
    throw new PedigradError({
      code: "support-mismatch",
      site: name,
      message: `guide site "${name}" can draw values that the model excludes: a draw of the guide (${q.label}) may be ${q.support.must}, but the value in the model (${p.label}) must be ${p.support.must}. Give the guide a distribution on the model's support, or a TransformedDistribution into it.`,
    });
  }
}

/** Whether some value that satisfies `q` certainly violates `p`. */
function reachesOutside(q: Constraint, p: Constraint): boolean {
  if (p.isDiscrete && !q.isDiscrete) return true;
  const [from, to] = [boundsOf(elementsIn(q)), boundsOf(elementsIn(p))];
  if (from === null || to === null) return q.isUnbounded === true && !p.isUnbounded && p.name !== "extendedReal";
  const isBelow = (x: Tensor, y: Tensor): boolean => elementsOf(x.less(y)).includes(1);
  return isBelow(from[0], to[0]) || isBelow(to[1], from[1]);
}

/** The constraint on each number of an event, if `c` applies one constraint to every number; else `c` itself. */
const elementsIn = (c: Constraint): Constraint => ("base" in c ? elementsIn(c.base as Constraint) : c);
