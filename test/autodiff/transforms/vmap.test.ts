/** vmap over the whole op table equals the stack of f(x): nested, of gradients, under gradients, with shared arguments. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  grad,
  jacobian,
  PedigradError,
  random,
  stack,
  sum,
  type Tensor,
  tensor,
  vmap,
} from "../../../autodiff/index.js";
import { arrays, operand, type Range, scalars } from "../ops/opTable.js";

const SIZE = 3;
interface Case {
  name: string;
  f: (...xs: Tensor[]) => Tensor;
  operands: { shape: readonly number[]; range: Range }[];
  smooth: boolean;
}
const broadcast = [[3], [2, 1], []];
const cases: Case[] = [
  ...scalars.flatMap(({ name, f, ranges, smooth }) => [
    { name, f, smooth, operands: ranges.map((range) => ({ shape: [], range })) },
    { name, f, smooth, operands: ranges.map((range, i) => ({ shape: broadcast[i] as number[], range })) },
  ]),
  ...arrays.map((row) => ({ ...row, operands: [...row.operands] })),
];

/** The same numbers to 1e-14, relative to the largest. */
function same(got: Tensor, want: Tensor, label: string): void {
  assert.equal(got.shape, want.shape, label);
  const [a, b] = [got.toFloat64Array(), want.toFloat64Array()];
  const scale = Math.max(1, ...b.map(Math.abs));
  a.forEach((x, i) => {
    assert.ok(Object.is(x, b[i]) || Math.abs(x - (b[i] as number)) <= 1e-14 * scale, `${label}: ${x}, ${b[i]} at ${i}`);
  });
}

const loop = (f: (i: number) => Tensor): Tensor => stack(Array.from({ length: SIZE }, (_, i) => f(i)));

test("vmap(f)(xs) is the stack of f(x), whichever operands are mapped", () => {
  for (const { name, f, operands } of cases) {
    const one = operands.map(({ shape, range }, i) => operand(shape, range, 40 + i));
    const many = operands.map(({ shape, range }, i) => operand([SIZE, ...shape], range, 50 + i));
    for (let mask = 1; mask < 1 << operands.length; mask++) {
      const mapped = operands.map((_, i) => (mask & (1 << i)) !== 0);
      const got = vmap(f, { inAxes: mapped.map((is) => (is ? 0 : null)) })(
        ...mapped.map((is, i) => (is ? many[i] : one[i])),
      );
      const want = loop((k) => f(...mapped.map((is, i) => (is ? many[i]?.at(k) : one[i]) as Tensor)));
      same(got, want, `${name} [${mapped}]`);
    }
  }
});

test("nested vmap is right for operands mapped at different depths", () => {
  for (const { name, f, operands } of cases) {
    const inner = operands.map(({ shape, range }, i) =>
      operand(i % 2 === 0 ? [2, SIZE, ...shape] : [SIZE, ...shape], range, i),
    );
    const outer = operands.map((_, i) => (i % 2 === 0 ? 0 : null));
    const got = vmap((...xs: Tensor[]) => vmap(f)(...xs), { inAxes: outer })(...inner);
    const want = stack([0, 1].map((j) => loop((k) => f(...inner.map((x, i) => (i % 2 === 0 ? x.at(j, k) : x.at(k)))))));
    same(got, want, name);
  }
});

test("an inner batch can be combined with an outer batch", () => {
  for (const { name, f, operands } of cases) {
    if (operands.length < 2) continue;
    const [many, ...rest] = operands.map(({ shape, range }, i) => operand([SIZE, ...shape], range, 7 + i)) as [Tensor];
    const got = vmap((...ys: Tensor[]) => vmap((x: Tensor) => f(x, ...ys))(many))(...rest);
    const want = loop((j) => loop((k) => f(many.at(k), ...(rest as Tensor[]).map((y) => y.at(j)))));
    same(got, want, name);
  }
});

test("vmap of grad and grad of vmap agree with a loop, also in second derivatives", () => {
  for (const { name, f, operands, smooth } of cases) {
    if (!smooth) continue;
    const many = operands.map(({ shape, range }, i) => operand([SIZE, ...shape], range, 60 + i));
    const loss = (...xs: Tensor[]): Tensor =>
      f(...xs)
        .square()
        .sum();
    const gradient = (...xs: Tensor[]): Tensor[] => grad((ys: Tensor[]) => loss(...ys))(xs);
    const twice = (...xs: Tensor[]): Tensor[] =>
      grad((ys: Tensor[]) => gradient(...ys).reduce((total, g) => total.add(g.sin().sum()), tensor(0)))(xs);
    const ofVmap = grad((xs: Tensor[]) => vmap(loss)(...xs).sum())(many);
    const vmapped = vmap(gradient)(...many);
    const vmappedTwice = vmap(twice)(...many);
    const throughVmap = grad((xs: Tensor[]) =>
      vmap(gradient)(...xs).reduce((total, g) => total.add(g.sin().sum()), tensor(0)),
    )(many);
    for (let i = 0; i < many.length; i++) {
      const example = (k: number) => many.map((x) => x.at(k));
      const want = loop((k) => gradient(...example(k))[i] as Tensor);
      same(vmapped[i] as Tensor, want, `vmap of grad of ${name}, operand ${i}`);
      same(ofVmap[i] as Tensor, want, `grad of vmap of ${name}, operand ${i}`);
      const wantTwice = loop((k) => twice(...example(k))[i] as Tensor);
      same(vmappedTwice[i] as Tensor, wantTwice, `vmap of grad of grad of ${name}, operand ${i}`);
      same(throughVmap[i] as Tensor, wantTwice, `grad of vmap of grad of ${name}, operand ${i}`);
    }
  }
});

test("inAxes select the mapped axes and shared arguments, and nested structures are kept", () => {
  const x = operand([2, 3], { low: -1, high: 1 }, 1);
  same(vmap((row: Tensor) => row.sum(), { inAxes: 1 })(x), x.sum(0), "columns");
  same(vmap((row: Tensor) => row.sum(), { inAxes: -1 })(x), x.sum(0), "the last axis");
  const { total, rows } = vmap((p: { w: Tensor; b: [Tensor] }) => ({ total: p.w.sum(), rows: [p.b[0].add(1)] }))({
    w: x,
    b: [tensor([1, 2])],
  });
  same(total, x.sum(1), "record");
  same(rows[0] as Tensor, tensor([2, 3]), "array in a record");
  same(vmap(() => tensor(4), { axisSize: 3 })(), tensor([4, 4, 4]), "a constant repeats");
  same(
    vmap((a: Tensor) => a, { inAxes: [null], axisSize: 2 })(tensor([5])),
    tensor([[5], [5]]),
    "a shared argument repeats",
  );
  same(vmap((a: Tensor) => sum(a))(tensor([]).reshape([0, 2])), tensor([]), "an axis of size 0");
});

test("a Jacobian is one vmap of the pullback", () => {
  const x = tensor([0.5, -1, 2]);
  const J = jacobian((y: Tensor) => stack([y.sum(), y.square().sum()]))(x);
  same(
    J,
    tensor([
      [1, 1, 1],
      [1, -2, 4],
    ]),
    "two rows",
  );
});

test("reading a value inside vmap is refused with advice", () => {
  for (const read of [
    (x: Tensor) => x.item(),
    (x: Tensor) => x.toArray(),
    (x: Tensor) => x.data,
    (x: Tensor) => +x > 0,
  ])
    assert.throws(
      () => vmap((x: Tensor) => (read(x) ? x : x))(tensor([1, 2])),
      (e: unknown) => e instanceof PedigradError && e.code === "read-in-vmap" && e.message.includes("where()"),
    );
  same(vmap((x: Tensor) => x.mul(2))(tensor([1, 2])), tensor([2, 4]), "after a throw");
});

test("vmap refuses axes that do not fit", () => {
  const refused = (f: () => unknown, code: string) =>
    assert.throws(f, (e: unknown) => e instanceof PedigradError && e.code === code && e.op === "vmap");
  refused(() => vmap((x: Tensor, y: Tensor) => x.add(y))(tensor([1, 2]), tensor([1, 2, 3])), "shape-mismatch");
  refused(() => vmap((x: Tensor) => x)(tensor(1)), "shape-mismatch");
  refused(() => vmap((x: Tensor) => x, { inAxes: 2 })(tensor([1])), "bad-axis");
  refused(() => vmap((x: Tensor) => x, { inAxes: null })(tensor([1])), "no-axis");
  refused(
    () => vmap((x: Tensor, y: Tensor) => x.add(y), { inAxes: [0] })(tensor([1, 2]), tensor([3, 4])),
    "bad-option",
  );
});

test("an example that is kept after its vmap is refused, also in another vmap of this size", () => {
  let kept = tensor(0);
  const keep = (x: Tensor): Tensor => {
    kept = x.mul(2);
    return x;
  };
  const uses: Record<string, () => unknown> = {
    read: () => kept.item(),
    op: () => kept.add(1).toArray(),
    "another vmap": () => vmap((x: Tensor) => x.add(kept))(tensor([10, 20])),
    "another size": () => vmap((x: Tensor) => x.add(kept))(tensor([10, 20, 30])),
    "a vmap around": () =>
      vmap((x: Tensor) =>
        vmap(keep)(tensor([1, 2]))
          .add(kept)
          .add(x),
      )(tensor([10, 20])),
  };
  for (const [use, f] of Object.entries(uses)) {
    vmap(keep)(tensor([1, 2]));
    assert.throws(f, (e: unknown) => e instanceof PedigradError && e.code === "leaked-from-vmap", use);
  }
  // Inside its vmap, an example may be kept.
  const inside = vmap((x: Tensor) => {
    keep(x);
    return vmap((y: Tensor) => y.mul(kept))(tensor([1, 10]));
  })(tensor([1, 2]));
  assert.equal(inside.toArray(), [
    [2, 20],
    [4, 40],
  ]);
});

test("each key of a batch gives its own draws", () => {
  const keys = random.split(random.key(0), 4);
  const draws = vmap((key: Tensor) => random.normal(key, [2]))(keys);
  same(draws, stack([...keys].map((key) => random.normal(key, [2]))), "normal");
});

test.run();
