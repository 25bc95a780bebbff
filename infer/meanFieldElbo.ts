/**
 * TraceMeanFieldELBO: E_q[log p - log q] of a latent z replaced by -KL(q_z || p_z) in closed form where there is one, sampled
 * as in TraceGraphELBO elsewhere. The closed form is right only if p_z's parameters do not themselves depend on z (through what
 * the guide drew after it); provenance says whether they do. Scale and mask of guide and model must agree at the site.
 */
import { neg, PedigradError, type Tensor, where } from "../autodiff/index.js";
import { klDivergence } from "../distributions/index.js";
import { getProvenance, withAmbient } from "../provenance/index.js";
import type { Cost } from "./costs.js";
import type { Pair } from "./particles.js";
import { TraceGraphELBO } from "./scoreElbo.js";
import type { SampleSite } from "./trace.js";

export class TraceMeanFieldELBO extends TraceGraphELBO {
  override readonly name = "TraceMeanFieldELBO";

  override costs(pair: Pair): Cost[] {
    const sampled = super.costs(pair);
    const closed = new Map<string, Cost>();
    for (const { site, side } of sampled) {
      const [q, p] = [pair.guide.get(site), pair.model.get(site)];
      if (side !== "guide" || q?.type !== "sample" || p?.type !== "sample" || q.isObserved) continue;
      const cost = this.#closedForm(q, p);
      if (cost !== null) closed.set(site, cost);
    }
    const rest = sampled.filter((cost) => !closed.has(cost.site));
    return [...closed.values(), ...rest];
  }

  /** -KL(q || p) of a site, or null where it must be sampled. */
  #closedForm(q: SampleSite, p: SampleSite): Cost | null {
    if (getProvenance(Object.values(p.fn.params)).has(q.name) || p.ambient.has(q.name)) return null;
    const kl = withAmbient(q.ambient, () => klDivergence(q.fn, p.fn));
    if (kl === null) return null;
    requireAgreement(q, p);
    const masked = q.mask === null ? kl : where(q.mask, kl, 0);
    const scaled = q.scale === 1 ? masked : masked.mul(q.scale);
    const value = neg(scaled);
    return {
      site: q.name,
      side: "guide",
      value,
      plates: q.plates,
      provenance: getProvenance(value),
      isDifferentiated: true,
      isClosedForm: true,
    };
  }
}

/** A KL has one scale and one mask, so both sides must say the same. */
function requireAgreement(q: SampleSite, p: SampleSite): void {
  const same = (a: Tensor | number | null, b: Tensor | number | null): boolean =>
    a === b || (a !== null && b !== null && `${a}` === `${b}`);
  for (const what of ["scale", "mask"] as const)
    if (!same(q[what], p[what]))
      throw new PedigradError({
        code: "mismatch",
        site: q.name,
        param: what,
        message: `TraceMeanFieldELBO: site "${q.name}" has ${what} ${q[what]} in the guide but ${p[what]} in the model. Put the same ${what} around both, or use TraceGraphELBO.`,
      });
}
