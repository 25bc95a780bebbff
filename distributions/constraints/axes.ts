/** Functions of the last n axes, the axes of an event. */
import { prod, sum, type Tensor } from "../../autodiff/index.js";

const last = (n: number): number[] => Array.from({ length: n }, (_, i) => -1 - i);

/** The sum over the last n axes. */
export const sumOver = (x: Tensor, n: number): Tensor => (n === 0 ? x : sum(x, last(n)));

/** `x`, which has one number for each event, with n axes of size 1 added so that it broadcasts over the elements of the event. */
export const overElements = (x: Tensor, n: number): Tensor =>
  n === 0 ? x : x.reshape([...x.shape, ...new Array<number>(n).fill(1)]);

/** 1 where all elements along the last n axes are nonzero, else 0. */
export const allOf = (x: Tensor, n: number): Tensor => (n === 0 ? x : prod(x, last(n)));
