/**
 * Kernels that look at shapes and strides once. `bind` is given the buffers and returns what writes the result: an eager op does both at
 * once, a compiled program binds when it is made and runs the rest again and again.
 */
import { asContiguous } from "./copy.js";
import type { Op } from "./op.js";
import { isContiguous, type View } from "./view.js";

type Bind<P> = (params: P, out: View, inputs: readonly View[]) => () => void;
type Kernels<P> = Required<Pick<Op<P>, "kernel" | "prepare">>;

export const binding = <P>(bind: Bind<P>): Kernels<P> => ({
  kernel: (params, out, inputs) => bind(params, out, inputs)(),
  prepare: bind,
});

/** The same for a kernel that reads contiguous operands: others are copied first. */
export const bindingContiguous = <P>(bind: Bind<P>): Kernels<P> =>
  binding((params, out, inputs) =>
    inputs.every(isContiguous) ? bind(params, out, inputs) : () => bind(params, out, inputs.map(asContiguous))(),
  );
