/** The exports of provenance: sets of sites, the ambient set of a run, functions that set and get provenance, and the error class. */

export {
  ambient,
  currentAmbient,
  enumeratedIn,
  inFreshRun,
  inRun,
  isInRun,
  noteEnumerated,
  noteRead,
  noteRefusal,
  outsideRuns,
  withAmbient,
} from "./ambient.js";
export { type AxisMap, mapAxes } from "./axes.js";
export type { ErrorCode } from "./base/codes.js";
export { PedigradError, type Refusal } from "./base/error.js";
export { Provenance, union } from "./set.js";
export {
  detachProvenance,
  getProvenance,
  type Tracked,
  trackProvenance,
} from "./track.js";
