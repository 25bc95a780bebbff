/** Memory by liveness: places in the arena are reused, but never while a value in them is still needed. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withRecorder } from "../../../autodiff/core/recorder.js";
import { cumsum, jit, random, type Tensor, tensor, valueAndGrad } from "../../../autodiff/index.js";
import { Layout } from "../../../autodiff/transforms/jit/compile/layout.js";
import { membersOf } from "../../../autodiff/transforms/jit/compile/schedule.js";
import { type OpValue, programOf } from "../../../autodiff/transforms/jit/program/program.js";
import { Writer } from "../../../autodiff/transforms/jit/program/recording.js";

/** The memory layout of f's program. */
function layoutOf(f: (x: Tensor) => Tensor | Tensor[], x: Tensor): Layout {
  const input = x.add(0);
  const writer = new Writer([input]);
  const outputs = [withRecorder(writer, () => f(input))].flat();
  return new Layout(programOf(writer.finish(outputs)), { simd: false });
}

const chain = (length: number) => (x: Tensor) => {
  let y = x;
  for (let i = 0; i < length; i++) y = cumsum(y.mul(0.5), 0).mul(1e-3);
  return y.sum();
};

test("a chain of ops needs memory for a few of its values, however long it is", () => {
  const x = random.normal(random.key(0), [1000]);
  assert.ok(layoutOf(chain(150), x).memory.length < 5 * 1010);
  const f = jit(chain(150));
  for (let call = 0; call < 3; call++) assert.is(f(x).item(), chain(150)(x).item());
});

test("a gradient keeps only the values that the backward pass needs", () => {
  const f = (x: Tensor) => valueAndGrad((y: Tensor) => chain(20)(y.tanh()))(x)[1];
  assert.ok(layoutOf(f, random.normal(random.key(0), [1000])).memory.length < 8 * 1010);
});

test("values that are needed at the same time never overlap, and inputs, constants and outputs keep their places", () => {
  const f = (x: Tensor) => {
    const [a, b] = [cumsum(x, 0), cumsum(x.neg(), 0)];
    const rows = a.reshape([10, 10]);
    const product = rows.matmul(rows.transpose()).reshape([100]);
    const late = cumsum(product.add(b), 0);
    return [cumsum(late.mul(a), 0), b.add(late.at(0)), tensor(Array.from({ length: 100 }, (_, i) => i)).add(a)];
  };
  const layout = layoutOf(f, random.normal(random.key(1), [100]));
  const { schedule, views, program } = layout;
  const { units } = schedule;
  const outputs = program.outputs.map((i) => views.owner(i));
  const [born, dies] = [new Map<number, number>(), new Map<number, number>()];
  program.values.forEach((value, i) => {
    if (value.kind !== "op") born.set(i, -1);
    if (value.kind !== "op" || outputs.includes(i)) dies.set(i, units.length);
  });
  units.forEach((unit, step) => {
    const results = membersOf(unit);
    const reads = results.flatMap((i) => (program.values[i] as OpValue).inputs).filter((x) => !results.includes(x));
    for (const i of results) if (!born.has(i)) born.set(i, step);
    for (const i of reads.map((x) => views.owner(x))) if (dies.get(i) !== units.length) dies.set(i, step);
  });
  const alive = [...dies].map(([i, end]) => ({
    i,
    start: born.get(i) as number,
    end,
    from: layout.offset(i),
    to: layout.offset(i) + views.size(i),
  }));
  for (const a of alive)
    for (const b of alive)
      if (a.i < b.i && a.start <= b.end && b.start <= a.end)
        assert.ok(a.to <= b.from || b.to <= a.from, `values ${a.i} and ${b.i}`);
});

test.run();
