/**
 * vmap turns a function of one example into a function of a batch of examples, without a loop. Inside the function, a tensor looks like one
 * example but holds the whole batch, with the batch axis first. If such a tensor is an input of an op, `apply` calls the op's batching
 * rule. Provenance needs no batching rule: it counts axes from the right, so the batch axis is one more axis on the left, which every op
 * keeps. Nested calls have levels, and the innermost batch is handled first (Bradbury et al. 2018, JAX; "autodidax", part 3).
 */
import { refuse } from "../../provenance/base/error.js";
import { refuseOption, requireFunction, show } from "../../provenance/base/options.js";
import { isRecord } from "../../provenance/base/records.js";
import { union } from "../../provenance/index.js";
import { asExample } from "../core/apply.js";
import { inBatch } from "../core/batch.js";
import type { TensorLike } from "../core/convert.js";
import { normalizeAxis, showShape } from "../core/shape.js";
import { asTensor, type Tensor } from "../core/tensor.js";
import { broadcastTo, expandDims, moveToFront } from "../ops/views/shape.js";
import { mapTree, type TensorsLike, type TreeLike } from "./tree.js";

export interface VmapOptions {
  /**
   * Which axis of each argument is mapped; null for an argument that all examples share. Give one value for all arguments, or a list with
   * one value per argument.
   */
  inAxes?: number | null | readonly (number | null)[] | undefined;
  /** The length of the mapped axis; needed only if no argument is mapped. */
  axisSize?: number | undefined;
}

/**
 * f for a batch: `vmap(f)(xs)` is the stack of f(x) for each x along the mapped axis of xs, by default the first. Arguments
 * and results are nested records and arrays of tensors.
 */
export function vmap<A extends TreeLike[], R extends TreeLike>(
  f: (...args: never[]) => R,
  options: VmapOptions = {},
): (...args: A) => TensorsLike<R> {
  requireFunction("vmap", f);
  if (!isRecord(options as unknown))
    refuseOption("vmap", "options", `expected options such as { inAxes: 0 }, got ${show(options)}.`);
  const { inAxes = 0, axisSize, ...unknownOptions } = options;
  checkAxes(inAxes, Object.keys(unknownOptions));
  return (...args) => {
    const axes = axesOf(inAxes, args.length);
    const { batches, size } = toBatches(args, axes, axisSize);
    return inBatch(size, (level) => {
      const examples = batches.map((batch, i) =>
        axes[i] === null ? batch : mapTree(batch, (leaf) => asExample(leaf as Tensor, level)),
      );
      return mapTree(f(...(examples as never[])), (leaf) => unbatch(asTensor("vmap", leaf as TensorLike), level, size));
    });
  };
}

/** The mapped axis of each argument; null for an argument that all examples share. */
function axesOf(inAxes: VmapOptions["inAxes"], count: number): readonly (number | null)[] {
  if (!Array.isArray(inAxes)) return new Array<number | null>(count).fill(inAxes as number | null);
  if (inAxes.length < count)
    refuseOption(
      "vmap",
      "inAxes",
      `the list has ${inAxes.length} entries for ${count} arguments. Give one for each argument; null if all examples share it.`,
    );
  return inAxes;
}

/** The arguments with their mapped axes in front, and the size of the batch. */
function toBatches(args: readonly TreeLike[], axes: readonly (number | null)[], axisSize: number | undefined) {
  let size = axisSize;
  const batches = args.map((arg, i) => {
    const axis = axes[i] as number | null;
    if (axis === null) return arg;
    return mapTree(arg, (leaf) => {
      const front = toFront(asTensor("vmap", leaf as TensorLike), axis);
      size ??= front.shape[0] as number;
      if (front.shape[0] !== size)
        refuse(
          "shape-mismatch",
          "vmap",
          `argument ${i} has ${front.shape[0]} elements along its mapped axis, expected ${size} (from axisSize, or the arguments before it).`,
        );
      return front;
    });
  });
  if (size === undefined)
    refuse("no-axis", "vmap", "no argument is mapped, so the size of the batch is unknown. Give axisSize.");
  return { batches, size };
}

function checkAxes(inAxes: unknown, unknownOptions: readonly string[]): void {
  for (const option of unknownOptions)
    refuseOption(
      "vmap",
      option,
      `unknown option "${option}". Expected inAxes or axisSize. Results are always stacked along their first axis.`,
    );
  for (const axis of Array.isArray(inAxes) ? inAxes : [inAxes])
    if (axis !== null && !Number.isInteger(axis))
      refuseOption(
        "vmap",
        "inAxes",
        `inAxes must give each argument a whole number or null, got ${show(axis)}. Pass leaves that need different axes as separate arguments.`,
      );
}

/** The whole batch of a result, or, if all examples have the same result, the result repeated along a new first axis. */
const unbatch = (x: Tensor, level: number, size: number): Tensor =>
  x.batch?.level === level
    ? x.batch.value.withProvenance(union(x.batch.value.provenance, x.provenance))
    : broadcastTo(expandDims(x, 0), [size, ...x.shape]);

function toFront(x: Tensor, axis: number): Tensor {
  if (x.shape.length === 0)
    refuse(
      "shape-mismatch",
      "vmap",
      `cannot map over a tensor of shape ${showShape(x.shape)}, which has no axis. Give the tensor an axis, or use null in inAxes.`,
    );
  return moveToFront(x, normalizeAxis("vmap", axis, x.shape));
}
