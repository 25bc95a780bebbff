/** The text of compiled programs: how it is cut into functions, and which values it computes once; how many programs are kept. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { at, jit, linspace, pow, type Tensor, tensor, valueAndGrad } from "../../../autodiff/index.js";
import { scalarFormulas } from "../../../autodiff/kernels/formulas/scalarFormulas.js";

test("the text is cut into functions that are short enough for V8, whatever their statements are", () => {
  const f = jit((x: Tensor) => {
    let y = x;
    for (let i = 0; i < 400; i++) y = y.mul(0.5).transpose().add(x.sum(0));
    return y;
  });
  const parts = f
    .source(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    )
    .split(/^function /m)
    .slice(1);
  assert.ok(parts.length > 4);
  for (const part of parts) assert.ok(part.split("\n").length < 300, `${part.split("\n").length} lines`);
});

test("equal constants, and equal ops on equal values, are computed once", () => {
  const f = jit((x: Tensor) => {
    const [a, b] = [tensor([1, -0]), tensor([1, 0])].map((c) => x.mul(c).exp());
    return tensor([1, -0])
      .mul(x)
      .sub((a as Tensor).div(b as Tensor))
      .add(x.mul(tensor([1, -0])).exp());
  });
  assert.is([...f.source(tensor([2, 3])).matchAll(/functions\[0\]/g)].length, 2);
});

test("powers of a constant, whose logarithm is computed once, have the bits of pow", () => {
  for (const base of [0.9, 0.999, 1, 2, 1e300, 5e-324, 0, -0.5, Infinity, Number.NaN]) {
    const f = jit((y: Tensor) => pow(base, y));
    if (base === 0.9) assert.match(f.source(tensor(0)), /functions\[0\]\(s0\)/);
    for (const y of [0, -0, 1, 37, 1e4, -3.5, 0.3, 5e-324, 1e300, -1e300, Infinity, -Infinity, Number.NaN]) {
      const got = [1, 2].map(() => f(tensor(y)).item());
      assert.equal(got, [1, 2].fill(scalarFormulas.pow(base, y)), `${base}^${y}`);
    }
  }
});

test("the source is legible and does not contain names from the caller", () => {
  const f = jit((x: { "evil();": Tensor }) => at(x["evil();"].mul(2), 0));
  const text = f.source({ "evil();": tensor([1, 2]) });
  assert.match(text, /const t\d+ = a\d+\*2;/);
  assert.not.match(text, /evil/);
});

test("a value and its gradient are one loop, unless a later op needs the sum or has no SIMD code", () => {
  const calls = (f: (x: Tensor, s: Tensor) => Tensor): number[] => {
    const g = (x: Tensor, s: Tensor) => {
      const [value, slopes] = valueAndGrad(([a, b]: [Tensor, Tensor]) => f(a, b))([x, s]);
      return [value, ...slopes];
    };
    const args = [linspace(0.5, 2, 100), tensor(1.5)] as const;
    const compiled = jit(g);
    const text = compiled.source(...args).split("/* SIMD")[0] as string;
    const bits = (ys: Tensor[]): number[][] => ys.map((y) => [...y.toFloat64Array()]);
    assert.equal(bits(compiled(...args)), bits(g(...args)));
    return [/simd\.loop/g, /for \(let/g].map((pattern) => text.match(pattern)?.length ?? 0);
  };
  assert.equal(
    calls((x, s) => x.div(s).square().add(x.mul(s).tanh()).sum()),
    [1, 0],
  );
  assert.equal(
    calls((x, s) => x.div(x.mul(s).sum()).tanh().sum()),
    [3, 0],
  );
  assert.equal(
    calls((x, s) => x.mul(s).lgamma().add(x.div(s).tanh()).sum()),
    [1, 2],
  );
});

test("with more than 16 kinds of arguments, the oldest programs are dropped, and one warning says so", () => {
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => said.push(text);
  try {
    const f = jit((x: Tensor) => x.mul(2).sum());
    for (let round = 0; round < 2; round++)
      for (let n = 1; n <= 17; n++) assert.is(f(linspace(1, n, n)).item(), n * (n + 1));
    assert.is(said.length, 1);
    assert.match(said[0] as string, "more than 16 kinds of arguments");
  } finally {
    console.warn = warn;
  }
});

test.run();
