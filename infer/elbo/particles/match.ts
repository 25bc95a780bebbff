/**
 * Checks that guide and model have the same latent sites, shapes and plates. Error messages describe both the guide's
 * site and the model's.
 */
import { type Shape, sameShape, withoutLeadingOnes } from "../../../autodiff/core/shape.js";
import type { Tensor } from "../../../autodiff/index.js";
import { areSame } from "../../../distributions/core/parameters.js";
import { didYouMean, refuseSite } from "../../checks.js";
import type { PlateFrame } from "../../program/messages.js";
import { isFactor, type SampleSite, sampleSites, type Trace } from "../../program/trace.js";

/** Refuse latents of the guide that the model lacks, observes, or has with a different shape or plate, and sites that both observe. */
export function checkPair(guide: Trace, model: Trace, maxPlateNesting = Infinity): void {
  for (const site of sampleSites(guide)) {
    const modelSite = latentOf(site, guide, model);
    if (modelSite === null) continue;
    checkShapes(site, modelSite, maxPlateNesting);
    comparePlates(site, modelSite);
  }
  for (const site of guide.values()) {
    if (site.type !== "plate") continue;
    const modelPlate = model.get(site.name);
    if (modelPlate?.type !== "plate")
      refuseSite(
        "guide-only-plate",
        site.name,
        `guide plate "${site.name}" is not in the model. Put the same plate into the model, or use toEvent in the guide.`,
      );
    if (modelPlate.size !== site.size)
      refuseSite(
        "plate-size",
        site.name,
        `plate "${site.name}" has size ${site.size} in the guide and ${modelPlate.size} in the model. Give both the same size.`,
      );
  }
  for (const site of sampleSites(guide)) {
    const modelSite = model.get(site.name);
    if (!site.isObserved || modelSite?.type !== "sample" || !modelSite.isObserved || isFactor(site)) continue;
    refuseSite(
      "observed-in-guide",
      site.name,
      `site "${site.name}" is observed both in the model and in the guide, so its two log densities would cancel. Remove it from the guide.`,
    );
  }
}

/** The model's site of a latent of the guide; null for a site that the model need not have. Refuse a latent that the model lacks or observes. */
function latentOf({ name, isObserved, infer }: SampleSite, guide: Trace, model: Trace): SampleSite | null {
  if (isObserved || infer.isAuxiliary) return null;
  const modelSite = model.get(name);
  if (modelSite === undefined || modelSite.type !== "sample") {
    const missing = [...sampleSites(model)].filter((site) => !site.isObserved && !guide.has(site.name));
    const hint = didYouMean(
      name,
      missing.map((site) => site.name),
    );
    refuseSite(
      "guide-only-site",
      name,
      `guide site "${name}" is not in the model. Remove it, rename it, or mark it auxiliary: infer: { isAuxiliary: true }.${hint}`,
    );
  }
  if (!modelSite.isObserved) return modelSite;
  refuseSite(
    "observed-in-model",
    name,
    `guide site "${name}" is observed in the model. Remove it from the guide, or the observation from the model.`,
  );
}

/** Check that the model has the latents of a guide that draws several samples at once, along the first axis of each value. */
export function checkSamples(guide: Trace, model: Trace): void {
  checkLatentsCovered(guide, model);
  for (const site of sampleSites(guide)) {
    const modelSite = latentOf(site, guide, model);
    if (modelSite === null) continue;
    comparePlates(site, modelSite);
    const [inGuide, inModel] = [site.value.shape.slice(1), modelSite.fn.shape()];
    if (sameShape(withoutLeadingOnes(inGuide), withoutLeadingOnes(inModel))) continue;
    refuseSite(
      "shape-mismatch",
      site.name,
      `site "${site.name}" has shape [${inModel}] in the model, but each sample of the guide has shape [${inGuide}]. Give both the same shape; in the guide, the axis of the samples comes before it.`,
    );
  }
}

function checkShapes({ name, fn: q }: SampleSite, { fn: p }: SampleSite, maxPlateNesting: number): void {
  // Compare only the dims of plates: the enumerated dims to the left of the plates, and leading axes of size 1, may differ.
  const plates = (shape: Shape) => withoutLeadingOnes(shape.slice(Math.max(0, shape.length - maxPlateNesting)));
  if (sameShape(plates(q.batchShape), plates(p.batchShape)) && sameShape(q.eventShape, p.eventShape)) return;
  refuseSite(
    "shape-mismatch",
    name,
    `site "${name}" has batch shape [${p.batchShape}] and event shape [${p.eventShape}] in the model, but batch shape [${q.batchShape}] and event shape [${q.eventShape}] in the guide. Give both the same plates and the same toEvent.`,
  );
}

/**
 * Refuse a latent that is in a subsampled plate only in the guide or only in the model, since only one of its densities would be
 * scaled. Also refuse a latent whose plate has different dims in guide and model. A plate that visits all elements does not scale, so
 * the latent may be in such a plate on one side only.
 */
export function checkPlatesOfLatents(guide: Trace, model: Trace): void {
  for (const site of sampleSites(guide)) {
    const modelSite = model.get(site.name);
    if (modelSite?.type === "sample" && !site.isObserved) comparePlates(site, modelSite);
  }
}

function comparePlates({ name, plates: inGuide }: SampleSite, { plates: inModel }: SampleSite): void {
  refuseOneSided(name, inGuide, inModel, "guide", "model");
  refuseOneSided(name, inModel, inGuide, "model", "guide");
  for (const frame of inGuide) {
    const { name: plate, dim } = frame;
    const modelFrame = inModel.find((p) => p.name === plate);
    if (modelFrame === undefined) continue;
    if (modelFrame.dim !== dim)
      refuseSite(
        "plate-mismatch",
        name,
        `site "${name}": plate "${plate}" ${alongDim(dim)} in the guide and ${alongDim(modelFrame.dim)} in the model. Open the plates in the same order on both sides, or set dim.`,
      );
    if (!haveSameVisit(frame, modelFrame))
      refuseSite(
        "plate-subsample",
        name,
        `site "${name}": plate "${plate}" visits other elements in the guide than in the model, because a block handler hides the plate on one side. Expose the plate too (expose: ["${name}", "${plate}"]), or leave it out of hide.`,
      );
  }
}

/** Refuse a subsampled plate that contains a site in one program, but not in the other. */
function refuseOneSided(
  site: string,
  plates: readonly PlateFrame[],
  others: readonly PlateFrame[],
  side: string,
  otherSide: string,
): void {
  for (const { name, size, subsampleSize } of plates)
    if (size !== subsampleSize && others.every((other) => other.name !== name))
      refuseSite(
        "plate-mismatch",
        site,
        `site "${site}" is in the subsampled plate "${name}" (${subsampleSize} of ${size} elements) in the ${side}, but not in the ${otherSide}, so only the ${side}'s log density would be scaled up. Put the site into the plate on both sides.`,
      );
}

/** Whether two frames of one plate visit the same elements. */
export const haveSameVisit = (a: PlateFrame, b: PlateFrame): boolean =>
  a.size === b.size &&
  ((a.isWhole && b.isWhole) || a.indices === b.indices || areSame(a.indices as Tensor, b.indices as Tensor));

const alongDim = (dim: number | null): string => (dim === null ? "is a loop" : `lies along dim ${dim}`);

/** Refuse latents of the model that the guide does not sample, except for `enumerated` latents, which the estimator sums out. */
export function checkLatentsCovered(guide: Trace, model: Trace, enumerated?: ReadonlyMap<string, number>): void {
  const advice =
    enumerated === undefined
      ? "Sample it in the guide, or observe it."
      : 'Sample it in the guide, observe it, or sum it out: infer: { enumerate: "parallel" }.';
  for (const { name, isObserved, infer } of sampleSites(model)) {
    const guideSite = guide.get(name);
    if (isObserved || enumerated?.has(name) || (guideSite?.type === "sample" && !guideSite.isObserved)) continue;
    const note = infer.enumerate === "sequential" ? "Only sites of the guide are enumerated sequentially. " : "";
    refuseSite(
      "model-only-site",
      name,
      `model site "${name}" is latent, but the guide does not sample it. ${note}${advice}`,
    );
  }
}
