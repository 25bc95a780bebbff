/** The value of every scalar op compared with mathjs, and its gradient with mathjs' symbolic derivative of the same formula. */
import { compile, derivative, type MathNode, parse } from "mathjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, type Tensor, tensor } from "../../../autodiff/index.js";
import { operand, type Scalar, scalars } from "./opTable.js";

const NAMES = ["a", "b", "c"];
// mathjs: lgamma is good to 2e-10, erf to 1e-15 absolute; formulas of log(1 + exp(a)) and exp(a) - 1 lose a few digits.
const tolerance = ({ formula = "" }: Scalar): number => (formula.includes("lgamma") ? 1e-9 : 1e-13);
/** mathjs differentiates neither choices nor these functions. */
const hasDerivative = ({ formula = "", smooth }: Scalar): boolean => smooth && !/lgamma|erf|max|min|\?/.test(formula);

function assertClose(got: number, want: number, relative: number, label: string): void {
  assert.ok(Math.abs(got - want) <= relative * Math.max(1, Math.abs(want)), `${label}: got ${got}, want ${want}`);
}

const shapes = [
  [[], [], []],
  [[5], [5], [5]],
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [[2, 1], [3], []],
  [[], [2, 2], [2]],
];

for (const row of scalars) {
  const { name, f, ranges, formula } = row;
  if (formula === undefined) continue;
  test(name, () => {
    const value = compile(formula);
    const slopes = hasDerivative(row)
      ? ranges.map((_, i) => (derivative(parse(formula) as MathNode, NAMES[i] as string) as MathNode).compile())
      : [];
    for (const own of shapes) {
      const xs = ranges.map((range, i) => operand(own[i] as number[], range, 90 + i));
      const y = f(...xs);
      const spread = xs.map((x) => x.broadcastTo(y.shape).toFloat64Array());
      const scope = (k: number) => Object.fromEntries(spread.map((x, i) => [NAMES[i] as string, x[k] as number]));
      y.toFloat64Array().forEach((got, k) => {
        assertClose(got, value.evaluate(scope(k)) as number, tolerance(row), `${name}(${Object.values(scope(k))})`);
      });
      slopes.forEach((slope, i) => {
        const whole = xs.map((x) => x.broadcastTo(y.shape));
        const gradient = grad((x: Tensor) => f(...whole.map((other, j) => (j === i ? x : other))).sum())(whole[i]);
        gradient.toFloat64Array().forEach((got, k) => {
          const label = `d ${name}(${Object.values(scope(k))}) / d${NAMES[i]}`;
          assertClose(got, slope.evaluate(scope(k)) as number, 1e-12, label);
        });
      });
    }
  });
}

test("the gradient of a broadcast operand is summed to the operand's shape", () => {
  const [a, b] = [tensor([[1], [2]]), tensor([3, 4, 5])];
  assert.equal(grad((x: Tensor) => x.mul(b).sum())(a).toArray(), [[12], [12]]);
  assert.equal(grad((x: Tensor) => a.mul(x).sum())(b).toArray(), [3, 3, 3]);
  assert.equal(grad((x: Tensor) => a.mul(b).mul(x).sum())(1).toArray(), 36);
});

test.run();
