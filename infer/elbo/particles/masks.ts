/**
 * A latent that is masked in the model has no prior there, and a factor of the guide for it would only lose entropy for ever. A guide written
 * by hand stands under the same mask; one made from a model does not know it, and is given it here.
 */
import { type Derived, type Distribution, Expanded, Masked } from "../../../distributions/index.js";
import { SampleSite, sampleSites, type Trace } from "../../program/trace.js";

/** The masked distribution that `fn` is, if it is one, with or without more axes. */
export function maskedIn(fn: Distribution): Masked | null {
  if (fn instanceof Masked) return fn;
  return fn instanceof Expanded ? maskedIn((fn as Derived).base) : null;
}

/** Put the guide's sites that ask for it (`sharesMask`) under the masks of the model's sites. */
export function shareMasks(guide: Trace, model: Trace): void {
  for (const site of sampleSites(guide)) {
    const other = site.infer.sharesMask ? model.get(site.name) : undefined;
    if (other?.type !== "sample") continue;
    const masked = maskedIn(other.fn);
    if (other.mask === null && masked === null) continue;
    const fn = masked === null ? site.fn : site.fn.mask(masked.selected);
    guide.set(site.name, new SampleSite({ ...site, fn, mask: other.mask }));
  }
}
