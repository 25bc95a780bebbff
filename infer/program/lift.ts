/**
 * `lift` replaces params by latents. A param that has one element for each element of a plate becomes a latent in the
 * plate, drawn for the visited elements. Any other param becomes one latent outside the plate, whose log density the
 * plate does not scale.
 */
import * as random from "../../autodiff/ops/random/random.js";
import { Distribution } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { requireKind } from "../checks.js";
import { type Handler, type ParamMessage, type PlateFrame, withHandler } from "./messages.js";
import { sampleOutside } from "./primitives.js";
import { selectVisited } from "./subsamples.js";

const isPrior = (x: unknown): boolean => x instanceof Distribution;
const arePriors = (x: unknown): boolean =>
  isPrior(x) || (kinds.record[0](x) && Object.values(x as object).every(isPrior));

/**
 * Sample the params of `f` from the distributions in `priors`, by the param's name. A single distribution is the prior
 * of every param.
 */
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
  const liftHandler: Handler = {
    process: {
      param(message) {
        const prior = priorOf(message.name);
        if (prior !== undefined) draw(message, prior);
      },
    },
  };
  return (...args) => withHandler(liftHandler, () => f(...args));
}

/** Sample the param from its prior, and return the visited elements to the program. */
function draw(message: ParamMessage, prior: Distribution): void {
  const shape = message.shape ?? message.init?.(random.key(0)).shape;
  const isOutside = ({ dim, size }: PlateFrame): boolean => {
    if (dim === null || shape === undefined) return false;
    const hasPlateAxis = shape[shape.length - message.eventDim + dim] === size;
    // If the prior has a row for each element of the plate, it draws all elements, visited or not.
    return !hasPlateAxis || (prior.batchShape.at(dim) === size && prior.batchShape.length >= -dim && size !== 1);
  };
  // Use the name without prefixes, because an outer `scope` adds its prefix to the new site, too.
  const value = sampleOutside(message.declared, prior, {}, isOutside);
  message.value = selectVisited(value, { fn: prior, plates: message.plates.filter(isOutside) });
  // The value holds only the visited elements. Infinity keeps the plates from selecting elements once more.
  message.eventDim = Infinity;
  message.stop = true;
}
