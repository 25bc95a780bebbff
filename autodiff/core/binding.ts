/**
 * Kernels in two steps. `bind` takes the buffers, does all the work that depends only on their shapes and strides, and returns a function
 * that computes the result. An eager op does both steps in one call. A compiled program binds once, when it is made, and calls the returned
 * function in every run.
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

/**
 * As `kernelsOf`, for a `bind` that needs contiguous operands. If some operands are not contiguous, contiguous copies are made in every
 * run.
 */
export const contiguousKernelsOf = <P>(bind: Bind<P>): Kernels<P> =>
  kernelsOf((params, out, inputs) =>
    inputs.every(isContiguous) ? bind(params, out, inputs) : () => bind(params, out, inputs.map(asContiguous))(),
  );
