// biome-ignore-all lint/performance/noDynamicNamespaceImportAccess: tests walk the op table by name
/**
 * The SIMD code against the JavaScript that eager ops run, bit for bit, and the formulas that both are readings of against
 * 40 digits.
 */
import fc from "fast-check";
import { all, type BigNumber, create, type FactoryFunctionMap } from "mathjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { jit, matmul, random, type Tensor, tensor } from "../../../autodiff/index.js";
import { assemble } from "../../../autodiff/kernels/wasm/assemble.js";
import { parse } from "../../../autodiff/kernels/wasm/language.js";
import { type FormulaName, twins } from "../../../autodiff/kernels/wasm/scalarFormulas.js";

/** Compiled equals eager for these arguments, element by element; the second call compiles. */
function assertSame(f: (...xs: Tensor[]) => Tensor, args: Tensor[], message: string): void {
  const compiled = jit(f);
  const eager = f(...args).toFloat64Array();
  for (let call = 0; call < 3; call++) {
    const y = compiled(...args).toFloat64Array();
    const at = eager.findIndex((x, i) => !Object.is(x, y[i]));
    assert.is(at, -1, `${message}: ${y[at]} at ${at}, eager ${eager[at]}`);
  }
}

const EDGES = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  5e-324,
  -5e-324,
  2 ** -1022,
  1e-310,
  1e308,
  -1e308,
  709.78,
  709.79,
  -745.1,
  -745.2,
];
/** Numbers of every size and sign around the edges. */
const values = [
  ...EDGES,
  ...Array.from({ length: 400 }, (_, i) => Math.sin(i * 1.37) * 10 ** (6 * Math.sin(i * 0.731) - 3)),
  ...Array.from({ length: 400 }, (_, i) => Math.sin(i * 2.11) * 2 ** (60 * Math.cos(i * 1.93))),
  ...Array.from({ length: 200 }, (_, i) => 750 * Math.sin(i)),
];
const names = Object.keys(twins) as FormulaName[];
const arithmetic = "abs neg sign square sqrt reciprocal floor ceil round relu isNaN isFinite logicalNot".split(" ");

for (const name of [...names, ...arithmetic] as FormulaName[])
  test(`${name}: SIMD code equals the function of one number at ${values.length} numbers, edges included`, () => {
    for (const n of [values.length, 65]) assertSame((x) => P[name](x), [tensor(values.slice(0, n))], `${name} of ${n}`);
  });

for (const name of "add sub mul div maximum minimum equal less lessEqual greater greaterEqual notEqual gate logicalAnd logicalOr".split(
  " ",
))
  test(`${name}: every pair of edges`, () => {
    const a = tensor(EDGES.flatMap((x) => EDGES.map(() => x)));
    const b = tensor(EDGES.flatMap(() => EDGES));
    assertSame((x, y) => P[name as "add"](x, y), [a, b], name);
  });

const math = create(all as FactoryFunctionMap, { number: "BigNumber", precision: 60 });
/** The number as it is: 60 digits of its decimal text would be another number. */
const exactly = (x: number): BigNumber => {
  if (x === 0) return math.bignumber(0);
  const lifted = Math.abs(x) < 1e-200 ? x * 2 ** 500 : x;
  const exponent = Math.floor(Math.log2(Math.abs(lifted))) - 52;
  const digits = math.bignumber(`${BigInt(lifted / 2 ** exponent)}`);
  return digits.times(math.bignumber(2).pow(lifted === x ? exponent : exponent - 500));
};
// Where 60 digits do not hold 1 + x, three terms of the series do.
const isTiny = (x: BigNumber): boolean => x.abs().lessThan(1e-20);
const log1p = (x: BigNumber): BigNumber =>
  isTiny(x) ? x.minus(x.pow(2).div(2)).plus(x.pow(3).div(3)) : x.plus(1).ln();
const expm1 = (x: BigNumber): BigNumber =>
  isTiny(x) ? x.plus(x.pow(2).div(2)).plus(x.pow(3).div(6)) : x.exp().minus(1);
const inverse = (x: BigNumber): BigNumber => math.bignumber(1).div(x);
const exact: Record<FormulaName, (x: BigNumber) => BigNumber> = {
  exp: (x) => x.exp(),
  expm1,
  log: (x) => x.ln(),
  log1p,
  tanh: (x) => expm1(x.times(2)).div(expm1(x.times(2)).plus(2)),
  sigmoid: (x) => inverse(x.neg().exp().plus(1)),
  softplus: (x) => (x.lessThan(0) ? log1p(x.exp()) : x.plus(log1p(x.neg().exp()))),
  logSigmoid: (x) => exact.softplus(x.neg()).neg(),
};

const ulpOf = (y: number): number => Math.max(2 ** (Math.floor(Math.log2(Math.abs(y))) - 52), 2 ** -1074);
/** The bounds that formulas.ts states. */
const ULPS: Record<FormulaName, number> = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  tanh: 3,
  sigmoid: 2,
  softplus: 2,
  logSigmoid: 2,
};
const domain = (name: FormulaName, x: number): boolean =>
  name === "log" ? x > 0 && x < 1e300 : name === "log1p" ? x > -1 && x < 1e300 : Math.abs(x) < 700;
for (const name of names)
  test(`${name}: within ${ULPS[name]} ulp of 60 digits`, () => {
    for (const x of values.filter((v) => Math.abs(v) > 1e-280 && domain(name, v))) {
      const y = twins[name](x);
      const error =
        Number(
          exactly(y)
            .minus(exact[name](exactly(x)))
            .toString(),
        ) / ulpOf(y);
      assert.ok(Math.abs(error) <= ULPS[name], `${name}(${x}) = ${y} is off by ${error} ulp`);
    }
  });

test("loops over rows: broadcast rows and columns, odd lengths, three axes", () => {
  const draw = (seed: number, shape: number[]) => random.normal(random.key(seed), shape);
  for (const [a, b, c] of [
    [[13, 7], [7], [13, 1]],
    [
      [8, 9],
      [1, 9],
      [8, 1],
    ],
    [
      [3, 5, 7],
      [5, 1],
      [3, 1, 7],
    ],
    [
      [3, 5, 6],
      [1, 5, 6],
      [3, 1, 1],
    ],
    [[65], [1], [65]],
  ] as [number[], number[], number[]][])
    assertSame((x, y, z) => x.mul(y).add(z).tanh().mul(z), [draw(1, a), draw(2, b), draw(3, c)], `${a} | ${b} | ${c}`);
  assertSame((x) => x.add(x.flip(0)).exp(), [draw(4, [9, 11])], "flipped");
  assertSame((x) => x.add(x.transpose()).exp(), [draw(5, [10, 10])], "transposed");
  assertSame((x) => x.slice(1).mul(x.slice(0, -1)).exp(), [draw(6, [100])], "odd offsets");
});

test("sums along every axis, and products of any shapes, lie and length", () => {
  const sizes = fc.integer({ min: 1, max: 37 });
  fc.assert(
    fc.property(
      sizes,
      sizes,
      fc.oneof(sizes, fc.constant(1), fc.constant(300)),
      fc.boolean(),
      fc.boolean(),
      (m, n, k, left, right) => {
        const [a, b] = [left ? [k, m] : [m, k], right ? [n, k] : [k, n]];
        const args = [random.normal(random.key(m), a), random.normal(random.key(n), b)];
        const f = (x: Tensor, y: Tensor) => matmul(left ? x.transpose() : x, right ? y.transpose() : y);
        assertSame((x, y) => f(x, y).add(0), args, `${m} x ${k} x ${n}, ${left}, ${right}`);
        for (const axis of [0, 1]) assertSame((x) => x.sum(axis), [args[0] as Tensor], `sum of ${a} along ${axis}`);
      },
    ),
    { seed: 1, numRuns: 60 },
  );
  const cube = random.normal(random.key(3), [5, 12, 9]);
  for (const axes of [0, 1, 2, [0, 1], [1, 2], [0, 2], undefined])
    assertSame((x) => x.sum(axes), [cube], `sum along ${axes}`);
  assertSame((x, y) => matmul(x, y), [cube, random.normal(random.key(4), [5, 9, 10])], "a batch");
});

test("what is not the language is refused", () => {
  for (const text of [
    "function f() { x ** 2; }",
    "function f(a) { return a ? 1 : 0; }",
    "function f() { let = 1; }",
    "x",
  ])
    assert.throws(() => parse(text), SyntaxError);
  assert.throws(() => assemble(parse("function f() { let y = sinc(load(0)); }"), new Map()), /sinc is not defined/);
  assert.throws(() => assemble(parse("function f() { let y = load(0) << 1; }"), new Map()), /no instruction for v <</);
});

test("where the platform refuses, plain loops give the same numbers", () => {
  const f = (x: Tensor) => x.mul(2).tanh().add(x).sum();
  const x = random.normal(random.key(5), [200]);
  const host = globalThis as unknown as { WebAssembly: object | undefined };
  const { WebAssembly: original } = host;
  const refusing = class {
    constructor() {
      throw new RangeError("WebAssembly.Module(): too large for this thread");
    }
  };
  try {
    for (const other of [
      undefined,
      { ...(original as object), Memory: Reflect.get(original as object, "Memory"), Module: refusing },
    ]) {
      host.WebAssembly = other;
      const compiled = jit(f);
      for (let call = 0; call < 3; call++) assert.is(compiled(x).item(), f(x).item());
      assert.not.match(compiled.source(x), /simd/);
    }
  } finally {
    host.WebAssembly = original;
  }
});

test.run();
