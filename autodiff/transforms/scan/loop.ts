/**
 * A loop as one op. Its body is (c, x, k) ↦ (c', y), where c is the carry, x the data of one step, and k the tensors from outside. Its
 * result is one vector of blocks,
 *
 *     c after each step (or only after the last), and y of each step.
 *
 * The carries of all steps are kept while a gradient is being taken. The gradient is a loop that runs backwards: from the cotangent of the
 * carry after a step it computes the cotangents of the carry before the step and of x, and it sums the cotangent of k over the steps. For
 * this it runs the body again at the kept carries. The gradient is itself a loop, so it has a gradient too. A batch of loops is a loop over
 * a batched body.
 */
import { apply } from "../../core/apply.js";
import { gradDepth } from "../../core/node.js";
import type { Op } from "../../core/op.js";
import type { Shape } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { concatenate } from "../../ops/array/join.js";
import { zeros } from "../../ops/array/make.js";
import { batchAll } from "../../ops/views/batching.js";
import { expandDims, moveToFront, reshape } from "../../ops/views/shape.js";
import { slice } from "../../ops/views/slicing.js";
import { vmap } from "../vmap.js";
import { backwardStep, cut } from "./backwardStep.js";
import { bindLoop } from "./bindLoop.js";
import { blocksOf, type ScanParams, shapeOf } from "./blocks.js";
import { recordBody } from "./body.js";

/** One step, which computes the next carry and y from the carry and x. */
export type StepFunction = (carry: Tensor[], x: Tensor[]) => [carry: Tensor[], y: Tensor[]];

/**
 * Runs a loop from `init` over the leading axes of `xs`, whose length is `length`. Returns the last carry, and every y along a new leading
 * axis.
 */
export type Loop = (
  step: StepFunction,
  init: readonly Tensor[],
  xs: readonly Tensor[],
  options: { readonly length: number; readonly reverse: boolean },
) => [carry: Tensor[], ys: Tensor[]];

export const loop: Loop = (step, init, xs, { length, reverse }) => {
  const [carries, count] = [init.length, xs.length];
  const flat = (...values: Tensor[]): Tensor[] => step(...cut(values, carries)).flat();
  const { body, captured } = recordBody(flat, [...init.map((c) => c.shape), ...xs.map((x) => x.shape.slice(1))]);
  if (length === 0) return [[...init], body.outputs.slice(carries).map((shape) => zeros([0, ...shape]))];
  const inputs = [...init, ...xs, ...captured];
  const keepsCarries = gradDepth > 0 && inputs.some((x) => x.node !== null);
  const params: ScanParams = { body, carries, xs: count, length, reverse, keepsCarries, lead: [] };
  const [keptCarries, ys] = cut(blocksOf(apply(scanOp, params, ...inputs), params), carries);
  const last = reverse || !keepsCarries ? 0 : length - 1;
  return [keptCarries.map((x) => reshape(slice(x, last, last + 1), x.shape.slice(1))), ys];
};

const scanOp: Op<ScanParams> = {
  name: "scan",
  shape: shapeOf,
  kernel: (params, out, inputs) => bindLoop(params, out, inputs)(),
  prepare: bindLoop,
  vjp: (input) => (g, vector, inputs, params) => cotangents(g, vector, inputs, params)[input] as Tensor,
  batch(params, inputs, batched, size) {
    const { carries, xs, lead } = params;
    const isBatched = inputs.map((_, i) => i < carries || batched[i] === true);
    const batchedInputs = inputs.map((x, i) => {
      if (i < carries) return batchAll([x], [batched[i] === true], size)[0] as Tensor;
      // In `xs`, the axis of steps must come before the batch axis.
      return batched[i] && i < carries + xs ? moveToFront(x, 1) : x;
    });
    const stepShape = (i: number): Shape => {
      const { shape } = batchedInputs[i] as Tensor;
      return i >= carries && i < carries + xs ? shape.slice(1) : shape;
    };
    const step = vmap((...values: Tensor[]) => params.body.call(values), {
      inAxes: isBatched.map((yes) => (yes ? 0 : null)),
      axisSize: size,
    });
    const { body, captured } = recordBody(
      (...values) => step(...values) as Tensor[],
      batchedInputs.map((_, i) => stepShape(i)),
    );
    return apply(scanOp, { ...params, body, lead: [size, ...lead] }, ...batchedInputs, ...captured);
  },
};

/** The cotangents of all inputs of a loop, by the cotangent of its result. `grad` asks for one input at a time, so they are cached. */
const cotangentCache = /* @__PURE__ */ new WeakMap<Tensor, { vector: Tensor; inputCotangents: (Tensor | null)[] }>();

function cotangents(g: Tensor, vector: Tensor, inputs: readonly Tensor[], params: ScanParams): (Tensor | null)[] {
  const cached = cotangentCache.get(g);
  if (cached?.vector === vector) return cached.inputCotangents;
  const inputCotangents = loopBackwards(g, vector, inputs, params);
  cotangentCache.set(g, { vector, inputCotangents });
  return inputCotangents;
}

/** Runs the gradient of a loop: the cotangent of each input, or null for an input that is a constant. */
function loopBackwards(g: Tensor, vector: Tensor, inputs: readonly Tensor[], params: ScanParams): (Tensor | null)[] {
  const { carries, xs, length, reverse, keepsCarries } = params;
  const before = carriesBefore(vector, inputs, params);
  const data = inputs.slice(carries, carries + xs);
  const resultCotangents = blocksOf(g, params);
  // If the loop has kept only its last carry, the gradient starts from the cotangent of this carry.
  const [last, ofEachStep] = cut(resultCotangents, keepsCarries ? 0 : carries);
  const start = keepsCarries
    ? inputs.slice(0, carries).map((x) => zeros(x.shape))
    : last.map((x) => reshape(x, x.shape.slice(1)));
  // The inputs with a cotangent: the carry, and other inputs that are not constants.
  const variables = [...inputs.keys()].filter((i) => i < carries || (inputs[i] as Tensor).node !== null);
  const sums = variables.filter((i) => i >= carries + xs).map((i) => zeros((inputs[i] as Tensor).shape));
  const [end, xCotangents] = loop(
    backwardStep(inputs, variables, params),
    [...start, ...sums],
    [...before, ...data, ...ofEachStep],
    { length, reverse: !reverse },
  );
  const [carryCotangents, fixedCotangents] = cut(end, carries);
  const ofVariables = [...carryCotangents, ...xCotangents, ...fixedCotangents];
  return inputs.map((_, i) => ofVariables[variables.indexOf(i)] ?? null);
}

/** The carry before each step, computed again if the loop has kept only its last carry. */
function carriesBefore(vector: Tensor, inputs: readonly Tensor[], params: ScanParams): Tensor[] {
  const { carries, length, reverse, keepsCarries } = params;
  const all = { ...params, keepsCarries: true };
  const after = blocksOf(keepsCarries ? vector : apply(scanOp, all, ...inputs), all).slice(0, carries);
  return after.map((c, k) => {
    const init = expandDims(inputs[k] as Tensor, 0);
    return concatenate(reverse ? [slice(c, 1, length), init] : [init, slice(c, 0, length - 1)]);
  });
}
