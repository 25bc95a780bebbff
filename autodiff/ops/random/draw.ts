/**
 * How a random op is made from a function that draws one element. A draw is an op like any other, with the key as its first input. The
 * random numbers for element i depend only on the key and i (kernels/random/stream.ts). A key of shape [..., 2] is a batch of keys, whose
 * leading axes come first in the result. So the batching rule only aligns shapes, and vmap over keys gives the same draws as a loop.
 */
import { mapAxes } from "../../../provenance/axes.js";
import { codeAround } from "../../../provenance/base/codeGeneration.js";
import { refuse } from "../../../provenance/base/error.js";
import { refuseOption } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import type { Kernels } from "../../core/binding.js";
import type { TensorLike } from "../../core/convert.js";
import { asContiguous } from "../../core/copy.js";
import type { Op, Vjp } from "../../core/op.js";
import {
  broadcastShapes,
  broadcastsTo,
  checkShape,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
} from "../../core/shape.js";
import { asTensor, type Tensor } from "../../core/tensor.js";
import { broadcastView, isContiguous, type View } from "../../core/view.js";
import { Stream } from "../../kernels/random/index.js";
import { batchAll } from "../views/batching.js";
import { padRank } from "../views/shape.js";

/** A parameter as a kernel reads it: for draw i it begins at `offset + i * step`. If it is a vector, it has `step` numbers. */
export interface Parameter {
  readonly data: Float64Array;
  /** Changes from key to key. */
  offset: number;
  readonly step: number;
}

/** Writes `rows` draws under one key into `out`, from `offset` on. The key has the words k0 and k1. */
export type Fill = (
  out: Float64Array,
  offset: number,
  rows: number,
  k0: number,
  k1: number,
  parameters: Parameter[],
) => void;

/**
 * `shape`: the shape of the draws under one key. `parameterEvent` and `resultEvent`: the trailing axes that a parameter and a result have
 * for each single draw.
 */
export interface Draws {
  readonly shape: Shape;
  readonly parameterEvent: Shape;
  readonly resultEvent: Shape;
}

const NO_PARAMETER: Parameter = { data: /* @__PURE__ */ new Float64Array(1), offset: 0, step: 0 };

/** Draws one number from at most two parameters. */
type DrawOne = (stream: Stream, a: number, b: number) => number;

const fillEach =
  (draw: DrawOne, stream = new Stream()): Fill =>
  (out, offset, rows, k0, k1, parameters) => {
    const a = parameters[0] ?? NO_PARAMETER;
    const b = parameters[1] ?? NO_PARAMETER;
    for (let i = 0; i < rows; i++)
      out[offset + i] = draw(
        stream.at(k0, k1, i),
        a.data[a.offset + i * a.step] as number,
        b.data[b.offset + i * b.step] as number,
      );
  };

type BindDraws = (draws: Draws, out: View, keys: View, parameters: Parameter[]) => () => void;
/** The kernels of an op that draws from contiguous keys and parameters. If some are not contiguous, every run first copies them. */
function drawKernels(bind: BindDraws): Kernels<Draws> {
  const bindKernel: Kernels<Draws>["prepare"] = (draws, out, [keys, ...inputs]) => {
    const fullShape = parameterShape(keys as View, draws);
    const parameters = inputs.map((x) => parameterOf(x, fullShape, draws.parameterEvent));
    return bind(draws, out, asContiguous(keys as View), parameters);
  };
  return {
    kernel: (draws, out, inputs) => bindKernel(draws, out, inputs)(),
    prepare: (draws, out, inputs) => {
      const [keys, ...parameters] = inputs as [View, ...View[]];
      const fullShape = parameterShape(keys, draws);
      const isDirect = (x: View): boolean =>
        isContiguous(x) && (sameShape(x.shape, fullShape) || (x.size === 1 && draws.parameterEvent.length === 0));
      const areDirect = isContiguous(keys) && parameters.every(isDirect);
      return areDirect ? bindKernel(draws, out, inputs) : () => bindKernel(draws, out, inputs)();
    },
  };
}

const parameterShape = (key: Tensor | View, { shape, parameterEvent }: Draws): Shape => [
  ...key.shape.slice(0, -1),
  ...shape,
  ...parameterEvent,
];

function parameterOf(x: View, shape: Shape, event: Shape): Parameter {
  if (x.size === 1 && event.length === 0) return { data: x.data, offset: x.offset, step: 0 };
  const { data, offset } = asContiguous(broadcastView(x, shape));
  return { data, offset, step: sizeOf(event) };
}

/** Binds `fill` for draws under one key, whose words are words[at] and words[at + 1]. */
type BindOneKey = (
  out: Float64Array,
  offset: number,
  rows: number,
  words: Float64Array,
  at: number,
  parameters: Parameter[],
) => () => void;
const ONE_KEY =
  "(out, offset, rows, words, at, parameters) => () => f(out, offset, rows, words[at], words[at + 1], parameters)";

/** Binds `fill` for draws under one key or under a batch of keys. */
function bindFill(fill: Fill): BindDraws {
  /** Made at the first draw; null if code must not be generated. */
  let bindOneKey: BindOneKey | null | undefined;
  return (draws, out, keys, parameters) => {
    const [words, count, rows] = [keys.data, keys.size / 2, sizeOf(draws.shape)];
    if (bindOneKey === undefined) bindOneKey = codeAround<BindOneKey>(fill, ONE_KEY);
    if (count === 1 && bindOneKey !== null)
      return bindOneKey(out.data, out.offset, rows, words, keys.offset, parameters);
    const [size, starts] = [out.size / count, parameters.map(({ offset }) => offset)];
    return () => {
      for (let k = 0, at = keys.offset; k < count; k++, at += 2) {
        for (let p = 0; p < parameters.length; p++) {
          const parameter = parameters[p] as Parameter;
          parameter.offset = (starts[p] as number) + k * rows * parameter.step;
        }
        fill(out.data, out.offset + k * size, rows, words[at] as number, words[at + 1] as number, parameters);
      }
    };
  };
}

/** The op that draws with `fill`. `vjps` are the gradient rules of the parameters, by implicit reparameterisation. */
export function drawOp(name: string, fill: Fill, vjps: readonly Vjp<Draws>[] = []): Op<Draws> {
  const op: Op<Draws> = {
    name,
    shape: (draws, [key, ...parameters]) => {
      const fullShape = parameterShape(key as Tensor, draws);
      for (const x of parameters)
        if (!broadcastsTo(x.shape, fullShape))
          refuse(
            "shape-mismatch",
            `random.${name}`,
            `a parameter of shape ${showShape(x.shape)} does not broadcast to the shape of the draws, ${showShape(draws.shape)}. Give the full shape of the result.`,
          );
      return [...(key as Tensor).shape.slice(0, -1), ...draws.shape, ...draws.resultEvent];
    },
    ...drawKernels(bindFill(fill)),
    vjp: (input) => vjps[input - 1] ?? null,
    batch: (draws, [key, ...parameters], [keyBatched, ...batched], size) => {
      const [keys] = batchAll([key as Tensor], [keyBatched as boolean], size) as [Tensor];
      const rank = parameterShape(keys, draws).length;
      return apply(op, draws, keys, ...parameters.map((x, i) => (batched[i] ? padRank(x, rank) : x)));
    },
    axes: ({ shape, parameterEvent, resultEvent }, inputs, input) => {
      // Keys, parameters and draws have leading axes in common. After these, a single key, parameter or draw has trailing axes.
      const [inputTrailing, resultTrailing] =
        input === 0 ? [1, shape.length + resultEvent.length] : [parameterEvent.length, resultEvent.length];
      return mapAxes((inputs[input] as Tensor).shape.length, (k) =>
        k < inputTrailing ? -1 : k - inputTrailing + resultTrailing,
      );
    },
  };
  return op;
}

/** The op of a sampler whose draws are single numbers. */
export const drawOneOp = (name: string, draw: DrawOne, vjps?: readonly Vjp<Draws>[]): Op<Draws> =>
  drawOp(name, fillEach(draw), vjps);

/** A key as a tensor; refuses shapes other than [..., 2]. */
export function asKey(op: string, key: TensorLike): Tensor {
  if (key === undefined || key === null)
    refuseOption(
      `random.${op}`,
      "key",
      `the first argument must be a key such as random.key(0), got ${key}.`,
      undefined,
      "no-key",
    );
  const words = asTensor(`random.${op}`, key);
  if (words.shape.at(-1) !== 2)
    refuse(
      "bad-key",
      `random.${op}`,
      `a key must have shape [2], or [..., 2] for a batch of keys, got shape ${showShape(words.shape)}. Make a key with random.key(0) or random.split(key).`,
    );
  return words;
}

/** The layout of a single draw: whether its parameters are vectors along their last axis, and the shape of its result. */
interface Events {
  readonly vector?: boolean;
  readonly result?: Shape;
}

/** Draws of the given shape, made with `key`. By default, the shape is the shape that the parameters broadcast to. */
export function draw(
  op: Op<Draws>,
  key: TensorLike,
  parameters: readonly TensorLike[],
  shape?: Shape,
  { vector = false, result: resultEvent = [] }: Events = {},
): Tensor {
  const name = `random.${op.name}`;
  const tensors = parameters.map((x) => asTensor(name, x));
  const rank = vector ? 1 : 0;
  const parameterEvent = tensors[0]?.shape.slice(tensors[0].shape.length - rank) ?? [];
  const batches: readonly Shape[] = tensors.map((x) => x.shape.slice(0, x.shape.length - rank));
  const drawShape =
    shape === undefined ? batches.reduce((a, b) => broadcastShapes(name, a, b)) : checkShape(name, shape);
  return apply(op, { shape: drawShape, parameterEvent, resultEvent }, asKey(op.name, key), ...tensors);
}
