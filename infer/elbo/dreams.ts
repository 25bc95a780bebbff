/**
 * The runs of the sleep phase of ReweightedWakeSleep. In a *dream*, the model draws all its sites, data included. Then the guide runs with the
 * dream's data as its arguments, and with the dream's latents as its draws.
 */
import { readNumbers } from "../../autodiff/core/reads.js";
import { type ErrorCode, PedigradError, stopGradient, type Tensor, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { refuseSite, unknownName } from "../checks.js";
import { uncondition } from "../program/condition.js";
import type { Handler } from "../program/messages.js";
import { visitedValuesHandler } from "../program/subsamples.js";
import { isDraw, isFactor, type SampleSite, sampleSites, type Trace } from "../program/trace.js";
import { withDraws } from "../program/values.js";
import type { Task } from "./particles/pair.js";
import { tracedRun } from "./particles/particles.js";
import { isSubsampled } from "./particles/subsampling.js";

/** A handler that makes all draws constants for gradients. */
export const constantDraws: Handler = {
  process: {
    sample(message) {
      message.isConstant = true;
    },
  },
};

interface Dream {
  readonly dream: Trace;
  readonly guide: Trace;
}

/** One dream, and the guide's run for it. Refuse a guide with a point mass, and arguments without data to replace. */
export function runDream(key: Tensor, task: Task, insomnia: number): Dream {
  const dream = tracedRun(uncondition(task.model), random.foldIn(key, 0), task, constantDraws);
  const values = new Map([...sampleSites(dream)].map((site) => [site.name, stopGradient(site.value)]));
  const inputs = { values: task.values, args: withObservations(task.args, dream, insomnia) };
  const guide = tracedRun(
    withDraws(task.guide, values),
    random.foldIn(key, 1),
    inputs,
    constantDraws,
    visitedValuesHandler,
  );
  const pointMass = [...sampleSites(guide)].find((site) => !site.isObserved && !isDraw(site));
  if (pointMass !== undefined)
    refuse(
      "moving-point",
      pointMass.name,
      "is a point mass, so it has no log density at the values that the model dreams. Sample it from a distribution",
    );
  return { dream, guide };
}

/** Refuse a model whose dreams do not have its density. */
export function refuseOtherDensities(dream: Trace): void {
  const other = [...sampleSites(dream)].find(hasOtherDensity);
  if (other === undefined) return;
  const [what, edit] = isFactor(other)
    ? ["a factor that depends on draws", "Write it as an observed site"]
    : ["scaled", "Scale the guide only"];
  refuse("no-sampler", other.name, `is ${what}, so dreams do not have the model's density. ${edit}`);
}

/** Whether draws do not have the density of this site: they ignore factors and scales. (Scales of subsampled plates are accepted or refused as such.) */
const hasOtherDensity = (site: SampleSite): boolean =>
  isFactor(site)
    ? site.logProb().provenance.size > 0
    : !site.plates.some(isSubsampled) && readNumbers(tensor(site.scale), "the sleep phase").some((x) => x !== 1);

/** Refuse a site of the sleep phase. */
const refuse = (code: ErrorCode, site: string, why: string): never =>
  refuseSite(code, site, `ReweightedWakeSleep: site "${site}" ${why}, or set insomnia: 1.`, {
    op: "ReweightedWakeSleep",
  });

/** The arguments of the programs, where data that the model drew replace the `observations` of the last argument. */
function withObservations(args: readonly unknown[], dream: Trace, insomnia: number): unknown[] {
  const last = args.at(-1);
  if (typeof last !== "object" || last === null || !("observations" in last))
    throw new PedigradError({
      code: "no-observations",
      op: "ReweightedWakeSleep",
      param: "insomnia",
      message: `ReweightedWakeSleep with insomnia ${insomnia} gives the guide data dreamt by the model, so the last argument of model and guide must be { observations: { site: value } }, got ${args.length} arguments without it. Or set insomnia: 1.`,
    });
  const data = (last as { observations: Record<string, unknown> }).observations;
  const dreamOf = (name: string): Tensor => {
    const site = dream.get(name);
    if (site !== undefined) return stopGradient(site.value);
    throw unknownName("ReweightedWakeSleep", "site", name, dream.keys(), " Name observations by their sites.");
  };
  const observations = Object.fromEntries(Object.keys(data).map((name) => [name, dreamOf(name)]));
  return [...args.slice(0, -1), { ...last, observations }];
}
