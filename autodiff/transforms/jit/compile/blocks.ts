/**
 * SIMD code for ops that run on blocks of rows: a routine that runs the same loops and kernels on one block of rows after another. Products
 * and sums over the rows accumulate from block to block.
 */
import { sizeOf } from "../../../core/shape.js";
import { productFor } from "../../../kernels/products.js";
import { addressOf, ONE } from "../../../kernels/wasm/simd.js";
import type { ReduceParams } from "../../../ops/array/reduce.js";
import { matmulOp } from "../../../ops/linalg/matmul.js";
import type { Layout } from "./layout.js";
import { SUMMED } from "./rowAxes.js";
import { LANES, type Rows } from "./rows.js";

/** The code for a value: before the first block, for each block, and after the last block. */
export interface BlockText {
  readonly first?: string;
  readonly each: string;
  readonly last?: string;
}

/** A routine for all blocks. In its text `row` is the number of a block's first row, `count` the number of its rows. */
export const blocksText = (name: string, { count, block }: Rows, parts: readonly BlockText[]): string => {
  const lines = (key: keyof BlockText): string => parts.flatMap((part) => part[key] ?? []).join("\n");
  return `function ${name}() {
${lines("first")}
let row = 0;
while (row < ${count}) {
let count = ${count} - row;
if (count > ${block}) { count = ${block}; }
${lines("each")}
row = row + count;
}
${lines("last")}
}`;
};

/** The kernel of value i on blocks of rows. */
export function kernelText(layout: Layout, rows: Rows, i: number): BlockText {
  const { op } = layout.views.op(i);
  return op === matmulOp ? productText(layout, rows, i) : totalText(layout, rows, i);
}

/** An address that advances with the rows. */
const rowAddress = (address: number, perRow: number): string =>
  perRow === 0 ? `${address}` : `${address} + row * ${8 * perRow}`;

const call =
  (name: string) =>
  (...args: readonly (string | number)[]): string =>
    `${name}(${args.join(", ")});`;

type Counts = [number | string, number | string, number | string];

/** The code for a product, either of the rows of one factor with the other factor, or summed over the rows of both. */
function productText(layout: Layout, rows: Rows, i: number): BlockText {
  const { shape, inputs } = layout.views.op(i);
  const [left, right] = inputs as [number, number];
  const axis = rows.axes.get(i) as number;
  const [m, n] = shape as [number, number];
  const k = layout.views.view(left).shape[1] as number;
  // The index in [m, k, n] of the size along which the rows lie.
  const rowsIndex = axis === SUMMED ? 1 : 2 * axis;
  const sizes = [m, k, n].map((size, at) => (at === rowsIndex ? Number.NaN : size)) as [number, number, number];
  const places = [
    layout.place(i, shape, rows, axis),
    layout.place(left, [m, k], rows, rowsIndex === 2 ? -1 : rowsIndex),
    layout.place(right, [k, n], rows, rowsIndex - 1),
  ];
  const [c, a, b] = places.map(({ offset, perRow }) => rowAddress(addressOf(layout.memory, offset), perRow)) as [
    string,
    string,
    string,
  ];
  const [[cDown], [aDown, aRight], [bDown, bRight]] = places.map(({ strides }) =>
    strides.map((stride) => 8 * stride),
  ) as [[number], [number, number], [number, number]];
  const product = productFor<string | number, string>(
    { dotRows: call("dotRows"), addRows: call("addRows"), outer: call("outer"), multiply: call("multiply") },
    sizes,
    { cDown, aDown, aRight, bDown, bRight },
    { continues: axis === SUMMED },
  );
  const counts = sizes.map((size) => (Number.isNaN(size) ? "count" : size)) as Counts;
  const clear = call("clear")(addressOf(layout.memory, layout.offset(i)), rows.memorySize.get(i) ?? sizeOf(shape));
  const each = product(c, a, b, ...counts);
  return rows.inner.has(i) ? { each: `${clear}\n${each}` } : { first: clear, each };
}

/** The code for a sum over the rows, either of all numbers in them, in eight lanes, or of each column. */
function totalText(layout: Layout, rows: Rows, i: number): BlockText {
  const { params, inputs, shape } = layout.views.op(i);
  const [x] = inputs as [number];
  const { axes } = params as ReduceParams;
  const from = layout.views.view(x).shape;
  const axis = axes[0] as number;
  const { offset, perRow } = layout.place(x, from, rows, axis);
  const a = rowAddress(addressOf(layout.memory, offset), perRow);
  const out = addressOf(layout.memory, layout.offset(i));
  const width = sizeOf(from.slice(axis + 1));
  const size = sizeOf(shape);
  if (axes.length === 1 && width > 1)
    return { first: call("clear")(out, size), each: call("addRows")(out, ONE, 0, a, 8 * width, "count", width) };
  const lanes = out + 8 * size;
  // Each entry of the result is a sum. `next` is the distance in bytes from the first number of one sum to the first number of the next.
  const next = 8 * width * (perRow === 0 ? rows.block : rows.count);
  // How many numbers of a sum are left over after its last full group of eight, and the offset at which they begin.
  const rest = (rows.count * width) % 8;
  const restOffset =
    rows.count * width - rest - (perRow === 0 ? (rows.count - 1 - ((rows.count - 1) % rows.block)) * width : 0);
  return {
    first: call("clear")(lanes, LANES * size),
    each: call("addEights")(lanes, a, next, size, `count * ${width}`),
    last: call("addRest")(out, lanes, addressOf(layout.memory, offset + restOffset), next, size, rest),
  };
}
