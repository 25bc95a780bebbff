/**
 * A loop as a routine of SIMD code (../../../kernels/wasm): the same arithmetic as in JavaScript, to the last bit, on two elements at a
 * time. The last axis is processed in pairs. If its size is odd, the second element of the last pair lies in the spare room that each array
 * has after its end, or is an element that is written again afterwards.
 */
import { sizeOf } from "../../../core/shape.js";
import { formulaOf } from "../../../kernels/formulas/scalarFormulas.js";
import { canVectorize } from "../../../kernels/wasm/simd.js";
import { type Expression, expressionOf, substituteInto } from "./expression.js";
import { type Axis, isRepeated, type Loop, mergeAxes, type Place, type Read, type Step } from "./loop.js";

/** The SIMD form of a function: a formula of the same name, or its arithmetic expression; null if it has neither. */
function vectorExpression(scalar: Step["scalar"]): Expression | null {
  const formula = formulaOf(scalar);
  if (formula !== undefined) {
    const parameters = ["x", "y", "z"].slice(0, scalar.length);
    return { parameters, body: `${formula}(${parameters})` };
  }
  const expression = expressionOf(scalar);
  return expression !== null && canVectorize(expression) ? expression : null;
}

/** Whether a function has SIMD code. */
export const canRunInPairs = (scalar: Step["scalar"]): boolean => vectorExpression(scalar) !== null;

/**
 * Whether to process two pairs at a time, in parallel. This is faster in long loops with formulas: tanh takes 22% less time, logSigmoid
 * with gradient 18%.
 */
const isWorthDoubling = ({ shape, steps }: Loop): boolean =>
  sizeOf(shape) >= 512 && steps.length <= 32 && steps.some(({ scalar }) => formulaOf(scalar) !== undefined);

const bytes = (count: number): number => 8 * count;

/** The loop as a routine; null if an op has no SIMD code, or an operand is strided along the last axis. The arena begins at `address`. */
export function vectorText(name: string, loop: Loop, address: number): string | null {
  const { axes, reads, steps } = mergeAxes(loop);
  const expressions = steps.map(({ scalar }) => vectorExpression(scalar));
  const last = axes.length - 1;
  if (expressions.includes(null) || reads.some((read) => ![0, 1].includes(read.strides[last] as number))) return null;
  const pointers = new Pointers(address, last);
  const load = (read: Read, at = 0, suffix = ""): string => {
    const kernel = isRepeated(read) || read.strides[last] === 0 ? "loadSame" : "load";
    return `let ${read.name}${suffix} = ${kernel}(${pointers.address(read, at)});`;
  };
  const singleReads = reads.filter(isRepeated);
  const rowReads = reads.filter((read) => !isRepeated(read) && read.strides[last] === 0);
  const pairReads = reads.filter((read) => read.strides[last] !== 0);
  const pairNames = new Set([...pairReads, ...steps].map((value) => value.name));

  /** Code for some pairs. All pairs are read before any is written, so that no read has to wait for a write. */
  const pairs = (list: readonly Pair[]): string[] => {
    const computeText = ({ suffix, repeated }: Pair): string[] =>
      steps.map(({ name: t, operands }, k) => {
        const operandNames = operands.map((x) => (pairNames.has(x) ? x + suffix : (repeated?.get(x) ?? x)));
        return `let ${t}${suffix} = ${substituteInto(expressions[k] as Expression, operandNames)};`;
      });
    const storeText = ({ suffix, at }: Pair): string[] =>
      steps.flatMap(({ name: t, to }) => (to === null ? [] : `store(${pointers.address(to, at)}, ${t}${suffix});`));
    return [
      ...list.flatMap(({ suffix, at, read }) => pairReads.map((x) => read?.(x) ?? load(x, at, suffix))),
      ...list.flatMap(computeText),
      ...list.flatMap(storeText),
    ];
  };
  const { size, isRows } = axes[last] as Axis;
  const count = Math.ceil(size / 2);
  const lines = [...rowReads.map((read) => load(read)), "let i = 0;"];
  lines.push(`let end = ${isRows ? `count * ${size} + 1 >>> 1 << 4` : 16 * count};`);
  const isDoubled = isWorthDoubling(loop);
  const [firstPair, secondPair]: Pair[] = [
    { suffix: "", at: 0 },
    { suffix: "_", at: 16 },
  ];
  if (isDoubled)
    lines.push(
      "let doubledEnd = end >>> 5 << 5;",
      "while (i !== doubledEnd) {",
      ...pairs([firstPair as Pair, secondPair as Pair]),
      "i = i + 32;",
      "}",
    );
  if (!isDoubled || isRows || count % 2 === 1)
    lines.push("while (i !== end) {", ...pairs([firstPair as Pair]), "i = i + 16;", "}");

  const hasAdjacentRows = ({ to }: Step): boolean =>
    to === null || (to.strides[last] === 1 && to.strides[last - 1] === size);
  const isForward = (place: Place): boolean => (place.strides[last - 1] as number) >= 0;
  // Whether to process two rows at a time (JOIN_BELOW).
  const joinsRows =
    loop.rowAxis < 0 &&
    size % 2 === 1 &&
    size > 1 &&
    size < JOIN_BELOW &&
    last > 0 &&
    steps.every(hasAdjacentRows) &&
    reads.every(isForward);
  /** Code for two rows at a time: a row of odd length does not consist of whole pairs of elements, but two such rows together do. */
  const twoRowsText = (): string => {
    const rowNames = new Map<string, string[]>();
    const text: string[] = ["let i = 0;"];
    for (const read of rowReads) {
      const [x, y, both] = ["0", "1", "both"].map((suffix) => `${read.name}_${suffix}`) as [string, string, string];
      // The variables for a pair inside the first row, across both rows, and inside the second row.
      rowNames.set(read.name, [x, both, y]);
      const down = bytes(read.strides[last - 1] as number);
      text.push(
        `let ${x} = loadSame(${pointers.address(read, 0)});`,
        `let ${y} = loadSame(${pointers.address(read, down)});`,
      );
      text.push(`let ${both} = firsts(${x}, ${y});`);
    }
    const list = Array.from({ length: size }, (_, k): Pair => {
      // The rows of the first and of the second element of the pair.
      const [row, nextRow] = [2 * k < size ? 0 : 1, 2 * k + 1 < size ? 0 : 1];
      const suffix = `_${k}`;
      return {
        suffix,
        at: 16 * k,
        repeated: new Map([...rowNames].map(([read, names]) => [read, names[row + nextRow] as string])),
        read: (read) => {
          const down = read.strides[last - 1] as number;
          if (down === size) return load(read, 16 * k, suffix);
          const column = 2 * k - row * size;
          if (row === nextRow) return load(read, bytes(row * down + column), suffix);
          const [x, y] = [column, down].map((at) => `loadSame(${pointers.address(read, bytes(at))})`);
          return `let ${read.name}${suffix} = firsts(${x}, ${y});`;
        },
      };
    });
    return [...text, ...(steps.length <= 8 ? pairs(list) : list.flatMap((pair) => pairs([pair])))].join("\n");
  };
  const body = axes
    .slice(0, last)
    .reduceRight(
      (inside, axis, k) => pointers.loopText(axis, k, inside, joinsRows && k === last - 1 ? twoRowsText() : null),
      lines.join("\n"),
    );
  const head = [...singleReads.map((read) => load(read)), ...pointers.declarations()].join("\n");
  return `function ${name}(${loop.rowAxis < 0 ? "" : "row, count"}) {\n${head}\n${body}\n}`;
}

/** Rows of odd length below this size are processed two at a time, because a single row would end in half a pair. */
const JOIN_BELOW = 8;

/** A pair of elements: the suffix of its variables' names, and how many bytes it lies after the current place. */
interface Pair {
  readonly suffix: string;
  readonly at: number;
  /**
   * `read`: how to load an operand whose pairs are not adjacent in memory. `repeated`: the names of operands that are the same all along a
   * row.
   */
  readonly read?: (read: Read) => string;
  readonly repeated?: ReadonlyMap<string, string>;
}

/** Variables that hold how far the places of a loop have moved. Places with the same strides share a variable. */
class Pointers {
  readonly #pointers: Place[] = [];

  /** The arena begins at `arenaAddress`; `last` is the innermost axis. */
  constructor(
    readonly arenaAddress: number,
    readonly last: number,
  ) {}

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

  /** The address, in the innermost loop, of the element that lies `at` bytes after the current element of a place. */
  address(place: Place, at: number): string {
    if (isRepeated(place)) return `${this.arenaAddress + bytes(place.offset)}`;
    const pointer = this.#pointerOf(place);
    const constant = this.arenaAddress + bytes(place.offset - (this.#pointers[pointer] as Place).offset) + at;
    return `${this.#variable(pointer, this.last - 1)} + ${place.strides[this.last] === 0 ? "" : "i + "}${constant}`;
  }

  /**
   * The text of a loop along `axis`, whose body is `inside`, the text of the inner axes; `two`, if given, is the body for two iterations at
   * once.
   */
  loopText({ size, isRows }: Axis, axis: number, inside: string, two: string | null = null): string {
    const advancing = this.#pointers.flatMap(({ strides }, p) =>
      strides[axis] === 0 ? [] : [[p, strides[axis] as number] as const],
    );
    const start = advancing.map(([p]) => `let ${this.#variable(p, axis)} = ${this.#variable(p, axis - 1)};`);
    const advance = (iterations: number): string =>
      advancing
        .map(([p, step]) => `${this.#variable(p, axis)} = ${this.#variable(p, axis)} + ${bytes(iterations * step)};`)
        .join(" ");
    const remaining = `i${axis}`;
    const head = `${start.join(" ")}\nlet ${remaining} = ${isRows ? `count * ${size}` : size};`;
    const loop = (iterations: number, body: string): string =>
      `while (${remaining} > ${iterations - 1}) {\n${body}\n${advance(iterations)}\n${remaining} = ${remaining} - ${iterations};\n}`;
    const loops = two === null ? [loop(1, inside)] : size % 2 === 0 ? [loop(2, two)] : [loop(2, two), loop(1, inside)];
    return [head, ...loops].join("\n");
  }

  /** The declarations of the pointers, with their first values. */
  declarations(): string[] {
    return this.#pointers.map(({ offset, perRow }, p) => {
      const rowOffset = perRow === 0 ? "" : ` + row * ${bytes(perRow)}`;
      return `let p${p} = ${bytes(offset)}${rowOffset};`;
    });
  }
}
