/** A network of 784, 256 and 20 units on a batch of 128: the loss and all gradients, compared with plain loops. */
import { jit, matmul, type Tensor, tensor, valueAndGrad } from "../index.js";
import { type Case, numbers, ring } from "./harness.js";

const [BATCH, INPUTS, HIDDEN, OUTPUTS] = [128, 784, 256, 20];
type Weights = Record<"w1" | "b1" | "w2" | "b2", Tensor>;

const step = jit((weights: Weights, x: Tensor, y: Tensor) => {
  const loss = ({ w1, b1, w2, b2 }: Weights) => {
    const hidden = matmul(x, w1).add(b1).tanh();
    return matmul(hidden, w2).add(b2).sub(y).square().sum();
  };
  const [value, { w1, b1, w2, b2 }] = valueAndGrad(loss)(weights);
  return [value, w1, b1, w2, b2];
});

/** out += a b, row by row. */
function product(a: Float64Array, b: Float64Array, m: number, k: number, n: number, out: Float64Array): void {
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p] as number;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] as number) + x * (b[p * n + j] as number);
    }
}
/** out += aᵀ b. */
function transposedProduct(a: Float64Array, b: Float64Array, m: number, k: number, n: number, out: Float64Array): void {
  for (let p = 0; p < k; p++)
    for (let i = 0; i < m; i++) {
      const x = a[p * m + i] as number;
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] as number) + x * (b[p * n + j] as number);
    }
}
const rowsOf = (b: Float64Array): Float64Array =>
  Float64Array.from({ length: BATCH * b.length }, (_, i) => b[i % b.length] as number);
const sumOfRows = (x: Float64Array, n: number): Float64Array => {
  const out = new Float64Array(n);
  x.forEach((value, i) => {
    out[i % n] = (out[i % n] as number) + value;
  });
  return out;
};

function byHand(
  w1: Float64Array,
  b1: Float64Array,
  w2: Float64Array,
  b2: Float64Array,
  x: Float64Array,
  y: Float64Array,
) {
  const hidden = rowsOf(b1);
  product(x, w1, BATCH, INPUTS, HIDDEN, hidden);
  for (let i = 0; i < hidden.length; i++) hidden[i] = Math.tanh(hidden[i] as number);
  const error = rowsOf(b2);
  product(hidden, w2, BATCH, HIDDEN, OUTPUTS, error);
  let loss = 0;
  for (let i = 0; i < error.length; i++) {
    const e = (error[i] as number) - (y[i] as number);
    loss += e * e;
    error[i] = 2 * e;
  }
  const [g1, g2] = [new Float64Array(w1.length), new Float64Array(w2.length)];
  transposedProduct(hidden, error, HIDDEN, BATCH, OUTPUTS, g2);
  const back = new Float64Array(hidden.length);
  for (let i = 0; i < BATCH; i++)
    for (let j = 0; j < HIDDEN; j++) {
      let sum = 0;
      for (let k = 0; k < OUTPUTS; k++) sum += (error[i * OUTPUTS + k] as number) * (w2[j * OUTPUTS + k] as number);
      const h = hidden[i * HIDDEN + j] as number;
      back[i * HIDDEN + j] = sum * (1 - h * h);
    }
  transposedProduct(x, back, INPUTS, BATCH, HIDDEN, g1);
  return [Float64Array.of(loss), g1, sumOfRows(back, HIDDEN), g2, sumOfRows(error, OUTPUTS)];
}

const shapes = [[INPUTS, HIDDEN], [HIDDEN], [HIDDEN, OUTPUTS], [OUTPUTS], [BATCH, INPUTS], [BATCH, OUTPUTS]];
export const cases: readonly Case[] = [
  {
    name: "compiled/MLP 784-256-20 batch 128, forward and backward",
    flops: 2 * BATCH * (2 * INPUTS * HIDDEN + 3 * HIDDEN * OUTPUTS),
    targets: { compiled: 0.2 },
    isLong: true,
    make: () => {
      const arrays = ring(
        (i) =>
          shapes.map((shape, k) =>
            numbers(
              shape.reduce((a, b) => a * b),
              10 * i + k,
            ).map((v) => 0.1 * v),
          ),
        2,
      );
      const tensors = ring((i) => arrays(i).map((array, k) => tensor(array).reshape(shapes[k] as number[])), 2);
      return {
        compiled: (i) => {
          const [w1, b1, w2, b2, x, y] = tensors(i) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
          return step({ w1, b1, w2, b2 }, x, y);
        },
        "by hand": (i) =>
          byHand(
            ...(arrays(i) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]),
          ),
      };
    },
  },
];
