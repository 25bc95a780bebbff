/** Random programs of nested handlers and plates. Each handler has values for some of the sites that it sees. */

const OPS = ["scope", "condition", "substitute", "intervene", "mask", "scale", "block", "reparam"] as const;
/** How often each handler is drawn; two interventions around a site that reparam computes need many of both. */
const DRAWN: readonly (typeof OPS)[number][] = [...OPS, "intervene", "intervene", "reparam", "reparam"];
/** The size of every plate. */
export const SIZE = 3;
/** A value for a site: the numbers for all elements of the plates between handler and site, and the number for one element. */
interface Value {
  readonly all: number | unknown[];
  readonly of: (elements: Record<string, number>) => number;
}
export interface Site {
  readonly op: "sample";
  readonly name: string;
  readonly parents: readonly string[];
  readonly sd: number;
  readonly obs: number | null;
  /** The value if no handler gives one; null for a site that `reparam` decentres. */
  readonly start: number | null;
  readonly noise: number;
}
export interface Plate {
  readonly op: "plate";
  readonly name: string;
  readonly indices: readonly number[];
  readonly body: readonly Statement[];
}
export interface Wrapper {
  readonly op: (typeof OPS)[number];
  readonly name: string;
  readonly factor: number;
  readonly values: Record<string, Value>;
  readonly body: readonly Statement[];
}
export type Statement = Site | Plate | Wrapper;
/** The sites in statements, by the names that a handler around them sees, with the plates between. */
type Visible = Map<string, { site: Site; plates: readonly string[]; isFree: boolean; isComputed: boolean }>;

/** A random program. */
export function programOf(next: () => number): readonly Statement[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const value = () => Math.round(next() * 40 - 20) / 10;
  const sites: { name: string; plates: readonly string[] }[] = [];
  let count = 0;
  const valueFor = (plates: readonly string[], numOuter: number): Value => {
    const [base, slopes] = [value(), plates.map(value)];
    const of = (at: Record<string, number>) =>
      plates.reduce((x, name, i) => x + (slopes[i] as number) * (at[name] ?? 0), base);
    // The first plate has the last axis. Plates outside the handler have axes of size 1.
    const axes = [...plates].reverse();
    const build = ([name, ...rest]: readonly string[], at: Record<string, number>): number | unknown[] =>
      name === undefined
        ? plates.length === 0
          ? of(at)
          : Array.from({ length: numOuter }).reduce<number | unknown[]>((x) => [x], of(at))
        : Array.from({ length: SIZE }, (_, i) => build(rest, { ...at, [name]: i }));
    return { all: build(axes, {}), of };
  };
  const make = (depth: number, plates: readonly string[], isDecentred: boolean): Statement[] =>
    Array.from({ length: 1 + Math.floor(next() * 3) }, (): Statement => {
      const name = `s${count++}`;
      const kind = depth === 0 ? 0 : next();
      if (kind < 0.4) {
        const known = sites.filter((site) => site.plates.every((outer) => plates.includes(outer)));
        const parents = known.length > 0 && next() < 0.9 ? [pick(known).name] : [];
        sites.push({ name, plates });
        const obs = next() < 0.3 ? value() : null;
        const start = isDecentred && next() < 0.6 ? null : value();
        return { op: "sample", name, parents, sd: pick([0.5, 1, 2]), obs, start, noise: value() };
      }
      if (kind < 0.55 && plates.length < 2)
        return {
          op: "plate",
          name,
          indices: pick([
            [0, 1, 2],
            [2, 0],
            [1, 2, 0],
          ]),
          body: make(depth - 1, [...plates, name], isDecentred),
        };
      const op = pick(DRAWN);
      const body = make(depth - 1, plates, isDecentred || op === "reparam");
      const values: Record<string, Value> = {};
      for (const [site, { plates: inner, isFree, isComputed }] of visibleIn(body))
        if (
          op === "reparam" ? isFree : next() < 0.5 && !(op === "block" && isFree) && !(op === "condition" && isComputed)
        )
          values[site] = valueFor(inner, plates.length);
      return { op, name, factor: pick([0.5, 2, 3]), values, body };
    });
  return make(4, [], false);
}

function visibleIn(statements: readonly Statement[]): Visible {
  const visible: Visible = new Map();
  for (const s of statements) {
    if (s.op === "sample")
      visible.set(s.name, { site: s, plates: [], isFree: s.start === null && s.obs === null, isComputed: false });
    else
      for (const [name, found] of visibleIn(s.body)) {
        const isHere = s.op !== "plate" && Object.hasOwn(s.values, name);
        if (isHere && s.op === "block") continue;
        const isDecentred = isHere && s.op === "reparam";
        const plates = s.op === "plate" ? [s.name, ...found.plates] : found.plates;
        const isGiven = isHere && (s.op === "condition" || s.op === "substitute");
        visible.set(s.op === "scope" ? `${s.name}/${name}` : name, {
          ...found,
          plates,
          isFree: found.isFree && !isGiven && !isDecentred,
          isComputed: found.isComputed || isDecentred,
        });
      }
  }
  return visible;
}
