/** Aliases for users of Pyro's JitTrace_ELBO and the like. Here every estimator is compiled. */
export { TraceMeanFieldELBO as JitTraceMeanFieldELBO } from "./elbo/meanFieldElbo.js";
export { TraceELBO as JitTraceELBO, TraceGraphELBO as JitTraceGraphELBO } from "./elbo/scoreElbo.js";
export { TraceEnumELBO as JitTraceEnumELBO } from "./enumeration/traceEnumElbo.js";
