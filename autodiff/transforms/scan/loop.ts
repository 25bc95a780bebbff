/**
 * A loop as one op. With a body (c, x, k) ↦ (c', y), k what it has from outside, its result is a table with a row for each step,
 *
 *     row t = c after step t, then y at step t, laid out one after the other,
 *
 * so that the carries which the gradient needs are kept. The gradient is a loop the other way: from the cotangent of the carry after a
 * step it makes those of the carry before it and of x, and adds up that of k. It evaluates the body again at the carry that was kept;
 * being a loop itself, it has a gradient in its turn. A batch of loops is a loop over a batched body.
 */
import { apply } from "../../core/apply.js";
import { binding } from "../../core/binding.js";
import { copyInto } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { type Shape, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { stridesOf, type View, viewOf } from "../../core/view.js";
import { concatenate } from "../../ops/array/join.js";
import { zeros } from "../../ops/array/make.js";
import { batchAll } from "../../ops/views/batching.js";
import { expandDims, moveToFront, reshape } from "../../ops/views/shape.js";
import { slice } from "../../ops/views/slicing.js";
import { grad } from "../grad.js";
import { vmap } from "../vmap.js";
import { type Body, bodyOf } from "./body.js";

interface Loop {
  readonly body: Body;
  /** Of the body's inputs the first are the carry, the next the x of a step; the rest is the same at every step. */
  readonly carries: number;
  readonly xs: number;
  readonly length: number;
  readonly reverse: boolean;
  /** Axes of a batch, which lead in every result of the body. */
  readonly lead: Shape;
}

/** One step: the next carry and what is kept of the step. */
export type Step = (carry: Tensor[], x: Tensor[]) => [carry: Tensor[], y: Tensor[]];

/** The loop from `init` over the leading axes, of length `length`, of `xs`: the last carry, and every y along a new leading axis. */
export function loop(
  step: Step,
  init: readonly Tensor[],
  xs: readonly Tensor[],
  { length, reverse }: { length: number; reverse: boolean },
): [carry: Tensor[], ys: Tensor[]] {
  const [carries, count] = [init.length, xs.length];
  const flat = (...values: Tensor[]): Tensor[] => step(values.slice(0, carries), values.slice(carries)).flat();
  const { body, captured } = bodyOf(flat, [...init.map((c) => c.shape), ...xs.map((x) => x.shape.slice(1))]);
  if (length === 0) return [[...init], body.outputs.slice(carries).map((shape) => zeros([0, ...shape]))];
  const params: Loop = { body, carries, xs: count, length, reverse, lead: [] };
  const parts = columns(apply(loopOp, params, ...init, ...xs, ...captured), params);
  const last = reverse ? 0 : length - 1;
  return [
    parts.slice(0, carries).map((x) => reshape(slice(x, last, last + 1), x.shape.slice(1))),
    parts.slice(carries),
  ];
}

/** How many numbers of a row belong to each result of the body, for one element of the batch. */
const widthsOf = ({ body, lead }: Loop): number[] => body.outputs.map((shape) => sizeOf(shape.slice(lead.length)));

/** The table taken apart: the results of the body, each along a new leading axis. */
function columns(rows: Tensor, params: Loop): Tensor[] {
  const widths = widthsOf(params);
  let end = 0;
  return params.body.outputs.map((shape, k) => {
    const from = end;
    end += widths[k] as number;
    return reshape(slice(rows, from, end, { axis: -1 }), [params.length, ...shape]);
  });
}

const shapeOf = (params: Loop): number[] => [
  params.length,
  ...params.lead,
  widthsOf(params).reduce((sum, width) => sum + width, 0),
];

/** The view of row 0 into which result k of the body goes; later rows lie `shape.slice(1)` numbers further. */
function placesIn(out: View, params: Loop): View[] {
  const { body, lead } = params;
  const rowStrides = stridesOf(shapeOf(params)).slice(1, 1 + lead.length);
  let offset = out.offset;
  return body.outputs.map((shape) => {
    const own = shape.slice(lead.length);
    const place = viewOf(out.data, shape, [...rowStrides, ...stridesOf(own)], offset);
    offset += sizeOf(own);
    return place;
  });
}

const loopOp: Op<Loop> = {
  name: "scan",
  shape: shapeOf,
  ...binding((params: Loop, out: View, inputs: readonly View[]) => {
    const { body, carries, xs, length, reverse } = params;
    const { layout, run } = body.bound;
    const at = (place: number): View => layout.view(place);
    const results = body.program.outputs.map(at);
    const places = placesIn(out, params);
    const first = places.map((place) => place.offset);
    const width = sizeOf(shapeOf(params).slice(1));
    const each = inputs.slice(carries, carries + xs).map((x) => ({
      // The x of one step, which moves along the first axis of x.
      part: viewOf(x.data, x.shape.slice(1), x.stride.slice(1), x.offset),
      offset: x.offset,
      by: x.stride[0] as number,
    }));
    return () => {
      inputs.forEach((input, i) => {
        if (i < carries || i >= carries + xs) copyInto(at(i), input);
      });
      for (let i = 0; i < length; i++) {
        const t = reverse ? length - 1 - i : i;
        for (let k = 0; k < xs; k++) {
          const { part, offset, by } = each[k] as (typeof each)[number];
          part.offset = offset + t * by;
          copyInto(at(carries + k), part);
        }
        run();
        for (let k = 0; k < places.length; k++) {
          const place = places[k] as View;
          place.offset = (first[k] as number) + t * width;
          copyInto(place, results[k] as View);
        }
        for (let k = 0; k < carries; k++) copyInto(at(k), places[k] as View);
      }
    };
  }),
  vjp: (input) => (g, rows, inputs, params) => cotangents(g, rows, inputs, params)[input] as Tensor,
  batch(params, inputs, batched, size) {
    const { carries, xs, lead } = params;
    const isBatched = inputs.map((_, i) => i < carries || batched[i] === true);
    const given = inputs.map((x, i) => {
      if (i < carries) return batchAll([x], [batched[i] === true], size)[0] as Tensor;
      // The steps stay in front of the batch.
      return batched[i] && i < carries + xs ? moveToFront(x, 1) : x;
    });
    const own = (i: number): Shape => {
      const { shape } = given[i] as Tensor;
      return i >= carries && i < carries + xs ? shape.slice(1) : shape;
    };
    const step = vmap((...values: Tensor[]) => params.body.call(values), {
      inAxes: isBatched.map((yes) => (yes ? 0 : null)),
      axisSize: size,
    });
    const { body, captured } = bodyOf(
      (...values) => step(...values) as Tensor[],
      given.map((_, i) => own(i)),
    );
    const rows = apply(loopOp, { ...params, body, lead: [size, ...lead] }, ...given, ...captured);
    return moveToFront(rows, 1);
  },
};

/** The gradient of one application, for all its inputs at once: their rules are asked one after the other. */
const answers = /* @__PURE__ */ new WeakMap<Tensor, { rows: Tensor; found: (Tensor | null)[] }>();

function cotangents(g: Tensor, rows: Tensor, inputs: readonly Tensor[], params: Loop): (Tensor | null)[] {
  const before = answers.get(g);
  if (before?.rows === rows) return before.found;
  const found = pullLoop(g, rows, inputs, params);
  answers.set(g, { rows, found });
  return found;
}

function pullLoop(g: Tensor, rows: Tensor, inputs: readonly Tensor[], params: Loop): (Tensor | null)[] {
  const { body, carries, xs, length, reverse } = params;
  const init = inputs.slice(0, carries);
  const steps = inputs.slice(carries, carries + xs);
  const fixed = inputs.slice(carries + xs);
  const isWanted = (x: Tensor): boolean => x.node !== null;
  const kept = columns(rows, params).slice(0, carries);
  // The carry before each step.
  const from = kept.map((c, k) => {
    const start = expandDims(init[k] as Tensor, 0);
    return concatenate(reverse ? [slice(c, 1, length), start] : [start, slice(c, 0, length - 1)]);
  });
  const arriving = columns(g, params);
  const wantedSteps = steps.filter(isWanted);
  const wantedFixed = fixed.filter(isWanted);
  const back: Step = (state, [...at]) => {
    const carry = at.splice(0, carries);
    const x = at.splice(0, xs);
    const cotangent = at.map((here, k) => (k < carries ? here.add(state[k] as Tensor) : here));
    const point = [...carry, ...x, ...fixed];
    const places = point.flatMap((_, i) => (i < carries || isWanted(inputs[i] as Tensor) ? [i] : []));
    const slopes = grad((variables: Tensor[]) => {
      const moved = [...point];
      places.forEach((place, j) => {
        moved[place] = variables[j] as Tensor;
      });
      return apply(pairingOp, null, ...body.call(moved), ...cotangent);
    })(places.map((place) => point[place] as Tensor)) as Tensor[];
    const ofSteps = slopes.slice(carries, carries + wantedSteps.length);
    const ofFixed = slopes.slice(carries + wantedSteps.length);
    const sums = ofFixed.map((slope, k) => slope.add(state[carries + k] as Tensor));
    return [[...slopes.slice(0, carries), ...sums], ofSteps];
  };
  const zero = [...init, ...wantedFixed].map((x) => zeros(x.shape));
  const [ends, ofSteps] = loop(back, zero, [...from, ...steps, ...arriving], { length, reverse: !reverse });
  const ofFixed = ends.slice(carries);
  let [next, sum] = [0, 0];
  return inputs.map((x, i) => {
    if (i < carries) return ends[i] as Tensor;
    if (!isWanted(x)) return null;
    return (i < carries + xs ? ofSteps[next++] : ofFixed[sum++]) as Tensor;
  });
}

/** A number whose gradient is known beforehand: of results of a body, and as many cotangents of theirs. Its value is of no use. */
const pairingOp: Op = {
  name: "pairing",
  shape: () => [],
  kernel: () => {},
  vjp: (input) => (_, __, inputs) => inputs[(input + inputs.length / 2) % inputs.length] as Tensor,
  batch: (_, __, ___, size) => zeros([size]),
};
