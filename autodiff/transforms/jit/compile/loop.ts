/**
 * A loop of elementwise ops, and its two texts: JavaScript, an element at a time, and a routine of SIMD code (../wasm), two at
 * a time. Both do the same arithmetic, to the last bit.
 */
import type { Shape } from "../../../core/shape.js";
import { formulaOf } from "../../../kernels/formulas/scalarFormulas.js";
import { canVectorize } from "../../../kernels/wasm/simd.js";
import { type Expression, expressionOf, substituteInto } from "./expression.js";

/** Where the elements of a value are: the first one in the arena, and how far it is to the next one along each axis of the loop. */
export interface Place {
  readonly offset: number;
  readonly steps: readonly number[];
  /** Where the loop runs on a block of rows: how far on the first element is for each row before the block. */
  readonly perRow: number;
}
/** An operand that is read from memory. */
export interface Read extends Place {
  readonly name: string;
}
/** A value of the loop: its name, the function of its operands, where it is stored if it is. */
export interface Step {
  readonly name: string;
  readonly scalar: (...xs: number[]) => number;
  /** The operands in the JavaScript text; names of reads and steps, literals, or variables of the surroundings. */
  readonly operands: readonly string[];
  readonly to: Place | null;
}
export interface Loop {
  readonly shape: Shape;
  readonly reads: readonly Read[];
  readonly steps: readonly Step[];
  /** The axis of rows, where the loop runs on a block of them; else -1. */
  readonly rows: number;
}

/** An axis of a loop that runs: `size` steps, or that many for each row of a block. */
interface Axis {
  readonly size: number;
  readonly isRows: boolean;
}
interface Merged {
  readonly axes: readonly Axis[];
  readonly reads: readonly Read[];
  readonly steps: readonly Step[];
}

/** A loop with as few axes as will do: two that every place goes through evenly are one, and an axis of size 1 is none. */
function merged({ shape, reads, steps, rows }: Loop): Merged {
  const places: Place[] = [...reads, ...steps.flatMap(({ to }) => to ?? [])];
  const axes: Axis[] = [];
  const kept: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const isRows = axis === rows;
    const size = isRows ? 1 : (shape[axis] as number);
    const [inner, at] = [axes[0], kept[0] as number];
    const goesOn = ({ steps: by }: Place): boolean => by[axis] === (inner as Axis).size * (by[at] as number);
    if (size === 1 && !isRows) continue;
    if (inner !== undefined && !inner.isRows && places.every(goesOn)) axes[0] = { size: size * inner.size, isRows };
    else {
      axes.unshift({ size, isRows });
      kept.unshift(axis);
    }
  }
  const seen = <P extends Place>(place: P): P => ({ ...place, steps: kept.map((axis) => place.steps[axis] as number) });
  return { axes, reads: reads.map(seen), steps: steps.map((step) => ({ ...step, to: step.to && seen(step.to) })) };
}

/** The loop in JavaScript; `call` writes a function of operands. */
export function scalarText(loop: Loop, call: (step: Step) => string): string {
  const { axes, reads, steps } = merged(loop);
  const index = (axis: number): string => (axes.length === 1 ? "i" : `i${axis}`);
  const element = ({ offset, steps: by }: Place): string => {
    const way = by.map((s, axis) => (s === 0 ? "" : ` + ${s === 1 ? "" : `${s} * `}${index(axis)}`));
    return `M[${offset}${way.join("")}]`;
  };
  const once: string[] = [];
  const each: string[] = [];
  for (const read of reads) (isRepeated(read) ? once : each).push(`const ${read.name} = ${element(read)};`);
  for (const step of steps) {
    each.push(`const ${step.name} = ${call(step)};`);
    if (step.to !== null) each.push(`${element(step.to)} = ${step.name};`);
  }
  const nest = axes.map(({ size }, axis) => `for (let ${index(axis)} = 0; ${index(axis)} < ${size}; ${index(axis)}++)`);
  return ["{", ...once, `${nest.join(" ")} {\n        ${each.join("\n        ")}\n      }\n    }`].join("\n      ");
}

const isRepeated = ({ steps, perRow }: Place): boolean => perRow === 0 && steps.every((s) => s === 0);

/** The SIMD form of a function: the formula of that name, or arithmetic; null where it has none. */
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

const bytes = (count: number): number => 8 * count;

/**
 * The loop as a SIMD routine; null where an op has no SIMD code, or an operand does not lie along the last axis. `first` is
 * the address of the arena. The last axis is run through in pairs: the second of a last pair is room that each array has behind its
 * end, or an element that is written again afterwards.
 */
export function vectorText(name: string, loop: Loop, first: number): string | null {
  const { axes, reads, steps } = merged(loop);
  const expressions = steps.map(({ scalar }) => vectorExpression(scalar));
  if (expressions.includes(null)) return null;
  const last = axes.length - 1;
  if (reads.some(({ steps: by }) => ![0, 1].includes(by[last] as number))) return null;

  // Places that move alike have a pointer in common, which counts from 0; one that may go below begins at its own place.
  const pointers: Place[] = [];
  const pointerOf = ({ offset, steps: by, perRow }: Place): number => {
    const from = by.some((s) => s < 0) ? offset : 0;
    const known = pointers.findIndex(
      (p) => p.offset === from && p.perRow === perRow && p.steps.every((s, axis) => s === by[axis]),
    );
    return known >= 0 ? known : pointers.push({ offset: from, steps: by, perRow }) - 1;
  };
  /** The variable of a pointer in the loop along `axis`: each axis that moves it has one. */
  const variable = (pointer: number, axis: number): string =>
    axis < 0
      ? `p${pointer}`
      : pointers[pointer]?.steps[axis] === 0
        ? variable(pointer, axis - 1)
        : `p${pointer}_${axis}`;
  const address = (place: Place): string => {
    const pointer = pointerOf(place);
    const rest = first + bytes(place.offset - (pointers[pointer] as Place).offset);
    return `${variable(pointer, last - 1)} + ${place.steps[last] === 0 ? "" : "i + "}${rest}`;
  };

  const once: string[] = [];
  const before: string[] = [];
  const each: string[] = [];
  for (const read of reads)
    if (isRepeated(read)) once.push(`let ${read.name} = loadSame(${first + bytes(read.offset)});`);
    else if (read.steps[last] === 0) before.push(`let ${read.name} = loadSame(${address(read)});`);
    else each.push(`let ${read.name} = load(${address(read)});`);
  steps.forEach(({ name: t, operands, to }, k) => {
    each.push(`let ${t} = ${substituteInto(expressions[k] as Expression, operands)};`);
    if (to !== null) each.push(`store(${address(to)}, ${t});`);
  });
  const pairs = ({ size, isRows }: Axis): string =>
    isRows ? `count * ${size} + 1 >>> 1 << 4` : `${16 * Math.ceil(size / 2)}`;
  let text = [
    ...before,
    "let i = 0;",
    `let end = ${pairs(axes[last] as Axis)};`,
    "while (i !== end) {",
    ...each,
    "i = i + 16;",
    "}",
  ].join("\n");
  for (let axis = last - 1; axis >= 0; axis--) {
    const { size, isRows } = axes[axis] as Axis;
    const moving = pointers.flatMap(({ steps: by }, p) => (by[axis] === 0 ? [] : [[p, by[axis] as number] as const]));
    const start = moving.map(([p]) => `let ${variable(p, axis)} = ${variable(p, axis - 1)};`);
    const forward = moving.map(([p, step]) => `${variable(p, axis)} = ${variable(p, axis)} + ${bytes(step)};`);
    const count = `i${axis}`;
    text = `${start.join(" ")}\nlet ${count} = ${isRows ? `count * ${size}` : size};\nwhile (${count} > 0) {\n${text}\n${forward.join(" ")}\n${count} = ${count} - 1;\n}`;
  }
  const starts = pointers.map(({ offset, perRow }, p) => {
    const moved = perRow === 0 ? "" : ` + row * ${bytes(perRow)}`;
    return `let p${p} = ${bytes(offset)}${moved};`;
  });
  return `function ${name}(${loop.rows < 0 ? "" : "row, count"}) {\n${[...once, ...starts].join("\n")}\n${text}\n}`;
}
