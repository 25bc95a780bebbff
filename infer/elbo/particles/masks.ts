/**
 * Copies the model's masks to autoguides. Where the model masks a latent, the latent's log p does not count. If its -log q counted
 * there, maximising the ELBO would make the guide wider without limit. A guide written by hand can apply the same mask itself, but
 * autoguides do not know the model's masks.
 */
import { type Derived, type Distribution, Expanded, Masked } from "../../../distributions/index.js";
import { union } from "../../../provenance/index.js";
import { SampleSite, sampleSites, type Trace } from "../../program/trace.js";

/** The masked distribution that `fn` is, or that `fn` expands; null if there is none. */
export function asMasked(fn: Distribution): Masked | null {
  if (fn instanceof Masked) return fn;
  return fn instanceof Expanded ? asMasked((fn as Derived).base) : null;
}

/** Apply the masks of the model's sites to the guide's sites that set `sharesMask`. */
export function shareMasks(guide: Trace, model: Trace): void {
  for (const site of sampleSites(guide)) {
    const modelSite = site.infer.sharesMask ? model.get(site.name) : undefined;
    if (modelSite?.type !== "sample") continue;
    const { mask, ambient } = modelSite;
    const masked = asMasked(modelSite.fn);
    if (mask === null && masked === null && ambient.size === 0) continue;
    const fn = masked === null ? site.fn : site.fn.mask(masked.selected);
    // Values that the model read before this site may have decided whether the site is masked, so -log q depends on them, too.
    const read = union(site.ambient, ambient);
    guide.set(site.name, new SampleSite({ ...site, fn, mask: mask ?? site.mask, ambient: read }));
  }
}
