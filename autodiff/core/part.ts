/**
 * A sparse cotangent of a tensor: zero except where a slice or an index read the tensor. `grad` collects all parts of one tensor and sums
 * them together. So a tensor that is read in n places needs n parts for its gradient, not n tensors of full size.
 */
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Sums parts of one kind: parts whose field `sum` is this function. `shape` is the shape of the whole tensor. */
export type SumOfParts<W> = (parts: readonly Part<W>[], shape: Shape) => Tensor;

/** `value` is the cotangent of the elements that were read, and `where` says where they lie in the tensor. */
// biome-ignore lint/suspicious/noExplicitAny: each kind of part has its own type of `where`
export class Part<W = any> {
  constructor(
    readonly sum: SumOfParts<W>,
    readonly value: Tensor,
    readonly where: W,
  ) {}
}

/** The sum of parts of any kinds of one tensor. */
export function sumOfParts(parts: readonly Part[], shape: Shape): Tensor {
  const sums: Tensor[] = [];
  for (const sum of new Set(parts.map((part) => part.sum))) {
    const sameKind = parts.filter((part) => part.sum === sum);
    for (let i = 0; i < sameKind.length; i += MAX_OPERANDS) sums.push(sum(sameKind.slice(i, i + MAX_OPERANDS), shape));
  }
  return sums.reduce((total, sum) => total.add(sum));
}
// The largest number of operands of one op. Each operand is an argument of a call, and JavaScript limits the number of arguments.
const MAX_OPERANDS = 4096;
