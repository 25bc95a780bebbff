/**
 * Between two runs of a program: copies the first outputs of one run to the places of the first inputs of the next run, inside the arena.
 */
import { copyInto } from "../../../core/copy.js";
import { sizeOf } from "../../../core/shape.js";
import { contiguous, isContiguous, type View } from "../../../core/view.js";
import type { Layout } from "./layout.js";

/** Arrays below this size are copied number by number. */
const MIN_COPY_CALL = 16;

interface Copy {
  readonly to: View;
  readonly from: View;
}

/** A function that copies the first `count` outputs of a program to the places of its first inputs, unless they are there already. */
export function bindCarry(layout: Layout, count: number): () => void {
  const { program, memory } = layout;
  const copies: Copy[] = [];
  const saves: Copy[] = [];
  /** The places of single numbers: from and to. */
  const numbers: number[] = [];
  for (let k = 0; k < count; k++) {
    const output = program.outputs[k] as number;
    if (output === k || layout.inPlace.inputs.get(output) === k) continue;
    const [from, to] = [layout.view(output), layout.view(k)];
    const size = sizeOf(to.shape);
    if (program.values[layout.views.owner(output)]?.kind === "input") {
      // An output that is itself an input (as when a step swaps two inputs) must be read before any input is overwritten.
      const copy = contiguous(new Float64Array(size), from.shape);
      saves.push({ to: copy, from });
      copies.push({ to, from: copy });
    } else if (size < MIN_COPY_CALL && isContiguous(from))
      for (let i = 0; i < size; i++) numbers.push(from.offset + i, to.offset + i);
    else copies.push({ to, from });
  }
  const run = (list: readonly Copy[]): void => {
    for (let i = 0; i < list.length; i++) copyInto((list[i] as Copy).to, (list[i] as Copy).from);
  };
  return () => {
    run(saves);
    for (let i = 0; i < numbers.length; i += 2)
      memory[numbers[i + 1] as number] = memory[numbers[i] as number] as number;
    run(copies);
  };
}
