/**
 * The random words of one element of a draw. Element i uses the counters (0, i), (1, i), (2, i), …, one for each attempt of a rejection
 * sampler. So these words depend only on the key and on i, not on other elements, on the shape of the draw, or on vmap and jit. Attempt 0
 * uses JAX's word pair i, so the first `uniform` equals `jax.random.uniform(key, shape)[i]` bit for bit. One Stream is used for all
 * elements of a draw: `at` moves it to an element.
 */
import { threefry2x32 } from "./threefry.js";

/** A sequence of uniforms that is a function of (key, element). */
export class Stream {
  #k0 = 0;
  #k1 = 0;
  #element = 0;
  #attempt = 0;
  /** The word pair of the last attempt, as signed 32-bit integers. */
  protected readonly words = new Int32Array(2);

  /** Moves to the start of an element, 0 <= element < 2^32, under a key; returns this stream. */
  at(k0: number, k1: number, element: number): this {
    this.#k0 = k0;
    this.#k1 = k1;
    this.#element = element;
    this.#attempt = 0;
    return this;
  }

  /** The next uniform on [0, 1): a multiple of 2^-52, from the top 52 bits of the word pair, like JAX's float64 uniforms. */
  uniform(): number {
    this.advance();
    const words = this.words;
    return (((words[0] as number) >>> 0) * 2 ** 20 + ((words[1] as number) >>> 12)) * 2 ** -52;
  }

  /** The next uniform on (0, 1), ends excluded: the midpoints k 2^-52 + 2^-53, symmetric about 1/2, safe under log. */
  open(): number {
    return this.uniform() + 2 ** -53;
  }

  /**
   * A uniform as a signed tail ±p with p in (0, 1/2]. A symmetric distribution turns it into a draw that has this sign, and beyond which
   * values have probability p. ±p is made from the same bits as `uniform`, but with steps of 2^-64 in both tails, so that draws reach far
   * out (9.1 sigma for a normal).
   */
  signedTail(): number {
    this.advance();
    const high = this.words[0] as number;
    const flip = high >> 31; // a branch on the sign would be mispredicted half of the time, which takes 6 ns
    return (~flip | 1) * ((high ^ flip) * 2 ** 32 + (((this.words[1] as number) ^ flip) >>> 0) + 0.5) * 2 ** -64;
  }

  /** A uniform whole number on 0 … count - 1, 1 <= count <= 2^53, without bias: a value beyond the last full bucket is drawn again. */
  below(count: number): number {
    const bucket = Math.floor(2 ** 53 / count);
    for (;;) {
      this.advance();
      const words = this.words;
      const bits = ((words[0] as number) >>> 0) * 2 ** 21 + ((words[1] as number) >>> 11);
      const value = Math.floor(bits / bucket);
      if (value < count) return value;
    }
  }

  /** Makes the word pair of the next attempt. */
  protected advance(): void {
    threefry2x32(this.#k0, this.#k1, this.#attempt++, this.#element, this.words);
  }
}

/**
 * One stream for all fills, because no fill runs inside another. If each key draws only one element, making a stream would take longer than
 * the draw.
 */
export const sharedStream: Stream = /* @__PURE__ */ new Stream();

/** n uniforms on [0, 1) from `offset` on; uniform i is the first uniform of element i. */
export function fillUniform(out: Float64Array, offset: number, n: number, k0: number, k1: number): void {
  const stream = sharedStream;
  for (let i = 0; i < n; i++) out[offset + i] = stream.at(k0, k1, i).uniform();
}
