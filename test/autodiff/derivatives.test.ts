/** First and second derivatives of every op against finite differences: scalars, vectors, matrices, broadcast operands. */
import { test } from "uvu";
import { type Tensor, tensor } from "../../autodiff/index.js";
import { assertDerivatives } from "./differences.js";
import { arrays, operand, scalars } from "./opTable.js";

const shapes: Record<string, readonly (readonly number[])[]> = {
  scalar: [[], [], []],
  vector: [[4], [4], [4]],
  matrix: [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  broadcast: [[3], [2, 1], []],
};

for (const { name, f, ranges, smooth } of scalars) {
  if (!smooth) continue;
  test(name, () => {
    for (const [kind, own] of Object.entries(shapes)) {
      const xs = ranges.map((range, i) => operand(own[i] as number[], range, 3 + i));
      assertDerivatives(
        f,
        xs,
        ranges.map((range) => range.whole !== true),
        `${name} of ${kind}`,
      );
    }
  });
}

for (const { name, f, operands, smooth } of arrays) {
  if (!smooth) continue;
  test(name, () => {
    const xs = operands.map(({ shape, range }, i) => operand(shape, range, 20 + i));
    assertDerivatives(
      f,
      xs,
      operands.map(({ range }) => range.whole !== true),
      name,
    );
  });
}

test("strided operands", () => {
  const f = (x: Tensor, y: Tensor): Tensor => x.transpose().mul(y.flip(1)).add(y.slice(0, 1)).exp();
  const xs = [operand([4, 3], { low: -1, high: 1 }, 1), operand([3, 4], { low: -1, high: 1 }, 2)];
  assertDerivatives(f, xs, [true, true], "transposed, flipped and sliced");
});

test("a function of a constant has gradient 0", () => {
  assertDerivatives(() => tensor([1, 2]), [tensor([3, 4])], [true], "constant");
});

test.run();
