/**
 * Turns text into a WebAssembly module. A variable has the type of the first value assigned to it; parameters of routines are addresses and
 * counts. A formula, which is a function of numbers, is inlined into the routine that uses it, in a form that works on two numbers at once.
 * Binary format: WebAssembly Core Specification 2.0, chapter 5.
 */

import type { Call, Expression, Routine, Statement } from "../formulas/language.js";
import { ENCODED, instructions, literal, type Type, unsigned } from "./instructions.js";

/** A compiled routine: its index among the functions of the module, and its declarations and code. */
interface Compiled {
  readonly index: number;
  readonly parameterCount: number;
  resultType: Type | null;
  body: readonly number[];
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
  const compiled = new Map<string, Compiled>();
  for (const routine of routines) compile(routine, formulas, compiled, externals);
  const functions = [...compiled.values()];
  // Arrays are joined by `concat`, because spreading thousands of bytes would take longer than all else here.
  const list = (items: readonly (readonly number[])[]): number[] => unsigned(items.length).concat(...items);
  const section = (id: number, items: readonly (readonly number[])[]): number[] => {
    const content = list(items);
    return [id, ...unsigned(content.length)].concat(content);
  };
  const text = (s: string): number[] => [s.length, ...[...s].map((c) => c.charCodeAt(0))];
  const importEntry = (name: string, type: readonly number[]): number[] => [...text("env"), ...text(name), ...type];
  const type = (parameters: readonly Type[], result: Type | null): number[] => [
    0x60,
    ...list(parameters.map((x) => [ENCODED[x]])),
    ...list(result === null ? [] : [[ENCODED[result]]]),
  ];
  const types = functions.map((f) => type(new Array<Type>(f.parameterCount).fill("i"), f.resultType));
  const imports = externals.map((name) => importEntry(name, [0x00, 0]));
  const exports = [...compiled].map(([name, { index }]) => [...text(name), 0x00, ...unsigned(index)]);
  const sections = [
    section(1, [type(["d"], "d"), ...types]),
    section(2, [importEntry("memory", [0x02, 0x00, 0]), ...imports]),
    section(
      3,
      functions.map((_, i) => unsigned(i + 1)),
    ),
    section(7, exports),
    section(
      10,
      functions.map(({ body }) => unsigned(body.length).concat(body)),
    ),
  ];
  return new Uint8Array([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0].concat(...sections));
}

/** Compiles a routine into `functions`. */
function compile(
  routine: Routine,
  formulas: ReadonlyMap<string, Routine>,
  functions: Map<string, Compiled>,
  externals: readonly string[],
): void {
  const parameterCount = routine.parameters.length;
  const compiled: Compiled = {
    index: externals.length + functions.size,
    parameterCount,
    resultType: null,
    body: [],
  };
  functions.set(routine.name, compiled);
  const { operators, builtins } = instructions();
  const code: number[] = [];
  /** The types of the parameters and variables, and the index of each name. */
  const types: Type[] = routine.parameters.map(() => "i");
  let names = new Map(routine.parameters.map((name, index) => [name, index]));
  /** The type of a name whose first value is a literal: an address or a count in a routine, two numbers in a formula. */
  let literalType: Type = "i";

  const emit = (...bytes: readonly number[]): void => {
    for (const byte of bytes) code.push(byte);
  };
  const undefinedName = (name: string) => new ReferenceError(`${routine.name}: ${name} is not defined`);
  const indexOf = (name: string): number => {
    const index = names.get(name);
    if (index === undefined) throw undefinedName(name);
    return index;
  };
  const declare = (name: string, type: Type): number => {
    const index = types.push(type) - 1;
    names.set(name, index);
    return index;
  };
  const read = (index: number): void => emit(0x20, ...unsigned(index));
  const write = (index: number): void => emit(0x21, ...unsigned(index));

  const block = (statements: readonly Statement[]): void => statements.forEach(statement);
  const statement = (x: Statement): void => {
    switch (x.kind) {
      case "set": {
        const index = names.get(x.name);
        const type = index === undefined ? (typeOf(x.value) ?? literalType) : (types[index] as Type);
        value(x.value, type);
        write(index ?? declare(x.name, type));
        return;
      }
      case "do":
        call(x.call);
        return;
      case "while":
        // Written as "if the test holds, repeat until it does not", which needs only one jump for each iteration.
        value(x.test, "i");
        emit(0x04, 0x40, 0x03, 0x40); // if, loop
        block(x.body);
        value(x.test, "i");
        emit(0x0d, 0, 0x0b, 0x0b); // br_if, end, end
        return;
      case "if":
        value(x.test, "i");
        emit(0x04, 0x40); // if
        block(x.body);
        emit(0x0b); // end
        return;
      case "return": {
        const type = typeOf(x.value) ?? (literalType === "i" ? "d" : "v");
        if (literalType === "i") compiled.resultType = type;
        value(x.value, type);
      }
    }
  };

  /** The type of a value; null for a literal, which takes the type of its context. */
  const typeOf = (x: Expression): Type | null => {
    if (x.kind === "number") return null;
    if (x.kind === "name") return types[indexOf(x.name)] as Type;
    if (x.kind === "binary") return typeOf(x.left) ?? typeOf(x.right);
    if (x.kind !== "call" || formulas.has(x.name) || externals.includes(x.name)) return "v";
    const builtin = builtins.get(x.name);
    return builtin === undefined ? (functions.get(x.name)?.resultType ?? null) : builtin.resultType;
  };

  /** Emits code that leaves the value of `x` on the stack. Literals get the type `type`. */
  const value = (x: Expression, type: Type): void => {
    switch (x.kind) {
      case "number":
        emit(...literal(x.value, type));
        return;
      case "name":
        read(indexOf(x.name));
        return;
      case "negative":
        value(x.of, "v");
        emit(0xfd, 0xed, 0x01); // f64x2.neg
        return;
      case "binary": {
        const operandType = typeOf(x) ?? type;
        value(x.left, operandType);
        value(x.right, x.operator === "<<" || x.operator === ">>>" ? "i" : operandType);
        const operator = operators.get(operandType + x.operator);
        if (operator === undefined)
          throw new SyntaxError(`${routine.name}: no instruction for ${operandType} ${x.operator}`);
        emit(...operator);
        return;
      }
      case "choice": {
        // If one side is 0, it is enough to mask the other side, which takes half the instructions.
        const [isYesZero, isNoZero] = [isZero(x.yes), !isZero(x.yes) && isZero(x.no)];
        if (!isYesZero) value(x.yes, "v");
        if (!isNoZero) value(x.no, "v");
        value(x.test, "v");
        emit(0xfd, isYesZero ? 0x4f : isNoZero ? 0x4e : 0x52); // v128.andnot, v128.and or v128.bitselect
        return;
      }
      case "call":
        call(x);
    }
  };

  const call = ({ name, args }: Call): void => {
    const [formula, called, builtin] = [formulas.get(name), functions.get(name), builtins.get(name)];
    if (formula !== undefined) inline(formula, args);
    else if (externals.includes(name)) callForEach(externals.indexOf(name), args[0] as Expression);
    else if (builtin !== undefined) {
      const { operandTypes, code, lane } = builtin;
      const [address, offset] = lane === null ? [args[0], 0] : splitAddress(args[0] as Expression);
      operandTypes.forEach((type, k) => {
        value((k === 0 ? address : args[k]) as Expression, type);
      });
      emit(...code);
      if (lane !== null) emit(...unsigned(offset), ...lane);
    } else if (called !== undefined) {
      for (const arg of args) value(arg, "i");
      emit(0x10, ...unsigned(called.index));
    } else throw undefinedName(name);
  };

  /** Calls an imported function for each of the two numbers of a value. */
  const callForEach = (index: number, arg: Expression): void => {
    const pair = declare(`of ${types.length}`, "v");
    value(arg, "v");
    write(pair);
    for (const [lane, put] of [
      [0, [0xfd, 0x14]],
      [1, [0xfd, 0x22, 1]],
    ] as const) {
      read(pair);
      emit(0xfd, 0x21, lane, 0x10, ...unsigned(index), ...put);
    }
  };

  /** Writes the body of a formula in place of a call. Its variables are new locals, even if the routine has the same names. */
  const inline = ({ parameters, body }: Routine, args: readonly Expression[]): void => {
    for (const arg of args) value(arg, "v");
    const [outer, outerType] = [names, literalType];
    [names, literalType] = [new Map(), "v"];
    for (const index of parameters.map((name) => declare(name, "v")).reverse()) write(index);
    block(body);
    [names, literalType] = [outer, outerType];
  };

  block(routine.body);
  const variables = types.slice(parameterCount);
  const declarations = variables.flatMap((type) => [1, ENCODED[type]]);
  compiled.body = unsigned(variables.length).concat(declarations, code, 0x0b);
}

/** Whether a value is the number 0 and not -0, so that all its bits are 0. */
const isZero = (x: Expression): boolean => x.kind === "number" && Object.is(x.value, 0);

/** An address as a variable part and a constant part, which can be written in the instruction itself. */
const splitAddress = (address: Expression): [Expression, number] =>
  address.kind === "binary" && address.operator === "+" && address.right.kind === "number"
    ? [address.left, address.right.value]
    : [address, 0];
