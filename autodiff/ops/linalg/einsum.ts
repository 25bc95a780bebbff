/**
 * Einstein summation. Two operands are contracted by one matmul. A label of both operands and of the result is a batch axis of this matmul.
 * A label of only one operand is part of the rows or columns. A label of both operands that the result lacks is part of the inner axis.
 * More operands are contracted in pairs, from the left.
 */
import { mapAxes } from "../../../provenance/axes.js";
import { refuseOption, show } from "../../../provenance/base/options.js";
import { ambient, PedigradError, union } from "../../../provenance/index.js";
import type { TensorLike } from "../../core/convert.js";
import { showShape, sizeOf } from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { diagonal } from "../array/diagonal.js";
import { sum } from "../array/reduce.js";
import { mul } from "../elementwise/math.js";
import { broadcastTo, mixProvenance, reshape, transpose } from "../views/shape.js";
import { matmul } from "./matmul.js";

/** An operand, or an intermediate result, with one label per axis. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Multiplies the operands and sums over all labels that the result lacks: `einsum("bij,jk->bik", a, b)`. Without "->" the result has the
 * labels that occur once, sorted. A label that is repeated in one operand selects the diagonal; "..." stands for leading axes that
 * broadcast.
 */
export function einsum(spec: string, ...operands: TensorLike[]): Tensor {
  if (typeof spec !== "string")
    refuseOption("einsum", "spec", `the first argument must be a string such as "ij,jk->ik", got ${show(spec)}.`);
  const xs = operands.map((x) => asTensor("einsum", x));
  const { inputs, output } = parse(spec, xs);
  const sizes = sizesOf(spec, inputs, xs);
  const terms = xs.map((x, i) =>
    takeDiagonals(broadcastLabels(x, inputs[i] as string[], sizes), inputs[i] as string[]),
  );
  let result = terms[0] as Labelled;
  if (terms.length === 1) result = sumOutExcept(result, output);
  for (let i = 1; i < terms.length; i++) {
    const laterLabels = new Set([...output, ...terms.slice(i + 1).flatMap((term) => term.labels)]);
    result = contract(result, terms[i] as Labelled, laterLabels);
  }
  return restoreRelations(transposeTo(result, output), xs, inputs, output);
}

/**
 * `einsum` merges and splits axes, which mixes the relations in the provenance. This function restores the relations: the labels tell to
 * which axis of the result each axis of an operand went.
 */
function restoreRelations(result: Tensor, xs: readonly Tensor[], inputs: string[][], output: string[]): Tensor {
  if (!xs.some((x) => x.provenance.hasAxes)) return result;
  const provenance = xs.reduce((set, { provenance }, i) => {
    const labels = inputs[i] as string[];
    const map = mapAxes(labels.length, (k) => {
      const axis = output.indexOf(labels[labels.length - 1 - k] as string);
      return axis < 0 ? -1 : output.length - 1 - axis;
    });
    return union(set, provenance.moved(map, "einsum"), "einsum");
  }, ambient);
  return result.withProvenance(provenance);
}

function refuse(spec: string, why: string): never {
  throw new PedigradError({ code: "bad-einsum", op: "einsum", message: `einsum("${spec}"): ${why}` });
}

/** The labels of each operand and of the result. The axes of "..." are labelled 0, 1, … from the right. */
function parse(spec: string, xs: readonly Tensor[]): { inputs: string[][]; output: string[] } {
  const [left = "", right, ...more] = spec.replace(/\s/g, "").split("->");
  if (more.length > 0) refuse(spec, 'the string has more than one "->".');
  const parts = left.split(",");
  if (parts.length !== xs.length)
    refuse(spec, `the string names ${parts.length} operands, but ${xs.length} were given.`);
  const ellipsisLabels = (count: number) => Array.from({ length: count }, (_, i) => `${count - 1 - i}`);
  const expand = (part: string, ellipsisRank: number) => {
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(part))
      refuse(spec, `"${part}" may only have letters and at most one "...".`);
    const [before = "", after] = part.split("...");
    return [...before, ...(after === undefined ? [] : [...ellipsisLabels(ellipsisRank), ...after])];
  };
  const ellipsisRanks = parts.map((part, i) => {
    const letterCount = part.replace("...", "").length;
    const rank = (xs[i] as Tensor).shape.length;
    if (part.includes("...") ? rank < letterCount : rank !== letterCount)
      refuse(
        spec,
        `"${part}" does not fit operand ${i} of shape ${showShape((xs[i] as Tensor).shape)}. Give one letter for each axis.`,
      );
    return rank - letterCount;
  });
  const inputs = parts.map((part, i) => expand(part, ellipsisRanks[i] as number));
  const maxEllipsisRank = Math.max(0, ...ellipsisRanks);
  if (right !== undefined) {
    const output = expand(right, maxEllipsisRank);
    const missing = output.find((label, i) => output.indexOf(label) !== i || !inputs.some((x) => x.includes(label)));
    if (missing !== undefined)
      refuse(spec, `label "${missing}" of the result must occur once in the result and at least once in an operand.`);
    return { inputs, output };
  }
  const letters = parts.join("").replaceAll(".", "");
  const singleLabels = [...letters].filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
  return { inputs, output: [...ellipsisLabels(maxEllipsisRank), ...singleLabels.sort()] };
}

function sizesOf(spec: string, inputs: readonly string[][], xs: readonly Tensor[]): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const size = (xs[i] as Tensor).shape[axis] as number;
      const before = sizes.get(label) ?? 1;
      // Operands broadcast, but a diagonal needs equal axes.
      const first = (xs[i] as Tensor).shape[labels.indexOf(label)] as number;
      if (first !== size || (before !== 1 && size !== 1 && before !== size))
        refuse(
          spec,
          `label "${label}" has size ${first === size ? before : first} on an earlier axis, but ${size} in operand ${i}. Give both axes one size.`,
        );
      sizes.set(label, before === 1 ? size : before);
    });
  });
  return sizes;
}

const broadcastLabels = (x: Tensor, labels: readonly string[], sizes: ReadonlyMap<string, number>): Tensor =>
  broadcastTo(
    x,
    labels.map((label) => sizes.get(label) as number),
  );

/** The operand with each repeated label replaced by the diagonal of its axes. */
function takeDiagonals(x: Tensor, labels: readonly string[]): Labelled {
  const second = labels.findIndex((label, i) => labels.indexOf(label) !== i);
  if (second < 0) return { x, labels };
  const first = labels.indexOf(labels[second] as string);
  return takeDiagonals(
    diagonal(x, first, second),
    labels.filter((_, i) => i !== second),
  );
}

/** The operand summed over all labels not in `keep`. */
function sumOutExcept({ x, labels }: Labelled, keep: Iterable<string>): Labelled {
  const labelsToKeep = new Set(keep);
  const summedAxes = [...labels.keys()].filter((i) => !labelsToKeep.has(labels[i] as string));
  return summedAxes.length === 0
    ? { x, labels }
    : { x: sum(x, summedAxes), labels: labels.filter((label) => labelsToKeep.has(label)) };
}

/** The operand with its axes in the order of `labels`. */
const transposeTo = ({ x, labels: from }: Labelled, labels: readonly string[]): Tensor =>
  transpose(
    x,
    labels.map((label) => from.indexOf(label)),
  );

/** The product of two operands, summed over the labels that are not among `laterLabels`. */
function contract(left: Labelled, right: Labelled, laterLabels: ReadonlySet<string>): Labelled {
  const a = sumOutExcept(left, [...laterLabels, ...right.labels]);
  const b = sumOutExcept(right, [...laterLabels, ...left.labels]);
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => laterLabels.has(label));
  const inner = shared.filter((label) => !laterLabels.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const shapeOf = ({ x, labels: allLabels }: Labelled, labels: readonly string[]) =>
    labels.map((label) => x.shape[allLabels.indexOf(label)] as number);
  const [batchShape, rowShape, columnShape] = [shapeOf(a, batch), shapeOf(a, rows), shapeOf(b, columns)];
  const [n, m, k, p] = [sizeOf(batchShape), sizeOf(rowShape), sizeOf(shapeOf(a, inner)), sizeOf(columnShape)];
  const matrixA = reshape(transposeTo(a, [...batch, ...rows, ...inner]), [n, m, k]);
  const matrixB = reshape(transposeTo(b, [...batch, ...inner, ...columns]), [n, k, p]);
  const product =
    k === 1
      ? mul(mixProvenance(matrixA, [2], "einsum"), mixProvenance(matrixB, [1], "einsum"))
      : matmul(matrixA, matrixB);
  return { x: reshape(product, [...batchShape, ...rowShape, ...columnShape]), labels: [...batch, ...rows, ...columns] };
}
