/**
 * Two checks of supports. The first refuses guides that can draw values outside the support of the model's site, since the ELBO would be
 * minus infinity. The second, for gradients that need a fixed support, refuses draws whose support depends on parameters.
 */
import { elementsOf } from "../../../autodiff/core/reads.js";
import { sameShape } from "../../../autodiff/core/shape.js";
import { Tensor } from "../../../autodiff/index.js";
import { boundsOf } from "../../../distributions/constraints/constraint.js";
import { validation } from "../../../distributions/core/validation.js";
import type { Constraint, Transform } from "../../../distributions/index.js";
import type { Image } from "../../../distributions/transforms/image.js";
import { refuseSite } from "../../checks.js";
import type { Handler } from "../../program/messages.js";
import { isPointMass, type SampleSite, type Trace } from "../../program/trace.js";
import { reportAsSite } from "../../program/traceChecks.js";

/**
 * A handler for the model's run. It refuses a latent whose support in `guide` certainly reaches outside its support in the model. The check
 * runs at the model's site, before later statements use the value. A point mass is checked by its value. Masked sites of the model are
 * exempt.
 */
export const supportsHandler = (guide: Trace): Handler => ({
  postprocess: {
    sample({ name, fn: p, mask, value, isObserved }) {
      const site = guide.get(name);
      if (site?.type !== "sample" || site.isObserved || isObserved || mask !== null || p.unmasked !== p) return;
      const q = site.fn;
      if (!sameShape(q.shape(), p.shape())) return;
      if (isPointMass(q) || q.label === "Empirical") {
        if (validation) reportAsSite(name, () => p.requireInside(value as Tensor));
        return;
      }
      if (!reachesOutside(q.support, p.support)) return;
      refuseSite(
        "support-mismatch",
        name,
        `guide site "${name}" can draw values that the model excludes: a draw of the guide (${q.label}) may be ${q.support.must}, but the value in the model (${p.label}) must be ${p.support.must}. Give the guide a distribution on the model's support.`,
      );
    },
  },
});

/**
 * Refuse a draw of the guide whose support depends on parameters, for a gradient that needs a fixed support. The score function and
 * sticking the landing use E[∇ log q] = 0, which holds only if no value enters or leaves the support.
 */
export function refuseMovingSupport({ name, fn }: SampleSite, gradient: string): void {
  const { params, support } = fn;
  const isPoint = isPointMass(fn);
  if (!(isPoint ? isDifferentiated(params.v) : isMoving(support))) return;
  const why = isPoint ? "is a point mass whose position depends on parameters" : `must be ${support.must}`;
  refuseSite(
    "moving-support",
    name,
    `guide site "${name}": ${gradient} needs a support that does not depend on parameters, but a draw (${fn.label}) ${why}, so the gradient would be biased. Sample on a fixed support and transform the value (low + (high - low) · u with u from Uniform(0, 1)), or take the pathwise gradient, without reading "${name}".`,
  );
}

/** Whether the bounds of a set depend on a tensor that is being differentiated. */
function isMoving(c: Constraint): boolean {
  if ("base" in c) return isMoving(c.base as Constraint);
  if (!("source" in c)) return boundsOf(c)?.some(isDifferentiated) ?? false;
  const { source, transform } = c as Image;
  return isMoving(source) || (isDifferentiated(transform) && !keepsEnds(transform, source));
}

/** Whether a differentiated transform certainly leaves the ends of a set constant: a scale moves neither 0 nor infinity. */
function keepsEnds(transform: Transform, source: Constraint): boolean {
  const bounds = boundsOf(elementsIn(source));
  if (bounds === null || !("loc" in transform) || isDifferentiated(transform.loc)) return false;
  return bounds.every((bound) => elementsOf(bound).every((x) => x === 0 || !Number.isFinite(x)));
}

/** Whether a tensor, or a tensor in an object, is being differentiated. */
const isDifferentiated = (x: unknown): boolean =>
  x instanceof Tensor
    ? x.node !== null
    : typeof x === "object" && x !== null && Object.values(x).some(isDifferentiated);

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
