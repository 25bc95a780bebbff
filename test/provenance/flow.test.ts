/** How provenance flows through every op and through control flow, and that an ambient set ends with its run. */
import { inspect } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../autodiff/index.js";
import {
  currentAmbient,
  detachProvenance,
  getProvenance,
  grad,
  inFreshRun,
  outsideRuns,
  stopGradient,
  type Tensor,
  tensor,
  trackProvenance,
  vmap,
  withAmbient,
} from "../../autodiff/index.js";
import { arrays, operand, scalars } from "../autodiff/ops/opTable.js";

const sites = (x: unknown): string[] => [...getProvenance(x)].sort();
const a = trackProvenance(tensor([1, 2]), "a");
const b = trackProvenance(tensor([3, 4]), "b");
const one = trackProvenance(tensor(1), "one");

test("every op unites the sets of its operands, in either order", () => {
  for (const { name, f, ranges } of scalars) {
    const xs = ranges.map((range, i) => trackProvenance(operand([2], range, i), `x${i}`));
    assert.equal(
      sites(f(...xs)),
      xs.map((_, i) => `x${i}`),
      name,
    );
    assert.equal(sites(f(...xs.map((x, i) => (i === 0 ? x : detachProvenance(x))))), ["x0"], name);
  }
  for (const { name, f, operands } of arrays) {
    if (name === "stopGradient") continue;
    const xs = operands.map(({ shape, range }, i) => trackProvenance(operand(shape, range, i), `x${i}`));
    assert.equal(
      sites(f(...xs)),
      xs.map((_, i) => `x${i}`),
      name,
    );
  }
  assert.equal(sites(a.add(b)), sites(b.add(a)));
});

test("x - x, x * 0 and where keep the provenance of all operands", () => {
  assert.equal(sites(a.sub(a)), ["a"]);
  assert.equal(sites(a.mul(0)), ["a"]);
  assert.equal(sites(P.where(tensor([1, 1]), b, a)), ["a", "b"]);
});

test("stopGradient keeps the provenance, and detachProvenance drops it", () => {
  assert.equal(sites(stopGradient(a)), ["a"]);
  assert.equal(sites(stopGradient({ x: a, y: [b] })), ["a", "b"]);
  assert.equal(sites(detachProvenance(a.add(b))), []);
});

test("a gradient has the provenance of the values it is computed from", () => {
  assert.equal(sites(grad((x: Tensor) => x.mul(b).sum())([1, 2])), ["b"]);
  assert.equal(sites(grad((x: Tensor) => x.square().sum())(a)), ["a"]);
});

test("vmap passes the provenance of its arguments in and of its results out", () => {
  assert.equal(sites(vmap((x: Tensor) => x.mul(2))(a)), ["a"]);
  assert.equal(sites(vmap((x: Tensor) => x.mul(b))(a)), ["a", "b"]);
  assert.equal(sites(vmap((x: Tensor) => trackProvenance(x, "inside").mul(2))(tensor([1, 2]))), ["inside"]);
  assert.equal(sites(vmap((x: Tensor) => trackProvenance(x, "inside"))(a)), ["a", "inside"]);
});

test("a draw has the provenance of its key and of its parameters", () => {
  const key = trackProvenance(P.random.key(0), "k");
  assert.equal(sites(P.random.gamma(key, a)), ["a", "k"]);
});

const reads: [how: string, read: (x: Tensor) => unknown][] = [
  ["item", (x) => x.item()],
  ["toArray", (x) => x.toArray()],
  ["toFloat64Array", (x) => x.toFloat64Array()],
  ["data", (x) => x.data],
  ["JSON", (x) => JSON.stringify(x)],
  ["comparison", (x) => (x as unknown as number) > 0],
  ["index", (x) => [1, 2][x as unknown as number]],
  ["template", (x) => `${x}`],
  ["text", (x) => x.expandDims(0).toString()],
  ["join", (x) => [x].join()],
  ["inspection", (x) => inspect(x)],
  ["number", (x) => x.number],
  ["view", (x) => x.view],
];
for (const [how, read] of reads)
  test(`results computed after a value was read (${how}) have the value's provenance`, () => {
    inFreshRun(() => {
      const before = tensor(5).add(1);
      read(one);
      assert.equal(sites(tensor(5).add(1)), ["one"]);
      assert.equal(sites(b.add(1)), ["b", "one"]);
      assert.equal(sites(before), []);
    });
    assert.equal(sites(tensor(5).add(1)), [], "gone after the run");
  });

test("reading a shape, a length or a size does not count as a read", () => {
  inFreshRun(() => {
    void [a.shape, a.length, a.size];
    assert.equal(sites(tensor(1).add(1)), []);
  });
});

test("each run has its own ambient set, and the outer set is restored, even after a throw", () => {
  inFreshRun(() => {
    one.item();
    inFreshRun(() => {
      assert.equal(sites(tensor(1).add(1)), []);
      a.toArray();
      assert.equal(sites(tensor(1).add(1)), ["a"]);
    });
    assert.equal(sites(tensor(1).add(1)), ["one"]);
    assert.throws(() =>
      inFreshRun(() => {
        b.toArray();
        throw new Error("stop");
      }),
    );
    assert.equal(sites(tensor(1).add(1)), ["one"]);
  });
  assert.equal([...currentAmbient()], []);
});

test("reads outside a run are not recorded, and code in outsideRuns inherits no ambient set", () => {
  one.item();
  assert.equal([...currentAmbient()], []);
  inFreshRun(() => {
    one.item();
    outsideRuns(() => {
      a.toArray();
      assert.equal(sites(tensor(1).add(1)), []);
    });
    assert.equal(sites(tensor(1).add(1)), ["one"]);
    assert.equal(sites(grad((x: Tensor) => x.square())(2)), ["one"], "made of values computed in the run");
  });
});

test("withAmbient restores an earlier ambient set for a later computation", () => {
  const saved = inFreshRun(() => {
    one.item();
    return currentAmbient();
  });
  withAmbient(saved, () => assert.equal(sites(tensor(1).add(1)), ["one"]));
  assert.throws(() =>
    withAmbient(saved, () => {
      throw new Error("stop");
    }),
  );
  assert.equal(sites(tensor(1).add(1)), []);
});

test("a result computed in a branch on a coin depends on the coin", () => {
  inFreshRun(() => {
    const z = trackProvenance(P.random.bernoulli(P.random.key(0), 0.5), "z");
    const x = z.item() > 0 ? tensor(1).mul(2) : tensor(3).mul(4);
    assert.equal(sites(x), ["z"]);
  });
});

test.run();
