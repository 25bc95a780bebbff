/** Sets of sites: algebraic properties of unions, and how nested values get provenance. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  detachProvenance,
  getProvenance,
  Provenance,
  type Tracked,
  trackProvenance,
  union,
} from "../../provenance/index.js";

const sites = (set: Provenance): string[] => [...set].sort();
const subsets = [[], ["a"], ["b"], ["a", "b"], ["b", "c"], ["a", "b", "c"], ["d"]].map((names) =>
  Provenance.of(...names),
);

test("union is idempotent, commutative and associative, with the empty set as identity", () => {
  for (const a of subsets) {
    assert.equal(sites(union(a, a)), sites(a));
    assert.is(union(a, Provenance.empty), a);
    assert.is(union(Provenance.empty, a), a);
    for (const b of subsets) {
      assert.equal(sites(union(a, b)), sites(union(b, a)));
      assert.equal(sites(union(a, b)), [...new Set([...a, ...b])].sort());
      for (const c of subsets) assert.equal(sites(union(union(a, b), c)), sites(union(a, union(b, c))));
    }
  }
});

test("union returns an argument if the union equals it, and caches its last result", () => {
  for (const a of subsets)
    for (const b of subsets) {
      const joined = union(a, b);
      if (a.includes(b)) assert.is(joined, a);
      else if (b.includes(a)) assert.is(joined, b);
      assert.is(union(a, b), joined);
    }
});

test("sets that share one list of sites keep their own members, even if unions branch", () => {
  const name = (i: number): string => `s${i}`;
  const grown = [Provenance.of(name(0))];
  for (let i = 1; i < 20; i++) grown.push(union(grown[i - 1] as Provenance, Provenance.of(name(i))));
  const branches = grown.map((set, i) => union(union(set, Provenance.of(`left ${i}`)), Provenance.of("right")));
  for (const [i, set] of grown.entries()) {
    const own = Array.from({ length: i + 1 }, (_, k) => name(k));
    assert.equal([...set], own);
    assert.equal([...(branches[i] as Provenance)], [...own, `left ${i}`, "right"]);
    assert.is(set.size, i + 1);
    for (let k = 0; k < 20; k++) assert.is(set.has(name(k)), k <= i);
    assert.not(set.has("right"));
    for (const [k, other] of grown.entries()) assert.is(set.includes(other), k <= i);
    assert.equal(sites(union(Provenance.of("new", name(0)), set)), ["new", ...own].sort());
  }
});

test("a set reports its size and members, and any string can be a site name", () => {
  const set = Provenance.of("__proto__", "constructor", "");
  assert.is(set.size, 3);
  assert.ok(set.has("__proto__") && set.has("") && !set.has("toString"));
  assert.is(`${Provenance.of("a", "b")}`, "{a, b}");
  assert.is(Provenance.of(), Provenance.empty);
});

class Leaf implements Tracked {
  constructor(
    readonly value: number,
    readonly provenance = Provenance.empty,
  ) {}
  withProvenance(provenance: Provenance): this {
    return new Leaf(this.value, provenance) as this;
  }
}

test("trackProvenance reaches every leaf with a provenance, in arrays, records and Maps", () => {
  const nested = { x: new Leaf(1), list: [new Leaf(2), 3, "s"], map: new Map([["k", new Leaf(4)]]), none: null };
  const tagged = trackProvenance(nested, "z");
  assert.equal(sites(tagged.x.provenance), ["z"]);
  assert.equal(sites((tagged.list[0] as Leaf).provenance), ["z"]);
  assert.equal(sites((tagged.map.get("k") as Leaf).provenance), ["z"]);
  assert.equal(tagged.list.slice(1), [3, "s"]);
  assert.is(nested.x.provenance, Provenance.empty, "the original is unchanged");
  assert.equal(sites(getProvenance([tagged, trackProvenance(new Leaf(0), ["p", "q"])])), ["p", "q", "z"]);
  assert.is(getProvenance(detachProvenance(tagged)), Provenance.empty);
  assert.is(getProvenance(3), Provenance.empty);
});

test("a key named __proto__ is an ordinary field", () => {
  const record = JSON.parse('{"__proto__": 1}') as Record<string, unknown>;
  Object.defineProperty(record, "__proto__", { value: new Leaf(1), enumerable: true });
  const tagged = trackProvenance(record, "a");
  assert.equal(sites(getProvenance(tagged)), ["a"]);
  assert.is(Object.getPrototypeOf(tagged), Object.prototype);
});

test.run();
