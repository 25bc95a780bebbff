/**
 * `lift` replaces params by latents. A param that has one element for each element of a plate becomes a latent in the
 * plate, drawn for the visited elements. Any other param becomes one latent outside the plate, whose log density the
 * plate does not scale.
 */
import { sameShape, showShape } from "../../autodiff/core/shape.js";
import * as random from "../../autodiff/ops/random/random.js";
import { Distribution } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { refuseSite, requireKind } from "../checks.js";
import { handlerOfNames, type Program } from "./handlers.js";
import type { ParamMessage, PlateFrame } from "./messages.js";
import { sampleOutside } from "./primitives.js";
import { broadcastsTo } from "./traceChecks.js";
import { selectVisited } from "./values.js";

const isPrior = (x: unknown): boolean => x instanceof Distribution;
const arePriors = (x: unknown): boolean =>
  isPrior(x) || typeof x === "function" || (kinds.record[0](x) && Object.values(x as object).every(isPrior));

/**
 * Sample the params of `f` from the distributions in `priors`, by the param's name. A single distribution is the prior
 * of every param; a function of the name returns a prior or undefined. A prior whose shape is smaller than the param's shape is
 * expanded to it. A name that is not a param of `f` is refused, and so is a prior whose shape does not broadcast to the param's shape.
 */
export function lift<A extends unknown[], R>(
  f: Program<A, R>,
  priors: Distribution | Record<string, Distribution> | ((name: string) => Distribution | undefined),
): Program<A, R> {
  requireKind("lift", "the second argument", priors, [
    arePriors,
    "a distribution, or distributions by the names of params",
  ]);
  const isRecord = typeof priors !== "function" && !(priors instanceof Distribution);
  const priorOf = (name: string): Distribution | undefined => {
    if (isRecord) return Object.hasOwn(priors, name) ? priors[name] : undefined;
    return typeof priors === "function" ? priors(name) : priors;
  };
  return handlerOfNames("lift", f, isRecord ? Object.keys(priors) : [], ["param"], () => {
    // If `f` declares a param again in the same plates, it has the same value.
    const drawn = new Map<string, ParamMessage["value"]>();
    return {
      process: {
        param(message) {
          const prior = priorOf(message.name);
          if (prior === undefined) return;
          const place = [message.declared, ...message.plates.map(({ name }) => name)].join();
          const value = drawn.get(place);
          if (value === undefined) draw(message, prior);
          else giveValue(message, value);
          drawn.set(place, message.value);
        },
        module(message) {
          // Hide the network from outer handlers, which know its paths. It then declares its params with their shapes, which the priors need.
          message.stop = !isRecord || Object.keys(priors).some((name) => name.startsWith(`${message.name}/`));
        },
      },
    };
  });
}

/** Sample the param from its prior, and return the visited elements to the program. */
function draw(message: ParamMessage, prior: Distribution): void {
  const shape = message.shape ?? message.init?.(random.key(0)).shape;
  const eventDim = Math.max(message.eventDim, prior.eventDim);
  const hasPlateAxis = ({ dim, size }: PlateFrame): boolean =>
    dim !== null && shape?.[shape.length - eventDim + dim] === size;
  const fn = shape === undefined ? prior : priorOfShape(message, prior, shape, hasPlateAxis);
  const isOutside = (plate: PlateFrame): boolean => {
    const { dim, size } = plate;
    if (dim === null || shape === undefined) return false;
    // If the prior has a row for each element of the plate, it draws all elements, visited or not.
    const hasRows = fn.batchShape.at(dim) === size && fn.batchShape.length >= -dim && size !== 1;
    return !hasPlateAxis(plate) || hasRows;
  };
  // Use the name without prefixes, because an outer `scope` adds its prefix to the new site, too.
  const value = sampleOutside(message.declared, fn, {}, isOutside);
  giveValue(message, selectVisited(value, { fn, plates: message.plates.filter(isOutside) }));
}

function giveValue(message: ParamMessage, value: ParamMessage["value"]): void {
  message.value = value;
  // The value holds only the visited elements. With eventDim Infinity, plates do not select elements again.
  message.eventDim = Infinity;
  message.stop = true;
}

/** `prior`, expanded to the shape of the param, except along the axes of plates: the sample statement expands the prior along these. */
function priorOfShape(
  { name, eventDim, plates }: ParamMessage,
  prior: Distribution,
  shape: readonly number[],
  hasPlateAxis: (plate: PlateFrame) => boolean,
): Distribution {
  const { batchShape, eventShape } = prior;
  const lead = shape.slice(0, Math.max(0, shape.length - eventShape.length));
  const missing = lead.length - batchShape.length;
  const before = lead.map((_, axis) => batchShape[axis - missing] ?? 1);
  if (missing < 0 || !sameShape(shape.slice(lead.length), eventShape) || !broadcastsTo(before, lead))
    refuseSite(
      "shape-mismatch",
      name,
      `lift: the prior of param "${name}" has shape ${showShape(prior.shape())}, but the param has shape ${showShape(shape)}. Give both the same shape.`,
      { op: "lift" },
    );
  const inside = plates.filter(hasPlateAxis);
  const extraEventDim = Math.max(0, eventDim - eventShape.length);
  const plateAxes = inside.map(({ dim }) => lead.length - extraEventDim + (dim as number));
  const isOfPlate = (_: number, axis: number): boolean => plateAxes.includes(axis);
  const after = lead.map((n, axis) => (isOfPlate(n, axis) ? (before[axis] as number) : n));
  if (sameShape(before, after) && lead.slice(0, missing).every(isOfPlate)) return prior;
  return prior.expand(after).toEvent(inside.length === 0 ? lead.length : extraEventDim);
}
