/**
 * A family as a row of formulas: parameters with their constraints, support, log density, a draw, moments, distribution function. This file
 * adds everything else: a constructor that takes arguments by position or by name, getters, broadcasting, and whether draws have a
 * gradient. If a row lacks the formula of a method, it may have `as(p)`, the same distribution as a member of another family, whose method
 * is called instead. If the row has no `as` either, the method throws.
 */
import type { Shape } from "../../autodiff/core/shape.js";
import { greaterEqual, less, lessEqual, type Tensor, type TensorLike, where } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { boundsOf } from "../constraints/constraint.js";
import type { Constraint } from "../constraints/index.js";
import { clampInside } from "../constraints/inside.js";
import { Distribution } from "./distribution.js";
import type { Divergences } from "./divergence.js";
import { type Given, type Params, readParameters, type Signature } from "./parameters.js";

/** Parameters with these names. */
export type Tensors<Names extends string> = { readonly [Name in Names]: Tensor };
/** Alternative parameters with these names, exactly one of which is given. */
export type OneOf<Names extends string> = { readonly [Name in Names]?: Tensor };

/**
 * Formulas as functions of the parameters `p`. The shapes are given in distributionBase.ts; moments and entropies need only broadcast to
 * these shapes.
 */
export interface Formulas<P extends Params> {
  /** By default [], for events that are numbers. */
  readonly eventShape?: (p: P) => Shape;
  readonly logDensity?: (x: Tensor, p: P) => Tensor;
  /** By default, `icdf` of a uniform number. */
  readonly draw?: (key: Tensor, shape: Shape, p: P) => Tensor;
  readonly mean?: (p: P) => Tensor;
  readonly variance?: (p: P) => Tensor;
  readonly entropy?: (p: P) => Tensor;
  readonly cdf?: (x: Tensor, p: P) => Tensor;
  readonly icdf?: (q: Tensor, p: P) => Tensor;
  /** All values, if there are finitely many. */
  readonly values?: (p: P) => Tensor;
  /** The same distribution as a member of another family, whose methods replace missing formulas. */
  readonly as?: (p: P) => Distribution;
}

/** A family. Its formulas are members of the row, or, if they share names or results, members of what `formulas` returns. */
export interface Row<P extends Params> extends Omit<Signature<P>, "name">, Formulas<P> {
  /** The set of possible values, as a function if it depends on the parameters. */
  readonly support: Constraint | ((p: P) => Constraint);
  /** Move draws that rounding has put outside the support, or at an end with infinite density, to the nearest number inside. */
  readonly keepInside?: boolean;
  /** Whether draws have a gradient with respect to the parameters. By default, they do if values are continuous. */
  readonly hasRsample?: boolean;
  /** Whether draws are loc + scale · noise, whatever other parameters there are. */
  readonly isLocationScale?: boolean;
  /** The KL divergences that the family declares. */
  readonly divergences?: () => Divergences;
  /** Refuses parameters that do not fit each other. */
  readonly check?: (p: P) => void;
  /** All formulas of the distribution `d`, which has the parameters `p`. Each formula computes only when it is called, since most are not. */
  readonly formulas?: (p: P, d: Distribution) => Formulas<P>;
}

/** The event shape of single numbers. */
const NUMBER: Shape = [];

/** A distribution that a row describes. */
export class Family<P extends Params> extends Distribution<P> {
  readonly #row: Row<P>;
  #madeFormulas: Formulas<P> | null = null;

  constructor(signature: Signature<P>, row: Row<P>, args: readonly unknown[]) {
    super(readParameters(signature, args));
    this.#row = row;
    row.check?.(this.params);
  }

  /** The formulas, made when the first of them is needed. */
  get #formulas(): Formulas<P> {
    this.#madeFormulas ??= this.#row.formulas?.(this.params, this) ?? this.#row;
    return this.#madeFormulas;
  }

  /** The same distribution as a member of another family, for a `method` for which the row has no formula. */
  #otherFamily(method: string): Distribution {
    const { as } = this.#formulas;
    return as === undefined ? this.hasNo(method) : as(this.params);
  }
  override get support(): Constraint {
    const { support } = this.#row;
    return typeof support === "function" ? support(this.params) : support;
  }
  override get eventShape(): Shape {
    return this.#formulas.eventShape?.(this.params) ?? NUMBER;
  }
  override get hasRsample(): boolean {
    return this.#row.hasRsample ?? !this.support.isDiscrete;
  }
  override get isLocationScale(): boolean {
    return this.#row.isLocationScale ?? false;
  }
  override get hasEnumerateSupport(): boolean {
    return this.#formulas.values !== undefined;
  }
  override supportValues(): Tensor {
    return this.#formulas.values?.(this.params) ?? this.hasNo("enumerable support");
  }
  override logDensity(value: Tensor): Tensor {
    return this.#formulas.logDensity?.(value, this.params) ?? this.#otherFamily("density").logDensity(value);
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { draw, icdf } = this.#formulas;
    const x = draw?.(key, shape, this.params) ?? icdf?.(random.uniform(key, shape), this.params);
    if (x === undefined) return this.#otherFamily("sampler").draw(key, shape);
    return this.#row.keepInside ? clampInside(x, this.support) : x;
  }
  override get mean(): Tensor {
    return this.spread(this.#formulas.mean?.(this.params) ?? this.#otherFamily("mean").mean);
  }
  override get variance(): Tensor {
    return this.spread(this.#formulas.variance?.(this.params) ?? this.#otherFamily("variance").variance);
  }
  override entropy(): Tensor {
    return this.spread(this.#formulas.entropy?.(this.params) ?? this.#otherFamily("entropy").entropy(), 0);
  }
  override cumulative(value: Tensor): Tensor {
    const cdf = this.#formulas.cdf?.(value, this.params);
    if (cdf === undefined) return this.#otherFamily("cdf").cumulative(value);
    const ends = boundsOf(this.support);
    if (ends === null) return cdf;
    // The formula holds inside the support. At the ends of the support, also infinite ends, its derivatives may be 0 · Infinity = NaN.
    const isBefore = this.isDiscrete ? less(value, ends[0]) : lessEqual(value, ends[0]);
    return where(isBefore, 0, where(greaterEqual(value, ends[1]), 1, cdf));
  }
  override quantile(q: Tensor): Tensor {
    return this.#formulas.icdf?.(q, this.params) ?? this.#otherFamily("icdf").quantile(q);
  }
  override get divergences(): Divergences {
    return this.#row.divergences?.() ?? super.divergences;
  }
}

/** The class of a family. Its constructor takes the arguments `A` by position, or some of them, followed by a record of the others. */
export interface FamilyClass<P extends Params, A extends unknown[]> {
  new (...args: A): Family<P>;
  new (...args: [...positional: TensorLike[], named: Given<P>]): Family<P>;
}

/** The class that a row describes. */
export function family<P extends Params, A extends unknown[]>(name: string, row: Row<P>): FamilyClass<P, A> {
  const signature: Signature<P> = { name, ...row };
  return class extends Family<P> {
    constructor(...args: unknown[]) {
      super(signature, row, args);
    }
  };
}
