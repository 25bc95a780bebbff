/**
 * The code of one routine of a WebAssembly module. A variable has the type of the first value assigned to it; parameters of routines are
 * addresses and counts. A formula, which is a function of numbers, is inlined into the routine that uses it, in a form that works on two
 * numbers at once.
 */
import type { Call, Expression, Routine, Statement } from "../formulas/language.js";
import { ENCODED, instructions, literal, type Type, unsigned } from "./instructions.js";

/** A compiled routine: its index among the functions of the module, and its declarations and code. */
export interface Compiled {
  readonly index: number;
  readonly parameterCount: number;
  /** Set while the body is compiled. */
  resultType: Type | null;
  body: readonly number[];
}

/** The declarations and the code of a routine. `functions` has the routine itself, without its code, and the routines before it. */
export const codeOf = (...args: ConstructorParameters<typeof Compiler>): number[] => new Compiler(...args).body();

class Compiler {
  readonly #code: number[] = [];
  /** The types of the parameters and variables, and the index of each name. */
  readonly #types: Type[];
  #names: Map<string, number>;
  /** The type of a name whose first value is a literal: an address or a count in a routine, two numbers in a formula. */
  #literalType: Type = "i";

  constructor(
    readonly routine: Routine,
    readonly formulas: ReadonlyMap<string, Routine>,
    readonly functions: ReadonlyMap<string, Compiled>,
    readonly externals: readonly string[],
  ) {
    this.#types = routine.parameters.map(() => "i");
    this.#names = new Map(routine.parameters.map((name, index) => [name, index]));
  }

  body(): number[] {
    this.#block(this.routine.body);
    const variables = this.#types.slice(this.routine.parameters.length);
    const declarations = variables.flatMap((type) => [1, ENCODED[type]]);
    return unsigned(variables.length).concat(declarations, this.#code, 0x0b);
  }

  #emit(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#code.push(byte);
  }
  #undefinedName(name: string): ReferenceError {
    return new ReferenceError(`${this.routine.name}: ${name} is not defined`);
  }
  #indexOf(name: string): number {
    const index = this.#names.get(name);
    if (index === undefined) throw this.#undefinedName(name);
    return index;
  }
  #declare(name: string, type: Type): number {
    const index = this.#types.push(type) - 1;
    this.#names.set(name, index);
    return index;
  }
  #read(index: number): void {
    this.#emit(0x20, ...unsigned(index));
  }
  #write(index: number): void {
    this.#emit(0x21, ...unsigned(index));
  }

  #block(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }
  #statement(x: Statement): void {
    switch (x.kind) {
      case "set": {
        const index = this.#names.get(x.name);
        const type = index === undefined ? (this.#typeOf(x.value) ?? this.#literalType) : (this.#types[index] as Type);
        this.#value(x.value, type);
        this.#write(index ?? this.#declare(x.name, type));
        return;
      }
      case "do":
        this.#call(x.call);
        return;
      case "while":
        // Written as "if the test holds, repeat until it does not", which needs only one jump for each iteration.
        this.#value(x.test, "i");
        this.#emit(0x04, 0x40, 0x03, 0x40); // if, loop
        this.#block(x.body);
        this.#value(x.test, "i");
        this.#emit(0x0d, 0, 0x0b, 0x0b); // br_if, end, end
        return;
      case "if":
        this.#value(x.test, "i");
        this.#emit(0x04, 0x40); // if
        this.#block(x.body);
        this.#emit(0x0b); // end
        return;
      case "return": {
        const type = this.#typeOf(x.value) ?? (this.#literalType === "i" ? "d" : "v");
        if (this.#literalType === "i") (this.functions.get(this.routine.name) as Compiled).resultType = type;
        this.#value(x.value, type);
      }
    }
  }

  /** The type of a value; null for a literal, which takes the type of its context. */
  #typeOf(x: Expression): Type | null {
    if (x.kind === "number") return null;
    if (x.kind === "name") return this.#types[this.#indexOf(x.name)] as Type;
    if (x.kind === "binary") return this.#typeOf(x.left) ?? this.#typeOf(x.right);
    if (x.kind !== "call" || this.formulas.has(x.name) || this.externals.includes(x.name)) return "v";
    const builtin = instructions().builtins.get(x.name);
    return builtin === undefined ? (this.functions.get(x.name)?.resultType ?? null) : builtin.resultType;
  }

  /** Emits code that leaves the value of `x` on the stack. Literals get the type `type`. */
  #value(x: Expression, type: Type): void {
    switch (x.kind) {
      case "number":
        this.#emit(...literal(x.value, type));
        return;
      case "name":
        this.#read(this.#indexOf(x.name));
        return;
      case "negative":
        this.#value(x.of, "v");
        this.#emit(0xfd, 0xed, 0x01); // f64x2.neg
        return;
      case "binary": {
        const operandType = this.#typeOf(x) ?? type;
        this.#value(x.left, operandType);
        this.#value(x.right, x.operator === "<<" || x.operator === ">>>" ? "i" : operandType);
        const operator = instructions().operators.get(operandType + x.operator);
        if (operator === undefined)
          throw new SyntaxError(`${this.routine.name}: no instruction for ${operandType} ${x.operator}`);
        this.#emit(...operator);
        return;
      }
      case "choice": {
        // If one side is 0, it is enough to mask the other side, which takes half the instructions.
        const [isYesZero, isNoZero] = [isZero(x.yes), !isZero(x.yes) && isZero(x.no)];
        if (!isYesZero) this.#value(x.yes, "v");
        if (!isNoZero) this.#value(x.no, "v");
        this.#value(x.test, "v");
        this.#emit(0xfd, isYesZero ? 0x4f : isNoZero ? 0x4e : 0x52); // v128.andnot, v128.and or v128.bitselect
        return;
      }
      case "call":
        this.#call(x);
    }
  }

  #call({ name, args }: Call): void {
    const [formula, called, builtin] = [
      this.formulas.get(name),
      this.functions.get(name),
      instructions().builtins.get(name),
    ];
    if (formula !== undefined) this.#inline(formula, args);
    else if (this.externals.includes(name)) this.#callForEach(this.externals.indexOf(name), args[0] as Expression);
    else if (builtin !== undefined) {
      const { operandTypes, code, lane } = builtin;
      const [address, offset] = lane === null ? [args[0], 0] : splitAddress(args[0] as Expression);
      operandTypes.forEach((type, k) => {
        this.#value((k === 0 ? address : args[k]) as Expression, type);
      });
      this.#emit(...code);
      if (lane !== null) this.#emit(...unsigned(offset), ...lane);
    } else if (called !== undefined) {
      for (const arg of args) this.#value(arg, "i");
      this.#emit(0x10, ...unsigned(called.index));
    } else throw this.#undefinedName(name);
  }

  /** Calls an imported function for each of the two numbers of a value. */
  #callForEach(index: number, arg: Expression): void {
    const pair = this.#declare(`of ${this.#types.length}`, "v");
    this.#value(arg, "v");
    this.#write(pair);
    for (const [lane, put] of [
      [0, [0xfd, 0x14]],
      [1, [0xfd, 0x22, 1]],
    ] as const) {
      this.#read(pair);
      this.#emit(0xfd, 0x21, lane, 0x10, ...unsigned(index), ...put);
    }
  }

  /** Writes the body of a formula in place of a call. Its variables are new locals, even if the routine has the same names. */
  #inline({ parameters, body }: Routine, args: readonly Expression[]): void {
    for (const arg of args) this.#value(arg, "v");
    const [outer, outerType] = [this.#names, this.#literalType];
    [this.#names, this.#literalType] = [new Map(), "v"];
    for (const index of parameters.map((name) => this.#declare(name, "v")).reverse()) this.#write(index);
    this.#block(body);
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
