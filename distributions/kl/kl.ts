/**
 * KL(q | p) = E_q[log q - log p] in closed form: a table of pairs by the names of their families, `*` standing for any. A pair that is
 * not in it has none, and an estimator samples instead. Here stand the rules for distributions made of others; pairs within a family
 * in sameFamily.ts, pairs by the moments of q in byMoments.ts.
 */
import { broadcastShapes } from "../../autodiff/core/shape.js";
import { broadcastTo, logicalAnd, Tensor, where } from "../../autodiff/index.js";
import { sumOver } from "../constraints/axes.js";
import type { Derived, Distribution, Independent, Masked } from "../core/distribution.js";
import type { Delta } from "../families/degenerate/delta.js";
import type { Transform } from "../transforms/scalar.js";
import type { TransformedDistribution } from "../wrappers/transformedDistribution.js";
import { byMoments } from "./byMoments.js";
import { type Row, row } from "./row.js";
import { areSame, sameFamily } from "./sameFamily.js";

const wrappers = (): Readonly<Record<string, Row>> => ({
  "Delta *": row(({ params: { v, logDensity } }: Delta, p) => logDensity.sub(p.logProb(v))),
  "Independent Independent": row((q: Independent, p: Independent) => {
    const n = Math.min(q.reinterpreted, p.reinterpreted);
    const within = klDivergence(q.base.toEvent(q.reinterpreted - n), p.base.toEvent(p.reinterpreted - n));
    return within && sumOver(within, n);
  }),
  "Masked Masked": row((q: Masked, p: Masked) => {
    const whole = klDivergence(q.base, p.base);
    return whole && where(logicalAnd(q.selected, p.selected), whole, 0);
  }),
  // A bijection of both changes nothing.
  "TransformedDistribution TransformedDistribution": row((q: TransformedDistribution, p: TransformedDistribution) =>
    isSameTransform(q.transform, p.transform) ? klDivergence(q.base, p.base) : null,
  ),
  "Expanded *": row((q: Derived, p) => klDivergence(q.base, p)),
  "* Expanded": row((q, p: Derived) => klDivergence(q, p.base)),
  "NonReparameterized *": row((q: Derived, p) => klDivergence(q.base, p)),
  "* NonReparameterized": row((q, p: Derived) => klDivergence(q, p.base)),
});

let rows: Readonly<Record<string, Row>> | null = null;
/** All rows, put together when the first is asked for. */
export const table = (): Readonly<Record<string, Row>> => (rows ??= { ...sameFamily(), ...wrappers(), ...byMoments() });

/** Whether two transforms are of one class and have the same parameters. */
function isSameTransform(a: Transform, b: Transform): boolean {
  if (a === b) return true;
  if (a.constructor !== b.constructor) return false;
  const [x, y] = [a, b] as unknown as Record<string, unknown>[];
  return Object.keys(x as object).every((name) => isSame(x?.[name], y?.[name]));
}
function isSame(x: unknown, y: unknown): boolean {
  if (x instanceof Tensor && y instanceof Tensor) return areSame(x, y);
  if (Array.isArray(x) && Array.isArray(y)) return x.length === y.length && x.every((item, i) => isSame(item, y[i]));
  const areTransforms = [x, y].every((one) => typeof one === "object" && one !== null && "logAbsDetJacobian" in one);
  return areTransforms ? isSameTransform(x as Transform, y as Transform) : x === y;
}

/** KL(q | p), the batch shapes broadcast; Infinity where q has mass outside the support of p; null where there is no closed form. */
export function klDivergence(q: Distribution, p: Distribution): Tensor | null {
  const find = (pair: string): Row | undefined => (Object.hasOwn(table(), pair) ? table()[pair] : undefined);
  const rule = find(`${q.family} ${p.family}`) ?? find(`${q.family} *`) ?? find(`* ${p.family}`);
  const divergence = rule?.(q, p) ?? null;
  return divergence && broadcastTo(divergence, broadcastShapes("klDivergence", q.batchShape, p.batchShape));
}
