/**
 * A latent has no prior where the model masks it. With -log q unmasked there, maximising the ELBO would widen the guide without
 * bound. In a guide written by hand the user applies the same mask; autoguides do not know the model's masks and get them here.
 */
import { type Derived, type Distribution, Expanded, Masked } from "../../../distributions/index.js";
import { SampleSite, sampleSites, type Trace } from "../../program/trace.js";

/** `fn` as a masked distribution, with any expansion removed; null if it is not masked. */
export function asMasked(fn: Distribution): Masked | null {
  if (fn instanceof Masked) return fn;
  return fn instanceof Expanded ? asMasked((fn as Derived).base) : null;
}

/** Apply the masks of the model's sites to the guide's sites that set `sharesMask`. */
export function shareMasks(guide: Trace, model: Trace): void {
  for (const site of sampleSites(guide)) {
    const other = site.infer.sharesMask ? model.get(site.name) : undefined;
    if (other?.type !== "sample") continue;
    const masked = asMasked(other.fn);
    if (other.mask === null && masked === null) continue;
    const fn = masked === null ? site.fn : site.fn.mask(masked.selected);
    guide.set(site.name, new SampleSite({ ...site, fn, mask: other.mask }));
  }
}
