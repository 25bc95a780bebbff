/**
 * Memory that SIMD kernels can work on. A Float64Array made here lies in its own WebAssembly memory; the kernels are compiled once and
 * shared by all memories. If the platform has no WebAssembly SIMD, or cannot provide another memory, `allocate` returns null, and the
 * JavaScript kernels are used.
 */
import { farAngles, formulas, simdPrimitives } from "../formulas/index.js";
import { isNumeric, parse, type Routine, type Statement } from "../formulas/language.js";
import { assemble } from "./assemble.js";
import { type DrawKernel, type DrawName, drawTexts } from "./draws.js";
import { kernelText, type SimdKernels } from "./kernels.js";
import { SCRATCH } from "./matrices.js";

const PAGE = 65536;
// Each memory begins with scratch space for products, the number 1 and the number -1.
export const ONE = SCRATCH;
export const MINUS_ONE = SCRATCH + 8;
const FIRST_NUMBER = SCRATCH + 16;

/** The part of WebAssembly that is used here, declared because TypeScript has these types only in the library of browser types. */
interface Platform {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (pages: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  readonly validate: (bytes: Uint8Array) => boolean;
}
const platform = (): Platform => (globalThis as unknown as { WebAssembly: Platform }).WebAssembly;

/** Formulas that routines may use, by name. */
let formulaTable: Map<string, Routine> | null = null;
const formulasByName = (): Map<string, Routine> =>
  (formulaTable ??= new Map(parse(simdPrimitives + formulas).map((formula) => [formula.name, formula])));

/** Functions of one number that formulas call for each element. They are rarely needed, so they have no SIMD code. */
let externals: Record<string, (x: number) => number> | null = null;
const externalFunctions = (): Record<string, (x: number) => number> => (externals ??= farAngles());

/** The binary module that contains the routines of a text. */
const moduleOf = (text: string): Uint8Array<ArrayBuffer> =>
  assemble(parse(text), formulasByName(), Object.keys(externalFunctions()));

/** A text, preceded by the kernels that it calls, directly or through other kernels, in the order of their definition. */
function withKernels(text: string): string {
  let fullText = text;
  for (const kernel of kernelText()
    .split(/(?=function )/)
    .reverse())
    if (fullText.includes(`${/^function (\w+\()/.exec(kernel)?.[1]}`)) fullText = kernel + fullText;
  return fullText;
}

/** Modules by name, each compiled when it is first needed; null if the platform refuses the module. */
const modules = /* @__PURE__ */ new Map<string, object | null>();
function moduleFor(name: string, text: () => string): object | null {
  const cached = modules.get(name);
  if (cached !== undefined) return cached;
  let module: object | null = null;
  try {
    module = new (platform().Module)(moduleOf(text()));
  } catch {
    // If the platform refuses the module, JavaScript kernels are used.
  }
  modules.set(name, module);
  return module;
}

/** A memory, its numbers, and the kernels for them. */
export class Simd {
  readonly numbers: Float64Array;
  readonly kernels: SimdKernels;
  readonly #memory: { readonly buffer: ArrayBuffer };
  readonly #draws: Partial<Record<DrawName, DrawKernel>> = {};

  constructor(module: object, size: number) {
    const pages = Math.ceil((FIRST_NUMBER + 8 * size) / PAGE);
    this.#memory = new (platform().Memory)({ initial: pages, maximum: pages });
    new Float64Array(this.#memory.buffer, ONE, 2).set([1, -1]);
    this.numbers = new Float64Array(this.#memory.buffer, FIRST_NUMBER, size);
    this.kernels = this.#link(module) as SimdKernels;
    owners.set(this.#memory.buffer, this);
  }

  /** The routines of a text, which may call kernels, on this memory. */
  compile(text: string): Record<string, () => void> {
    return this.#link(new (platform().Module)(moduleOf(withKernels(text)))) as Record<string, () => void>;
  }

  /** The kernel of a random draw; null if the platform refuses its module. */
  draw(name: DrawName): DrawKernel | null {
    const cached = this.#draws[name];
    if (cached !== undefined) return cached;
    const module = moduleFor(name, drawTexts[name]);
    if (module !== null) Object.assign(this.#draws, this.#link(module));
    return this.#draws[name] ?? null;
  }

  #link(module: object): object {
    return new (platform().Instance)(module, { env: { memory: this.#memory, ...externalFunctions() } }).exports;
  }
}

const owners = /* @__PURE__ */ new WeakMap<ArrayBufferLike, Simd>();
/** The kernels that work on this array; null if the array does not lie in a SIMD memory. */
export const simdKernelsOf = (data: Float64Array): SimdKernels | null => owners.get(data.buffer)?.kernels ?? null;
/** The kernel of a random draw that works on this array; null if there is none. */
export const drawKernelOf = (data: Float64Array, name: DrawName): DrawKernel | null =>
  owners.get(data.buffer)?.draw(name) ?? null;
/** The address of element i. */
export const addressOf = (data: Float64Array, i: number): number => data.byteOffset + 8 * i;

/** A memory with room for `size` numbers; null if the platform cannot provide one. */
export function allocate(size: number): Simd | null {
  const module = moduleFor("kernels", kernelText);
  try {
    return module && new Simd(module, size);
  } catch {
    return null;
  }
}

type SetStatement = Extract<Statement, { kind: "set" }>;
const vectorizable = /* @__PURE__ */ new Map<string, boolean>();
/**
 * Whether a function with these parameters, which are numbers, and this expression as its body has SIMD code that the platform accepts. If
 * the platform refused one line of a program's SIMD code, the program would have to run without all of it.
 */
export function canVectorize({ parameters, body }: { parameters: readonly string[]; body: string }): boolean {
  const text = `function f() { ${parameters.map((x) => `let ${x} = load(0);`).join(" ")} let result = ${body}; store(0, result); }`;
  let isVectorizable = vectorizable.get(text);
  if (isVectorizable === undefined) {
    try {
      const [routine] = parse(text) as [Routine];
      const { value } = routine.body[parameters.length] as SetStatement;
      isVectorizable = isNumeric(value) && platform().validate(moduleOf(text));
    } catch {
      isVectorizable = false;
    }
    vectorizable.set(text, isVectorizable);
  }
  return isVectorizable;
}
