/**
 * Turns text into a WebAssembly module. A variable has the type of the first value assigned to it; parameters of routines are addresses and
 * counts. A formula, which is a function of numbers, is inlined into the routine that uses it, in a form that works on two numbers at once.
 * Binary format: WebAssembly Core Specification 2.0, chapter 5.
 */

import type { Call, Expression, Routine, Statement } from "../formulas/language.js";
import { ENCODED, instructions, literal, type Type, unsigned } from "./instructions.js";

/** A routine during assembly. */
interface CompiledRoutine {
  readonly name: string;
  readonly index: number;
  readonly count: number;
  resultType: Type | null;
  code: number[];
}

/**
 * A module that exports `routines` by name. From env it imports its memory and the functions of one number named in `externals`. A routine
 * may call the routines before it.
 */
export function assemble(
  routines: readonly Routine[],
  formulas: ReadonlyMap<string, Routine>,
  externals: readonly string[],
): Uint8Array<ArrayBuffer> {
  const functions = new Map<string, CompiledRoutine>();
  for (const routine of routines) new Compiler(routine, formulas, functions, externals).compile();
  const out = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const section = (id: number, items: readonly (readonly number[])[]): void => {
    const size = items.reduce((sum, item) => sum + item.length, 0);
    out.push(id, ...unsigned(size + unsigned(items.length).length), ...unsigned(items.length));
    for (const item of items) for (const byte of item) out.push(byte);
  };
  const text = (s: string): number[] => [s.length, ...[...s].map((c) => c.charCodeAt(0))];
  const importEntry = (name: string, type: readonly number[]): number[] => [...text("env"), ...text(name), ...type];
  const compiled = [...functions.values()];
  const result = ({ resultType }: CompiledRoutine): number[] => (resultType === null ? [0] : [1, ENCODED[resultType]]);
  const ofOneNumber = [0x60, 1, ENCODED.d, 1, ENCODED.d];
  const types = compiled.map((f) => [0x60, f.count, ...new Array<number>(f.count).fill(ENCODED.i), ...result(f)]);
  section(1, [ofOneNumber, ...types]);
  section(2, [importEntry("memory", [0x02, 0x00, 0]), ...externals.map((name) => importEntry(name, [0x00, 0]))]);
  section(
    3,
    compiled.map((_, i) => unsigned(i + 1)),
  );
  section(
    7,
    compiled.map(({ name, index }) => [...text(name), 0x00, ...unsigned(index)]),
  );
  section(
    10,
    compiled.map(({ code }) => [...unsigned(code.length), ...code]),
  );
  return Uint8Array.from(out);
}

interface Local {
  readonly index: number;
  readonly type: Type;
}

class Compiler {
  readonly #code: number[] = [];
  readonly #locals: Type[] = [];
  readonly #compiled: CompiledRoutine;
  readonly #instructions = instructions();
  #names: Map<string, Local>;
  /** The type of a name whose first value is a literal: an address or a count in a routine, two numbers in a formula. */
  #literalType: Type = "i";

  constructor(
    readonly routine: Routine,
    readonly formulas: ReadonlyMap<string, Routine>,
    readonly functions: Map<string, CompiledRoutine>,
    readonly externals: readonly string[],
  ) {
    const { name, parameters } = routine;
    this.#names = new Map(parameters.map((x, index) => [x, { index, type: "i" }]));
    this.#compiled = {
      name,
      index: externals.length + functions.size,
      count: parameters.length,
      resultType: null,
      code: [],
    };
    functions.set(name, this.#compiled);
  }

  compile(): void {
    this.#block(this.routine.body);
    const declared = this.#locals.flatMap((type) => [1, ENCODED[type]]);
    this.#compiled.code = [...unsigned(this.#locals.length), ...declared, ...this.#code, 0x0b];
  }

  #push(code: readonly number[]): void {
    for (const byte of code) this.#code.push(byte);
  }

  #block(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case "set": {
        const local = this.#names.get(statement.name);
        const type = local?.type ?? this.#typeOf(statement.value) ?? this.#literalType;
        this.#emit(statement.value, type);
        this.#set(local ?? this.#declare(statement.name, type));
        return;
      }
      case "do":
        this.#call(statement.call);
        return;
      case "while":
        // Written as "if the test holds, repeat until it does not", which needs only one jump for each iteration.
        this.#emit(statement.test, "i");
        this.#push([0x04, 0x40, 0x03, 0x40]);
        this.#block(statement.body);
        this.#emit(statement.test, "i");
        this.#push([0x0d, 0, 0x0b, 0x0b]);
        return;
      case "if":
        this.#emit(statement.test, "i");
        this.#push([0x04, 0x40]);
        this.#block(statement.body);
        this.#push([0x0b]);
        return;
      case "return":
        this.#compiled.resultType = this.#typeOf(statement.value) ?? "d";
        this.#emit(statement.value, this.#compiled.resultType);
    }
  }

  #declare(name: string, type: Type): Local {
    const local = { index: this.routine.parameters.length + this.#locals.length, type };
    this.#locals.push(type);
    this.#names.set(name, local);
    return local;
  }

  #set({ index }: Local): void {
    this.#push([0x21, ...unsigned(index)]);
  }

  #local(name: string): Local {
    const local = this.#names.get(name);
    if (local === undefined) throw new ReferenceError(`${this.routine.name}: ${name} is not defined`);
    return local;
  }

  /** The type of a value; null for a literal, which takes the type of its context. */
  #typeOf(x: Expression): Type | null {
    if (x.kind === "number") return null;
    if (x.kind === "name") return this.#local(x.name).type;
    if (x.kind === "binary") return this.#typeOf(x.left) ?? this.#typeOf(x.right);
    if (x.kind !== "call" || this.formulas.has(x.name) || this.externals.includes(x.name)) return "v";
    const builtin = this.#instructions.builtins.get(x.name);
    return builtin === undefined ? (this.functions.get(x.name)?.resultType ?? null) : builtin.resultType;
  }

  /** Code that leaves the value of `x` on the stack; `type` is what a literal becomes. */
  #emit(x: Expression, type: Type): void {
    switch (x.kind) {
      case "number":
        this.#push(literal(x.value, type));
        return;
      case "name":
        this.#push([0x20, ...unsigned(this.#local(x.name).index)]);
        return;
      case "negative":
        this.#emit(x.of, "v");
        this.#push([0xfd, 0xed, 0x01]);
        return;
      case "binary": {
        const operandType = this.#typeOf(x) ?? type;
        this.#emit(x.left, operandType);
        this.#emit(x.right, x.operator === "<<" || x.operator === ">>>" ? "i" : operandType);
        const code = this.#instructions.operators.get(operandType + x.operator);
        if (code === undefined)
          throw new SyntaxError(`${this.routine.name}: no instruction for ${operandType} ${x.operator}`);
        this.#push(code);
        return;
      }
      case "choice": {
        // If one side is 0, it is enough to mask the other side, which takes half the instructions.
        const [isYesZero, isNoZero] = [isZero(x.yes), !isZero(x.yes) && isZero(x.no)];
        if (!isYesZero) this.#emit(x.yes, "v");
        if (!isNoZero) this.#emit(x.no, "v");
        this.#emit(x.test, "v");
        this.#push([0xfd, isYesZero ? 0x4f : isNoZero ? 0x4e : 0x52]);
        return;
      }
      case "call":
        this.#call(x);
    }
  }

  #call({ name, args }: Call): void {
    const [formula, routine] = [this.formulas.get(name), this.functions.get(name)];
    const builtin = this.#instructions.builtins.get(name);
    if (formula !== undefined) this.#inline(formula, args);
    else if (this.externals.includes(name)) this.#callForEach(this.externals.indexOf(name), args[0] as Expression);
    else if (builtin !== undefined) {
      const { operandTypes, code, memory } = builtin;
      const [address, offset] = memory === null ? [args[0], 0] : splitAddress(args[0] as Expression);
      operandTypes.forEach((type, k) => {
        this.#emit((k === 0 ? address : args[k]) as Expression, type);
      });
      this.#push(code);
      if (memory !== null) this.#push([memory[0], ...unsigned(offset), ...memory[1]]);
    } else if (routine !== undefined) {
      for (const arg of args) this.#emit(arg, "i");
      this.#push([0x10, ...unsigned(routine.index)]);
    } else throw new ReferenceError(`${this.routine.name}: ${name} is not defined`);
  }

  /** Calls an imported function for each of the two numbers of a value. */
  #callForEach(index: number, arg: Expression): void {
    const pair = this.#declare(`of ${this.#locals.length}`, "v").index;
    this.#emit(arg, "v");
    this.#push([0x21, ...unsigned(pair)]);
    for (const [lane, put] of [
      [0, [0xfd, 0x14]],
      [1, [0xfd, 0x22, 1]],
    ] as const)
      this.#push([0x20, ...unsigned(pair), 0xfd, 0x21, lane, 0x10, ...unsigned(index), ...put]);
  }

  /** Writes the body of a formula in place of a call. Its variables are new locals, even if the routine has the same names. */
  #inline({ parameters, body }: Routine, args: readonly Expression[]): void {
    for (const arg of args) this.#emit(arg, "v");
    const [outer, outerType] = [this.#names, this.#literalType];
    [this.#names, this.#literalType] = [new Map(), "v"];
    for (const local of parameters.map((name) => this.#declare(name, "v")).reverse()) this.#set(local);
    for (const statement of body)
      if (statement.kind === "return") this.#emit(statement.value, "v");
      else this.#statement(statement);
    [this.#names, this.#literalType] = [outer, outerType];
  }
}

/** Whether a value is the number 0 and not -0, so that all its bits are 0. */
const isZero = (x: Expression): boolean => x.kind === "number" && Object.is(x.value, 0);

/** An address as a variable part and a constant part, which can be written in the instruction itself. */
const splitAddress = (address: Expression): [Expression, number] =>
  address.kind === "binary" && address.operator === "+" && address.right.kind === "number"
    ? [address.left, address.right.value]
    : [address, 0];
