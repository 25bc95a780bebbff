/** Aliases for users of Pyro's JitTrace_ELBO and similar classes. In this library SVI compiles every estimator. */
export { TraceMeanFieldELBO as JitTraceMeanFieldELBO } from "./elbo/meanFieldElbo.js";
export { TraceELBO as JitTraceELBO, TraceGraphELBO as JitTraceGraphELBO } from "./elbo/scoreElbo.js";
export { TraceEnumELBO as JitTraceEnumELBO } from "./enumeration/traceEnumElbo.js";
