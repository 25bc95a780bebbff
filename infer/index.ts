/** The public exports of infer. */

export { Elbo, type ElboOptions } from "./elbo/elbo.js";
export { TraceMeanFieldELBO } from "./elbo/meanFieldElbo.js";
export type { Outcome } from "./elbo/particles/pair.js";
export type { Vectorize } from "./elbo/particles/severalParticles.js";
export { RenyiELBO, type RenyiOptions } from "./elbo/renyiElbo.js";
export { type ScoreElboOptions, TraceELBO, TraceGraphELBO } from "./elbo/scoreElbo.js";
export { ReweightedWakeSleep, type WakeSleepOptions } from "./elbo/wakeSleep.js";
export { computeMarginals, type DiscreteOptions, sampleDiscrete } from "./enumeration/inferDiscrete.js";
export { markov } from "./enumeration/markov.js";
export { TraceEnumELBO } from "./enumeration/traceEnumElbo.js";
export { type ExplainOptions, explain } from "./explain/explain.js";
export { type ExplainedSite, Explanation } from "./explain/explanation.js";
export { type FormatShapesOptions, formatShapes } from "./explain/formatShapes.js";
export type { GradientVariance } from "./explain/gradientVariance.js";
export { type GraphEdge, type GraphNode, type GraphPlate, ModelGraph, renderModel } from "./explain/modelGraph.js";
export { recommend, type SiteChoice } from "./explain/siteChoices.js";
export { display, installDisplay, type Showable, toHtml } from "./explain/toHtml.js";
export { AutoIAFNormal, type FlowOptions } from "./guides/autoFlow.js";
export { AutoGuide, type AutoGuideOptions, type ScaleOptions } from "./guides/autoGuide.js";
export {
  AutoDiagonalNormal,
  AutoLowRankMultivariateNormal,
  AutoMultivariateNormal,
} from "./guides/autoJoint.js";
export { AutoLaplaceApproximation } from "./guides/autoLaplace.js";
export { AutoDiscreteParallel, AutoGuideList } from "./guides/autoList.js";
export { AutoDelta, AutoNormal } from "./guides/autoNormal.js";
export * from "./guides/initStrategies.js";
export { JitTraceELBO, JitTraceEnumELBO, JitTraceGraphELBO, JitTraceMeanFieldELBO } from "./jitAliases.js";
export type { Draws, DrawsOptions } from "./posterior/draws.js";
export {
  type ArrowModule,
  type InferenceDataOptions,
  type InferenceGroups,
  toArrow,
  toCsv,
  toInferenceData,
} from "./posterior/exportDraws.js";
export { type AxisOption, type HpdiOptions, hpdi, quantile } from "./posterior/intervals.js";
export { logDensity, logLikelihood } from "./posterior/logDensity.js";
export { Predictive, type PredictiveOptions } from "./posterior/predictive.js";
export { type PsisOptions, paretoK, psisDiagnostic } from "./posterior/psis.js";
export { Summary, type SummaryOptions, type SummaryRow, summary } from "./posterior/summary.js";
export { condition, intervene, uncondition } from "./program/condition.js";
export {
  type BlockOptions,
  block,
  configEnumerate,
  inferConfig,
  mask,
  scale,
  scope,
  trackNonReparam,
} from "./program/handlers.js";
export type { BaselineOptions, GradientChoice, InferOptions } from "./program/inferOptions.js";
export { lift } from "./program/lift.js";
export type { Handler, Listeners, Message, Model, PlateFrame, SampleMessage } from "./program/messages.js";
export { module, type Net } from "./program/module.js";
export type { LinearParams } from "./program/nn.js";
export * as nn from "./program/nn.js";
export { type PlateOptions, plate, subsample } from "./program/plate.js";
export {
  deterministic,
  factor,
  mutable,
  type ParamOptions,
  param,
  prngKey,
  type SampleOptions,
  sample,
} from "./program/primitives.js";
export { type Reparam, reparam } from "./program/reparam.js";
export { CircularReparam, LocScaleReparam, TransformReparam } from "./program/reparamStrategies.js";
export { SampleSite, type Site, type Trace, trace } from "./program/trace.js";
export { type Data, replay, seed, substitute } from "./program/values.js";
export * from "./svi/chain.js";
export { loadState, saveState } from "./svi/checkpoint.js";
export * from "./svi/optim.js";
export type { RunOptions, RunResult } from "./svi/run.js";
export * from "./svi/schedules.js";
export type { SVIState } from "./svi/state.js";
export type { Step } from "./svi/steps.js";
export { SVI, type SVIOptions } from "./svi/svi.js";
