/**
 * One particle is one run of the guide and one of the model under the guide's choices, each with an ambient set of its own.
 * Several particles are a batch (vmap) where the model allows it, else a loop; either way their results come back stacked.
 */
import {
  emptyRecord,
  full,
  mapTree,
  PedigradError,
  random,
  stack,
  Tensor,
  type Tree,
  vmap,
} from "../../../autodiff/index.js";
import { detachProvenance, inFreshRun } from "../../../provenance/index.js";
import { replay, seed, substitution, tagging } from "../../program/handlers.js";
import { type Handler, type Model, withMessengers } from "../../program/messages.js";
import { type Trace, trace } from "../../program/trace.js";
import { shareMasks } from "./masks.js";
import { checkPair } from "./match.js";
import type { Pair, Task } from "./pair.js";

/** Run `f` with parameters and mutable state from `values`, latents drawn with `key` and tagged with their names. */
export const tracedRun = (
  f: Model,
  key: Tensor,
  { values, args }: Pick<Task, "values" | "args">,
  ...around: Handler[]
): Trace => {
  // Parameters come from gradients of earlier steps, but are not random choices of this one.
  const stack = [...around, tagging(() => true), substitution(detachProvenance(values))];
  return inFreshRun(() => withMessengers(stack, () => trace(seed(f, key)).getTrace(...args)));
};

/** Run guide and model, the model under the guide's choices, and check that they fit each other. */
export function runPrograms(key: Tensor, task: Task, ...around: Handler[]): Pair {
  return underGuide(tracedRun(task.guide, random.foldIn(key, 0), task, ...around), key, task, ...around);
}

/** Run the model under the choices of a run of the guide, and check that they fit each other. */
export function underGuide(guide: Trace, key: Tensor, task: Task, ...around: Handler[]): Pair {
  const model = tracedRun(replay(task.model, guide), random.foldIn(key, 1), task, ...around);
  checkPair(guide, model);
  shareMasks(guide, model);
  return { guide, model };
}

/** How particles are run: as a batch if possible, never, necessarily, or by a function of one's own. */
export type Vectorize = boolean | "require" | ((f: (key: Tensor) => Tree, keys: Tensor) => Tree);

/** The key of every particle. */
export const particleKeys = (key: Tensor, count: number): readonly Tensor[] =>
  count === 1 ? [key] : [...random.split(key, count)];

/** f(key) for every particle, results stacked along a new first axis. */
export function runParticles(key: Tensor, count: number, vectorize: Vectorize, f: (key: Tensor) => Tree): Tree {
  if (count === 1) return mapTree(f(key), (leaf) => (leaf as Tensor).expandDims(0));
  const keys = random.split(key, count);
  if (typeof vectorize === "function") return vectorize(f, keys);
  if (vectorize !== false)
    try {
      return vmap(f)(keys);
    } catch (error) {
      if (!(error instanceof PedigradError && error.code === "read-in-vmap") || vectorize === "require") throw error;
      noteLoop(error);
    }
  return stackTrees([...keys].map(f));
}

/** Records of tensors as a record of stacks. A site that only some particles came to (control flow) is `missing` in the others. */
export function stackTrees(trees: readonly (Tree | undefined)[], missing = 0): Tree {
  const known = trees.find((tree) => tree !== undefined);
  if (known instanceof Tensor) return stack(trees.map((leaf) => leaf ?? full(known.shape, missing)));
  const merged: Record<string, Tree> = emptyRecord();
  for (const key of new Set(trees.flatMap((tree) => Object.keys(tree ?? {}))))
    merged[key] = stackTrees(
      trees.map((tree) => tree?.[key]),
      missing,
    );
  return merged;
}

let hasNoted = false;
function noteLoop(error: PedigradError): void {
  if (hasNoted) return;
  hasNoted = true;
  console.warn(
    `pedigrad: particles run in a loop, because the model reads a sampled value (${error.op}). Set vectorizeParticles: false to say so, or "require" to make it an error.`,
  );
}
