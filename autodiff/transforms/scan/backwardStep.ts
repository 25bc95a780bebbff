/**
 * One step of the gradient of a loop. The loop computes c', y from c, x and k; the gradient runs from the last step to the first, with the
 * cotangents (written with a bar) of the same values:
 *
 *     the loop:       c', y = body(c, x, k)
 *     the gradient:   c̄, x̄, k̄ = (the derivative of c̄' · c' + ȳ · y by c, x and k)      the k̄ of all steps are added up
 *
 * For c' = k c + x and y = c, this is c̄ = k c̄' + ȳ, x̄ = c̄', k̄ = c c̄'.
 */
import { apply } from "../../core/apply.js";
import type { Op } from "../../core/op.js";
import type { Tensor } from "../../core/tensor.js";
import { zeros } from "../../ops/array/make.js";
import { grad } from "../grad.js";
import type { ScanParams } from "./blocks.js";
import type { Body } from "./body.js";
import type { StepFunction } from "./loop.js";

/** The first `at` items of a list, and the others. */
export const cut = <T>(list: readonly T[], at: number): [T[], T[]] => [list.slice(0, at), list.slice(at)];

/**
 * A step of the gradient. Its carry is c̄', then the sum so far of k̄. Its x is c and x, then the cotangents of the loop's results at this
 * step: of c', if the loop has kept it at every step, and of y. Its y is x̄. `variables` are the indices of the inputs with a cotangent.
 */
export function backwardStep(
  inputs: readonly Tensor[],
  variables: readonly number[],
  { body, carries, xs, keepsCarries }: ScanParams,
): StepFunction {
  const fixed = inputs.slice(carries + xs);
  const differentiatedXs = variables.filter((i) => i >= carries && i < carries + xs).length;
  return (state, data) => {
    const [fromLaterSteps, sums] = cut(state, carries);
    const [carryAndX, fromResults] = cut(data, carries + xs);
    const cotangents = keepsCarries
      ? fromResults.map((cotangent, k) => (k < carries ? cotangent.add(fromLaterSteps[k] as Tensor) : cotangent))
      : [...fromLaterSteps, ...fromResults];
    const slopes = pullBack(body, [...carryAndX, ...fixed], variables, cotangents);
    const [carryCotangents, others] = cut(slopes, carries);
    const [xCotangents, fixedCotangents] = cut(others, differentiatedXs);
    return [[...carryCotangents, ...fixedCotangents.map((k, i) => k.add(sums[i] as Tensor))], xCotangents];
  };
}

/** The cotangents of some inputs of the body, by the cotangents of its results. `inputs` are the values of all its inputs. */
function pullBack(
  body: Body,
  inputs: readonly Tensor[],
  variables: readonly number[],
  cotangents: readonly Tensor[],
): Tensor[] {
  const paired = (values: Tensor[]): Tensor => {
    const withVariables = [...inputs];
    variables.forEach((i, j) => {
      withVariables[i] = values[j] as Tensor;
    });
    return apply(pairingOp, null, ...body.call(withVariables), ...cotangents);
  };
  return grad(paired)(variables.map((i) => inputs[i] as Tensor)) as Tensor[];
}

/** Takes n results and their n cotangents. Its value is not used; its gradient with respect to each result is the given cotangent. */
const pairingOp: Op = {
  name: "pairing",
  shape: () => [],
  kernel: () => {},
  vjp: (input) => (_, __, inputs) => inputs[(input + inputs.length / 2) % inputs.length] as Tensor,
  batch: (_, __, ___, size) => zeros([size]),
};
