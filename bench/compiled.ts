/** Compiled programs compared with hand-fused JavaScript, and matrix products compared with a register-tiled loop. */

import { addressOf, allocate, ONE } from "../autodiff/kernels/wasm/simd.js";
import { jit, matmul, type Tensor, tensor, valueAndGrad } from "../index.js";
import { type Case, numbers, ring } from "./harness.js";

// sum(tanh(a b + c)) and its gradients with respect to a, b and c.
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

/** C = A B, two rows by four columns at a time, with packed columns: the fastest plain loops found. */
function tiled(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  const packed = new Float64Array(4 * n);
  for (let j = 0; j < n; j += 4) {
    for (let k = 0; k < n; k++) for (let l = 0; l < 4; l++) packed[4 * k + l] = b[k * n + j + l] as number;
    for (let i = 0; i < n; i += 2) {
      let r0 = 0;
      let r1 = 0;
      let r2 = 0;
      let r3 = 0;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let r = i * n;
      for (let q = 0; q < packed.length; q += 4, r++) {
        const x = a[r] as number;
        const y = a[r + n] as number;
        const c0 = packed[q] as number;
        const c1 = packed[q + 1] as number;
        const c2 = packed[q + 2] as number;
        const c3 = packed[q + 3] as number;
        r0 += x * c0;
        r1 += x * c1;
        r2 += x * c2;
        r3 += x * c3;
        s0 += y * c0;
        s1 += y * c1;
        s2 += y * c2;
        s3 += y * c3;
      }
      c.set([r0, r1, r2, r3], i * n + j);
      c.set([s0, s1, s2, s3], (i + 1) * n + j);
    }
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
    const product = jit((a: Tensor, b: Tensor) => matmul(a, b));
    return {
      matmul: (i) => product(tensors(i), tensors(i + 1)),
      "tiled loop": (i) => tiled(arrays(i), arrays(i + 1), n),
    };
  },
}));

/** Σ softplus(l) - y l for l = X w, and its gradient, in one pass over X. */
function logisticByHand(x: Float64Array, y: Float64Array, w: Float64Array): Float64Array[] {
  const d = w.length;
  const gradient = new Float64Array(d);
  let loss = 0;
  for (let i = 0; i < y.length; i++) {
    let l = 0;
    for (let j = 0; j < d; j++) l += (x[i * d + j] as number) * (w[j] as number);
    const e = Math.exp(-Math.abs(l));
    loss += Math.max(l, 0) + Math.log1p(e) - l * (y[i] as number);
    const residual = (l < 0 ? e / (1 + e) : 1 / (1 + e)) - (y[i] as number);
    for (let j = 0; j < d; j++) gradient[j] = (gradient[j] as number) + residual * (x[i * d + j] as number);
  }
  return [Float64Array.of(loss), gradient];
}

const [ROWS, COLUMNS] = [50_000, 50];
/** The data of both regressions, as arrays and as tensors. */
function regressionData() {
  const x = numbers(ROWS * COLUMNS, 0);
  const y = numbers(ROWS, 1).map((v) => (v > 0 ? 1 : 0));
  return { x, y, matrix: tensor(x).reshape([ROWS, COLUMNS]), labels: tensor(y) };
}
const logistic: Case = {
  name: `compiled/logistic regression ${ROWS}x${COLUMNS} with gradient`,
  targets: { compiled: 0.35 },
  isLong: true,
  make: () => {
    const { x, y, matrix, labels } = regressionData();
    const step = jit((weights: Tensor, data: Tensor, wanted: Tensor) =>
      valueAndGrad((w: Tensor) => {
        const l = matmul(data, w);
        return l.softplus().sub(l.mul(wanted)).sum();
      })(weights),
    );
    const arrays = ring((i) => numbers(COLUMNS, 2 + i));
    const tensors = ring((i) => tensor(numbers(COLUMNS, 2 + i)));
    return { compiled: (i) => step(tensors(i), matrix, labels), "by hand": (i) => logisticByHand(x, y, arrays(i)) };
  },
};

const PARTICLES = 16;
/**
 * The same for 16 weight vectors, in kernels written by hand, 160 rows at a time. It shows the least time that the products and formulas
 * need.
 */
function particlesByHand(x: Float64Array, y: Float64Array): (w: Float64Array) => Float64Array[] {
  const [rows, size] = [160, 8 * 160];
  const places = [
    x.length,
    ROWS,
    PARTICLES * COLUMNS,
    PARTICLES * COLUMNS,
    PARTICLES * rows,
    PARTICLES * rows,
    PARTICLES,
  ];
  const simd = allocate(places.reduce((sum, n) => sum + n + 2, 0));
  if (simd === null) throw new Error("no SIMD code here");
  const { numbers: memory } = simd;
  let next = 0;
  const starts = places.map((n) => {
    next += n + 2;
    return next - n - 2;
  });
  const [atX, atY, atW, atG, atL, atR, atS] = starts.map((start) => addressOf(memory, start)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  memory.set(x, starts[0]);
  memory.set(y, starts[1]);
  const { pass } = simd.compile(`
function pass() {
  let row = 0;
  clear(${atG}, ${PARTICLES * COLUMNS});
  let total = same(0);
  while (row < ${ROWS}) {
    let count = ${ROWS} - row;
    if (count > ${rows}) { count = ${rows}; }
    clear(${atL}, ${PARTICLES * rows});
    multiply(${atL}, ${size}, ${atW}, ${8 * COLUMNS}, 8, ${atX} + row * ${8 * COLUMNS}, 8, ${8 * COLUMNS}, ${PARTICLES}, ${COLUMNS}, count, ${ONE});
    let p = 0;
    while (p !== ${PARTICLES * size}) {
      let i = 0;
      let end = count << 3;
      while (i !== end) {
        let l = load(p + i + ${atL}); let m = load(p + i + ${atL + 16});
        let u = load(i + row * 8 + ${atY}); let v = load(i + row * 8 + ${atY + 16});
        let r = sigmoid(l) - u; let s = sigmoid(m) - v;
        total = total + (softplus(l) - l * u) + (softplus(m) - m * v);
        store(p + i + ${atR}, r); store(p + i + ${atR + 16}, s);
        i = i + 32;
      }
      p = p + ${size};
    }
    multiply(${atG}, ${8 * COLUMNS}, ${atR}, ${size}, 8, ${atX} + row * ${8 * COLUMNS}, ${8 * COLUMNS}, 8, ${PARTICLES}, count, ${COLUMNS}, ${ONE});
    row = row + count;
  }
  store(${atS}, total);
}`) as { pass: () => void };
  return (w) => {
    memory.set(w, starts[2]);
    pass();
    const [g, s] = [starts[3] as number, starts[6] as number];
    return [Float64Array.of((memory[s] as number) + (memory[s + 1] as number)), memory.slice(g, g + w.length)];
  };
}

const particles: Case = {
  name: `compiled/logistic regression ${ROWS}x${COLUMNS}, ${PARTICLES} particles, with gradient`,
  targets: { compiled: 1.2 },
  isLong: true,
  make: () => {
    const { x, y, matrix, labels } = regressionData();
    const step = jit((weights: Tensor, data: Tensor, wanted: Tensor) =>
      valueAndGrad((w: Tensor) => {
        const l = matmul(w, data.transpose());
        return l.softplus().sub(l.mul(wanted)).sum(1).sum();
      })(weights),
    );
    const byHand = particlesByHand(x, y);
    const arrays = ring((i) => numbers(PARTICLES * COLUMNS, 2 + i));
    const tensors = ring((i) => tensor(numbers(PARTICLES * COLUMNS, 2 + i)).reshape([PARTICLES, COLUMNS]));
    return { compiled: (i) => step(tensors(i), matrix, labels), "kernels by hand": (i) => byHand(arrays(i)) };
  },
};

export const cases: readonly Case[] = [...tanhSum, logistic, particles, ...products];
