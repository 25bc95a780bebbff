/**
 * Addresses in the SIMD code of a loop. A *pointer* is a number of bytes that grows as the loop moves along its axes. Places with the same
 * strides share a pointer, and each has its own constant distance from it. For example, for places with the strides [40, 1]:
 *
 *     let p1 = 0;                           the declaration
 *     let p1_0 = p1;                        the loop along axis 0, which has 3 iterations
 *     let i0 = 3;
 *     while (i0 > 0) {
 *     … load(p1_0 + i + 8336) …             an address; i is the number of bytes moved along the last axis
 *     p1_0 = p1_0 + 320;
 *     i0 = i0 - 1;
 *     }
 */
import { type Axis, isRepeated, type Place } from "./fusedLoop.js";

export const bytes = (count: number): number => 8 * count;

export class Pointers {
  /** The places at which the pointers start, with the strides by which they move. */
  readonly #pointers: Place[] = [];

  /** The arena begins at `arenaAddress`; `last` is the innermost axis. */
  constructor(
    readonly arenaAddress: number,
    readonly last: number,
  ) {}

  /** The address, in the innermost loop, of the element that lies `at` bytes after the current element of a place. */
  address(place: Place, at: number): string {
    if (isRepeated(place)) return `${this.arenaAddress + bytes(place.offset)}`;
    const pointer = this.#pointerOf(place);
    const constant = this.arenaAddress + bytes(place.offset - (this.#pointers[pointer] as Place).offset) + at;
    return `${this.#variable(pointer, this.last - 1)} + ${place.strides[this.last] === 0 ? "" : "i + "}${constant}`;
  }

  /** The index of a place's pointer. A pointer starts at 0, or, if it may go below 0, at the offset of the place. */
  #pointerOf({ offset, strides, perRow }: Place): number {
    const from = strides.some((s) => s < 0) ? offset : 0;
    const isAlike = (p: Place): boolean =>
      p.offset === from && p.perRow === perRow && p.strides.every((s, axis) => s === strides[axis]);
    const index = this.#pointers.findIndex(isAlike);
    return index >= 0 ? index : this.#pointers.push({ offset: from, strides, perRow }) - 1;
  }

  /** The variable that holds a pointer in the loop along `axis`. A pointer has one variable for each axis that moves it. */
  #variable(pointer: number, axis: number): string {
    if (axis < 0) return `p${pointer}`;
    return this.#pointers[pointer]?.strides[axis] === 0 ? this.#variable(pointer, axis - 1) : `p${pointer}_${axis}`;
  }

  /** The declarations of the pointers, with their first values. */
  declarations(): string[] {
    return this.#pointers.map(({ offset, perRow }, p) => {
      const rowOffset = perRow === 0 ? "" : ` + row * ${bytes(perRow)}`;
      return `let p${p} = ${bytes(offset)}${rowOffset};`;
    });
  }

  /**
   * The loop along `axis`, whose body is `inside`, the text of the inner axes; `two`, if given, is the body for two iterations at once. All
   * addresses in the bodies must have been asked for before.
   */
  loopText({ size, isRows }: Axis, axis: number, inside: string, two: string | null = null): string {
    const remaining = `i${axis}`;
    const moving = [...this.#pointers.keys()].filter((p) => this.#step(p, axis) !== 0);
    const start = moving.map((p) => `let ${this.#variable(p, axis)} = ${this.#variable(p, axis - 1)};`);
    const advance = (p: number, iterations: number): string =>
      `${this.#variable(p, axis)} = ${this.#variable(p, axis)} + ${bytes(iterations * this.#step(p, axis))};`;
    const loop = (iterations: number, body: string): string =>
      [
        `while (${remaining} > ${iterations - 1}) {`,
        body,
        moving.map((p) => advance(p, iterations)).join(" "),
        `${remaining} = ${remaining} - ${iterations};\n}`,
      ].join("\n");
    const loops = two === null ? [loop(1, inside)] : [loop(2, two), ...(size % 2 === 0 ? [] : [loop(1, inside)])];
    return [`${start.join(" ")}\nlet ${remaining} = ${isRows ? `count * ${size}` : size};`, ...loops].join("\n");
  }

  /** How many numbers a pointer moves from one iteration along `axis` to the next. */
  #step(pointer: number, axis: number): number {
    return (this.#pointers[pointer] as Place).strides[axis] as number;
  }
}
