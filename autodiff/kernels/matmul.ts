/**
 * Products of two matrices in plain JavaScript, as loops over numbers: out = a b for an m by k matrix a and a k by n matrix b. The matrices
 * begin at `o`, `ao` and `bo` in their arrays. Every entry of the result is a sum of k terms, added in order, so all these functions give
 * the same bits.
 */

type Multiply = (
  out: Float64Array,
  o: number,
  a: Float64Array,
  ao: number,
  b: Float64Array,
  bo: number,
  m: number,
  k: number,
  n: number,
) => void;

/**
 * out = a b for contiguous matrices. It computes 2 by 4 entries at a time, with six loads for eight multiplications. Four columns of b are
 * first copied to contiguous memory.
 */
export const multiply: Multiply = (out, o, a, ao, b, bo, m, k, n) => {
  const columns = new Float64Array(n < 4 ? 0 : 4 * k);
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    for (let p = 0; p < k; p++) for (let c = 0; c < 4; c++) columns[4 * p + c] = b[bo + p * n + j + c] as number;
    for (let i = 0; i < m; i += 2) {
      let r = ao + i * k;
      let s = ao + Math.min(i + 1, m - 1) * k;
      let r0 = 0,
        r1 = 0,
        r2 = 0,
        r3 = 0,
        s0 = 0,
        s1 = 0,
        s2 = 0,
        s3 = 0;
      for (let q = 0; q < columns.length; q += 4) {
        const c0 = columns[q] as number;
        const c1 = columns[q + 1] as number;
        const c2 = columns[q + 2] as number;
        const c3 = columns[q + 3] as number;
        const x = a[r++] as number;
        const y = a[s++] as number;
        r0 += x * c0;
        r1 += x * c1;
        r2 += x * c2;
        r3 += x * c3;
        s0 += y * c0;
        s1 += y * c1;
        s2 += y * c2;
        s3 += y * c3;
      }
      const at = o + i * n + j;
      out[at] = r0;
      out[at + 1] = r1;
      out[at + 2] = r2;
      out[at + 3] = r3;
      if (i + 1 === m) break;
      out[at + n] = s0;
      out[at + n + 1] = s1;
      out[at + n + 2] = s2;
      out[at + n + 3] = s3;
    }
  }
  for (; j < n; j++) multiplyColumn(out, o + j, a, ao, b, bo + j, m, k, n);
};

/** The first column of a b, four rows at a time, because the sums of different rows do not wait for each other. */
const multiplyColumn: Multiply = (out, o, a, ao, b, bo, m, k, n) => {
  let i = 0;
  for (; i + 4 <= m; i += 4) {
    const [r0, r1, r2, r3] = [ao + i * k, ao + (i + 1) * k, ao + (i + 2) * k, ao + (i + 3) * k];
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let p = 0, q = bo; p < k; p++, q += n) {
      const y = b[q] as number;
      s0 += (a[r0 + p] as number) * y;
      s1 += (a[r1 + p] as number) * y;
      s2 += (a[r2 + p] as number) * y;
      s3 += (a[r3 + p] as number) * y;
    }
    const at = o + i * n;
    out[at] = s0;
    out[at + n] = s1;
    out[at + 2 * n] = s2;
    out[at + 3 * n] = s3;
  }
  for (; i < m; i++) {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += (a[ao + i * k + p] as number) * (b[bo + p * n] as number);
    out[o + i * n] = sum;
  }
};

/** out = a b, if b has few columns and the transpose of a is stored. */
export const multiplyByColumns: Multiply = (out, o, a, ao, b, bo, m, k, n) => {
  out.fill(0, o, o + m * n);
  for (let p = 0; p < k; p++)
    for (let j = 0; j < n; j++) {
      const y = b[bo + p * n + j] as number;
      for (let i = 0, at = o + j, from = ao + p * m; i < m; i++, at += n)
        out[at] = (out[at] as number) + (a[from + i] as number) * y;
    }
};

/** out = a b for one row a, whose entries are `step` apart. The rows of b are `down` apart, and the columns `along`. */
export function multiplyRow(
  out: Float64Array,
  o: number,
  a: Float64Array,
  ao: number,
  step: number,
  b: Float64Array,
  bo: number,
  down: number,
  along: number,
  k: number,
  n: number,
): void {
  if (along !== 1) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0, x = ao, y = bo + j * along; p < k; p++, x += step, y += down)
        sum += (a[x] as number) * (b[y] as number);
      out[o + j] = sum;
    }
    return;
  }
  for (let j = 0; j < n; j++) out[o + j] = 0;
  for (let p = 0; p < k; p++) {
    const x = a[ao + p * step] as number;
    for (let j = 0, y = bo + p * down; j < n; j++) out[o + j] = (out[o + j] as number) + x * (b[y + j] as number);
  }
}
