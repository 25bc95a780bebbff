/**
 * Kernels in two steps. The first step, `bind`, takes the buffers, does all the work that depends only on their shapes and strides, and
 * returns a function. The second step is to call this function, which computes the result. An eager op does both steps at once. A compiled
 * program binds when it is made, and calls the function in every run.
 */
import { asContiguous } from "./copy.js";
import type { Op } from "./op.js";
import { isContiguous, type View } from "./view.js";

export type Bind<P> = (params: P, out: View, inputs: readonly View[]) => () => void;
export type Kernels<P> = Required<Pick<Op<P>, "kernel" | "prepare">>;

export const kernelsOf = <P>(bind: Bind<P>): Kernels<P> => ({
  kernel: (params, out, inputs) => bind(params, out, inputs)(),
  prepare: bind,
});

/**
 * Like `kernelsOf`, for a `bind` that needs contiguous operands. If some operands are not contiguous, every run copies them and binds
 * again.
 */
export const contiguousKernelsOf = <P>(bind: Bind<P>): Kernels<P> =>
  kernelsOf((params, out, inputs) =>
    inputs.every(isContiguous) ? bind(params, out, inputs) : () => bind(params, out, inputs.map(asContiguous))(),
  );
