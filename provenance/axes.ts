/**
 * Two tables about axes. A *relation* says which axis of a value corresponds to each axis of a site that the value
 * depends on. A *map* says to which axis of its result an op moves each axis of an input. A table is packed into one
 * integer with four bits (a nibble) for each axis, so that applying a map to a relation takes a few shifts. Axes are
 * numbered from the right, from 0. Nibble j is one of
 *
 *     in a relation   k + 1 if the value is *pointwise* along axis k: the elements with index i on axis k of the value
 *                     depend only on the elements with index i on axis j of the site
 *     in a map        k + 1 if axis j of the input becomes axis k of the result
 *     in both         0 if axis j is *mixed*: an element of the value, or of the result, may depend on all elements
 *                     along axis j
 *
 * The axes of a site are its element axes, along which elements are drawn independently: the batch axes of its
 * distribution, and the axes that the distribution's method `toEvent` made part of one event. V8 stores seven nibbles as
 * a small integer; axes further left than the seventh count as mixed.
 */
export type Relation = number;
export type AxisMap = number;

/** The number of axes, and so of nibbles, in a relation or a map. */
const MAX_AXES = 7;
/** The number of axes of the value or the result that a nibble, which is at most 15, can name. */
const MAX_TARGETS = 15;
const ONES = 0x1111111;

/** The map that leaves every axis where it is. */
export const KEEP: AxisMap = 0x7654321;
/** The map that mixes every axis. */
export const MIX: AxisMap = 0;

/** A bit mask of the nibbles of the last n axes. */
const lowNibbles = (n: number): number => (n >= MAX_AXES ? 0xfffffff : (1 << (4 * n)) - 1);

/** The map that mixes axis `axis` and keeps the others. */
export const mixAxis = (axis: number): AxisMap => KEEP & ~(lowNibbles(axis + 1) & ~lowNibbles(axis));

/** The map that mixes the last n axes and keeps the others. */
export const mixLast = (n: number): AxisMap => KEEP & ~lowNibbles(n);

/** The map of an op that reduces and removes axis `axis`: the axes to its left move one place to the right. */
export const dropAxis = (axis: number): AxisMap => (KEEP & lowNibbles(axis)) | ((KEEP - ONES) & ~lowNibbles(axis + 1));

/** The map of an op that inserts `count` new axes to the left of the last `axis` axes. */
export const insertAxes = (axis: number, count: number): AxisMap =>
  (KEEP & lowNibbles(axis)) | (count > MAX_TARGETS - MAX_AXES ? 0 : (KEEP + count * ONES) & ~lowNibbles(axis));

/** The map of an op that reduces and removes the last n axes: the others move n places to the right. */
export const dropLast = (n: number): AxisMap =>
  n >= MAX_AXES ? MIX : (KEEP & ~lowNibbles(n)) - n * (ONES & ~lowNibbles(n));

/** The nibble for axis `axis` of a map: the axis moves to axis `to`, or is mixed if `to` is negative. */
export const axisGoesTo = (axis: number, to: number): AxisMap =>
  axis < MAX_AXES && to >= 0 && to < MAX_TARGETS ? (to + 1) << (4 * axis) : MIX;

/** The map that moves axis k of an input with `rank` axes to axis `target(k)` of the result, or mixes it if `target(k)` is negative. */
export function mapAxes(rank: number, target: (axis: number) => number): AxisMap {
  let map = MIX;
  for (let axis = 0; axis < rank && axis < MAX_AXES; axis++) map |= axisGoesTo(axis, target(axis));
  return map;
}

/** The map that moves every axis back to where `map` moved it from. */
export const inverseOf = (map: AxisMap): AxisMap =>
  mapAxes(MAX_AXES, (axis) => {
    for (let from = 0; from < MAX_AXES; from++) if (valueAxisOf(map, from) === axis) return from;
    return -1;
  });

/**
 * The relation of a drawn value to its own site: pointwise along every axis with more than one element, except the last
 * `eventDim` axes.
 */
export function ownRelation(shape: readonly number[], eventDim: number): Relation {
  let relation = 0;
  for (let j = 0, axis = eventDim; axis < shape.length && j < MAX_AXES && axis < MAX_TARGETS; j++, axis++)
    if ((shape[shape.length - 1 - axis] as number) > 1) relation |= (axis + 1) << (4 * j);
  return relation;
}

/** The meet of two relations: an axis of the site keeps its axis of the value if both relations agree on it, else it is mixed. */
export function meet(a: Relation, b: Relation): Relation {
  if (a === b) return a;
  const bits = a ^ b;
  // Has a 1 in each nibble in which a and b differ; times 15, the 1 fills the nibble.
  const differs = (bits | (bits >>> 1) | (bits >>> 2) | (bits >>> 3)) & ONES;
  return a & ~(differs * 15);
}

/** The relation of an op's result, given the relation of its input. */
export function relationAfter(relation: Relation, map: AxisMap): Relation {
  let mapped = 0;
  for (let shift = 0; shift < 4 * MAX_AXES; shift += 4) {
    const axis = (relation >>> shift) & 15;
    if (axis > 0 && axis <= MAX_AXES) mapped |= ((map >>> (4 * axis - 4)) & 15) << shift;
  }
  return mapped;
}

/** The axis of the value that corresponds to the site's element axis j; -1 if axis j is mixed. */
export const valueAxisOf = (relation: Relation, j: number): number =>
  j < MAX_AXES ? ((relation >>> (4 * j)) & 15) - 1 : -1;
