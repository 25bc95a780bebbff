/**
 * Kernels in two steps. `bind` takes the buffers, computes all that depends only on their shapes and strides, and returns a function that
 * writes the result. An eager op takes both steps in one call; a compiled program binds once, when it is made, and calls the function in
 * every run.
 */
import { asContiguous } from "./copy.js";
import type { Op } from "./op.js";
import { isContiguous, type View } from "./view.js";

type Bind<P> = (params: P, out: View, inputs: readonly View[]) => () => void;
export type Kernels<P> = Required<Pick<Op<P>, "kernel" | "prepare">>;

export const kernelsOf = <P>(bind: Bind<P>): Kernels<P> => ({
  kernel: (params, out, inputs) => bind(params, out, inputs)(),
  prepare: bind,
});

/** The kernels of an op that needs contiguous operands. If some operands are not contiguous, all are made so first, in every run. */
export const contiguousKernelsOf = <P>(bind: Bind<P>): Kernels<P> =>
  kernelsOf((params, out, inputs) =>
    inputs.every(isContiguous) ? bind(params, out, inputs) : () => bind(params, out, inputs.map(asContiguous))(),
  );
