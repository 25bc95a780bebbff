/** Turns text into a WebAssembly module. Binary format: WebAssembly Core Specification 2.0, chapter 5. */

import type { Routine } from "../formulas/language.js";
import { ENCODED, type Type, unsigned } from "./instructions.js";
import { type Compiled, codeOf } from "./routineCode.js";

/**
 * A module that exports `routines` by name. From env it imports its memory and the functions of one number named in `externals`. A routine
 * may call the routines before it.
 */
export function assemble(
  routines: readonly Routine[],
  formulas: ReadonlyMap<string, Routine>,
  externals: readonly string[],
): Uint8Array<ArrayBuffer> {
  const compiled = compileAll(routines, formulas, externals);
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

/** The routines, by name. */
function compileAll(
  routines: readonly Routine[],
  formulas: ReadonlyMap<string, Routine>,
  externals: readonly string[],
): ReadonlyMap<string, Compiled> {
  const compiled = new Map<string, Compiled>();
  for (const routine of routines) {
    const { name, parameters } = routine;
    const index = externals.length + compiled.size;
    const entry: Compiled = { index, parameterCount: parameters.length, resultType: null, body: [] };
    compiled.set(name, entry);
    entry.body = codeOf(routine, formulas, compiled, externals);
  }
  return compiled;
}
