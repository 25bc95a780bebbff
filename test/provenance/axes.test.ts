/** Relations between axes: algebraic properties of combining them, and maps of axes against the functions that they stand for. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type AxisMap,
  dropAxis,
  dropLast,
  insertAxes,
  KEEP,
  MIX,
  mapAxes,
  meet,
  mixAxis,
  mixLast,
  ownRelation,
  type Relation,
  relationAfter,
  valueAxisOf,
} from "../../provenance/axes.js";
import { Provenance, union } from "../../provenance/index.js";

/** All relations of two element axes to values of three axes. */
const relations: Relation[] = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => a | (b << 4)));
const places = (relation: Relation): number[] => [0, 1, 2, 3, 4, 5, 6].map((j) => valueAxisOf(relation, j));

test("the meet is commutative, associative and idempotent, and its meet with a mixed axis is mixed", () => {
  for (const a of relations) {
    assert.is(meet(a, a), a);
    assert.is(meet(a, 0), 0);
    for (const b of relations) {
      assert.is(meet(a, b), meet(b, a));
      for (const c of relations) assert.is(meet(meet(a, b), c), meet(a, meet(b, c)));
      const expected = places(a).map((place, j) => (place === valueAxisOf(b, j) ? place : -1));
      assert.equal(places(meet(a, b)), expected);
    }
  }
});

test("the meet of relations of seven axes keeps exactly the axes that are equal", () => {
  let seed = 1;
  const any = (): Relation => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % 2 ** 28;
  };
  for (let i = 0; i < 500; i++) {
    const [a, b] = [any(), any()];
    const near = (a & ~(15 << (4 * (i % 7)))) | (b & (15 << (4 * (i % 7))));
    for (const c of [b, near])
      assert.equal(
        places(meet(a, c)),
        places(a).map((place, j) => (place === valueAxisOf(c, j) ? place : -1)),
      );
  }
});

test("each axis map moves every axis as its description says", () => {
  const check = (map: AxisMap, target: (k: number) => number, name: string) => assert.is(map, mapAxes(7, target), name);
  check(KEEP, (k) => k, "keep");
  check(MIX, () => -1, "mix");
  for (let n = 0; n <= 8; n++) {
    check(mixAxis(n), (k) => (k === n ? -1 : k), `mixAxis ${n}`);
    check(mixLast(n), (k) => (k < n ? -1 : k), `mixLast ${n}`);
    check(dropAxis(n), (k) => (k === n ? -1 : k > n ? k - 1 : k), `dropAxis ${n}`);
    check(dropLast(n), (k) => k - n, `dropLast ${n}`);
    for (let count = 0; count <= 8; count++)
      check(insertAxes(n, count), (k) => (k < n ? k : k + count), `insertAxes ${n} ${count}`);
  }
  assert.is(
    insertAxes(2, 9),
    mapAxes(2, (k) => k),
    "axes that a nibble cannot name are mixed",
  );
});

test("applying a map to a relation moves each axis of the value that the relation names", () => {
  const maps = [KEEP, mixAxis(1), dropAxis(0), insertAxes(1, 2), mapAxes(3, (k) => 2 - k)];
  for (const relation of relations)
    for (const first of maps) {
      for (const [j, place] of places(relation).entries())
        assert.is(valueAxisOf(relationAfter(relation, first), j), place < 0 ? -1 : ((first >>> (4 * place)) & 15) - 1);
      assert.is(relationAfter(relationAfter(relation, first), KEEP), relationAfter(relation, first));
    }
  assert.is(relationAfter(0x8, KEEP), 0, "an axis beyond the seventh is mixed");
});

test("a drawn value is pointwise in its own site along every axis with more than one element", () => {
  assert.equal(places(ownRelation([2, 1, 3], 0)).slice(0, 3), [0, -1, 2]);
  assert.equal(places(ownRelation([2, 3, 4], 1)).slice(0, 3), [1, 2, -1]);
  assert.is(ownRelation([], 0), 0);
  assert.is(ownRelation([0, 1], 0), 0);
});

const related = (site: string, relation: Relation): Provenance => Provenance.related(site, relation);
const axes = (set: Provenance, site: string): [number, number][] => [...set.axesOf(site)];

test("a union keeps the axes on which both sets agree, and records which op mixed the other axes", () => {
  const [rows, columns] = [related("z", 0x21), related("z", 0x31)];
  const both = union(rows, columns, "add");
  assert.equal(axes(both, "z"), [[-1, -1]]);
  assert.is(both.mixedBy("z", -2), "add");
  assert.is(both.mixedBy("z", -1), null);
  assert.is(union(rows, related("z", 0x21)), rows, "an equal set adds nothing");
  assert.is(union(both, rows), both);
  assert.is(union(rows, both), both);
  const two = union(rows, related("w", 0x1));
  assert.equal(
    [axes(two, "z"), axes(two, "w")],
    [
      [
        [-1, -1],
        [-2, -2],
      ],
      [[-1, -1]],
    ],
  );
  const plain = union(rows, Provenance.of("z"));
  assert.not.ok(plain.hasAxes);
  assert.equal([...plain], ["z"]);
});

test("unions of sets with axes are commutative, associative and idempotent", () => {
  const sets = relations.flatMap((relation, i) => [
    related("z", relation),
    union(related("z", relation), related("w", relations[(7 * i) % 16] as Relation)),
  ]);
  const shown = (set: Provenance) => [...set].sort().map((site) => [site, axes(set, site)]);
  for (const a of sets.slice(0, 12)) {
    assert.is(union(a, a), a);
    for (const b of sets) {
      assert.equal(shown(union(a, b)), shown(union(b, a)));
      for (const c of sets.slice(5, 13)) assert.equal(shown(union(union(a, b), c)), shown(union(a, union(b, c))));
    }
  }
});

test("moved returns the set itself if no axis changes, and caches its last result", () => {
  const set = union(related("z", 0x21), related("w", 0x1));
  assert.is(set.moved(KEEP, "add"), set);
  assert.is(set.moved(mixAxis(4), "sum"), set);
  const moved = set.moved(dropAxis(0), "sum");
  assert.is(set.moved(dropAxis(0), "sum"), moved);
  assert.equal([axes(moved, "z"), axes(moved, "w")], [[[-2, -1]], []]);
  assert.equal([moved.mixedBy("z", -1), moved.mixedBy("z", -2), moved.mixedBy("w", -1)], ["sum", null, "sum"]);
  assert.is(set.moved(dropAxis(0), "max").mixedBy("z", -1), "max");
  assert.is(moved.moved(MIX, "read").mixedBy("z", -1), "sum", "the op that mixed first is reported");
  const names = Provenance.of("a");
  assert.is(names.moved(MIX, "sum"), names);
});

test.run();
