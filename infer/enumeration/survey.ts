/**
 * A first run of guide and model, in which every enumerated site has only the first value of its support, so that no
 * large table is computed. The run finds how deep the plates nest, and which enumerated sites enter the same log density.
 */
import { broadcastShapes, sizeOf } from "../../autodiff/core/shape.js";
import { broadcastTo, type Tensor, tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { getProvenance, union } from "../../provenance/index.js";
import { refuseSite } from "../checks.js";
import type { Task } from "../elbo/particles/pair.js";
import { replayedRun, tracedRun } from "../elbo/particles/particles.js";
import type { Handler } from "../program/messages.js";
import { type SampleSite, sampleSites } from "../program/trace.js";
import { MAX_TABLE, refuseTooLarge } from "./factors.js";

interface Survey {
  /** The number of dims, counted from the right, that belong to plates. */
  readonly depth: number;
  readonly sites: readonly SampleSite[];
}

/** The first run of guide and model. Refuse tables of more than 2^26 entries. */
export function survey(key: Tensor, task: Task, handlers: readonly Handler[]): Survey {
  const counts = new Map<string, number>();
  const firstValues = firstValuesHandler(counts);
  const guide = tracedRun(task.guide, random.foldIn(key, 0), task, ...handlers, firstValues);
  const model = replayedRun(task.model, guide, () => random.foldIn(key, 1), task, ...handlers, firstValues);
  const sites = [...sampleSites(guide), ...sampleSites(model)];
  for (const site of sites) requireSmallTable(site, counts);
  return { depth: Math.max(0, ...sites.flatMap(({ plates }) => plates.map(({ dim }) => -(dim ?? 0)))), sites };
}

/** Refuse batch dims of the first run that no plate declares, since enumerated sites use the same dims. */
export function requireDeclaredDims({ name, fn, value, isObserved, mask, scale, plates }: SampleSite): void {
  const batchOfData = isObserved ? value.shape.slice(0, value.shape.length - fn.eventDim) : [];
  const shapes = [batchOfData, mask?.shape ?? [], tensor(scale).shape];
  const batch = shapes.reduce((shape, other) => broadcastShapes(name, shape, other), fn.batchShape);
  const axis = batch.findIndex((size, i) => size !== 1 && plates.every(({ dim }) => dim !== i - batch.length));
  if (axis >= 0) refuseUndeclaredDim(name, batch, axis - batch.length);
}

/** A handler that gives enumerated sites the first value of their support, and stores the size of each support in `counts`. */
const firstValuesHandler = (counts: Map<string, number>): Handler => ({
  process: {
    sample(message) {
      if (message.isObserved || message.value !== null) return;
      const { name, fn, infer } = message;
      if (infer.enumerate !== "parallel" || !fn.hasEnumerateSupport) return;
      const support = fn.enumerateSupport(false);
      counts.set(name, support.shape[0] as number);
      message.value = broadcastTo(support.at(0).reshape(fn.eventShape), [...fn.batchShape, ...fn.eventShape]);
    },
  },
});

function requireSmallTable({ name, fn, value, ambient }: SampleSite, counts: ReadonlyMap<string, number>): void {
  const sites = [...union(getProvenance([Object.values(fn.params), value]), ambient)].filter((site) =>
    counts.has(site),
  );
  const elements = sizeOf(fn.batchShape);
  const entries = sites.reduce((product, site) => product * (counts.get(site) as number), elements);
  if (entries > MAX_TABLE) refuseTooLarge(sites, entries, name);
}

const refuseUndeclaredDim = (site: string, shape: readonly number[], dim: number): never =>
  refuseSite(
    "undeclared-dim",
    site,
    `site "${site}" has log density shape [${shape}], but no plate declares its dim ${dim} of size ${shape.at(dim)}. Put the statement into plate(…, ${shape.at(dim)}), or use .toEvent(1), both in the model and in the guide.`,
  );
