/** Code that the steps by hand share: initial parameters, keys, and Adam on arrays. */
import { threefry2x32 } from "../../autodiff/kernels/random/index.js";
import type { DrawKernel, DrawName } from "../../autodiff/kernels/wasm/draws.js";
import { addressOf, allocate, type Simd } from "../../autodiff/kernels/wasm/simd.js";

/** The state before the first step: unconstrained parameters by name, and the two words of the key. */
export interface Start {
  readonly params: Readonly<Record<string, Float64Array>>;
  readonly key: Float64Array;
}

/** The keys of steps. */
export class Keys {
  readonly #state: Int32Array;
  /** The key of the current step, then the key after each fold. */
  readonly words: Int32Array = new Int32Array(2);

  constructor({ key }: Start) {
    this.#state = Int32Array.from(key, (word) => word | 0);
  }

  /** Moves to the next step: `words` becomes the key of its particles. */
  step(): void {
    const { words } = this;
    const [k0, k1] = this.#state as unknown as [number, number];
    threefry2x32(k0, k1, 0, 1, words);
    threefry2x32(k0, k1, 0, 0, this.#state);
    this.fold(1);
  }

  fold(data: number): void {
    this.child(data, this.words);
  }

  /** Writes the current key as two numbers. */
  write(to: Float64Array): void {
    to[0] = (this.words[0] as number) >>> 0;
    to[1] = (this.words[1] as number) >>> 0;
  }

  /** Writes into `key` the key made from the current key and a number (`foldIn`). */
  child(data: number, key: Int32Array): void {
    threefry2x32(this.words[0] as number, this.words[1] as number, 0, data, key);
  }
}

const [B1, B2, RATE] = [0.9, 0.999, 1e-3];
export const EPS = 1e-8;

/** Adam. The factors that all parameters share are computed once per step. */
export class Adam {
  readonly mean: Float64Array;
  readonly square: Float64Array;
  #b1 = 1;
  #b2 = 1;
  /** The learning rate divided by 1 - b1^t, and 1 / (1 - b2^t). */
  rate = 0;
  scale = 0;

  constructor(size: number) {
    this.mean = new Float64Array(size);
    this.square = new Float64Array(size);
  }

  step(): void {
    this.#b1 *= B1;
    this.#b2 *= B2;
    this.rate = RATE / (1 - this.#b1);
    this.scale = 1 / (1 - this.#b2);
  }

  /** The parameter with index i after a step along its gradient. */
  moved(x: number, i: number, gradient: number): number {
    const { mean, square } = this;
    const m = B1 * (mean[i] as number) + (1 - B1) * gradient;
    const v = B2 * (square[i] as number) + (1 - B2) * gradient * gradient;
    mean[i] = m;
    square[i] = v;
    return x - (this.rate * m) / (Math.sqrt(this.scale * v) + EPS);
  }
}

/** Lines of a kernel that does the same as `moved` for two parameters: `x`, `m` and `v` are addresses, `g` is the gradient. */
export const adamText = (x: string, m: string, v: string, g: string): string => `
  let m = load(${m}) * ${B1} + ${g} * ${1 - B1};
  let v = load(${v}) * ${B2} + ${g} * ${g} * ${1 - B2};
  store(${m}, m);
  store(${v}, v);
  store(${x}, load(${x}) - rate * m / (sqrt(scale * v) + ${EPS}));`;

/** A kernel of random draws. */
export function drawKernel(simd: Simd, name: DrawName): DrawKernel {
  const kernel = simd.draw(name);
  if (kernel === null) throw new Error("no SIMD code here");
  return kernel;
}

/** Arrays of these sizes in the memory of a kernel: their addresses, and views of their numbers. */
export function memoryFor<N extends string>(sizes: Readonly<Record<N, number>>) {
  const names = Object.keys(sizes) as N[];
  const room = (name: N): number => sizes[name] + 2 - (sizes[name] % 2);
  const simd = allocate(names.reduce((sum, name) => sum + room(name), 0));
  if (simd === null) throw new Error("no SIMD code here");
  const { numbers } = simd;
  const [at, arrays] = [{} as Record<N, number>, {} as Record<N, Float64Array>];
  let next = 0;
  for (const name of names) {
    at[name] = addressOf(numbers, next);
    arrays[name] = numbers.subarray(next, next + sizes[name]);
    next += room(name);
  }
  return { simd, at, arrays };
}
