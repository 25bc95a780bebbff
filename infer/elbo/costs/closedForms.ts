/**
 * Replaces log p - log q of a latent z by its mean -KL(q_z || p_z) in closed form. This is right only if the parameters of p_z do not
 * depend on z. (They depend on z if they are computed from another site that the guide draws given z.) The provenance of the
 * parameters shows this dependence. The mask of z must be the same in guide and model, and so must its scale.
 */
import { textOf } from "../../../autodiff/core/tensor.js";
import { neg, Tensor, tensor } from "../../../autodiff/index.js";
import { areSame } from "../../../distributions/core/parameters.js";
import { klDivergence } from "../../../distributions/index.js";
import { getProvenance, Provenance, union, withAmbient } from "../../../provenance/index.js";
import { refuseSite } from "../../checks.js";
import type { SampleSite } from "../../program/trace.js";
import type { Cost, Pair } from "../particles/pair.js";

/** Whether the guide or the model asks for the closed form at this site. */
export const asksForClosedForm = (q: SampleSite, p: SampleSite): boolean =>
  q.infer.kl === "analytic" || p.infer.kl === "analytic";

/** The guide's site and the model's site of one latent; null if the guide does not draw it or the model does not have it. */
export function sitesOfLatent({ guide, model }: Pair, name: string): [q: SampleSite, p: SampleSite] | null {
  const [q, p] = [guide.get(name), model.get(name)];
  return q?.type === "sample" && p?.type === "sample" && !q.isObserved ? [q, p] : null;
}

/** The sites on which the distribution of a site depends. */
export const parentsOf = (site: SampleSite): Provenance =>
  union(getProvenance(Object.values(site.fn.params)), site.ambient);

/** Refuse a site that asks for a closed form but cannot have one. */
export const refuseClosedForm = (estimator: string, site: string, reason: string): never =>
  refuseSite(
    "no-closed-form",
    site,
    `${estimator}: site "${site}" asks for kl: "analytic", but ${reason}. Remove infer.kl; the term is then sampled.`,
    { param: "kl" },
  );

/**
 * KL(q || p) of a latent, masked but not scaled. Without a closed form, the result is null, or an error if the site asks for a closed form.
 * `parents` are the sites on which the distribution of p depends.
 */
export function closedForm(
  estimator: string,
  q: SampleSite,
  p: SampleSite,
  parents: { has(name: string): boolean } = parentsOf(p),
): Tensor | null {
  const refuse = (reason: string): null => {
    if (asksForClosedForm(q, p)) refuseClosedForm(estimator, q.name, reason);
    return null;
  };
  if (parents.has(q.name)) return refuse("in the model its distribution depends on its own value");
  const kl = withAmbient(union(q.ambient, p.ambient), () => klDivergence(q.fn, p.fn));
  if (kl === null) return refuse(`no closed form is known for ${q.fn.label} against ${p.fn.label}`);
  if (!isSame(q.mask, p.mask)) return refuse("the masks of guide and model differ");
  requireOneScale(estimator, q, p);
  return q.masked(kl);
}

/**
 * The costs, with log p and -log q of each latent that satisfies `isWanted` replaced by -KL(q || p) if KL has a closed form. Reads by host
 * code may have decided which distributions the latent has, and so whether KL has a closed form. So the costs of the latent (KL, or log p
 * and -log q) depend on all sites that were read before the latent in guide and model.
 */
export function withClosedForms(
  estimator: string,
  pair: Pair,
  costs: readonly Cost[],
  isWanted: (q: SampleSite, p: SampleSite) => boolean,
): Cost[] {
  const closed = new Map<string, Cost>();
  const readBefore = new Map<string, Provenance>();
  for (const { site, side } of costs) {
    const sides = side === "guide" ? sitesOfLatent(pair, site) : null;
    if (sides === null || !isWanted(...sides)) continue;
    const [q, p] = sides;
    const kl = closedForm(estimator, q, p);
    if (kl === null) {
      readBefore.set(site, union(q.ambient, p.ambient));
      continue;
    }
    const value = neg(q.scaled(kl));
    const provenance = getProvenance(value);
    const { plates } = q;
    closed.set(site, { site, side, value, plates, provenance, isDifferentiated: true, isClosedForm: true });
  }
  const sampled = costs
    .filter(({ site }) => !closed.has(site))
    .map(
      (cost): Cost => ({ ...cost, provenance: union(cost.provenance, readBefore.get(cost.site) ?? Provenance.empty) }),
    );
  return [...closed.values(), ...sampled];
}

const asText = (x: Tensor | number): string => (x instanceof Tensor ? textOf(x) : `${x}`);

const isSame = (a: Tensor | number | null, b: Tensor | number | null): boolean =>
  a === b || (a !== null && b !== null && areSame(tensor(a), tensor(b)));

/** Refuse a latent with different scales in guide and model, since its KL term has one scale. */
function requireOneScale(estimator: string, q: SampleSite, p: SampleSite): void {
  if (isSame(q.scale, p.scale)) return;
  refuseSite(
    "mismatch",
    q.name,
    `${estimator}: site "${q.name}" has scale ${asText(q.scale)} in the guide but ${asText(p.scale)} in the model. Put the same scale around both, or use TraceGraphELBO.`,
    { param: "scale" },
  );
}
