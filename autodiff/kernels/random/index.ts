/**
 * The kernels of random draws, on numbers and typed arrays: keys and bits, the stream of an element, and one file for each kind of draw.
 */
export { categoricalDraw, fillPermutation, fillSubsample, randintDraw, weightedDraw } from "./choice.js";
export { binomialDraw, poissonDraw } from "./counts.js";
export { betaDraw, dirichletDraw, gammaDraw, logGammaDraw } from "./gamma.js";
export {
  bernoulliDraw,
  cauchyDraw,
  exponentialDraw,
  geometricDraw,
  gumbelDraw,
  laplaceDraw,
  logisticDraw,
} from "./inversion.js";
export { fillNormal, normalDraw } from "./normal.js";
export { fillUniform, Stream, sharedStream } from "./stream.js";
export { bits32, bits64, foldIn, keyFromSeed, split, threefry2x32 } from "./threefry.js";
export { vonMisesDraw } from "./vonMises.js";
