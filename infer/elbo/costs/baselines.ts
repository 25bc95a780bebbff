/**
 * A baseline is subtracted from the cost of a score site to lower the variance of the gradient. The mean of the gradient stays the same
 * if the baseline does not depend on the site itself. There are three kinds of baseline: a decaying average of past costs, a network or a
 * value that is trained to predict the cost (Mnih and Gregor 2014), and the mean cost of the other particles (Mnih and Rezende 2016). A
 * site may use the sum of several kinds.
 */
import { elementsOf, refuseFor } from "../../../autodiff/core/reads.js";
import { type Shape, sameShape, withoutLeadingOnes } from "../../../autodiff/core/shape.js";
import { textOf } from "../../../autodiff/core/tensor.js";
import { broadcastTo, stopGradient, type Tensor, type TensorLike, tensor, zeros } from "../../../autodiff/index.js";
import { inFreshRun, Provenance, withAmbient } from "../../../provenance/index.js";
import { refuseSite } from "../../checks.js";
import { reportAsSite } from "../../program/traceChecks.js";
import type { Averages } from "../particles/pair.js";
import type { ScoreSite } from "./costs.js";

/**
 * The cost that `nnBaseline` or `baselineValue` predicts for one particle, with its gradient; null if the site sets neither. Refuse a
 * prediction that depends on the site itself or is not finite.
 */
export function predictedCost({ name, site }: ScoreSite): Tensor | null {
  const { nnBaseline, nnBaselineInput, baselineValue } = site.infer.baseline ?? {};
  if (nnBaseline === undefined && baselineValue === undefined) return null;
  const prediction = reportAsSite(name, () =>
    nnBaseline === undefined
      ? tensor(baselineValue as TensorLike)
      : inFreshRun(() =>
          withAmbient(Provenance.empty, () => tensor(nnBaseline(stopGradient(tensor(nnBaselineInput as TensorLike))))),
        ),
  );
  const option = nnBaseline === undefined ? "baselineValue" : "nnBaseline";
  if (prediction.provenance.has(name))
    refuseSite(
      "baseline-depends-on-site",
      name,
      `sample site "${name}": its baseline depends on the site itself (it depends on ${prediction.provenance}), which would bias the gradient. Compute the baseline from values that are known before the site.`,
      { param: option },
    );
  if (!elementsOf(prediction).every(Number.isFinite))
    refuseFor(prediction, {
      code: "bad-option",
      site: name,
      param: option,
      message: `sample site "${name}": its baseline (${option}) is ${textOf(prediction)}, so the gradient would not be finite. Give finite numbers.`,
    });
  return prediction;
}

/**
 * A baseline broadcast to `shape`, the shape of the site's cost. The baseline may be one number for all elements, or one
 * number for each element of the plates (which is broadcast over the event), or have the shape of the cost. The first of
 * these that fits is used. If none fits, the error names the option `param`.
 */
export function fitToCost(
  baseline: Tensor,
  { name, axes, elementDim, plates }: ScoreSite,
  shape: Shape,
  param: "baseline" | "useDecayingAvgBaseline",
): Tensor {
  if (sameShape(baseline.shape, shape)) return baseline;
  if (baseline.size === 1) return broadcastTo(baseline.reshape([]), shape);
  const dims = plates.map(({ dim }) => elementDim - (dim ?? Infinity)).filter((axis) => axes.includes(axis));
  const ofPlates = shape.map((n, i) => (dims.includes(shape.length - i) ? n : 1));
  const actual = withoutLeadingOnes(baseline.shape);
  const fits = (expected: Shape): boolean => sameShape(actual, withoutLeadingOnes(expected));
  if (fits(ofPlates.slice(0, ofPlates.length - elementDim)) || fits(ofPlates))
    return broadcastTo(baseline.reshape(ofPlates), shape);
  if (fits(shape)) return baseline.reshape(shape);
  const [what, advice] =
    param === "baseline"
      ? ["its baseline", "Give the baseline one number for each element of the site's plates."]
      : [
          "the stored average of its cost",
          "Visit the same number of elements in every step, or start from a fresh state.",
        ];
  refuseSite(
    "shape-mismatch",
    name,
    `sample site "${name}": ${what} has shape [${baseline.shape}], but its cost has shape [${shape}]. ${advice}`,
    { param },
  );
}

/** The baseline to subtract from `cost` [particles, ...elements], its training loss, and its state for the next step. */
export interface BaselineResult {
  /** The baseline, without a gradient. */
  readonly baseline: Tensor;
  /** The loss that trains `nnBaseline` or `baselineValue`, Σ r_k² / K over the K particles (`baselineFor`); null if the site has neither. */
  readonly loss: Tensor | null;
  /** The new decaying average, for the next step; null if the site has none. */
  readonly average: Averages[string] | null;
}

/**
 * The baseline of a site, computed from the costs of all particles; `averages` holds the decaying averages after the previous step, by
 * site. Let a be the site's average, p_k the predicted cost in particle k, and r_k = cost_k - a - p_k the residual. The baseline of
 * particle k is a + p_k, plus the mean of r over the other particles if `leaveOneOut` is set.
 */
export function baselineFor(
  site: ScoreSite,
  cost: Tensor,
  predicted: Tensor | null,
  averages: Averages,
): BaselineResult {
  const options = site.site.infer.baseline ?? {};
  const constantCost = stopGradient(cost);
  let prediction: Tensor = tensor(0);
  let average: BaselineResult["average"] = null;
  if (options.useDecayingAvgBaseline) {
    const shape = cost.shape.slice(1);
    // In the first step nothing is stored.
    const old = fitToCost(averages[site.name] ?? zeros(shape), site, shape, "useDecayingAvgBaseline");
    const beta = options.baselineBeta ?? 0.9;
    prediction = old;
    average = old.mul(beta).add(constantCost.mean(0).mul(1 - beta));
  }
  if (predicted !== null) prediction = prediction.add(predicted);
  const residual = constantCost.sub(prediction);
  const loss =
    predicted === null
      ? null
      : residual
          .square()
          .sum()
          .div(cost.shape[0] as number);
  const total = options.leaveOneOut ? prediction.add(meanOfOthers(site.name, residual)) : prediction;
  return { baseline: stopGradient(total), loss, average };
}

/** For each particle, the mean of x over the other particles. */
function meanOfOthers(name: string, x: Tensor): Tensor {
  const particles = x.shape[0] as number;
  if (particles < 2)
    refuseSite(
      "bad-option",
      name,
      `sample site "${name}": a leave-one-out baseline needs at least 2 particles, got ${particles}. Set numParticles of the estimator.`,
      { param: "leaveOneOut" },
    );
  return x
    .sum(0, { keepDims: true })
    .sub(x)
    .div(particles - 1);
}
