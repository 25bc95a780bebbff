/** Names that people will look for: every estimator compiles by itself. */
export { TraceMeanFieldELBO as JitTraceMeanFieldELBO } from "./meanFieldElbo.js";
export { TraceELBO as JitTraceELBO, TraceGraphELBO as JitTraceGraphELBO } from "./scoreElbo.js";
export { TraceEnumELBO as JitTraceEnumELBO } from "./traceEnumElbo.js";
