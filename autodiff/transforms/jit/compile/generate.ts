/**
 * Turns a program into one straight-line function. Numbers become arithmetic on local variables; elementwise ops on arrays of one shape
 * become one loop, in which a value that nothing else needs is never stored; view ops become strides at compile time; every other op
 * becomes a call of its own kernel with its buffers bound. Each does the arithmetic of the eager op in the same order, so compiled and eager
 * results agree bit for bit.
 *
 * The text is cut into *chunks*, functions of a few hundred lines, because V8 optimises functions of this size well. For example, the text
 * for exp(sum((x * (s + 1))²)), where x has three elements and M is the arena:
 *
 *     function chunk0() {
 *         const s1 = M[4];
 *         const s3 = M[8] = s1+1;
 *         {
 *           const a3 = M[8];
 *           for (let i = 0; i < 3; i++) {
 *             const a0 = M[0 + i];
 *             const t4 = a0*a3;
 *             const t5 = t4*t4;
 *             M[14 + i] = t5;
 *           }
 *         }
 *         kernels[0](); // sum []
 *         const s6 = M[18];
 *         const s7 = M[20] = +functions[0](s6);
 *     }
 *     return [() => {
 *       chunk0();
 *     }];
 */
import { sizeOf } from "../../../core/shape.js";
import { pow, powersOf } from "../../../kernels/formulas/scalarFormulas.js";
import { addressOf } from "../../../kernels/wasm/simd.js";
import { literal } from "../program/params.js";
import type { Value } from "../program/program.js";
import { type BlockText, blocksText, kernelText } from "./blocks.js";
import type { PlainUnit } from "./fusion.js";
import type { Layout } from "./layout.js";
import { type FusedLoop, isLong, javaScriptText, type LoopOp, type Read } from "./loops/fusedLoop.js";
import { inlineFunctionOf, substituteInto } from "./loops/inline.js";
import { simdLoopText } from "./loops/simdLoop.js";
import type { Rows } from "./rows.js";
import type { RowsUnit, Unit } from "./schedule.js";
import { shortText } from "./short.js";

/** The text of a program, the kernels (with their buffers bound) and the scalar functions that it calls. */
export interface Generated {
  /**
   * A function body that returns one or two functions. The first is the part of the program that runs before any input is overwritten. The
   * second, if there is one, is the part that overwrites inputs.
   */
  readonly text: string;
  readonly kernels: (() => void)[];
  readonly functions: ((...xs: number[]) => number)[];
  /** The text of the SIMD routines that `text` calls. */
  readonly routines: string;
}

/** A line of text: a finished statement, or the expression that computes value i of the program. Such a value is a single number. */
type Line = string | { readonly i: number; readonly expression: string };

/** Lines per chunk: V8 takes longer to optimise larger functions, and does not optimise the largest at all. */
const CHUNK_LINES = 250;

/**
 * An op's name for a comment in the generated text. A name can be any string, and a string could end the comment, so a name that is not an
 * identifier becomes `op`.
 */
const identifier = (name: string): string => (/^[A-Za-z_$][\w$]{0,60}$/.test(name) ? name : "op");

/** The code of a program whose values are at the places that `layout` assigns. */
export function generate(layout: Layout): Generated {
  return new Generator(layout).generated();
}

class Generator {
  readonly #kernels: (() => void)[] = [];
  readonly #functions: ((...xs: number[]) => number)[] = [];
  readonly #routines: string[] = [];
  /** The names of the generated functions for softmaxes along short axes. The key is the source of the function without its name. */
  readonly #shortNames = new Map<string, string>();
  readonly #functionNames = new Map<unknown, string>();
  readonly #chunks: Line[][] = [];
  #lines: Line[] = [];
  /** How many lines of text `#lines` makes. */
  #lineCount = 0;
  /** Values that are single numbers and are local variables of the current chunk. */
  #locals = new Set<number>();
  /** Single numbers that some code reads from memory. Other single numbers are never written to memory. */
  readonly #stored = new Set<number>();

  constructor(readonly layout: Layout) {
    for (const output of layout.program.outputs) this.#stored.add(layout.views.owner(output));
  }

  generated(): Generated {
    const { schedule, inPlace } = this.layout;
    for (const unit of schedule.units.slice(0, inPlace.first)) this.#write(unit);
    this.#endChunk();
    const firstPart = this.#chunks.length;
    for (const unit of schedule.units.slice(inPlace.first)) this.#write(unit);
    this.#endChunk();
    const calls = this.#chunks.map((_, i) => `  chunk${i}();\n`);
    const parts = [calls.slice(0, firstPart), ...(firstPart < calls.length ? [calls.slice(firstPart)] : [])];
    const chunks = this.#chunks.map((lines, i) => {
      const statements = lines.map((line) => `    ${this.#statement(line)}\n`);
      return `function chunk${i}() {\n${statements.join("")}}\n`;
    });
    const functions = [...this.#shortNames].map(([source, name]) => `function ${name}${source}\n`);
    const text = `"use strict";\n${functions.join("")}${chunks.join("")}return [${parts.map((part) => `() => {\n${part.join("")}}`).join(", ")}];\n`;
    return { text, kernels: this.#kernels, functions: this.#functions, routines: this.#routines.join("\n") };
  }

  #write(unit: Unit): void {
    if (unit.kind === "loop") this.#writeLoop(unit);
    else if (unit.kind === "kernel") this.#writeKernel(unit);
    else if (unit.kind === "rows") this.#writeRows(unit);
    else if (unit.kind === "short") this.#writeShort(unit);
    else this.#writeNumber(unit);
  }

  #statement(line: Line): string {
    if (typeof line === "string") return line;
    const { i, expression } = line;
    return `const s${i} = ${this.#stored.has(i) ? `M[${this.layout.offset(i)}] = ` : ""}${expression};`;
  }

  #writeKernel(unit: PlainUnit): void {
    this.#storeInputs(unit);
    const name = `kernels[${this.#kernels.push(this.layout.boundKernel(unit.members[0] as number)) - 1}]`;
    this.#addLine(`${name}(); // ${this.#describe(unit)}`);
  }
  #storeInputs({ members }: PlainUnit): void {
    const { views } = this.layout;
    for (const input of views.op(members[0] as number).inputs) this.#stored.add(views.owner(input));
  }
  #describe({ kind, members }: PlainUnit): string {
    const values = members.map((i) => this.layout.views.op(i));
    if (kind === "loop") return `${members.length} ops [${values[0]?.shape}]`;
    return values.map(({ op, shape }) => `${identifier(op.name)} [${shape}]`).join(", ");
  }

  #writeShort(unit: PlainUnit): void {
    const { members } = unit;
    this.#storeInputs(unit);
    const { text, places } = shortText(this.layout, members, (scalar, x) => this.#call(scalar, [x]));
    const name = this.#shortNames.get(text) ?? `short${this.#shortNames.size}`;
    this.#shortNames.set(text, name);
    this.#addLine(`${name}(${places.join(", ")}); // ${this.#describe(unit)}`);
  }

  #writeRows({ units, rows }: RowsUnit): void {
    const parts = units.map((unit): BlockText => {
      if (unit.kind === "loop") {
        const name = this.#routine(this.#loop(unit, rows)) as string;
        return { each: `${name}(row, count);` };
      }
      this.#storeInputs(unit);
      return kernelText(this.layout, rows, unit.members[0] as number);
    });
    const name = `rows${this.#routines.length}`;
    this.#routines.push(blocksText(name, rows, parts));
    const descriptions = units.map((unit) => this.#describe(unit));
    this.#addLine(`simd.${name}(); // ${rows.count} rows, ${rows.block} at a time: ${descriptions.join(", ")}`);
  }

  #writeNumber({ members }: PlainUnit): void {
    const i = members[0] as number;
    const { op, inputs } = this.layout.views.op(i);
    const operands = inputs.map((x) => this.#scalar(x));
    const expression = this.#call(op.scalar as LoopOp["scalar"], operands);
    this.#locals.add(i);
    this.#addLine({ i, expression });
  }

  #loop({ members }: PlainUnit, rows: Rows | null = null): FusedLoop {
    const { layout } = this;
    const { program, views } = layout;
    const { shape } = views.op(members[0] as number);
    const memberSet = new Set(members);
    const axis = rows?.axes.get(members[0] as number) ?? -1;
    const names = new Map<number, string>();
    const reads: Read[] = [];
    const operand = (x: number): string => {
      if (memberSet.has(x)) return `t${x}`;
      const cached = names.get(x);
      if (cached !== undefined) return cached;
      const value = program.values[x] as Value;
      const isLiteral = value.kind === "constant" && sizeOf(value.shape) === 1;
      const name = isLiteral ? literal(this.#number(x)) : `a${x}`;
      this.#stored.add(views.owner(x));
      if (!isLiteral) reads.push({ name, ...layout.place(x, shape, rows, axis) });
      names.set(x, name);
      return name;
    };
    const ops = members.map((i): LoopOp => {
      const { op, inputs } = views.op(i);
      return {
        name: `t${i}`,
        scalar: op.scalar as LoopOp["scalar"],
        operands: inputs.map(operand),
        to: layout.schedule.lastRead[i] !== -1 ? layout.place(i, shape, rows, axis) : null,
      };
    });
    return { shape, reads, ops, rowAxis: axis };
  }

  /** Writes a call of the loop's SIMD code or, if there is none, the loop itself. */
  #writeLoop(unit: PlainUnit): void {
    const loop = this.#loop(unit);
    const name = this.layout.simd && isLong(sizeOf(loop.shape)) ? this.#routine(loop) : null;
    if (name === null) this.#addLine(javaScriptText(loop, ({ scalar, operands }) => this.#call(scalar, operands)));
    else this.#addLine(`simd.${name}(); // ${this.#describe(unit)}`);
  }

  /** The name of a loop's SIMD code; null if it has none. */
  #routine(loop: FusedLoop): string | null {
    const name = `loop${this.#routines.length}`;
    const text = simdLoopText(name, loop, addressOf(this.layout.memory, 0));
    if (text !== null) this.#routines.push(text);
    return text === null ? null : name;
  }

  /** The number in a constant. */
  #number(x: number): number {
    const { data, offset } = this.layout.view(x);
    return data[offset] as number;
  }

  /** A number as text: a literal, or a local variable, which is loaded from memory if another chunk or a kernel made the number. */
  #scalar(x: number): string {
    const { layout } = this;
    const { values } = layout.program;
    const owner = layout.views.owner(x);
    // A one-element view of a number is the same number.
    const i = sizeOf((values[owner] as Value).shape) === 1 ? owner : x;
    if ((values[i] as Value).kind === "constant") return literal(this.#number(i));
    if (!this.#locals.has(i)) {
      this.#stored.add(owner);
      this.#lines.push(`const s${i} = M[${layout.offset(i)}];`);
      this.#locals.add(i);
    }
    return `s${i}`;
  }

  #call(scalar: (...xs: number[]) => number, operands: readonly string[]): string {
    const inlined = inlineFunctionOf(scalar);
    if (inlined !== null) return substituteInto(inlined, operands);
    // Optimisers need powers of constants in every step.
    const base = scalar === pow ? Number(operands[0]) : Number.NaN;
    if (base > 0 && base < Infinity && base !== 1) return `${this.#nameOf(base, () => powersOf(base))}(${operands[1]})`;
    return `${this.#nameOf(scalar, () => scalar)}(${operands.join(", ")})`;
  }
  /** The name of a function that stands for `key`. The function is made at the first call. */
  #nameOf(key: unknown, make: () => (...xs: number[]) => number): string {
    const name = this.#functionNames.get(key) ?? `+functions[${this.#functions.push(make()) - 1}]`;
    this.#functionNames.set(key, name);
    return name;
  }

  #addLine(line: Line): void {
    this.#lines.push(line);
    this.#lineCount += typeof line === "string" ? line.split("\n").length : 1;
    if (this.#lineCount >= CHUNK_LINES) this.#endChunk();
  }

  #endChunk(): void {
    if (this.#lines.length === 0) return;
    this.#chunks.push(this.#lines);
    this.#lines = [];
    this.#lineCount = 0;
    this.#locals = new Set();
  }
}
