/** Copies and sums of strided views, compared with ndarray-ops. */
import fc from "fast-check";
import ops from "ndarray-ops";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bindAdd, copyInto } from "../../../autodiff/core/copy.js";
import { contiguous, type View, viewOf } from "../../../autodiff/core/view.js";

/** Views of a shape, with the axes stored in any order, with or without gaps, some of them backwards. */
const layouts = (shape: number[]) =>
  fc
    .tuple(
      fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      fc.integer({ min: 1, max: 2 }),
    )
    .map(([order, backwards, gap]) => {
      const stride = new Array<number>(shape.length);
      let step = gap;
      for (const axis of order) {
        stride[axis] = step;
        step *= Math.max(1, shape[axis] as number);
      }
      let offset = 3;
      shape.forEach((n, axis) => {
        if (!backwards[axis] || n === 0) return;
        offset += (n - 1) * (stride[axis] as number);
        stride[axis] = -(stride[axis] as number);
      });
      const data = Float64Array.from({ length: step + 10 }, (_, i) => i * i);
      return (): View => viewOf(data.slice(), shape, stride, offset);
    });
const cases = fc
  .array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 })
  .chain((shape) => fc.tuple(fc.constant(shape), layouts(shape), layouts(shape)));

test("copyInto and bindAdd handle any strides and write only to elements of the view", () => {
  fc.assert(
    fc.property(cases, ([, to, from]) => {
      for (const [own, other] of [
        [copyInto, ops.assign],
        [(x: View, y: View) => bindAdd(x, y)(), ops.addeq],
      ] as const) {
        const [a, b] = [to(), to()];
        own(a, from());
        other(b, from());
        assert.equal([...a.data], [...b.data]);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("copies handle views without elements, with one element and with repeated elements", () => {
  const to = contiguous(new Float64Array(6), [2, 3]);
  copyInto(to, viewOf(Float64Array.of(7), [2, 3], [0, 0]));
  assert.equal([...to.data], [7, 7, 7, 7, 7, 7]);
  bindAdd(to, viewOf(Float64Array.of(1, 2, 3), [2, 3], [0, 1]))();
  assert.equal([...to.data], [8, 9, 10, 8, 9, 10]);
  copyInto(contiguous(new Float64Array(0), [0, 3]), viewOf(new Float64Array(1), [0, 3], [1, 0]));
  const one = contiguous(new Float64Array(1), []);
  copyInto(one, viewOf(Float64Array.of(1, 2), [], [], 1));
  assert.is(one.data[0], 2);
});

test.run();
