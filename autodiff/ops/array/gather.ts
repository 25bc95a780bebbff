/** The primitive behind indexing, and its transpose: `gather` reads rows of an array by index, `scatter` adds rows to an array by index. */
import { insertAxes, MIX, mapAxes } from "../../../provenance/axes.js";
import { apply } from "../../core/apply.js";
import { contiguousKernelsOf } from "../../core/binding.js";
import { bindClear } from "../../core/copy.js";
import type { Op } from "../../core/op.js";
import { Part, type SumOfParts } from "../../core/part.js";
import { type Shape, sizeOf } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import type { View } from "../../core/view.js";
import { add, mul } from "../elementwise/math.js";
import { batchAll } from "../views/batching.js";
import { reshape } from "../views/shape.js";
import { concatenate } from "./join.js";
import { arange } from "./make.js";

/**
 * `leading`: how many of the first axes of x are indexed; together they count as one axis. `aligned`: the leading axes along which entry i
 * of the result is read from entry i of x.
 */
export interface Gather {
  readonly leading: number;
  readonly aligned: readonly number[];
}
export const gatherOf = (leading: number, aligned: Gather["aligned"] = []): Gather => ({ leading, aligned });

// x [...leading, ...rest], i [...shape] -> [...shape, ...rest]: out[k] = x[i[k]], where the leading axes are flattened into one.
export const gatherOp: Op<Gather> = {
  name: "take",
  shape: ({ leading }, [x, i]) => [...(i as Tensor).shape, ...(x as Tensor).shape.slice(leading)],
  ...contiguousKernelsOf(({ leading }, out, inputs) => {
    const [x, i] = inputs as [View, View];
    const [n, row] = [sizeOf(i.shape), sizeOf(x.shape.slice(leading))];
    return () => {
      for (let k = 0; k < n; k++) {
        const from = x.offset + (i.data[i.offset + k] as number) * row;
        for (let j = 0; j < row; j++) out.data[out.offset + k * row + j] = x.data[from + j] as number;
      }
    };
  }),
  vjp: (input) => (input === 0 ? (g, _, [__, i], { leading }) => new Part(scatterOf(leading), g, i as Tensor) : null),
  batch: ({ leading, aligned }, inputs, batched, size) => {
    const [x, i] = inputs as [Tensor, Tensor];
    if (!batched[0]) return apply(gatherOp, gatherOf(leading), x, i);
    const [table, index] = batchAll([x, i], batched, size) as [Tensor, Tensor];
    const n = sizeOf(table.shape.slice(1, 1 + leading));
    const batchedAligned = [0, ...aligned.map((axis) => axis + 1)];
    return apply(gatherOp, gatherOf(1 + leading, batchedAligned), table, add(index, rowOffsets(index, size, n)));
  },
  axes: ({ leading, aligned }, [x, i], input) => {
    const [rank, indexRank] = [(x as Tensor).shape.length, (i as Tensor).shape.length];
    const rest = rank - leading;
    if (input === 1) return insertAxes(0, rest);
    return mapAxes(rank, (k) => {
      const axis = rank - 1 - k;
      return k < rest ? k : aligned.includes(axis) ? rest + indexRank - 1 - axis : -1;
    });
  },
};

// g [...shape, ...rest], i [...shape] -> [...leading, ...rest]: out[i[k]] += g[k], where the leading axes are flattened into one.
export const scatterOp: Op<Shape> = {
  name: "scatterAdd",
  shape: (leading, [g, i]) => [...leading, ...(g as Tensor).shape.slice((i as Tensor).shape.length)],
  ...contiguousKernelsOf((leading, out, inputs) => {
    const [g, i] = inputs as [View, View];
    const [n, row] = [sizeOf(i.shape), sizeOf(out.shape.slice(leading.length))];
    const clear = bindClear(out);
    return () => {
      clear();
      for (let k = 0; k < n; k++) {
        const to = out.offset + (i.data[i.offset + k] as number) * row;
        for (let j = 0; j < row; j++)
          out.data[to + j] = (out.data[to + j] as number) + (g.data[g.offset + k * row + j] as number);
      }
    };
  }),
  vjp: (input) =>
    input === 0 ? (g, _, [__, i], { length }) => apply(gatherOp, gatherOf(length), g, i as Tensor) : null,
  batch: (leading, inputs, batched, size) => {
    const [g, i] = batchAll(inputs, batched, size) as [Tensor, Tensor];
    return apply(scatterOp, [size, ...leading], g, add(i, rowOffsets(i, size, sizeOf(leading))));
  },
  axes: (_, [g, i], input) =>
    input === 1 ? MIX : mapAxes((g as Tensor).shape.length - (i as Tensor).shape.length, (k) => k),
};

/** A function that sums the gradient parts of gathers whose `leading` first axes count as one. */
function scatterOf(leading: number): SumOfParts<Tensor> {
  scatters[leading] ??= (parts, shape) => {
    const rest = shape.slice(leading);
    const flat = parts.map(({ value, where: { size } }) => reshape(value, [size, ...rest]));
    const indices = parts.map(({ where }) => reshape(where, [where.size]));
    return apply(scatterOp, shape.slice(0, leading), concatenate(flat), concatenate(indices));
  };
  return scatters[leading];
}
const scatters: SumOfParts<Tensor>[] = [];

/** b·n for element b of a batch, in a shape that broadcasts with indices `i` of shape [size, ...]. */
const rowOffsets = (i: Tensor, size: number, n: number): Tensor =>
  reshape(mul(arange(size), n), [size, ...new Array<number>(i.shape.length - 1).fill(1)]);
