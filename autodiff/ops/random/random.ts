/**
 * Random draws as ops. A key is a value: the same key gives the same draw; `split` and `foldIn` make new keys. `shape` is the full
 * shape of the result (for `dirichlet`, without its last axis), by default the shape that the parameters broadcast to. For a batch of keys
 * [..., 2], the axes of the batch come in front of `shape`. The kernels, with the papers they follow, are in kernels/random.
 *
 * If a sampler is smooth in its parameters, its draws have an implicit gradient (Figurnov et al. 2018). For a draw x and a parameter p,
 *
 *     dx/dp = -(dF(x; p)/dp) / f(x; p),
 *
 * where f is the density and F the distribution function. How the sampler arrived at x does not matter.
 */
import { PedigradError, refuse } from "../../../provenance/base/error.js";
import { isRecord } from "../../../provenance/base/records.js";
import type { TensorLike } from "../../core/convert.js";
import type { Vjp } from "../../core/op.js";
import { elementsOf, refuseFor } from "../../core/reads.js";
import type { Shape } from "../../core/shape.js";
import { asTensor, ofView, type Tensor } from "../../core/tensor.js";
import { contiguous } from "../../core/view.js";
import { between as betweenOf } from "../../kernels/formulas/scalarFormulas.js";
import * as kernels from "../../kernels/random/index.js";
import { take } from "../array/indexing.js";
import { sum } from "../array/reduce.js";
import { LARGE, shiftAlong } from "../array/softmax.js";
import { derivatives, type Ternary, ternary } from "../elementwise/elementwise.js";
import {
  betaImplicitGradA,
  betaImplicitGradB,
  gammaImplicitGrad,
  vonMisesImplicitGrad,
} from "../elementwise/incomplete.js";
import { add, div, exp, less, mulZeroWins, sub, where } from "../elementwise/math.js";
import { digamma } from "../elementwise/special.js";
import { asKey, type Draws, draw, drawOneOp, drawOp, type Parameter } from "./draw.js";
import { categoricalOp, foldInOp, normalOp, splitOp, uniformOp, weightedOp } from "./wordOps.js";

/** The key made from a seed, which is a whole number. A key has shape [2]: two uint32 words. */
export const key = (seed: number): Tensor => ofView(contiguous(Float64Array.from(kernels.keyFromSeed(seed)), [2]));

/** n keys made from one key: [n, 2]. */
export const split = (from: TensorLike, n = 2): Tensor => draw(splitOp, from, [], [n], { result: [2] });

/** A new key made from a key and a whole number 0 <= data < 2^32, such as a step count; one key per element of data. */
export function foldIn(from: TensorLike, data: TensorLike): Tensor {
  try {
    return draw(foldInOp, from, [data], undefined, { result: [2] });
  } catch (error) {
    if (error instanceof PedigradError && error.code === "invalid-fold-in")
      refuseFor(asTensor("random.foldIn", data), error);
    throw error;
  }
}

const bitsOp = /* @__PURE__ */ drawOp("bits", (out, offset, n, k0, k1) => kernels.bits32(k0, k1, n, out, offset));
/** Random 32-bit whole numbers. */
export const bits = (from: TensorLike, shape: Shape = []): Tensor => draw(bitsOp, from, [], shape);

/** Uniform on [minval, maxval). */
export function uniform(from: TensorLike, shape: Shape = [], minval: TensorLike = 0, maxval: TensorLike = 1): Tensor {
  if (isRecord(minval))
    refuse(
      "bad-argument",
      "random.uniform",
      "minval must be a number, got a record. Give the bounds by position: uniform(key, shape, minval, maxval).",
    );
  const unit = draw(uniformOp, from, [], shape);
  return minval === 0 && maxval === 1 ? unit : between(unit, minval, maxval);
}
/** low + u (high - low), kept below `high` despite rounding. */
const between: Ternary = /* @__PURE__ */ ternary(
  "random.uniform",
  betweenOf,
  /* @__PURE__ */ derivatives([(_, __, low, high) => sub(high, low), (_, u) => sub(1, u), (_, u) => u]),
);

/** Normal(0, 1). */
export const normal = (from: TensorLike, shape: Shape = []): Tensor => draw(normalOp, from, [], shape);

const standardDraw = (name: string, element: (stream: kernels.Stream) => number) => {
  const op = drawOneOp(name, element);
  return (from: TensorLike, shape: Shape = []): Tensor => draw(op, from, [], shape);
};
/** Exponential(rate 1). */
export const exponential = /* @__PURE__ */ standardDraw("exponential", kernels.exponentialDraw);
/** Gumbel(0, 1), the distribution of maxima. */
export const gumbel = /* @__PURE__ */ standardDraw("gumbel", kernels.gumbelDraw);
/** Laplace(0, 1). */
export const laplace = /* @__PURE__ */ standardDraw("laplace", kernels.laplaceDraw);
/** Logistic(0, 1). */
export const logistic = /* @__PURE__ */ standardDraw("logistic", kernels.logisticDraw);
/** Cauchy(0, 1). */
export const cauchy = /* @__PURE__ */ standardDraw("cauchy", kernels.cauchyDraw);

const bernoulliOp = /* @__PURE__ */ drawOneOp("bernoulli", kernels.bernoulliDraw);
/** 1 with probability `probs`, else 0. */
export const bernoulli = (from: TensorLike, probs: TensorLike = 0.5, shape?: Shape): Tensor =>
  draw(bernoulliOp, from, [probs], shape);

const geometricOp = /* @__PURE__ */ drawOneOp("geometric", kernels.geometricDraw);
/** Failures before the first success; NaN unless 0 < probs <= 1. */
export const geometric = (from: TensorLike, probs: TensorLike, shape?: Shape): Tensor =>
  draw(geometricOp, from, [probs], shape);

const poissonOp = /* @__PURE__ */ drawOneOp("poisson", kernels.poissonDraw);
/** Poisson(rate); NaN unless 0 <= rate < Infinity. */
export const poisson = (from: TensorLike, rate: TensorLike, shape?: Shape): Tensor =>
  draw(poissonOp, from, [rate], shape);

const binomialOp = /* @__PURE__ */ drawOneOp("binomial", kernels.binomialDraw);
/** Successes in n trials of probability p; NaN unless n is a whole number >= 0 and 0 <= p <= 1. */
export const binomial = (from: TensorLike, n: TensorLike, p: TensorLike, shape?: Shape): Tensor =>
  draw(binomialOp, from, [n, p], shape);

const randintOp = /* @__PURE__ */ drawOneOp("randint", kernels.randintDraw);
/** Whole numbers minval <= x < maxval, without bias; NaN for an empty range. */
export function randint(from: TensorLike, shape: Shape, minval: TensorLike, maxval: TensorLike): Tensor {
  const whole = (bound: string, x: TensorLike): Tensor =>
    checkBounds(bound, asTensor("random.randint", x), Number.isInteger, "a whole number");
  const [low, high] = [whole("minval", minval), whole("maxval", maxval)];
  checkBounds("maxval - minval", sub(high, low), (n) => n <= 2 ** 53, "at most 2^53");
  return draw(randintOp, from, [low, high], shape);
}

/** x, if all its numbers are right. */
function checkBounds(what: string, x: Tensor, isRight: (n: number) => boolean, expected: string): Tensor {
  const wrong = elementsOf(x).find((n) => !isRight(n));
  if (wrong === undefined) return x;
  return refuseFor(x, {
    code: "bad-parameter",
    op: "random.randint",
    message: `random.randint: ${what} must be ${expected}, got ${wrong}. Give other bounds.`,
  });
}

/** Classes with probabilities softmax(logits) along the last axis; NaN where every logit is -Infinity. */
export function categorical(from: TensorLike, logits: TensorLike, shape?: Shape): Tensor {
  const logitVectors = asVector("categorical", "logits", logits);
  const events = { vector: true };
  if (logitVectors.size < LARGE) return draw(categoricalOp, from, [logitVectors], shape, events);
  // Computes the same weights as `categoricalOp`, but by ops that the compiler turns into SIMD code.
  const shift = shiftAlong("categorical", logitVectors, [logitVectors.shape.length - 1]);
  return draw(weightedOp, from, [exp(sub(logitVectors, shift))], shape, events);
}

const permutationOp = /* @__PURE__ */ drawOp("permutation", kernels.fillPermutation);
/** 0 … n - 1 in random order, or a tensor with its first axis in random order. */
export function permutation(from: TensorLike, nOrTensor: TensorLike): Tensor {
  if (typeof nOrTensor === "number") return draw(permutationOp, from, [], [nOrTensor]);
  const x = asTensor("random.permutation", nOrTensor);
  if (x.shape.length === 0)
    refuse("bad-shape", "random.permutation", "expected a number, or a tensor with at least one axis, got shape [].");
  return take(x, draw(permutationOp, asKey("permutation", from), [], [x.length]));
}

const gammaOp = /* @__PURE__ */ drawOneOp("gamma", kernels.gammaDraw, [
  (g, x, [, a]) => mulZeroWins(g, gammaImplicitGrad(a as Tensor, x)),
]);
/** Gamma(concentration, rate 1); NaN unless 0 < concentration < Infinity; differentiable. */
export const gamma = (from: TensorLike, concentration: TensorLike, shape?: Shape): Tensor =>
  draw(gammaOp, from, [concentration], shape);

// Far in the lower tail, P(a, x) is x^a / Γ(a + 1). The gradient uses this form there, because x itself may underflow.
const logGammaOp = /* @__PURE__ */ drawOneOp("logGamma", kernels.logGammaDraw, [
  (g, logX, [, concentration]) => {
    const a = concentration as Tensor;
    const tiny = less(logX, -50);
    const x = exp(where(tiny, 0, logX));
    return mulZeroWins(g, where(tiny, div(sub(digamma(add(a, 1)), logX), a), div(gammaImplicitGrad(a, x), x)));
  },
]);
/** The logarithm of a Gamma(concentration, rate 1) draw; differentiable. It is right even below -745, where the draw itself underflows. */
export const logGamma = (from: TensorLike, concentration: TensorLike, shape?: Shape): Tensor =>
  draw(logGammaOp, from, [concentration], shape);

const betaOp = /* @__PURE__ */ drawOneOp("beta", kernels.betaDraw, [
  (g, x, [, a, b]) => mulZeroWins(g, betaImplicitGradA(a as Tensor, b as Tensor, x)),
  (g, x, [, a, b]) => mulZeroWins(g, betaImplicitGradB(a as Tensor, b as Tensor, x)),
]);
/** Beta(a, b), strictly between 0 and 1; NaN unless a and b are positive and finite; differentiable. */
export const beta = (from: TensorLike, a: TensorLike, b: TensorLike, shape?: Shape): Tensor =>
  draw(betaOp, from, [a, b], shape);

/**
 * Component x_j alone is Beta(a_j, total - a_j), where total is the sum of all a. When x_j changes, the other components are rescaled so
 * that the sum of x stays 1. So (Jankowiak and Obermeyer 2018)  dx_i/da_j = (dx_j/da_j) (δ_ij - x_i) / (1 - x_j).  For x_j near 1 the
 * difference 1 - x_j would lose its digits. There 1 - x_j is computed as the sum of the other components, and dx_j/da_j from the derivative
 * of 1 - x_j, which is Beta(total - a_j, a_j).
 */
const dirichletGradient: Vjp<Draws> = (g, x, [, concentration]) => {
  const a = concentration as Tensor;
  const options = { keepDims: true };
  const b = sub(sum(a, -1, options), a);
  const large = less(0.5, x);
  const oneMinusX = where(large, sum(where(large, 0, x), -1, options), sub(1, x));
  const slope = where(large, betaImplicitGradB(b, a, oneMinusX).neg(), betaImplicitGradA(a, b, x));
  return mulZeroWins(sub(g, sum(mulZeroWins(g, x), -1, options)), div(slope, oneMinusX));
};
const dirichletOp = /* @__PURE__ */ drawOp(
  "dirichlet",
  (out, offset, n, k0, k1, parameters) => {
    const stream = kernels.sharedStream;
    const { data, offset: start, step } = parameters[0] as Parameter;
    for (let i = 0; i < n; i++)
      kernels.dirichletDraw(stream.at(k0, k1, i), data, start + i * step, step, out, offset + i * step);
  },
  [dirichletGradient],
);
/** Dirichlet(concentration), a vector along the last axis, after the axes of `shape`; differentiable. */
export function dirichlet(from: TensorLike, concentration: TensorLike, shape?: Shape): Tensor {
  const a = asVector("dirichlet", "concentration", concentration);
  return draw(dirichletOp, from, [a], shape, { vector: true, result: a.shape.slice(-1) });
}

const vonMisesOp = /* @__PURE__ */ drawOneOp("vonMises", kernels.vonMisesDraw, [
  (g, x, [, k]) => mulZeroWins(g, vonMisesImplicitGrad(k as Tensor, x)),
]);
/** VonMises(0, concentration) on [-π, π]; differentiable. */
export const vonMises = (from: TensorLike, concentration: TensorLike, shape?: Shape): Tensor =>
  draw(vonMisesOp, from, [concentration], shape);

function asVector(op: string, parameter: string, x: TensorLike): Tensor {
  const values = asTensor(`random.${op}`, x);
  if (values.shape.length === 0)
    refuse(
      "shape-mismatch",
      `random.${op}`,
      `${parameter} must have at least one axis, because its last axis is the vector of one draw, got shape [].`,
    );
  return values;
}
