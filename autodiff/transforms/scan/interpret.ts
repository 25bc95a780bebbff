/**
 * How a body runs where code generation is forbidden: the kernels of its ops run one after the other, and each value has its own array.
 * This takes longer than generated code, and gives the same bits.
 */
import { type View, viewOf } from "../../core/view.js";
import { Views } from "../jit/compile/views.js";
import type { Program } from "../jit/program/program.js";

/** A body ready to run: the view of each value, the value whose memory it uses, and the function that runs the body. */
export interface Runnable {
  view(place: number): View;
  owner(place: number): number;
  readonly run: () => void;
}

export function interpretBody(program: Program): Runnable {
  const views = new Views(program);
  const memory = program.values.map((_, i) => (views.isView(i) ? null : new Float64Array(views.size(i))));
  const view = (place: number): View => {
    const { shape, stride, offset } = views.view(place);
    return viewOf(memory[views.owner(place)] as Float64Array, shape, stride, offset);
  };
  const kernels = program.values.flatMap((value, i) => {
    if (value.kind !== "op" || views.isView(i)) return [];
    const [out, inputs] = [view(i), value.inputs.map(view)];
    return [value.op.prepare?.(value.params, out, inputs) ?? (() => value.op.kernel(value.params, out, inputs))];
  });
  const run = (): void => {
    for (const kernel of kernels) kernel();
  };
  return { view, owner: (place) => views.owner(place), run };
}
