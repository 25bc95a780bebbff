/** Permutations of vectors, and bijections from unconstrained vectors to constrained vectors. */
import { type Shape, showShape } from "../../autodiff/core/shape.js";
import {
  abs,
  arange,
  concatenate,
  cumsum,
  equal,
  exp,
  flip,
  log,
  log1p,
  logSigmoid,
  maximum,
  minimum,
  slice,
  softplus,
  stopGradient,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  where,
  zeros,
} from "../../autodiff/index.js";
import { type Constraint, l1Ball, orderedVector, simplex, zeroSum } from "../constraints/index.js";
import { SMALLEST } from "../constraints/inside.js";
import { refuseParameter } from "../core/parameters.js";
import { Transform } from "./transform.js";

const LAST = { axis: -1 };
const resizedLast = (shape: Shape, by: number): Shape => [...shape.slice(0, -1), (shape.at(-1) as number) + by];

/** The class of transforms from unconstrained vectors to `codomain`. Vectors in `codomain` have `more` additional entries. */
export const fromVectors = (codomain: Constraint, more = 0): (abstract new () => Transform) => {
  abstract class FromVectors extends Transform {
    override get domainEventDim(): number {
      return 1;
    }
    override get codomain(): Constraint {
      return codomain;
    }
    override get codomainEventDim(): number {
      return codomain.eventDim;
    }
    override forwardShape(shape: Shape): Shape {
      return resizedLast(shape, more);
    }
    override inverseShape(shape: Shape): Shape {
      return resizedLast(shape, -more);
    }
  }
  return FromVectors;
};

/**
 * A permutation of the last axis: y_i = x_{order_i}.
 * @example new Permute([2, 0, 1]).forward(tensor([5, 6, 7])) // [7, 5, 6]
 */
export class Permute extends Transform {
  constructor(readonly order: readonly number[]) {
    super();
    if (!order.every((_, i) => order.includes(i)))
      refuseParameter("Permute", "order", `the order must have each of 0 … ${order.length - 1} once, got [${order}].`);
  }
  override get domainEventDim(): number {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    this.forwardShape(x.shape);
    return take(x, this.order, -1);
  }
  override inverse(y: Tensor): Tensor {
    return new Permute(this.order.map((_, i) => this.order.indexOf(i))).forward(y);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return zeros(x.shape.slice(0, -1));
  }
  override forwardShape(shape: Shape): Shape {
    const n = this.order.length;
    if (shape.at(-1) !== n)
      refuseParameter(
        "Permute",
        "order",
        `the order has ${n} numbers, got vectors of shape ${showShape(shape)}.`,
        "shape-mismatch",
      );
    return shape;
  }
}

/**
 * K-1 unconstrained numbers to a simplex of K numbers (Stan, NumPyro). Piece k takes the share z_k of what the earlier pieces leave:
 *
 *     z_k = sigmoid(x_k - log(K - 1 - k)),   y_k = z_k Π_{j<k} (1 - z_j),   y_{K-1} = Π_j (1 - z_j).
 *
 * The offset log(K - 1 - k) makes all pieces equal at x = 0. The pieces are computed as logarithms, so that a piece is 0 or 1 only if its
 * exact value rounds to that number. log |det dy/dx| = Σ_k (log y_k + log(1 - z_k)).
 *
 * @example new StickBreaking().forward(tensor([0, 0])) // [0.3333, 0.3333, 0.3333]
 */
export class StickBreaking extends /* @__PURE__ */ fromVectors(simplex, 1) {
  override forward(x: Tensor): Tensor {
    return exp(this.#logPieces(x));
  }
  override inverse(y: Tensor): Tensor {
    const n = (y.shape.at(-1) as number) - 1;
    const piece = slice(y, 0, n, LAST);
    const remainder = slice(flip(cumsum(flip(y, -1), -1), -1), 1, n + 1, LAST);
    // If the pieces before this one sum to 1, this piece and the remainder are 0, so any share is right.
    const isUsedUp = equal(maximum(piece, remainder), 0);
    return log(where(isUsedUp, 1, piece))
      .sub(log(where(isUsedUp, 1, remainder)))
      .add(offsets(n));
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    const n = x.shape.at(-1) as number;
    const shifted = x.sub(offsets(n));
    return sum(slice(this.#logPieces(x), 0, n, LAST).add(logSigmoid(shifted.neg())), -1);
  }

  #logPieces(x: Tensor): Tensor {
    const shifted = x.sub(offsets(x.shape.at(-1) as number));
    const logOne = zeros([...x.shape.slice(0, -1), 1]);
    const logLeft = concatenate([logOne, cumsum(logSigmoid(shifted.neg()), -1)], -1);
    return logLeft.add(concatenate([logSigmoid(shifted), logOne], -1));
  }
}

/** log(n - k) for k = 0 … n-1 */
const offsets = (n: number): Tensor => log(sub(n, arange(n)));

/**
 * y_0 = x_0, y_k = y_{k-1} + exp(x_k): an increasing vector. A step too small to change the number is replaced by a step to the next
 * representable number, and results stay finite.
 *
 * @example new Ordered().forward(tensor([1, 0, 0])) // [1, 2, 3]
 */
export class Ordered extends /* @__PURE__ */ fromVectors(orderedVector) {
  override forward(x: Tensor): Tensor {
    const [first, steps] = [slice(x, 0, 1, LAST), exp(slice(x, 1, undefined, LAST))];
    const from = slice(cumsum(concatenate([first, steps], -1), -1), 0, -1, LAST);
    const y = cumsum(concatenate([first, maximum(steps, this.leastStep(stopGradient(from)))], -1), -1);
    return minimum(y, increasingTo(Number.MAX_VALUE, 2 ** -52, y.shape.at(-1) as number));
  }
  /** The smallest step from `y` that changes the number. */
  protected leastStep(y: Tensor): Tensor {
    return abs(y)
      .mul(2 ** -52)
      .add(SMALLEST);
  }
  override inverse(y: Tensor): Tensor {
    const steps = slice(y, 1, undefined, LAST).sub(slice(y, 0, -1, LAST));
    return concatenate([slice(y, 0, 1, LAST), log(steps)], -1);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return sum(slice(x, 1, undefined, LAST), -1);
  }
}

/**
 * Like Ordered, for the logarithms of an increasing vector of positive numbers. Steps and range are limited so that the exponentials differ
 * and are finite.
 *
 * @example new OrderedLogs().forward(tensor([1, 0])) // [1, 2]
 */
export class OrderedLogs extends Ordered {
  override forward(x: Tensor): Tensor {
    const n = x.shape.at(-1) as number;
    const y = super.forward(x);
    return maximum(increasingTo(-708, LOG_STEP, n), minimum(increasingTo(709, LOG_STEP, n), y));
  }
  protected override leastStep(y: Tensor): Tensor {
    return maximum(super.leastStep(y), LOG_STEP);
  }
}
const LOG_STEP = 2 ** -40;

/** n equally spaced numbers that end at `last`, with steps of |last| · by. */
const increasingTo = (last: number, by: number, n: number): Tensor =>
  sub(last, arange(n - 1, -1, -1).mul(Math.abs(last) * by));

/**
 * n - 1 numbers to n numbers with sum 0 and the same Euclidean norm (PyMC): with S = Σ x,
 *
 *     y_k = x_k - S / (√n + n),   y_{n-1} = -S / √n.
 *
 * @example new ZeroSum().forward(tensor([0, 0])) // [0, 0, 0]
 */
export class ZeroSum extends /* @__PURE__ */ fromVectors(zeroSum, 1) {
  override forward(x: Tensor): Tensor {
    const n = (x.shape.at(-1) as number) + 1;
    const total = sum(x, -1, { keepDims: true });
    return concatenate([x.sub(total.div(Math.sqrt(n) + n)), total.div(-Math.sqrt(n))], -1);
  }
  override inverse(y: Tensor): Tensor {
    const n = y.shape.at(-1) as number;
    const lastEntry = slice(y, n - 1, n, LAST);
    return slice(y, 0, n - 1, LAST).sub(lastEntry.mul(Math.sqrt(n) / (Math.sqrt(n) + n)));
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return zeros(x.shape.slice(0, -1));
  }
}

/**
 * Unconstrained vectors to vectors with Σ |y| < 1: each entry is tanh(x) times 1 - Σ |y| over the entries before it.
 *
 * @example new L1Ball().forward(tensor([0, 0])) // [0, 0]
 */
export class L1Ball extends /* @__PURE__ */ fromVectors(l1Ball) {
  override forward(x: Tensor): Tensor {
    return tanh(x).mul(exp(this.#logLeft(x)));
  }
  override inverse(y: Tensor): Tensor {
    const size = abs(y);
    // Rounding must not make the remainder smaller than the entry. Where nothing is left, the entry is 0.
    const left = maximum(sub(1, cumsum(size, -1).sub(size)), size);
    const t = y.div(where(equal(left, 0), 1, left));
    return log1p(t).sub(log1p(t.neg())).mul(0.5);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return sum(logSech2(x).add(this.#logLeft(x)), -1);
  }

  /** log Π_{j<k} (1 - |tanh x_j|), where 1 - tanh|x| = 2 / (1 + exp(2|x|)). */
  #logLeft(x: Tensor): Tensor {
    const logFactors = sub(Math.LN2, softplus(abs(x).mul(2)));
    return cumsum(logFactors, -1).sub(logFactors);
  }
}

/** log(1 - tanh²x), the logarithm of the derivative of tanh. */
export const logSech2 = (x: Tensor): Tensor => sub(Math.LN2, x.add(softplus(x.mul(-2)))).mul(2);
