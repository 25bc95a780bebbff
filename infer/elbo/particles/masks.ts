/**
 * Copies the model's masks to autoguides. Where the model masks a latent, its log prior does not count; if its -log q counted
 * there, maximising the ELBO would make the guide wider without limit. Guides written by hand apply the same mask themselves, but
 * autoguides do not know the model's masks.
 */
import { type Derived, type Distribution, Expanded, Masked } from "../../../distributions/index.js";
import { SampleSite, sampleSites, type Trace } from "../../program/trace.js";

/** `fn` without expansion, if it is a masked distribution; else null. */
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
