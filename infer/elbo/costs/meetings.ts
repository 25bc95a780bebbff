/**
 * Pairs of axes of two tensors along which element i of one corresponds to element i of the other (the axes *meet*), and sums over all
 * other axes.
 */
import { reshape, type Tensor } from "../../../autodiff/index.js";
import type { PlateFrame } from "../../program/messages.js";

/**
 * An axis of one tensor (a cost, say) and the axis of another (the log q of a score site) that it meets, each counted
 * from the right, from 1.
 */
export type Meeting = readonly [from: number, to: number];

/**
 * x summed over all axes without a meeting; each remaining axis is moved to the place `to` of its meeting, with axes of
 * size 1 in the gaps.
 */
export function sumToMeetings(x: Tensor, meetings: readonly Meeting[]): Tensor {
  const rank = x.shape.length;
  const keptAxes = new Set(meetings.map(([from]) => rank - from));
  const summed = [...x.shape.keys()].filter((axis) => !keptAxes.has(axis) && x.shape[axis] !== 1);
  const sum = summed.length === 0 ? x : x.sum(summed, { keepDims: true });
  const depth = Math.max(0, ...meetings.map(([, to]) => to));
  if (meetings.every(([from, to]) => from === to))
    return depth === rank ? sum : reshape(sum, sum.shape.slice(rank - depth));
  const order = [...meetings].sort((a, b) => b[1] - a[1]).map(([from]) => rank - from);
  const others = [...x.shape.keys()].filter((axis) => !keptAxes.has(axis));
  const shape = new Array<number>(depth).fill(1);
  for (const [from, to] of meetings) shape[depth - to] = x.shape[rank - from] as number;
  return reshape(sum.transpose([...others, ...order]), shape);
}

/** The dims of every vectorised plate that both lists have, each counted from the right, from 1. */
export const commonPlateDims = (a: readonly PlateFrame[], b: readonly PlateFrame[]): Meeting[] =>
  a.flatMap(({ name, dim }) => {
    const other = b.find((plate) => plate.name === name)?.dim ?? null;
    return dim === null || other === null ? [] : [[-dim, -other] as const];
  });
