/**
 * KL(q | p) = E_q[log q - log p] in closed form. Each family declares its divergences (core/divergence.ts). If neither q's family nor p's
 * has a formula for the pair, an estimator uses log q - log p of a draw instead. This file has the formulas for wrapped distributions.
 */
import { broadcastShapes } from "../../autodiff/core/shape.js";
import { broadcastTo, Tensor, where } from "../../autodiff/index.js";
import { sumOver } from "../constraints/axes.js";
import type { Derived, Distribution, Independent, Masked } from "../core/distribution.js";
import { type Divergences, divergence } from "../core/divergence.js";
import { areSame } from "../core/parameters.js";
import type { Transform } from "../transforms/transform.js";

// For wrappers that have the same KL divergences as their base.
const transparent: Divergences = {
  to: { "*": (q, p) => klDivergence((q as Derived).base, p) },
  from: { "*": (q, p) => klDivergence(q, (p as Derived).base) },
};
type Transformed = Derived & { readonly transform: Transform };

const WRAPPERS: Readonly<Record<string, Divergences>> = {
  Expanded: transparent,
  NonReparameterized: transparent,
  Independent: {
    to: {
      Independent: /* @__PURE__ */ divergence((q: Independent, p: Independent) => {
        const n = Math.min(q.reinterpreted, p.reinterpreted);
        const kl = klDivergence(q.base.toEvent(q.reinterpreted - n), p.base.toEvent(p.reinterpreted - n));
        return kl && sumOver(kl, n);
      }),
    },
  },
  Masked: {
    to: {
      // With different masks, some elements would have only one of the two log densities.
      Masked: /* @__PURE__ */ divergence((q: Masked, p: Masked) => {
        const kl = areSame(q.selected, p.selected) ? klDivergence(q.base, p.base) : null;
        return kl && where(q.selected, kl, 0);
      }),
    },
  },
  // Applying the same bijection to both variables does not change their divergence.
  TransformedDistribution: {
    to: {
      TransformedDistribution: /* @__PURE__ */ divergence((q: Transformed, p: Transformed) =>
        isSameTransform(q.transform, p.transform) ? klDivergence(q.base, p.base) : null,
      ),
    },
  },
};

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
  const areTransforms = [x, y].every((v) => typeof v === "object" && v !== null && "logAbsDetJacobian" in v);
  return areTransforms ? isSameTransform(x as Transform, y as Transform) : x === y;
}

/** The entry with this name; undefined for the names that every record inherits from Object. */
const ownEntry = <T>(name: string, entries: Readonly<Record<string, T>> | undefined): T | undefined =>
  entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
const divergencesOf = (d: Distribution): Divergences => ownEntry(d.family, WRAPPERS) ?? d.divergences;

/** KL(q | p), with broadcast batch shapes; Infinity where q has mass outside the support of p; null if there is no closed form. */
export function klDivergence(q: Distribution, p: Distribution): Tensor | null {
  const [{ to }, { from }] = [divergencesOf(q), divergencesOf(p)];
  const rule = ownEntry(p.family, to) ?? ownEntry(q.family, from) ?? ownEntry("*", to) ?? ownEntry("*", from);
  const result = rule?.(q, p) ?? null;
  return result && broadcastTo(result, broadcastShapes("klDivergence", q.batchShape, p.batchShape));
}
