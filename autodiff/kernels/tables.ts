/**
 * Rows of a table, read and added to by number. Rows of one number have loops of their own, which take a third of the time. Indices
 * are whole numbers in range; `| 0` tells the compiler so.
 */
import { sizeOf } from "../core/shape.js";
import type { View } from "../core/view.js";

/** out[k] = x[i[k]] for n rows of `row` numbers. All views are contiguous. */
export function gatherRows(x: View, i: View, n: number, row: number, out: View): () => void {
  const [from, index, to] = [x.data, i.data, out.data];
  const [first, start, at] = [x.offset, i.offset, out.offset];
  if (row === 1)
    return () => {
      for (let k = 0; k < n; k++) to[at + k] = from[(first + (index[start + k] as number)) | 0] as number;
    };
  return () => {
    for (let k = 0; k < n; k++) {
      const [source, place] = [(first + (index[start + k] as number) * row) | 0, at + k * row];
      for (let j = 0; j < row; j++) to[place + j] = from[source + j] as number;
    }
  };
}

/** out[i[k]] += g[k], from zeros. */
export function scatterRows(g: View, i: View, n: number, row: number, out: View): () => void {
  const [from, index, to] = [g.data, i.data, out.data];
  const [first, start, at] = [g.offset, i.offset, out.offset];
  const end = at + sizeOf(out.shape);
  if (row === 1)
    return () => {
      to.fill(0, at, end);
      for (let k = 0; k < n; k++) {
        const place = (at + (index[start + k] as number)) | 0;
        to[place] = (to[place] as number) + (from[first + k] as number);
      }
    };
  return () => {
    to.fill(0, at, end);
    for (let k = 0; k < n; k++) {
      const [place, source] = [(at + (index[start + k] as number) * row) | 0, first + k * row];
      for (let j = 0; j < row; j++) to[place + j] = (to[place + j] as number) + (from[source + j] as number);
    }
  };
}
