/** The public face of inference. */

export { AutoIAFNormal, type FlowOptions } from "./autoFlow.js";
export { AutoGuide, type AutoGuideOptions, type ScaleOptions } from "./autoGuide.js";
export {
  AutoDiagonalNormal,
  AutoLowRankMultivariateNormal,
  AutoMultivariateNormal,
} from "./autoJoint.js";
export { AutoLaplaceApproximation } from "./autoLaplace.js";
export { AutoDiscreteParallel, AutoGuideList } from "./autoList.js";
export { AutoDelta, AutoNormal } from "./autoNormal.js";
export { loadState, saveState } from "./checkpoint.js";
export {
  type BlockOptions,
  block,
  condition,
  configEnumerate,
  type Data,
  inferConfig,
  intervene,
  mask,
  replay,
  scale,
  scope,
  seed,
  substitute,
  trackNonReparam,
  uncondition,
} from "./effects.js";
export { Elbo, type ElboOptions } from "./elbo.js";
export { type ExplainedSite, type ExplainOptions, Explanation, explain } from "./explain.js";
export type { GradientVariance } from "./gradientVariance.js";
export { computeMarginals, type DiscreteOptions, sampleDiscrete } from "./inferDiscrete.js";
export type { BaselineOptions, InferOptions } from "./inferOptions.js";
export * from "./initStrategies.js";
export { JitTraceELBO, JitTraceEnumELBO, JitTraceGraphELBO, JitTraceMeanFieldELBO } from "./jitAliases.js";
export { lift } from "./lift.js";
export { logDensity, logLikelihood } from "./logDensity.js";
export { markov } from "./markov.js";
export { TraceMeanFieldELBO } from "./meanFieldElbo.js";
export type { Message, Messenger, Model, PlateFrame, SampleMessage } from "./messages.js";
export type { LinearParams } from "./nn.js";
export * as nn from "./nn.js";
export * from "./optim.js";
export type { Outcome } from "./pair.js";
export type { Vectorize } from "./particles.js";
export { type PlateOptions, plate } from "./plate.js";
export { Predictive, type PredictiveOptions } from "./predictive.js";
export {
  deterministic,
  factor,
  module,
  mutable,
  type Net,
  type ParamOptions,
  param,
  prngKey,
  type SampleOptions,
  sample,
  subsample,
} from "./primitives.js";
export { type PsisOptions, paretoK, psisDiagnostic } from "./psis.js";
export { RenyiELBO, type RenyiOptions } from "./renyiElbo.js";
export { CircularReparam, LocScaleReparam, type Reparam, reparam, TransformReparam } from "./reparam.js";
export type { RunOptions, RunResult, Step } from "./run.js";
export * from "./schedules.js";
export { type ScoreElboOptions, TraceELBO, TraceGraphELBO } from "./scoreElbo.js";
export type { SVIState } from "./state.js";
export { SVI, type SVIOptions } from "./svi.js";
export { SampleSite, type Site, type Trace, trace } from "./trace.js";
export { TraceEnumELBO } from "./traceEnumElbo.js";
export { ReweightedWakeSleep, type WakeSleepOptions } from "./wakeSleep.js";
