/**
 * `lift`: learnable constants turned into random choices. A param that has as many elements along a plate's dim as the plate is a latent
 * of the plate, drawn for the elements that are visited; any other is one latent outside the plate, and not scaled.
 */
import { random } from "../../autodiff/index.js";
import { Distribution } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { requireKind } from "../checks.js";
import { type Handler, type ParamMessage, type PlateFrame, withHandler } from "./messages.js";
import { sampleOutside } from "./primitives.js";
import { visitedPart } from "./subsamples.js";

const isPrior = (x: unknown): boolean => x instanceof Distribution;
const arePriors = (x: unknown): boolean =>
  isPrior(x) || (kinds.record[0](x) && Object.values(x as object).every(isPrior));

/** Params of `f` that have a prior in `priors` (one distribution: all of them) are sampled from it instead. */
export function lift<A extends unknown[], R>(
  f: (...args: A) => R,
  priors: Distribution | Record<string, Distribution>,
): (...args: A) => R {
  requireKind("lift", "the first argument", f, kinds.function);
  requireKind("lift", "the second argument", priors, [
    arePriors,
    "a distribution, or distributions by the names of params",
  ]);
  const priorOf = (name: string): Distribution | undefined =>
    priors instanceof Distribution ? priors : Object.hasOwn(priors, name) ? priors[name] : undefined;
  const lifting: Handler = {
    process: {
      param(message) {
        const prior = priorOf(message.name);
        if (prior !== undefined) draw(message, prior);
      },
    },
  };
  return (...args) => withHandler(lifting, () => f(...args));
}

/** Sample the param from its prior, and give the program the elements that are visited. */
function draw(message: ParamMessage, prior: Distribution): void {
  const shape = message.shape ?? message.init?.(random.key(0)).shape;
  const isOutside = ({ dim, size }: PlateFrame): boolean => {
    if (dim === null || shape === undefined) return false;
    const isLocal = shape[shape.length - message.eventDim + dim] === size;
    // A prior of its own for every element is drawn whole.
    return !isLocal || (prior.batchShape.at(dim) === size && prior.batchShape.length >= -dim && size !== 1);
  };
  // The new site comes up the whole stack: a scope on the way renames it as it renamed the param.
  const value = sampleOutside(message.declared, prior, {}, isOutside);
  message.value = visitedPart(value, { fn: prior, plates: message.plates.filter(isOutside) });
  // The value holds the visited elements alone: no plate is to reduce it again.
  message.eventDim = Infinity;
  message.stop = true;
}
