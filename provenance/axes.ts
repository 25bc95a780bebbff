/**
 * Which axes of a value correspond to axes of a site it depends on (a *relation*), and to which axes of its result an
 * op moves the axes of an input (a *map*). Each is packed into one integer, so that following an axis through an op
 * costs a few shifts. Axes count from the right, from 0; nibble j holds
 *
 *     in a relation   k + 1 where the value is pointwise: its element i along axis k depends on the site's elements i along
 *                     element axis j and on no others
 *     in a map        k + 1 where axis j of the input is axis k of the result
 *
 * and 0 where the axis is *mixed*: an element of the value, or of the result, may depend on all elements along it. V8
 * holds seven nibbles as a small integer, and adding a constant moves all of them at once; axes further left than the
 * seventh count as mixed.
 */
export type Relation = number;
export type AxisMap = number;

/** The number of axes (nibbles) in a relation or a map, and the number of axes that one nibble can point to. */
const KNOWN = 7;
const PLACES = 15;
const ONES = 0x1111111;

/** Every axis stays where it is. */
export const KEEP: AxisMap = 0x7654321;
/** No axis stays. */
export const MIX: AxisMap = 0;

/** The nibbles of the first n axes. */
const first = (n: number): number => (n >= KNOWN ? 0xfffffff : (1 << (4 * n)) - 1);

/** Axis `axis` mixed, the others kept. */
export const mixAxis = (axis: number): AxisMap => KEEP & ~(first(axis + 1) & ~first(axis));

/** The last n axes mixed, the others kept. */
export const mixLast = (n: number): AxisMap => KEEP & ~first(n);

/** Axis `axis` is mixed and removed; the axes to its left move one place to the right. */
export const dropAxis = (axis: number): AxisMap => (KEEP & first(axis)) | ((KEEP - ONES) & ~first(axis + 1));

/** `count` new axes are inserted to the left of the last `axis` axes. */
export const insertAxes = (axis: number, count: number): AxisMap =>
  (KEEP & first(axis)) | (count > PLACES - KNOWN ? 0 : (KEEP + count * ONES) & ~first(axis));

/** The last n axes are mixed and removed; the others move n places to the right. */
export const dropLast = (n: number): AxisMap => (n >= KNOWN ? MIX : (KEEP & ~first(n)) - n * (ONES & ~first(n)));

/** The entry for axis `axis` in a map: the axis goes to axis `to`, or is mixed if `to` is negative. */
export const goesTo = (axis: number, to: number): AxisMap =>
  axis < KNOWN && to >= 0 && to < PLACES ? (to + 1) << (4 * axis) : MIX;

/** The map of an input with `rank` axes: axis k goes to axis `target(k)` of the result, or is mixed where `target(k)` is negative. */
export function mapAxes(rank: number, target: (axis: number) => number): AxisMap {
  let map = MIX;
  for (let axis = 0; axis < rank && axis < KNOWN; axis++) map |= goesTo(axis, target(axis));
  return map;
}

/**
 * The relation of a drawn value to its own site: pointwise along every axis with more than one element, except the last
 * `eventDim` axes.
 */
export function ownRelation(shape: readonly number[], eventDim: number): Relation {
  let relation = 0;
  for (let j = 0, place = eventDim; place < shape.length && j < KNOWN && place < PLACES; j++, place++)
    if ((shape[shape.length - 1 - place] as number) > 1) relation |= (place + 1) << (4 * j);
  return relation;
}

/** The meet of two relations: axes on which both agree are kept, all others are mixed. */
export function meet(a: Relation, b: Relation): Relation {
  if (a === b) return a;
  const bits = a ^ b;
  const differs = (bits | (bits >>> 1) | (bits >>> 2) | (bits >>> 3)) & ONES;
  return a & ~(differs * 15);
}

/** The relation of an op's result, given that of its input. */
export function follow(relation: Relation, map: AxisMap): Relation {
  let mapped = 0;
  for (let shift = 0; shift < 4 * KNOWN; shift += 4) {
    const axis = (relation >>> shift) & 15;
    if (axis > 0 && axis <= KNOWN) mapped |= ((map >>> (4 * axis - 4)) & 15) << shift;
  }
  return mapped;
}

/** The axis of the value that corresponds to the site's element axis j; -1 where j is mixed. */
export const placeOf = (relation: Relation, j: number): number => (j < KNOWN ? ((relation >>> (4 * j)) & 15) - 1 : -1);
