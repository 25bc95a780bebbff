import { posix } from "node:path";

/** The rooms, each of which imports only from itself and from rooms before it. A folder's own files come after its rooms. */
const ROOMS = [
  ["provenance/base", "provenance"],
  ["autodiff/core"],
  [
    "autodiff/kernels/formulas",
    "autodiff/kernels/special",
    "autodiff/kernels/random",
    "autodiff/kernels/wasm",
    "autodiff/kernels",
  ],
  [
    "autodiff/ops/views",
    "autodiff/ops/elementwise",
    "autodiff/ops/array",
    "autodiff/ops/linalg",
    "autodiff/ops/random",
  ],
  [
    "autodiff/transforms",
    "autodiff/transforms/jit/program",
    "autodiff/transforms/jit/compile/loops",
    "autodiff/transforms/jit/compile",
    "autodiff/transforms/jit",
    "autodiff/transforms/scan",
    "autodiff",
  ],
  ["distributions/constraints", "distributions/core", "distributions/transforms", "distributions/densities"],
  ["distributions/kl"],
  ["distributions/families/real", "distributions/families/positive", "distributions/families/counts"],
  ["distributions/families/bounded", "distributions/families/categorical", "distributions/families/vectors"],
  ["distributions/families/matrices", "distributions/families/degenerate", "distributions/wrappers"],
  [
    "distributions",
    "infer/checks.ts",
    "infer/html.ts",
    "infer/program",
    "infer/elbo/particles",
    "infer/elbo/costs",
    "infer/elbo",
  ],
  ["infer/enumeration", "infer/svi", "infer/posterior", "infer/guides", "infer/explain", "infer"],
].flat();

/** The place of a file's room in this order; -1 for a file that lies in no room. */
export function roomOf(file: string): number {
  const own = ROOMS.indexOf(file);
  return own < 0 ? ROOMS.indexOf(posix.dirname(file)) : own;
}
