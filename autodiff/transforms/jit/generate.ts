/**
 * From a program to one straight-line function. Numbers are arithmetic on local variables; elementwise ops on arrays of one
 * shape become one loop, in which a value that nobody else needs never touches memory; view ops become strides at compile
 * time; everything else is a call to the op's own kernel, its buffers fixed. So compiled equals eager bit for bit.
 *
 * The text is cut into functions of a few hundred statements, which is what V8 still optimises well.
 */
import { sizeOf } from "../../core/shape.js";
import { addressOf } from "../../kernels/wasm/simd.js";
import { expressionOf, literal, substituteInto } from "./expression.js";
import { isLong, type Layout } from "./layout.js";
import { type Loop, type Read, type Step, scalarText, vectorText } from "./loop.js";
import type { Program, Value } from "./program.js";

/** The text of a program, and what it calls: kernels with their buffers bound, scalar functions. */
export interface Generated {
  readonly text: string;
  readonly kernels: (() => void)[];
  readonly functions: ((...xs: number[]) => number)[];
  /** The text of the SIMD routines that it calls. */
  readonly routines: string;
}

type OpValue = Extract<Value, { kind: "op" }>;
/** A statement, or a number: the expression of value i. */
type Line = string | { readonly i: number; readonly expression: string };
/** Elementwise ops of one shape on their way to becoming one loop. */
interface Group {
  readonly members: number[];
  readonly shape: readonly number[];
}

/** Statements in a function of the text. */
const CHUNK = 250;
/** Ops in a loop: V8 takes SIMD code of at most 50,000 local variables, and optimises short loops best. */
const LOOP = 400;

/** A name in a comment of the text: names of ops are data. */
const identifier = (name: string): string => (/^[A-Za-z_$][\w$]{0,60}$/.test(name) ? name : "op");

/** The text of a program whose values lie as `layout` says. */
export function generate(program: Program, layout: Layout): Generated {
  return new Generator(program, layout).generated();
}

class Generator {
  readonly #kernels: (() => void)[] = [];
  readonly #functions: ((...xs: number[]) => number)[] = [];
  readonly #routines: string[] = [];
  readonly #functionNames = new Map<object, string>();
  readonly #chunks: Line[][] = [];
  #lines: Line[] = [];
  /** Numbers that are local variables of the current chunk. */
  #locals = new Set<number>();
  /** Numbers that something reads from memory: the rest are never written there. */
  readonly #stored = new Set<number>();
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<number, Group>();
  readonly #consumers = new Map<number, number[]>();
  readonly #outputs: ReadonlySet<number>;

  constructor(
    readonly program: Program,
    readonly layout: Layout,
  ) {
    this.#outputs = new Set(program.outputs);
    for (const output of program.outputs) this.#stored.add(layout.owner(output));
    program.values.forEach((value, i) => {
      if (value.kind !== "op") return;
      for (const input of value.inputs) {
        const consumers = this.#consumers.get(input);
        if (consumers === undefined) this.#consumers.set(input, [i]);
        else consumers.push(i);
      }
    });
  }

  generated(): Generated {
    const { values } = this.program;
    values.forEach((value, i) => {
      if (value.kind === "op") this.#emit(value, i);
    });
    for (const group of [...this.#groups.values()]) this.#flush(group);
    this.#endChunk();
    const calls = this.#chunks.map((_, i) => `  chunk${i}();`).join("\n");
    const chunks = this.#chunks.map((lines, i) => {
      const statements = lines.map((line) => `    ${this.#statement(line)}\n`);
      return `function chunk${i}() {\n${statements.join("")}}\n`;
    });
    const text = `"use strict";\n${chunks.join("")}return () => {\n${calls}\n};\n`;
    return { text, kernels: this.#kernels, functions: this.#functions, routines: this.#routines.join("\n") };
  }

  #statement(line: Line): string {
    if (typeof line === "string") return line;
    const { i, expression } = line;
    return `const s${i} = ${this.#stored.has(i) ? `M[${this.layout.offset(i)}] = ` : ""}${expression};`;
  }

  #emit(value: OpValue, i: number): void {
    if (this.layout.isView(i)) {
      this.#settleInputs(value.inputs);
      return;
    }
    if (value.op.scalar === undefined) {
      this.#settleInputs(value.inputs);
      for (const input of value.inputs) this.#stored.add(this.layout.owner(input));
      this.#line(
        `kernels[${this.#kernels.push(this.layout.boundKernel(i)) - 1}](); // ${identifier(value.op.name)} [${value.shape}]`,
      );
    } else if (sizeOf(value.shape) === 1) {
      this.#settleInputs(value.inputs);
      const operands = value.inputs.map((x) => this.#scalar(x));
      const text = this.#call(value.op.scalar, operands);
      this.#locals.add(i);
      this.#line({ i, expression: text });
    } else this.#join(value, i);
  }

  /** Let an elementwise op join the loop of its shape, after whatever else it needs has been written. */
  #join(value: OpValue, i: number): void {
    const key = value.shape.join();
    for (const input of value.inputs) {
      const from = this.#sourceGroup(input);
      // A member seen through a view has another order of elements: its loop must have finished.
      if (from !== undefined && (from !== this.#groups.get(key) || !from.members.includes(input))) this.#flush(from);
    }
    let group = this.#groups.get(key);
    if (group !== undefined && group.members.length >= LOOP) {
      this.#flush(group);
      group = undefined;
    }
    if (group === undefined) {
      group = { members: [], shape: value.shape };
      this.#groups.set(key, group);
    }
    group.members.push(i);
    this.#groupOf.set(i, group);
  }

  /** The open group that makes the data behind a value, if any. */
  #sourceGroup(i: number): Group | undefined {
    return this.#groupOf.get(this.layout.owner(i));
  }

  #settleInputs(inputs: readonly number[]): void {
    for (const input of inputs) {
      const group = this.#sourceGroup(input);
      if (group !== undefined) this.#flush(group);
    }
  }

  /** Write the loop of a group. */
  #flush(group: Group): void {
    this.#groups.delete(group.shape.join());
    const { layout } = this;
    const own = new Set(group.members);
    for (const i of group.members) this.#groupOf.delete(i);
    const names = new Map<number, string>();
    const reads: Read[] = [];
    const operand = (x: number): string => {
      if (own.has(x)) return `t${x}`;
      const seen = names.get(x);
      if (seen !== undefined) return seen;
      const value = this.program.values[x] as Value;
      const view = layout.view(x);
      const isLiteral = value.kind === "constant" && sizeOf(value.shape) === 1;
      const name = isLiteral ? literal(view.data[view.offset] as number) : `a${x}`;
      this.#stored.add(layout.owner(x));
      if (!isLiteral) reads.push({ name, offset: layout.offset(x), steps: layout.reading(x, group.shape) });
      names.set(x, name);
      return name;
    };
    const steps = group.members.map((i): Step => {
      const value = this.program.values[i] as OpValue;
      return {
        name: `t${i}`,
        scalar: value.op.scalar as Step["scalar"],
        operands: value.inputs.map(operand),
        offset: this.#isReadOutside(i, own) ? layout.offset(i) : null,
      };
    });
    this.#line(this.#loop({ shape: group.shape, reads, steps }));
  }

  /** A call of the loop's SIMD code, or the loop. */
  #loop(loop: Loop): string {
    const { simd, memory } = this.layout;
    const name = `loop${this.#routines.length}`;
    const routine = simd && isLong(sizeOf(loop.shape)) ? vectorText(name, loop, addressOf(memory, 0)) : null;
    if (routine === null) return scalarText(loop, ({ scalar, operands }) => this.#call(scalar, operands));
    this.#routines.push(routine);
    return `simd.${name}(); // ${loop.steps.length} ops [${loop.shape}]`;
  }

  /** Whether a member of a loop is an output, or used by something that is not in the loop. */
  #isReadOutside(i: number, own: ReadonlySet<number>): boolean {
    return this.#outputs.has(i) || (this.#consumers.get(i) ?? []).some((consumer) => !own.has(consumer));
  }

  /** A number as text: a literal, or a local variable, loaded from memory where another chunk or a kernel made it. */
  #scalar(x: number): string {
    const { layout } = this;
    const { values } = this.program;
    const owner = layout.owner(x);
    // A number by another shape is the same number.
    const i = sizeOf((values[owner] as Value).shape) === 1 ? owner : x;
    const { data, offset } = layout.view(i);
    if ((values[i] as Value).kind === "constant") return literal(data[offset] as number);
    if (!this.#locals.has(i)) {
      this.#stored.add(owner);
      this.#lines.push(`const s${i} = M[${offset}];`);
      this.#locals.add(i);
    }
    return `s${i}`;
  }

  #call(scalar: (...xs: number[]) => number, operands: readonly string[]): string {
    const expression = expressionOf(scalar);
    if (expression !== null) return substituteInto(expression, operands);
    let name = this.#functionNames.get(scalar);
    if (name === undefined) {
      name = `functions[${this.#functions.push(scalar) - 1}]`;
      this.#functionNames.set(scalar, name);
    }
    return `${name}(${operands.join(", ")})`;
  }

  #line(line: Line): void {
    this.#lines.push(line);
    if (this.#lines.length >= CHUNK) this.#endChunk();
  }

  #endChunk(): void {
    if (this.#lines.length === 0) return;
    this.#chunks.push(this.#lines);
    this.#lines = [];
    this.#locals = new Set();
  }
}
