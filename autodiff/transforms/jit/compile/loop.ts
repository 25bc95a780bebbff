/**
 * A loop of elementwise ops, and its two texts: JavaScript, an element at a time, and a routine of SIMD code (../wasm), two at
 * a time. Both do the same arithmetic, to the last bit.
 */
import { type Shape, sizeOf } from "../../../core/shape.js";
import { formulaOf } from "../../../kernels/formulas/scalarFormulas.js";
import { canVectorize } from "../../../kernels/wasm/simd.js";
import { type Expression, expressionOf, substituteInto } from "./expression.js";
import type { Reading } from "./views.js";

/** An operand that is read from memory. */
export interface Read {
  readonly name: string;
  /** The place in the arena of its first element. */
  readonly offset: number;
  readonly steps: Reading;
}
/** A value of the loop: its name, the function of its operands, where it is stored if it is. */
export interface Step {
  readonly name: string;
  readonly scalar: (...xs: number[]) => number;
  /** The operands in the JavaScript text; names of reads and steps, literals, or variables of the surroundings. */
  readonly operands: readonly string[];
  readonly offset: number | null;
}
export interface Loop {
  readonly shape: Shape;
  readonly reads: readonly Read[];
  readonly steps: readonly Step[];
}

/** The loop in JavaScript; `call` writes a function of operands. */
export function scalarText({ shape, reads, steps }: Loop, call: (step: Step) => string): string {
  const once: string[] = [];
  const each: string[] = [];
  for (const { name, offset, steps: by } of reads) {
    const index = typeof by === "string" ? " + i" : by.map((s, axis) => (s === 0 ? "" : ` + ${s} * i${axis}`)).join("");
    if (by === "repeated") once.push(`const ${name} = M[${offset}];`);
    else each.push(`const ${name} = M[${offset}${index}];`);
  }
  for (const step of steps) {
    each.push(`const ${step.name} = ${call(step)};`);
    if (step.offset !== null) each.push(`M[${step.offset} + i] = ${step.name};`);
  }
  const body = each.join("\n        ");
  const axes = shape.map((size, axis) => `for (let i${axis} = 0; i${axis} < ${size}; i${axis}++)`).join(" ");
  const loop = reads.every(({ steps: by }) => typeof by === "string")
    ? `for (let i = 0; i < ${sizeOf(shape)}; i++) {\n        ${body}\n      }`
    : `let i = 0;\n      ${axes} {\n        ${body}\n        i++;\n      }`;
  return ["{", ...once, `${loop}\n    }`].join("\n      ");
}

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

const bytes = (count: number): number => 8 * count;
/** Bytes of an axis that is run through in pairs: the second of a last pair is room that each array has behind its end. */
const pairs = (count: number): number => 16 * Math.ceil(count / 2);

/**
 * The loop as a SIMD routine; null where an op has no SIMD code, or an operand does not lie along the last axis. `first` is
 * the address of the arena.
 */
export function vectorText(name: string, { shape, reads, steps }: Loop, first: number): string | null {
  const expressions = steps.map(({ scalar }) => vectorExpression(scalar));
  if (expressions.includes(null)) return null;
  const isFlat = reads.every(({ steps: by }) => typeof by === "string");
  const sizes = isFlat ? [sizeOf(shape)] : shape;
  const last = sizes.length - 1;
  const stepOf = (by: Read["steps"], axis: number): number =>
    typeof by === "string" ? bytes(sizeOf(sizes.slice(axis + 1))) : sizes[axis] === 1 ? 0 : bytes(by[axis] as number);
  const moving = reads.filter(({ steps: by }) => by !== "repeated");
  if (moving.some(({ steps: by }) => ![0, 8].includes(stepOf(by, last)))) return null;

  const address = (offset: number): number => first + bytes(offset);
  const lines: string[] = reads
    .filter(({ steps: by }) => by === "repeated")
    .map((read) => `let ${read.name} = loadSame(${address(read.offset)});`);
  const rows = isFlat ? [] : moving.filter(({ steps: by }) => by !== "flat");
  for (const { name: x, offset } of rows) lines.push(`let p${x} = ${address(offset)};`);
  lines.push("let p = 0;");

  const body: string[] = ["let i = 0;"];
  const inRow: string[] = [];
  for (const { name: x, offset, steps: by } of moving) {
    if (by === "flat") inRow.push(`let ${x} = load(p + i + ${address(offset)});`);
    else if (stepOf(by, last) === 0) body.push(`let ${x} = loadSame(p${x});`);
    else inRow.push(`let ${x} = load(p${x} + i);`);
  }
  steps.forEach(({ name: t, operands, offset }, k) => {
    inRow.push(`let ${t} = ${substituteInto(expressions[k] as Expression, operands)};`);
    if (offset !== null) inRow.push(`store(p + i + ${address(offset)}, ${t});`);
  });
  body.push(`while (i !== ${pairs(sizes[last] as number)}) {\n  ${inRow.join("\n  ")}\n  i = i + 16;\n}`);

  let text = body.join("\n");
  for (let axis = last - 1; axis >= 0; axis--) {
    // After the axes within, a pointer is where this element of the axis ended: on to where the next one begins.
    const back = (step: number, inner: number): number =>
      axis === last - 1 ? step : step - (sizes[axis + 1] as number) * inner;
    const forward = [
      { pointer: "p", by: "flat" as const },
      ...rows.map(({ name: x, steps: by }) => ({ pointer: `p${x}`, by })),
    ].map(({ pointer, by }) => `${pointer} = ${pointer} + ${back(stepOf(by, axis), stepOf(by, axis + 1))};`);
    text = `let i${axis} = 0;\nwhile (i${axis} !== ${sizes[axis]}) {\n${text}\n${forward.join(" ")}\ni${axis} = i${axis} + 1;\n}`;
  }
  return `function ${name}() {\n${lines.join("\n")}\n${text}\n}`;
}
