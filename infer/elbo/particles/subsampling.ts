/**
 * Refuses subsampled plates where they would bias the objective. The scaled-up sum over a subsample is unbiased for the
 * sum over all elements, but a nonlinear function of the scaled-up sum, such as a logarithm or an importance weight, is
 * biased. Users may accept this bias with an option.
 */
import { refuseSite } from "../../checks.js";
import type { PlateFrame } from "../../program/messages.js";
import type { SampleSite } from "../../program/trace.js";

/** The option with which a user accepts the bias. */
export interface SubsamplingOptions {
  /** Allow subsampled plates although the objective is not linear in their elements and so becomes biased; false by default. */
  biasedSubsampling?: boolean | undefined;
}

/** Whether a plate visits only some of its elements. */
export const isSubsampled = ({ size, subsampleSize }: PlateFrame): boolean => size !== subsampleSize;

/** The first subsampled plate around any of the sites, except for exempt plates; null if there is none. */
export function subsampledPlate(
  sites: Iterable<SampleSite>,
  isExempt: (plate: PlateFrame) => boolean = () => false,
): PlateFrame | null {
  for (const { plates } of sites) for (const plate of plates) if (isSubsampled(plate) && !isExempt(plate)) return plate;
  return null;
}

/** Throw the error for a subsampled plate. `why` explains what is not linear, and `instead` says what to use. */
export const refuseSubsampling = (
  estimator: string,
  { name, size, subsampleSize }: Pick<PlateFrame, "name" | "size" | "subsampleSize">,
  why: string,
  instead: string,
  canAcceptBias = true,
): never => {
  const acceptBias = canAcceptBias ? ", or accept the bias: { biasedSubsampling: true }" : "";
  refuseSite(
    "biased-subsampling",
    name,
    `${estimator}: plate "${name}" visits ${subsampleSize} of ${size} elements, ${why}, so the objective would be biased. Visit all elements, or ${instead}${acceptBias}.`,
    { op: estimator, param: "subsampleSize" },
  );
};
