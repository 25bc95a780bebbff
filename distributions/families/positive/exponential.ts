import {
  expm1,
  log,
  log1p,
  maximum,
  random,
  reciprocal,
  square,
  sub,
  type TensorLike,
} from "../../../autodiff/index.js";
import { nonnegative, positive } from "../../constraints/index.js";
import { family, type Tensors } from "../../core/family.js";

/**
 * Exponential, rate = 1 / mean:
 *
 *     log p(x) = log(rate) - rate x,   x >= 0.
 *
 * @example new Exponential(2).cdf(1).item() // 0.8647
 */
export class Exponential extends /* @__PURE__ */ family<Tensors<"rate">, [rate?: TensorLike]>("Exponential", {
  constraints: { rate: positive },
  defaults: { rate: 1 },
  support: nonnegative,
  logDensity: (x, { rate }) => log(rate).sub(rate.mul(x)),
  draw: (key, shape, { rate }) => random.exponential(key, shape).div(rate),
  mean: ({ rate }) => reciprocal(rate),
  variance: ({ rate }) => reciprocal(square(rate)),
  entropy: ({ rate }) => sub(1, log(rate)),
  cdf: (x, { rate }) => expm1(maximum(x, 0).mul(rate).neg()).neg(),
  icdf: (q, { rate }) => log1p(q.neg()).neg().div(rate),
}) {}
