/**
 * Between two runs of a program: copies the first outputs of one run to the places of the first inputs of the next run, inside the arena.
 */
import { canGenerateCode } from "../../../../provenance/base/codeGeneration.js";
import { copyInto } from "../../../core/copy.js";
import { sizeOf } from "../../../core/shape.js";
import { contiguous, isContiguous, type View } from "../../../core/view.js";
import type { Program } from "../program/program.js";
import type { Layout } from "./layout.js";

/** Arrays below this size are copied number by number, in generated text. */
const MIN_COPY_CALL = 16;

/** A function that copies the first `count` outputs of a program to the places of its first inputs, unless they are there already. */
export function bindCarry(program: Program, layout: Layout, count: number): () => void {
  const copies: (() => void)[] = [];
  const saves: (() => void)[] = [];
  const [loads, stores]: [string[], string[]] = [[], []];
  for (let k = 0; k < count; k++) {
    const output = program.outputs[k] as number;
    const [from, to] = [layout.view(output), layout.view(k)];
    const size = sizeOf(to.shape);
    if (layout.inPlace.inputs.get(output) === k) continue;
    if (size < MIN_COPY_CALL && isContiguous(from) && canGenerateCode()) {
      for (let i = 0; i < size; i++) {
        loads.push(`const x${loads.length} = M[${from.offset + i}];`);
        stores.push(`M[${to.offset + i}] = x${stores.length};`);
      }
      continue;
    }
    // An output that is itself an input (as when a step swaps two inputs) must be read before any input is overwritten.
    const isInput = program.values[layout.views.owner(output)]?.kind === "input";
    const source: View = isInput ? contiguous(new Float64Array(size), from.shape) : from;
    if (isInput) saves.push(() => copyInto(source, from));
    copies.push(() => copyInto(to, source));
  }
  const runAll = (list: readonly (() => void)[]) => () => {
    for (let i = 0; i < list.length; i++) (list[i] as () => void)();
  };
  const call = (name: string, list: readonly unknown[]): string[] => (list.length === 0 ? [] : [`${name}();`]);
  const lines = [...call("save", saves), ...loads, ...stores, ...call("copy", copies)];
  if (!canGenerateCode()) return runAll([...saves, ...copies]);
  const text = `"use strict";\nreturn () => {\n${lines.join("\n")}\n};`;
  return new Function("M", "save", "copy", text)(layout.memory, runAll(saves), runAll(copies)) as () => void;
}
