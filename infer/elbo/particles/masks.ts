/**
 * Copies the model's masks to autoguides. Where the model masks a latent, the latent's log p does not count. If its -log q counted
 * there, maximising the ELBO would make the guide wider without limit, unless other costs bound it. A guide written by hand can apply the
 * same mask itself, but autoguides do not know the model's masks.
 */
import { type Derived, type Distribution, Expanded, Masked } from "../../../distributions/index.js";
import { union } from "../../../provenance/index.js";
import { SampleSite, sampleSites, type Trace } from "../../program/trace.js";

/** The masked distribution that `fn` is, or that `fn` expands; null if there is none. */
function asMasked(fn: Distribution): Masked | null {
  if (fn instanceof Masked) return fn;
  return fn instanceof Expanded ? asMasked((fn as Derived).base) : null;
}

/** Whether log p of the site counts only at some elements. */
export const isMasked = ({ mask, fn }: SampleSite): boolean => mask !== null || asMasked(fn) !== null;

/**
 * Whether the guide of a latent has the mask of the model's site. If the mask is one constant number and a cost without a mask depends on
 * the latent, the mask makes the prior flat: the posterior has a density, so -log q counts.
 */
export function sharesMask({ name, mask, fn, infer }: SampleSite, model: Trace): boolean {
  const masks = [mask, asMasked(fn)?.selected].filter((m) => m != null);
  if (infer.sharesMask || !masks.length || masks.some((m) => m.size > 1 || m.provenance.size)) return true;
  return ![...sampleSites(model)].some((site) => !isMasked(site) && site.logProb().provenance.has(name));
}

/** Apply the masks of the model's sites to the guide's sites that set `sharesMask`, except the masks that make a prior flat. */
export function shareMasks(guide: Trace, model: Trace): void {
  for (const site of sampleSites(guide)) {
    const modelSite = site.infer.sharesMask ? model.get(site.name) : undefined;
    if (modelSite?.type !== "sample" || !sharesMask(modelSite, model)) continue;
    const { mask, ambient } = modelSite;
    const masked = asMasked(modelSite.fn);
    if (mask === null && masked === null && ambient.size === 0) continue;
    const fn = masked === null ? site.fn : site.fn.mask(masked.selected);
    // Values that the model read before this site may have decided whether the site is masked, so -log q depends on them, too.
    const read = union(site.ambient, ambient);
    guide.set(site.name, new SampleSite({ ...site, fn, mask: mask ?? site.mask, ambient: read }));
  }
}
