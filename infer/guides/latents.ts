/**
 * The latents of a guide, with their bijections and initial values, from a first run of the model. The guide keeps them, so latents that
 * could differ in another run are refused: latents in a loop over some elements of a plate, and latents whose support depends on other
 * latents, on params or on the visited elements.
 */
import { elementsOf } from "../../autodiff/core/reads.js";
import { stopGradient, type Tensor } from "../../autodiff/index.js";
import {
  bijectTo,
  type Constraint,
  Derived,
  type Distribution,
  Identity,
  Independent,
  type Transform,
} from "../../distributions/index.js";
import { bijectionByName } from "../../distributions/transforms/bijectTo.js";
import { detachProvenance, getProvenance } from "../../provenance/index.js";
import { quoted, refuseSite } from "../checks.js";
import type { PlateFrame } from "../program/messages.js";
import type { SampleSite, Trace } from "../program/trace.js";
import { startingValue } from "./initStrategies.js";
import type { ModelInspection } from "./inspection.js";

/** An initial value in unconstrained space, as a function of a key. */
export type StartValue = (key: Tensor) => Tensor;

/** A latent site of the model. */
export interface Latent {
  readonly name: string;
  readonly site: SampleSite;
  /** The plates around the site, outermost first. */
  readonly plates: readonly PlateFrame[];
  /** The bijection from unconstrained space to the support of the site. */
  readonly transform: Transform;
  /** The initial value in unconstrained space, for all elements of every plate. */
  readonly startFrom: StartValue;
  /** The shape of the initial value. */
  readonly startShape: readonly number[];
}

/** The same plates, but a plate whose elements the program itself chooses gets the elements that it visits in `run`. */
export const platesIn = (run: Trace, plates: readonly PlateFrame[]): PlateFrame[] =>
  plates.map((plate) => {
    const site = run.get(plate.name);
    if (!plate.isGiven || site?.type !== "plate") return plate;
    return { ...plate, indices: site.value, subsampleSize: site.value.length };
  });

/** The latents of a guide for these sites. If `isFixed` is true, they start at the initial values of the first run, whatever the key. */
export function toLatents(sites: readonly SampleSite[], inspection: ModelInspection, isFixed: boolean): Latent[] {
  for (const site of sites) {
    refuseSubsampledLoop(inspection.title, site);
    refuseMaskedEvent(inspection.title, site);
  }
  refuseMovingSupports(sites, inspection);
  return sites.map((site) => {
    const transform = transformOf(site);
    const unconstrained = (value: Tensor): Tensor =>
      stopGradient(detachProvenance(transform.inverse(expandToWholePlates(value, site))));
    const { name, fn, value } = site;
    const firstStart = unconstrained(inspection.initialValues.get(name) ?? value.broadcastTo(fn.shape()));
    const startFrom: StartValue = (key) =>
      isFixed ? firstStart : unconstrained(startingValue(inspection.strategy, site, key));
    return { name, site, plates: [...site.plates].reverse(), transform, startFrom, startShape: firstStart.shape };
  });
}

/** A value for all elements of the plates: elements that were not visited get the values of visited elements. */
function expandToWholePlates(value: Tensor, { fn, plates }: SampleSite): Tensor {
  let start = value;
  for (const { dim, size, subsampleSize } of plates) {
    if (dim === null) continue;
    const axis = start.shape.length - fn.eventDim + dim;
    if (start.shape[axis] === size) continue;
    const indices = Array.from({ length: size as number }, (_, i) => i % (subsampleSize as number));
    start = start.take(indices, axis);
  }
  return start;
}

const transformOf = ({ fn }: SampleSite): Transform => (fn.isDiscrete ? new Identity() : bijectTo(fn.support));

/**
 * Refuse latents in a loop over some elements of a plate, because their names change from step to step and the first run
 * finds only some of them.
 */
function refuseSubsampledLoop(title: string, { name, plates }: SampleSite): void {
  const loop = plates.find(({ dim, isWhole }) => dim === null && !isWhole);
  if (loop === undefined) return;
  refuseSite(
    "subsampled-latent",
    name,
    `${title}: latent site "${name}" is inside the for loop over plate "${loop.name}", which visits ${loop.subsampleSize} of ${loop.size} elements, different ones at every step. Write the plate with a body, plate("${loop.name}", ${loop.size}, { subsampleSize: ${loop.subsampleSize} }, body), or write the guide by hand.`,
    { op: title },
  );
}

/**
 * Refuse a mask inside an event. The log prior of the masked elements does not count, but the guide has one density for
 * the whole event and would count it.
 */
function refuseMaskedEvent(title: string, { name, fn }: SampleSite): void {
  const isInEvent = (d: Distribution): boolean =>
    d instanceof Independent ? d.base.unmasked !== d.base : d instanceof Derived && isInEvent(d.base);
  if (!isInEvent(fn)) return;
  refuseSite(
    "masked-latent",
    name,
    `${title}: latent site "${name}" is masked inside its event, so its masked elements would have a density in the guide but no prior. Put the elements into a plate instead of toEvent.`,
    { op: title },
  );
}

/** Whether the bijection to a support is certainly the same in every run, because the name of the constraint determines it. */
const isConstant = (c: Constraint): boolean =>
  "base" in c ? isConstant(c.base as Constraint) : bijectionByName(c.name) !== undefined;

/** Refuse supports that depend on draws of the model or on params, or that differ in another run. */
function refuseMovingSupports(sites: readonly SampleSite[], { title, runPerturbed }: ModelInspection): void {
  const candidates = sites.filter(({ fn }) => !fn.isDiscrete && !isConstant(fn.support));
  const perturbed = candidates.length === 0 ? null : runPerturbed();
  for (const site of candidates) {
    const x = transformOf(site).inverse(detachProvenance(site.value));
    const otherSite = perturbed?.get(site.name);
    const isMoving =
      otherSite?.type === "sample" && !areEqual(transformOf(site).forward(x), transformOf(otherSite).forward(x));
    // After host code has read a site, every value has that site in its provenance. Then only the perturbed run shows
    // whether the support depends on the site.
    const parents = [...getProvenance(x)].filter((name) => !site.ambient.has(name));
    if (!isMoving && parents.length === 0) continue;
    const why = parents.length === 0 ? "changes from run to run" : `depends on ${quoted(parents)}`;
    refuseSite(
      "moving-support",
      site.name,
      `${title}: the support of latent site "${site.name}" (${site.fn.label}) ${why}, but the guide keeps the support of the first run. Sample "${site.name}" on a fixed support and transform its value (low + (high - low) · u with u from Uniform(0, 1)), or write its guide by hand.`,
      { op: title },
    );
  }
}

function areEqual(x: Tensor, y: Tensor): boolean {
  const [a, b] = [elementsOf(x), elementsOf(y)];
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
