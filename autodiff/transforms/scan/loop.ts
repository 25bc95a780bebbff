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
import { grad } from "../grad.js";
import { vmap } from "../vmap.js";
import { bindLoop } from "./bindLoop.js";
import { blocksOf, type ScanParams, shapeOf } from "./blocks.js";
import { recordBody } from "./body.js";

/** One step, which computes the next carry and y from the carry and x. */
export type StepFunction = (carry: Tensor[], x: Tensor[]) => [carry: Tensor[], y: Tensor[]];

/**
 * Runs the loop from `init` over the leading axes of `xs`, whose length is `length`. Returns the last carry, and every y along a new
 * leading axis.
 */
export function loop(
  step: StepFunction,
  init: readonly Tensor[],
  xs: readonly Tensor[],
  { length, reverse }: { length: number; reverse: boolean },
): [carry: Tensor[], ys: Tensor[]] {
  const [carries, count] = [init.length, xs.length];
  const flat = (...values: Tensor[]): Tensor[] => step(values.slice(0, carries), values.slice(carries)).flat();
  const { body, captured } = recordBody(flat, [...init.map((c) => c.shape), ...xs.map((x) => x.shape.slice(1))]);
  if (length === 0) return [[...init], body.outputs.slice(carries).map((shape) => zeros([0, ...shape]))];
  const inputs = [...init, ...xs, ...captured];
  const keepsCarries = gradDepth > 0 && inputs.some((x) => x.node !== null);
  const params: ScanParams = { body, carries, xs: count, length, reverse, keepsCarries, lead: [] };
  const parts = blocksOf(apply(scanOp, params, ...inputs), params);
  const last = reverse || !keepsCarries ? 0 : length - 1;
  return [
    parts.slice(0, carries).map((x) => reshape(slice(x, last, last + 1), x.shape.slice(1))),
    parts.slice(carries),
  ];
}

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
  const inputCotangents = loopCotangents(g, vector, inputs, params);
  cotangentCache.set(g, { vector, inputCotangents });
  return inputCotangents;
}

/** Runs the gradient of a loop: the cotangent of each input, or null for an input that is a constant. */
function loopCotangents(g: Tensor, vector: Tensor, inputs: readonly Tensor[], params: ScanParams): (Tensor | null)[] {
  const { body, carries, xs, length, reverse, keepsCarries } = params;
  const init = inputs.slice(0, carries);
  const steps = inputs.slice(carries, carries + xs);
  const fixed = inputs.slice(carries + xs);
  const isDifferentiated = (x: Tensor): boolean => x.node !== null;
  const fullParams = { ...params, keepsCarries: true };
  const carriesAfter = blocksOf(keepsCarries ? vector : apply(scanOp, fullParams, ...inputs), fullParams).slice(
    0,
    carries,
  );
  // The carry before each step.
  const carriesBefore = carriesAfter.map((c, k) => {
    const start = expandDims(init[k] as Tensor, 0);
    return concatenate(reverse ? [slice(c, 1, length), start] : [start, slice(c, 0, length - 1)]);
  });
  // The cotangents of the loop's results: of the carry after every step (or only the last), and of every y.
  const resultCotangents = blocksOf(g, params);
  const differentiatedSteps = steps.filter(isDifferentiated);
  const differentiatedFixed = fixed.filter(isDifferentiated);
  const backwardStep: StepFunction = (state, [...stepData]) => {
    const point = [...stepData.splice(0, carries + xs), ...fixed];
    const carryCotangents = keepsCarries
      ? stepData.splice(0, carries).map((cotangent, k) => cotangent.add(state[k] as Tensor))
      : state.slice(0, carries);
    const indices = point.flatMap((_, i) => (i < carries || isDifferentiated(inputs[i] as Tensor) ? [i] : []));
    const slopes = grad((variables: Tensor[]) => {
      const inputsAt = [...point];
      indices.forEach((i, j) => {
        inputsAt[i] = variables[j] as Tensor;
      });
      return apply(pairingOp, null, ...body.call(inputsAt), ...carryCotangents, ...stepData);
    })(indices.map((i) => point[i] as Tensor)) as Tensor[];
    const stepCotangents = slopes.slice(carries, carries + differentiatedSteps.length);
    const fixedCotangents = slopes.slice(carries + differentiatedSteps.length);
    const sums = fixedCotangents.map((slope, k) => slope.add(state[carries + k] as Tensor));
    return [[...slopes.slice(0, carries), ...sums], stepCotangents];
  };
  const endCotangents = keepsCarries
    ? init.map((x) => zeros(x.shape))
    : resultCotangents.splice(0, carries).map((x) => reshape(x, x.shape.slice(1)));
  const state = [...endCotangents, ...differentiatedFixed.map((x) => zeros(x.shape))];
  const [ends, stepCotangents] = loop(backwardStep, state, [...carriesBefore, ...steps, ...resultCotangents], {
    length,
    reverse: !reverse,
  });
  const fixedCotangents = ends.slice(carries);
  let [next, sum] = [0, 0];
  return inputs.map((x, i) => {
    if (i < carries) return ends[i] as Tensor;
    if (!isDifferentiated(x)) return null;
    return (i < carries + xs ? stepCotangents[next++] : fixedCotangents[sum++]) as Tensor;
  });
}

/** Takes n results and their n cotangents. Its value is not used; its gradient with respect to each result is the given cotangent. */
const pairingOp: Op = {
  name: "pairing",
  shape: () => [],
  kernel: () => {},
  vjp: (input) => (_, __, inputs) => inputs[(input + inputs.length / 2) % inputs.length] as Tensor,
  batch: (_, __, ___, size) => zeros([size]),
};
