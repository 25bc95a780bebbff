/**
 * Subsampling needs linear objectives. The mean over all subsamples of a sum that is scaled up is the whole sum, but the mean of its
 * logarithm, or of weights made from it, is not: an objective that takes either is biased, and refused unless the user insists.
 */
import { PedigradError } from "../../../autodiff/index.js";
import type { PlateFrame } from "../../program/messages.js";
import type { SampleSite } from "../../program/trace.js";

/** The option with which a user insists. */
export interface SubsamplingOptions {
  /** Accept the bias of a subsampled plate where the objective is not linear in its elements; false by default. */
  biasedSubsampling?: boolean;
}

/** Whether a plate visits only some of its elements. */
export const isSubsampled = ({ size, subsampleSize }: PlateFrame): boolean => size !== subsampleSize;

/** The first subsampled plate around one of the sites, exempt ones left out; null where there is none. */
export function subsampledPlate(
  sites: Iterable<SampleSite>,
  isExempt: (plate: PlateFrame) => boolean = () => false,
): PlateFrame | null {
  for (const { plates } of sites) for (const plate of plates) if (isSubsampled(plate) && !isExempt(plate)) return plate;
  return null;
}

/** The refusal of a subsampled plate; `why` says what is not linear, `instead` what to use. */
export const refuseSubsampling = (
  estimator: string,
  { name, size, subsampleSize }: Pick<PlateFrame, "name" | "size" | "subsampleSize">,
  why: string,
  instead: string,
  canInsist = true,
): never => {
  const insist = canInsist ? ", or accept the bias: { biasedSubsampling: true }" : "";
  throw new PedigradError({
    code: "biased-subsampling",
    op: estimator,
    site: name,
    param: "subsampleSize",
    message: `${estimator}: plate "${name}" visits ${subsampleSize} of ${size} elements, ${why}, so the mean over subsamples is not the value for all elements. Visit all of them, or ${instead}${insist}.`,
  });
};
