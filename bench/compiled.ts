/** Compiled programs beside hand-fused JavaScript, and matrix products beside a register-tiled loop. */
import { jit, matmul, type Tensor, tensor, valueAndGrad } from "../index.js";
import { type Case, numbers, ring } from "./harness.js";

// sum(tanh(a b + c)) and its gradients for a, b and c.
const fused = (a: Float64Array, b: Float64Array, c: Float64Array): number[] | Float64Array[] => {
  const n = a.length;
  const [ga, gb, gc] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let total = 0;
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    const t = Math.tanh(x * y + (c[i] as number));
    total += t;
    const d = 1 - t * t;
    gc[i] = d;
    ga[i] = d * y;
    gb[i] = d * x;
  }
  return [Float64Array.of(total), ga, gb, gc];
};
const flat = (parts: readonly (number | Float64Array)[]): unknown => parts;

const tanhSum: Case[] = [1, 1e3, 1e5, 1e6].map((n) => ({
  name: `compiled/sum(tanh(a*b+c)) with gradient n=${n}`,
  targets: { compiled: n === 1 ? 2.5 : 0.45 },
  isLong: n > 1e5,
  make: () => {
    const size = n > 1e5 ? 2 : 8;
    const step = jit((a: Tensor, b: Tensor, c: Tensor) => {
      const [value, [ga, gb, gc]] = valueAndGrad((x: Tensor[]) =>
        (x[0] as Tensor)
          .mul(x[1] as Tensor)
          .add(x[2] as Tensor)
          .tanh()
          .sum(),
      )([a, b, c]);
      return [value, ga, gb, gc];
    });
    const make = (i: number) => (n === 1 ? tensor(numbers(1, i)[0] as number) : tensor(numbers(n, i)));
    const [a, b, c] = [0, 10, 20].map((from) => ring((i) => make(from + i), size)) as [
      Draw<Tensor>,
      Draw<Tensor>,
      Draw<Tensor>,
    ];
    const [x, y, z] = [0, 10, 20].map((from) => ring((i) => numbers(n, from + i), size)) as [
      Draw<Float64Array>,
      Draw<Float64Array>,
      Draw<Float64Array>,
    ];
    return { compiled: (i) => step(a(i), b(i), c(i)), "fused by hand": (i) => flat(fused(x(i), y(i), z(i))) };
  },
}));
type Draw<T> = (i: number) => T;

/** C = A B in tiles of 4 by 4 accumulators: the best that plain loops do here. */
function tiled(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i += 4)
    for (let j = 0; j < n; j += 2) {
      let [c00, c01, c10, c11, c20, c21, c30, c31] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let k = 0; k < n; k++) {
        const [b0, b1] = [b[k * n + j] as number, b[k * n + j + 1] as number];
        const [a0, a1, a2, a3] = [
          a[i * n + k] as number,
          a[(i + 1) * n + k] as number,
          a[(i + 2) * n + k] as number,
          a[(i + 3) * n + k] as number,
        ];
        c00 += a0 * b0;
        c01 += a0 * b1;
        c10 += a1 * b0;
        c11 += a1 * b1;
        c20 += a2 * b0;
        c21 += a2 * b1;
        c30 += a3 * b0;
        c31 += a3 * b1;
      }
      [c00, c10, c20, c30].forEach((x, r) => {
        c[(i + r) * n + j] = x;
      });
      [c01, c11, c21, c31].forEach((x, r) => {
        c[(i + r) * n + j + 1] = x;
      });
    }
  return c;
}

const products: Case[] = [256, 512, 1024].map((n) => ({
  name: `compiled/matmul n=${n}`,
  flops: 2 * n ** 3,
  targets: { matmul: 1 / 4.5 },
  isLong: n > 256,
  make: () => {
    const arrays = ring((i) => numbers(n * n, i), 2);
    const tensors = ring((i) => tensor(numbers(n * n, i)).reshape([n, n]), 2);
    return {
      matmul: (i) => matmul(tensors(i), tensors(i + 1)),
      "tiled loop": (i) => tiled(arrays(i), arrays(i + 1), n),
    };
  },
}));

export const cases: readonly Case[] = [...tanhSum, ...products];
