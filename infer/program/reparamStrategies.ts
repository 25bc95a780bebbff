/**
 * Strategies for `reparam`. Each samples new sites, whose names begin with the old site's name, and computes the old
 * site's value from them. The new distribution is expanded, masked and made an event in the same way as the old one.
 */
import { full, Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import { requireThat } from "../../distributions/core/validation.js";
import { wrapped } from "../../distributions/families/bounded/vonMises.js";
import {
  type Constraint,
  constraints,
  Derived,
  type Distribution,
  Exp,
  Normal,
  TransformedDistribution,
} from "../../distributions/index.js";
import { refuseOption, refuseSite, requireOptions } from "../checks.js";
import { familyOf } from "./inferOptions.js";
import { openPlates } from "./plate.js";
import { param, sample } from "./primitives.js";
import type { Reparam } from "./reparam.js";

const refuse = (site: string, op: string, why: string): never =>
  refuseSite("reparam", site, `${op}: site "${site}" ${why}`, { op });

/** `family`, expanded, masked and so on in the same way as `fn`. */
const withWrappersOf = (fn: Distribution, family: Distribution): Distribution =>
  fn === familyOf(fn) ? family : ((fn as Derived).around(withWrappersOf((fn as Derived).base, family)) as Distribution);

/**
 * Partial decentring of a location-scale family. With c = `centered` (0: fully decentred, the default; 1: as written;
 * null: c is learnt), it samples x' ~ family(c·loc, scale^c) and computes x = loc + scale^(1-c) (x' - c·loc).
 * `LocScaleReparam(0.3)` is short for { centered: 0.3 }. NumPyro's default, to learn c, is `LocScaleReparam(null)` here.
 */
export function LocScaleReparam(how: { centered?: TensorLike | null } | number | Tensor | null = {}): Reparam {
  const isShort = how === null || typeof how === "number" || how instanceof Tensor;
  if (!isShort) requireOptions("LocScaleReparam", how, ["centered"]);
  const { centered = 0 } = isShort ? { centered: how } : how;
  if (typeof centered === "number" && !(centered >= 0 && centered <= 1))
    refuseOption(
      "LocScaleReparam",
      "centered",
      `centered must be a number from 0 to 1, or null to learn it, got ${centered}.`,
    );
  const constant = centered === null ? null : tensor(centered);
  if (constant) requireThat(constant, constraints.unitInterval, { family: "LocScaleReparam", what: "centered" });
  return (name, fn) => {
    const family = familyOf(fn);
    if (!family.isLocationScale)
      refuse(
        name,
        "LocScaleReparam",
        `is ${family.family}, which is not a location-scale family such as Normal, Laplace or StudentT. Sample one of these at a separate site and compute "${name}" from its value, as TransformReparam does for a TransformedDistribution.`,
      );
    const { loc, scale, ...others } = family.params as Record<string, Tensor> & { loc: Tensor; scale: Tensor };
    const c = constant ?? centeredParam(name, loc, fn.eventDim);
    const Family = family.constructor as new (params: Record<string, Tensor>) => Distribution;
    const base = new Family({ ...others, loc: loc.mul(c), scale: scale.pow(c) });
    const decentered = sample(`${name}_decentered`, withWrappersOf(fn, base));
    return decentered
      .sub(loc.mul(c))
      .mul(scale.pow(tensor(1).sub(c)))
      .add(loc);
  };
}

/** The learnt c: one number for each element of loc, including the elements of a plate that this step does not visit. */
function centeredParam(name: string, loc: Tensor, eventDim: number): Tensor {
  const rank = loc.shape.length - eventDim;
  const shape = loc.shape.map((size, axis) => {
    const plate = openPlates().find(({ dim }) => dim === axis - rank);
    return size === plate?.subsampleSize ? (plate.size as number) : size;
  });
  return param(`${name}_centered`, full(shape, 0.5), { constraint: constraints.unitInterval, eventDim });
}

/**
 * For a transformed distribution or a LogNormal: sample `name_base` from the base distribution, and apply the transform to this draw to
 * get the site's value.
 */
export const TransformReparam = (): Reparam => (name, fn) => {
  const family = familyOf(fn);
  const { loc, scale } = family.params as Record<string, Tensor>;
  const transformed =
    family.family === "LogNormal" ? new TransformedDistribution(new Normal(loc, scale), new Exp()) : family;
  if (!(transformed instanceof TransformedDistribution))
    return refuse(
      name,
      "TransformReparam",
      `is ${family.family}, but this strategy needs a TransformedDistribution or a LogNormal. Write the distribution as new TransformedDistribution(base, transform).`,
    );
  return transformed.transform.forward(sample(`${name}_base`, withWrappersOf(fn, transformed.base)));
};

/**
 * For an angle: sample a real number `name_unwrapped`, and take it modulo 2π to get the site's value. So a posterior
 * around ±π has one mode, not two halves. The density has period 2π on the real line.
 */
export const CircularReparam = (): Reparam => (name, fn) => {
  const family = familyOf(fn);
  if (family.support.name !== "circular")
    refuse(
      name,
      "CircularReparam",
      `is ${family.family}, but this strategy needs a distribution of angles, such as VonMises.`,
    );
  return wrapped(sample(`${name}_unwrapped`, withWrappersOf(fn, new Unwrapped(family)))).clip(-Math.PI, Math.PI);
};

/**
 * A distribution of angles, with its density extended to the real line with period 2π (so its integral is infinite).
 * Draws lie in [-π, π].
 */
class Unwrapped extends Derived {
  constructor(base: Distribution) {
    super("Unwrapped", base);
  }
  override get support(): Constraint {
    return constraints.real;
  }
  override inside(value: Tensor): Tensor {
    return this.support.check(value);
  }
  override requireInside(value: Tensor): void {
    requireThat(value, this.support, { family: this.label, what: "value" });
  }
  override logDensity(value: Tensor): Tensor {
    return this.base.logDensity(wrapped(value));
  }
  override entropy(): Tensor {
    return this.hasNo("entropy");
  }
  override cumulative(): Tensor {
    return this.hasNo("cdf");
  }
  override quantile(): Tensor {
    return this.hasNo("icdf");
  }
}
