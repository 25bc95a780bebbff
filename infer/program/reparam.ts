/**
 * `reparam`: a site written in other variables, so that its posterior is easier to follow (Gorinova et al. 2018). A strategy
 * samples the new variables and computes the site's value from them; the site itself becomes a deterministic one.
 */
import { PedigradError, Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import { wrapped } from "../../distributions/families/bounded/vonMises.js";
import {
  constraints,
  type Distribution,
  Expanded,
  ImproperUniform,
  Independent,
  TransformedDistribution,
} from "../../distributions/index.js";
import { didYouMean, quoted, requireOptions } from "../checks.js";
import { type SampleMessage, withMessenger } from "./messages.js";
import { deterministic, factor, param, sample } from "./primitives.js";

/** Samples what replaces a site, and returns the site's value. */
export type Reparam = (name: string, fn: Distribution) => Tensor;

/** Sites named in `config`, or those for which it returns a strategy, are reparameterised. Every name must be that of a site. */
export const reparam =
  <A extends unknown[], R>(
    f: (...args: A) => R,
    config: Record<string, Reparam> | ((site: SampleMessage) => Reparam | null),
  ): ((...args: A) => R) =>
  (...args) => {
    const met = new Set<string>();
    const result = withMessenger(
      {
        process(message) {
          if (message.type !== "sample") return;
          const { name, fn } = message;
          met.add(name);
          if (message.value !== null) return;
          const strategy =
            typeof config === "function" ? config(message) : Object.hasOwn(config, name) ? config[name] : null;
          if (!strategy) return;
          message.stop = true;
          if (message.isObserved)
            throw misuse(name, "reparam", "is observed; only latent sites can be reparameterised.");
          message.value = deterministic(name, strategy(name, fn));
        },
      },
      () => f(...args),
    );
    const stranger = typeof config === "function" ? undefined : Object.keys(config).find((name) => !met.has(name));
    if (stranger === undefined) return result;
    throw new PedigradError({
      code: "unknown-site",
      site: stranger,
      op: "reparam",
      message: `reparam: the program has no site "${stranger}"; it has ${quoted(met)}.${didYouMean(stranger, met)} For sites that not every run comes to, give a function of the site.`,
    });
  };

const misuse = (site: string, op: string, why: string): PedigradError =>
  new PedigradError({ code: "reparam", site, op, message: `${op}: site "${site}" ${why}` });

/** The family inside toEvent and expand, in the full batch shape, and how many axes toEvent took. */
function unwrap(fn: Distribution): { family: Distribution; reinterpreted: number; batchShape: readonly number[] } {
  if (fn instanceof Independent) {
    const inner = unwrap(fn.base);
    return { ...inner, reinterpreted: inner.reinterpreted + fn.reinterpreted };
  }
  if (fn instanceof Expanded) return { ...unwrap(fn.base), batchShape: fn.batchShape };
  return { family: fn, reinterpreted: 0, batchShape: fn.batchShape };
}

/**
 * Partial decentring of a family with loc and scale: with c = `centered` (0 fully decentred, 1 as written, null learnt),
 * x' ~ family(c·loc, scale^c) and x = loc + scale^(1-c) (x' - c·loc). `LocScaleReparam(0.3)` is short for { centered: 0.3 };
 * `LocScaleReparam()` decentres fully, where NumPyro's learns c: that is `LocScaleReparam(null)`.
 */
export function LocScaleReparam(how: { centered?: TensorLike | null } | number | Tensor | null = {}): Reparam {
  const isShort = how === null || typeof how === "number" || how instanceof Tensor;
  if (!isShort) requireOptions("LocScaleReparam", how, ["centered"]);
  const { centered = 0 } = isShort ? { centered: how } : how;
  return (name, fn) => {
    const { family, reinterpreted, batchShape } = unwrap(fn);
    const { loc, scale, ...others } = family.params;
    if (loc === undefined || scale === undefined)
      throw misuse(name, "LocScaleReparam", `is ${family.family}, which has no loc and scale.`);
    const c =
      centered === null
        ? param(`${name}_centered`, loc.mul(0).add(0.5), { constraint: constraints.unitInterval })
        : tensor(centered);
    const Family = family.constructor as new (params: Record<string, Tensor>) => Distribution;
    const base = new Family({ ...others, loc: loc.mul(c), scale: scale.pow(c) });
    const moved = sample(`${name}_decentered`, base.expand(batchShape).toEvent(reinterpreted));
    return moved
      .sub(loc.mul(c))
      .mul(scale.pow(tensor(1).sub(c)))
      .add(loc);
  };
}

/** A transformed distribution sampled before its transform: `name_base` has the base, the site its image. */
export const TransformReparam = (): Reparam => (name, fn) => {
  const { family, reinterpreted, batchShape } = unwrap(fn);
  if (!(family instanceof TransformedDistribution))
    throw misuse(name, "TransformReparam", `is ${family.family}, not a TransformedDistribution.`);
  return family.transform.forward(sample(`${name}_base`, family.base.expand(batchShape).toEvent(reinterpreted)));
};

/**
 * An angle as the direction of a real number, `name_unwrapped`: flat there, and its density a factor, so that a posterior across ±π is in
 * one piece.
 */
export const CircularReparam = (): Reparam => (name, fn) => {
  const { family, reinterpreted, batchShape } = unwrap(fn);
  if (family.support.name !== "circular")
    throw misuse(name, "CircularReparam", `is ${family.family}, which is no distribution of angles.`);
  const flat = new ImproperUniform(constraints.real, batchShape);
  const value = wrapped(sample(`${name}_unwrapped`, flat.toEvent(reinterpreted)));
  factor(`${name}_factor`, fn.logProb(value));
  return value;
};
