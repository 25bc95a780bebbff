/**
 * Several particles run as a batch (vmap) if the model allows it, else as a loop. In both cases their results are stacked along a new first
 * axis.
 */
import { emptyRecord, full, leavesOf, PedigradError, stack, Tensor, type Tree, vmap } from "../../../autodiff/index.js";
import { refuseOption } from "../../../provenance/base/options.js";
import { warnOnce } from "../../../provenance/base/warnOnce.js";

/** How particles run: as a batch if possible (true), as a loop (false), only as a batch ("require"), or by a function (f, keys). */
export type Vectorize = boolean | "require" | ((f: (key: Tensor) => Tree, keys: Tensor) => Tree);

/** Call f(key) for every key. Return the tensors of all calls, stacked, and the list of the other results. */
export function runSeveral<S>(
  keys: Tensor,
  vectorize: Vectorize,
  f: (key: Tensor) => readonly [tensors: Tree, shared: S],
): readonly [Tree, readonly S[]] {
  const shared: S[] = [];
  const tensorsOnly = (key: Tensor): Tree => {
    const [tensors, other] = f(key);
    shared.push(other);
    return tensors;
  };
  if (typeof vectorize === "function") {
    const stacked = vectorize(tensorsOnly, keys);
    if (leavesOf(stacked).every((leaf) => leaf instanceof Tensor && leaf.shape[0] === keys.length))
      return [stacked, shared];
    refuseOption(
      "particles",
      "vectorizeParticles",
      `vectorizeParticles must stack the results of ${keys.length} keys.`,
    );
  }
  if (vectorize !== false)
    try {
      return [vmap(tensorsOnly)(keys), shared];
    } catch (error) {
      if (!(error instanceof PedigradError && error.code === "read-in-vmap") || vectorize === "require") throw error;
      warnOfLoop(error);
      shared.length = 0;
    }
  return [stackTrees([...keys].map(tensorsOnly)), shared];
}

/**
 * Stack records of tensors, name by name. If control flow skipped a site in some particles, fill the entries of these
 * particles with `missing`.
 */
export function stackTrees(trees: readonly (Tree | undefined)[], missing = 0): Tree {
  const present = trees.find((tree) => tree !== undefined);
  if (present instanceof Tensor) return stack(trees.map((leaf) => leaf ?? full(present.shape, missing)));
  const merged: Record<string, Tree> = emptyRecord();
  for (const key of new Set(trees.flatMap((tree) => Object.keys(tree ?? {}))))
    merged[key] = stackTrees(
      trees.map((tree) => tree?.[key]),
      missing,
    );
  return merged;
}

const warnOfLoop = (error: PedigradError): void =>
  warnOnce(
    "loop of particles",
    () =>
      `particles run in a loop instead of a batch, because the model reads a sampled value (by ${error.op}). vectorizeParticles: false silences this; "require" makes it an error.`,
  );
