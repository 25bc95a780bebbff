/**
 * Two axes of two tensors *meet* if element i along one axis corresponds to element i along the other. This file has the type of such
 * pairs of axes, and a function that sums a tensor over all its axes that meet no axis of the other tensor.
 */
import { reshape, type Tensor } from "../../../autodiff/index.js";
import type { PlateFrame } from "../../program/messages.js";

/** Axis `from` of one tensor (a cost) meets axis `to` of another (log q of a score site); both are counted from the right, from 1. */
export type Meeting = readonly [from: number, to: number];

/**
 * Sum x over all axes without a meeting. Move each remaining axis `from` to axis `to`, and fill the gaps with axes of
 * size 1.
 */
export function sumToMeetings(x: Tensor, meetings: readonly Meeting[]): Tensor {
  const rank = x.shape.length;
  if (meetings.length === 0) return rank === 0 ? x : x.sum();
  const keptAxes = new Set(meetings.map(([from]) => rank - from));
  const summed = [...x.shape.keys()].filter((axis) => !keptAxes.has(axis) && x.shape[axis] !== 1);
  const sum = summed.length === 0 ? x : x.sum(summed, { keepDims: true });
  const depth = Math.max(0, ...meetings.map(([, to]) => to));
  if (meetings.every(([from, to]) => from === to))
    return depth === rank ? sum : reshape(sum, sum.shape.slice(rank - depth));
  const order = [...meetings].sort((a, b) => b[1] - a[1]).map(([from]) => rank - from);
  const sumAxes = [...x.shape.keys()].filter((axis) => !keptAxes.has(axis));
  const shape = new Array<number>(depth).fill(1);
  for (const [from, to] of meetings) shape[depth - to] = x.shape[rank - from] as number;
  return reshape(sum.transpose([...sumAxes, ...order]), shape);
}

/** Sum x over all axes except `axes`, which are counted from the right, from 1. */
export const sumToAxes = (x: Tensor, axes: readonly number[]): Tensor =>
  sumToMeetings(
    x,
    axes.map((axis) => [axis, axis]),
  );

/** The dims of every plate that is in both lists, as meetings. Sequential plates, which have no dim, are left out. */
export const commonPlateDims = (a: readonly PlateFrame[], b: readonly PlateFrame[]): Meeting[] =>
  a.flatMap(({ name, dim }) => {
    const dimInB = b.find((plate) => plate.name === name)?.dim ?? null;
    return dim === null || dimInB === null ? [] : [[-dim, -dimInB] as const];
  });
