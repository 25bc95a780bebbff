/**
 * A tour of the kernels: arithmetic on numbers and Float64Arrays, without tensors. Special functions have stated error bounds. Elementary
 * functions give the same bits everywhere, for a single number and in a long array that SIMD code processes.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jit, lgamma, type Tensor, tensor } from "../../../autodiff/index.js";

const near = (got: number, want: number) =>
  assert.ok(Math.abs(got - want) <= 4e-16 * Math.max(1, Math.abs(want)), `${got} is not ${want}`);

test("special functions are right at points where their values are known", () => {
  near(lgamma(0.5).item(), Math.log(Math.PI) / 2);
  near(lgamma(11).item(), Math.log(3628800));
  near(tensor(1).digamma().item(), -0.5772156649015329);
  near(tensor(0).erf().item(), 0);
  near(tensor(0.975).ndtri().item(), 1.959963984540054);
});

test("functions keep the digits that textbook formulas lose", () => {
  near(tensor(1e-20).log1p().item(), 1e-20);
  assert.is(tensor(-1e-20).expm1().item(), -1e-20);
  // In log(1 - exp(-1e-20)), the difference would be 0 in float64.
  near(tensor(-1e-20).log1mexp().item(), Math.log(1e-20));
});

test("a function gives the same bits for one number, in an array and in a compiled SIMD loop", () => {
  const xs = Float64Array.from({ length: 1000 }, (_, i) => (i - 500) / 37);
  const f = (x: Tensor) => x.tanh().exp();
  const alone = [...xs].map((x) => f(tensor(x)).item());
  const fast = jit(f);
  for (let i = 0; i < 3; i++) assert.equal([...fast(tensor(xs)).toFloat64Array()], alone);
});

test.run();
