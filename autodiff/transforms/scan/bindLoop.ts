/**
 * How a loop runs. In each step, x is copied into the memory of the compiled body, the body runs, its results are copied into their blocks
 * of the loop's result, and the new carry is copied to the body's inputs. All offsets are computed before the first step.
 */
import { copyInto } from "../../core/copy.js";
import { sizeOf } from "../../core/shape.js";
import { isContiguous, stridesOf, type View, viewOf } from "../../core/view.js";
import { type Block, type Loop, layoutOf } from "./blocks.js";

/** A function that copies the numbers of one view to another, at the offsets that it is given. */
function copier(to: View, from: View): (to: number, from: number) => void {
  const n = sizeOf(to.shape);
  const [target, source] = [to.data, from.data];
  if (n <= MAX_LOOPED && isContiguous(to) && isContiguous(from))
    return (targetOffset, sourceOffset) => {
      for (let i = 0; i < n; i++) target[targetOffset + i] = source[sourceOffset + i] as number;
    };
  return (targetOffset, sourceOffset) => {
    to.offset = targetOffset;
    from.offset = sourceOffset;
    copyInto(to, from);
  };
}
/** Up to this many numbers, a plain loop is the fastest way to copy. */
const MAX_LOOPED = 256;
const copyOfView = ({ data, shape, stride, offset }: View): View => viewOf(data, shape, stride, offset);

/** A function that runs the loop on these buffers. */
export function bindLoop(params: Loop, out: View, inputs: readonly View[]): () => void {
  const { body, carries, xs, length, reverse, keepsCarries, lead } = params;
  const { layout, run } = body.bound;
  const viewAt = (i: number): View => copyOfView(layout.view(i));
  const { blocks, size } = layoutOf(params);
  const rows = stridesOf([...lead, size]).slice(0, -1);
  const sources = Array.from({ length: xs }, (_, k) => {
    const x = inputs[carries + k] as View;
    const part = viewOf(x.data, x.shape.slice(1), x.stride.slice(1), x.offset);
    const to = viewAt(carries + k);
    return { copy: copier(to, part), to: to.offset, from: x.offset, step: x.stride[0] as number };
  });
  const results = body.program.outputs.map((place, k) => {
    const result = viewAt(place);
    const { start, width, steps } = blocks[k] as Block;
    const stepShape = result.shape.slice(lead.length);
    const target = viewOf(out.data, result.shape, [...rows, ...stridesOf(stepShape)], out.offset + start);
    // A result that is a view of an input would change when that input is overwritten, so it is copied from the loop's result instead.
    const hasOwnMemory = body.program.values[layout.views.owner(place)]?.kind === "op";
    const to = k < carries ? viewAt(k) : null;
    return {
      keepResult: copier(target, result),
      carry: to === null ? null : hasOwnMemory ? copier(to, copyOfView(result)) : copier(to, copyOfView(target)),
      hasOwnMemory,
      isKept: k >= carries || keepsCarries,
      target: target.offset,
      step: steps === 1 ? 0 : width,
      from: result.offset,
      to: to?.offset ?? 0,
    };
  });
  return () => {
    inputs.forEach((input, i) => {
      if (i < carries || i >= carries + xs) copyInto(layout.view(i), input);
    });
    for (let i = 0; i < length; i++) {
      const t = reverse ? length - 1 - i : i;
      for (let k = 0; k < xs; k++) {
        const { copy, to, from, step } = sources[k] as (typeof sources)[number];
        copy(to, from + t * step);
      }
      run();
      const isLast = i === length - 1;
      for (let k = 0; k < results.length; k++) {
        const { keepResult, isKept, hasOwnMemory, target, step, from } = results[k] as (typeof results)[number];
        if (isKept || isLast || !hasOwnMemory) keepResult(target + t * step, from);
      }
      for (let k = 0; k < carries; k++) {
        const { carry, hasOwnMemory, target, step, from, to } = results[k] as (typeof results)[number];
        carry?.(to, hasOwnMemory ? from : target + t * step);
      }
    }
  };
}
