/** Names that people will look for: every estimator compiles by itself. */
export { TraceMeanFieldELBO as JitTraceMeanFieldELBO } from "./elbo/meanFieldElbo.js";
export { TraceELBO as JitTraceELBO, TraceGraphELBO as JitTraceGraphELBO } from "./elbo/scoreElbo.js";
export { TraceEnumELBO as JitTraceEnumELBO } from "./enumeration/traceEnumElbo.js";
