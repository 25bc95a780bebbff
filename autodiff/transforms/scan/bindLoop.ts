/**
 * How a loop runs. In each step, x is copied into the memory of the compiled body, the body runs, its results are copied into their blocks
 * of the loop's result, and the new carry is copied to the body's inputs.
 */
import { copyInto } from "../../core/copy.js";
import { sizeOf } from "../../core/shape.js";
import { isContiguous, stridesOf, type View, viewOf } from "../../core/view.js";
import { bindCarry } from "../jit/compile/carry.js";
import { type Block, layoutOf, type ScanParams } from "./blocks.js";

/** A function of t that copies the numbers of one view to another, after moving each view by t times its step. */
function copier(to: View, toStep: number, from: View, fromStep: number): (t: number) => void {
  const n = sizeOf(to.shape);
  const [target, source] = [to.data, from.data];
  const [toStart, fromStart] = [to.offset, from.offset];
  if (n <= MAX_LOOPED && isContiguous(to) && isContiguous(from))
    return (t) => {
      const a = toStart + t * toStep;
      const b = fromStart + t * fromStep;
      for (let i = 0; i < n; i++) target[a + i] = source[b + i] as number;
    };
  const [movedTo, movedFrom] = [copyOfView(to), copyOfView(from)];
  return (t) => {
    movedTo.offset = toStart + t * toStep;
    movedFrom.offset = fromStart + t * fromStep;
    copyInto(movedTo, movedFrom);
  };
}
/** Up to this many numbers, a plain loop is the fastest way to copy. */
const MAX_LOOPED = 256;
const copyOfView = ({ data, shape, stride, offset }: View): View => viewOf(data, shape, stride, offset);

/** A function that runs the loop on these buffers. */
export function bindLoop(params: ScanParams, out: View, inputs: readonly View[]): () => void {
  const { body, carries, xs, length, reverse, keepsCarries, lead } = params;
  const { layout, run } = body.bound;
  const carry = bindCarry(layout, carries);
  const { blocks, size } = layoutOf(params);
  const rows = stridesOf([...lead, size]).slice(0, -1);
  const loads = inputs.slice(carries, carries + xs).map((x, k) => {
    const part = viewOf(x.data, x.shape.slice(1), x.stride.slice(1), x.offset);
    return copier(layout.view(carries + k), 0, part, x.stride[0] as number);
  });
  const stores = body.program.outputs.map((index, k) => {
    const result = layout.view(index);
    const { start, width, steps } = blocks[k] as Block;
    const strides = [...rows, ...stridesOf(result.shape.slice(lead.length))];
    const target = viewOf(out.data, result.shape, strides, out.offset + start);
    return copier(target, steps === 1 ? 0 : width, result, 0);
  });
  return () => {
    inputs.forEach((input, i) => {
      if (i < carries || i >= carries + xs) copyInto(layout.view(i), input);
    });
    for (let i = 0; i < length; i++) {
      const t = reverse ? length - 1 - i : i;
      for (let k = 0; k < xs; k++) (loads[k] as (typeof loads)[number])(t);
      run();
      // Unless the result has all carries, only the last one is stored.
      const first = keepsCarries || i === length - 1 ? 0 : carries;
      for (let k = first; k < stores.length; k++) (stores[k] as (typeof stores)[number])(t);
      carry();
    }
  };
}
