/**
 * Hurdle: 0 with probability `gate` (or sigmoid(gateLogits)), else a draw from a distribution of counts given that it is not 0.
 *
 *     p(0) = gate,   p(x) = (1 - gate) p_base(x) / (1 - p_base(0)) for other x.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import {
  add,
  equal,
  exp,
  less,
  log1mexp,
  mul,
  square,
  sub,
  type Tensor,
  type TensorLike,
  tensor,
  where,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../autodiff/ops/random/wordOps.js";
import { boundsOf } from "../constraints/constraint.js";
import { nonnegative } from "../constraints/index.js";
import type { Distribution } from "../core/distribution.js";
import type { Given } from "../core/parameters.js";
import { requireAll, validation } from "../core/validation.js";
import { leastCount } from "../densities/countQuantiles.js";
import { atMostOne } from "../densities/odds.js";
import { type GateParams, gateProbabilities, readGated, ZeroModified } from "./zeroInflated.js";

/**
 * @example new Hurdle(new Poisson(2), 0.3).logProb(0).item() // -1.204
 */
export class Hurdle extends ZeroModified<Record<string, Tensor>> {
  /** The gate is a probability, or `{ gate }` or `{ gateLogits }`. Drawing needs the cdf of `base`. */
  constructor(base: Distribution, gate: TensorLike | Given<GateParams>) {
    super(base, readGated({ name: "Hurdle", constraints: {} }, [gate]));
    const low = boundsOf(base.support)?.[0];
    if (!validation) return;
    if (low !== undefined)
      requireAll(() => low.greaterEqual(0), low, nonnegative, { family: "Hurdle", what: "the least value of base" });
    const about = { family: "Hurdle", what: "P(0) under base" };
    requireAll(() => this.logZero.less(0), tensor(1), { must: "< 1", eventDim: 0 }, about);
  }

  /** log (1 - p_base(0)). */
  get #logPositive(): Tensor {
    return log1mexp(this.logZero);
  }
  override logDensity(value: Tensor): Tensor {
    const { logGate, logOpen } = gateProbabilities(this.params);
    return where(equal(value, 0), logGate, add(logOpen, sub(this.base.logDensity(value), this.#logPositive)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [k1, k2] = splitInTwo(key);
    const zero = exp(this.logZero);
    const u = random.uniform(k2, shape).mul(zero.neg().add(1)).add(zero);
    const count = leastCount((k) => this.base.cumulative(k), u, 1);
    return where(random.bernoulli(k1, gateProbabilities(this.params).open, shape), count, 0);
  }
  override cumulative(value: Tensor): Tensor {
    const { gate, open } = gateProbabilities(this.params);
    const [zero, factor] = [exp(this.logZero), this.#scaled(open)];
    const below = this.base.cumulative(value);
    // Of two equal forms, use the form in which fewer digits cancel.
    const fromBelow = gate.add(below.sub(zero).mul(factor));
    const fromAbove = where(less(value, 1), gate, sub(1, sub(1, below).mul(factor)));
    const inside = where(less(zero, 0.5), fromBelow, fromAbove);
    // `clip` would pass on only half of the gradient where this is exactly the gate.
    const limited = where(less(inside, gate), gate, atMostOne(inside));
    return where(less(value, 0), 0, where(less(value, Infinity), limited, 1));
  }
  override get mean(): Tensor {
    return this.spread(this.#moment(this.base.mean));
  }
  override get variance(): Tensor {
    const { mean, variance } = this.base;
    return this.spread(this.#moment(add(variance, square(mean))).sub(square(this.#moment(mean))));
  }
  /** A moment of the base times (1 - gate) / (1 - p_base(0)). */
  #moment(moment: Tensor): Tensor {
    return this.#scaled(mul(moment, gateProbabilities(this.params).open));
  }
  /** x / (1 - p_base(0)). */
  #scaled(x: Tensor): Tensor {
    return x.mul(exp(this.#logPositive.neg()));
  }
}
