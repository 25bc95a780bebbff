/**
 * ZeroInflated: 0 with probability `gate` (or sigmoid(gateLogits)), else a draw from a distribution of counts, which may be 0 as well.
 *
 *     p(0) = gate + (1 - gate) p_base(0),   p(x) = (1 - gate) p_base(x) for other x.
 */

import { readNumbers } from "../../autodiff/core/reads.js";
import { broadcastShapes, type Shape } from "../../autodiff/core/shape.js";
import {
  add,
  type Binary,
  binary,
  concatenate,
  equal,
  exp,
  expm1,
  greaterEqual,
  less,
  log,
  log1p,
  logaddexp,
  logicalOr,
  logSigmoid,
  maximum,
  mul,
  sigmoid,
  square,
  sub,
  type Tensor,
  type TensorLike,
  where,
  zeros,
} from "../../autodiff/index.js";
import { scalarFormulas as formulas } from "../../autodiff/kernels/formulas/scalarFormulas.js";
import { derivatives } from "../../autodiff/ops/elementwise/elementwise.js";
import * as random from "../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../autodiff/ops/random/wordOps.js";
import { boundsOf, withHoles } from "../constraints/constraint.js";
import { type Constraint, integerInterval, real, unitInterval } from "../constraints/index.js";
import { Distribution } from "../core/distribution.js";
import type { OneOf } from "../core/family.js";
import { requireUnmasked } from "../core/mapped.js";
import {
  type Given,
  type Params,
  type Parts,
  readParameters,
  refuseParameter,
  type Signature,
} from "../core/parameters.js";
import { countQuantile } from "../densities/countQuantiles.js";
import { atMostOne } from "../densities/odds.js";
import { hullOf } from "./mixed.js";

export type GateParams = OneOf<"gate" | "gateLogits">;
/** The gate, or `{ gate }` or `{ gateLogits }`, and the parameters of `family` after it, read from the arguments of a constructor. */
export const readGated = <P extends Params>(family: Signature<P>, args: readonly unknown[]): Parts<P & GateParams> => {
  const constraints = { gate: unitInterval, ...family.constraints, gateLogits: real };
  return readParameters(
    { ...family, constraints, andOneOf: ["gate", "gateLogits"] } as Signature<P & GateParams>,
    args,
  );
};

/** gate, 1 - gate and their logarithms. */
export function gateProbabilities({ gate, gateLogits }: GateParams) {
  if (gate !== undefined)
    return { gate, open: gate.neg().add(1), logGate: log(gate), logOpen: log1p(gate.neg()) } as const;
  const [l, rest] = [gateLogits as Tensor, (gateLogits as Tensor).neg()];
  return { gate: sigmoid(l), open: sigmoid(rest), logGate: logSigmoid(l), logOpen: logSigmoid(rest) } as const;
}

/** log (gate + (1 - gate) exp(l)), with the right derivatives also at gate 0 and 1. */
const logInflated: Binary = /* @__PURE__ */ binary(
  "logInflated",
  (gate, l) => formulas.logaddexp(formulas.log(gate), formulas.log1p(-gate) + l),
  /* @__PURE__ */ derivatives([
    (y, _, l) => mul(expm1(l), exp(y.neg())).neg(),
    (y, gate, l) => mul(sub(1, gate), exp(sub(l, maximum(y, -Number.MAX_VALUE)))),
  ]),
);

/** A distribution of counts made from `base` by changing the probability of 0. */
export abstract class ZeroModified<P extends Params> extends Distribution<P> {
  constructor(
    readonly base: Distribution,
    parts: Parts<P>,
  ) {
    if (!base.isDiscrete || base.eventDim > 0)
      refuseParameter(
        parts.family,
        "base",
        `base must be a distribution of counts, got ${base.label}, whose values are ${base.eventDim > 0 ? "vectors" : "continuous"}. For continuous data with extra zeros, observe a Bernoulli site that says which are 0, and mask these in the site of the data.`,
      );
    requireUnmasked(parts.family, base);
    super({ ...parts, batchShape: broadcastShapes(parts.family, parts.batchShape, base.batchShape) });
  }

  /** The support of the base, and 0. */
  override get support(): Constraint {
    const { base } = this;
    if (!this.#mayLackZero) return base.support;
    const hull = hullOf([base.support, integerInterval(0, 0)]);
    return withHoles(hull, (value) => logicalOr(equal(value, 0), base.inside(value)));
  }
  /** Whether 0 may lie outside the support of the base. */
  get #mayLackZero(): boolean {
    return this.base.support.scalar?.(0) !== 1;
  }
  /** log p_base(0). */
  protected get logZero(): Tensor {
    const zero = zeros([]);
    const density = this.base.logDensity(zero);
    return this.#mayLackZero ? where(this.base.inside(zero), density, -Infinity) : density;
  }
  override quantile(q: Tensor): Tensor {
    return boundsOf(this.support) === null ? this.hasNo("icdf") : countQuantile(this, q);
  }
  override get hasEnumerateSupport(): boolean {
    return this.base.hasEnumerateSupport;
  }
  override supportValues(): Tensor {
    const values = this.base.supportValues();
    return readNumbers(values, "the support of the base").includes(0) ? values : concatenate([zeros([1]), values]);
  }
}

/**
 * @example new ZeroInflated(new Poisson(2), 0.3).mean.item() // 1.4
 */
export class ZeroInflated<
  P extends GateParams & Record<string, Tensor> = Record<string, Tensor>,
> extends ZeroModified<P> {
  /** The gate is a probability, or `{ gate }` or `{ gateLogits }`. */
  constructor(
    base: Distribution,
    gate: TensorLike | Given<GateParams>,
    parts: Parts<P> = readGated({ name: "ZeroInflated", constraints: {} } as Signature<P>, [gate]),
  ) {
    super(base, parts);
  }

  override logDensity(value: Tensor): Tensor {
    const { gate } = this.params;
    const { logGate, logOpen } = gateProbabilities(this.params);
    const zero = gate ? logInflated(gate, this.logZero) : logaddexp(logGate, add(logOpen, this.logZero));
    return where(equal(value, 0), zero, add(logOpen, this.base.logDensity(value)));
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const [k1, k2] = splitInTwo(key);
    const isOpen = random.bernoulli(k1, gateProbabilities(this.params).open, shape);
    return where(isOpen, this.base.draw(k2, shape), 0);
  }
  override cumulative(value: Tensor): Tensor {
    const { gate, open } = gateProbabilities(this.params);
    const below = this.base.cumulative(value);
    const mixed = open.mul(below).add(gate.mul(greaterEqual(value, 0)));
    return where(logicalOr(less(below, 1), less(value, 0)), atMostOne(mixed), 1);
  }
  override get mean(): Tensor {
    return this.spread(gateProbabilities(this.params).open.mul(this.base.mean));
  }
  override get variance(): Tensor {
    const { open } = gateProbabilities(this.params);
    const { mean, variance } = this.base;
    return this.spread(open.mul(variance.add(square(mean).mul(open.neg().add(1)))));
  }
}

/** The class of ZeroInflated distributions whose base is a `base`. After the gate, it takes the parameters of `signature`. */
export const zeroInflatedOf = <P extends Params, A extends TensorLike[]>(
  base: new (named: Given<P>) => Distribution,
  signature: Signature<P>,
): {
  new (gate: TensorLike, ...args: A): ZeroInflated<P & GateParams>;
  new (...args: [...positional: TensorLike[], named: Given<P & GateParams>]): ZeroInflated<P & GateParams>;
} =>
  class extends ZeroInflated<P & GateParams> {
    constructor(...args: unknown[]) {
      const parts = readGated(signature, args);
      const { gate, gateLogits, ...own } = parts.params;
      super(new base(own as unknown as Given<P>), {}, parts);
    }
  };
