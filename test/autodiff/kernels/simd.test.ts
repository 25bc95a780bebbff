// biome-ignore-all lint/performance/noDynamicNamespaceImportAccess: tests walk the op table by name
/**
 * The SIMD code gives the same bits as the JavaScript that eager ops run.
 */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { jit, matmul, random, type Tensor, tensor } from "../../../autodiff/index.js";
import { parse } from "../../../autodiff/kernels/formulas/language.js";
import { scalarFormulas } from "../../../autodiff/kernels/formulas/scalarFormulas.js";
import { assemble } from "../../../autodiff/kernels/wasm/assemble.js";
import { type DrawName, drawTexts } from "../../../autodiff/kernels/wasm/draws.js";
import { allocate } from "../../../autodiff/kernels/wasm/simd.js";
import { binary, ternary, unary } from "../../../autodiff/ops/elementwise/elementwise.js";

/** Asserts that compiled equals eager for these arguments, element by element. The second call compiles. */
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
  0.5,
  -3,
  2 ** 20 + 0.5,
  1e22,
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
const formulas = Object.entries(scalarFormulas)
  .filter(([, f]) => f.length === 1)
  .map(([name, f]) => [name, unary(name, f as (x: number) => number, null)] as const);
const arithmetic = "abs neg sign square sqrt reciprocal floor ceil round relu isNaN isFinite logicalNot".split(" ");

for (const [name, f] of [...formulas, ...arithmetic.map((name) => [name, P[name as "abs"]] as const)])
  test(`SIMD code of ${name} equals the function of one number at ${values.length} numbers, edge cases included`, () => {
    for (const n of [values.length, 65]) assertSame((x) => f(x), [tensor(values.slice(0, n))], `${name} of ${n}`);
  });

test("every formula compiles as SIMD code by itself", () => {
  const simd = allocate(8);
  for (const [name, { length }] of Object.entries(scalarFormulas)) {
    const call = `${name}(${["load(0)", "load(16)", "load(32)"].slice(0, length)})`;
    assert.not.throws(() => simd?.compile(`function f() { let y = ${call}; store(0, y); }`), name);
  }
});

test("in a formula, a variable whose first value is a literal is a pair of numbers", () => {
  const formula = "function g(x) { let y = 0; if (any(x > 1)) { y = x > 1 ? x : y; } return y + 2; }";
  const routine = "function f() { let i = 0; store(i, g(load(i))); }";
  const byName = new Map(parse(formula).map((one) => [one.name, one]));
  // @ts-expect-error: WebAssembly is among the types of browsers
  assert.ok(WebAssembly.validate(assemble(parse(routine), byName, [])));
});

for (const name of "add sub mul div maximum minimum equal less lessEqual greater greaterEqual notEqual mulZeroWins pow logaddexp xlogy xlog1py logicalAnd logicalOr".split(
  " ",
))
  test(`SIMD code of ${name} equals the JavaScript for every pair of edge cases`, () => {
    const a = tensor(EDGES.flatMap((x) => EDGES.map(() => x)));
    const b = tensor(EDGES.flatMap(() => EDGES));
    assertSame((x, y) => P[name as "add"](x, y), [a, b], name);
  });

test("SIMD code of logOnePlusSquareOver equals the JavaScript for every pair of edge cases", () => {
  const a = tensor(EDGES.flatMap((x) => EDGES.map(() => x)));
  const b = tensor(EDGES.flatMap(() => EDGES));
  const f = binary("logOnePlusSquareOver", scalarFormulas.logOnePlusSquareOver, null);
  assertSame((x, y) => f(x, y), [a, b], "logOnePlusSquareOver");
});

test("SIMD code of powSlope equals the JavaScript for triples of edge cases", () => {
  const slope = ternary("powSlope", scalarFormulas.powSlope, null);
  const [a, b] = [EDGES.flatMap((x) => EDGES.map(() => x)), EDGES.flatMap(() => EDGES)];
  for (const g of [0, 1, -2]) assertSame((x, y) => slope(g, x, y), [tensor(a), tensor(b)], `powSlope of ${g}`);
});

test("SIMD loops over rows equal eager ops for broadcast operands, odd lengths and three axes", () => {
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
    // Long enough for two pairs at a time: without a remainder, with one more pair, and with half a pair.
    [[9, 64], [64], [9, 1]],
    [[9, 66], [66], [9, 1]],
    [[9, 67], [67], [9, 1]],
    [[603], [1], [603]],
    // Short rows of odd length, two of which make whole pairs, in even and odd numbers.
    [[40, 3], [3], [40, 1]],
    [
      [33, 5],
      [33, 1],
      [1, 5],
    ],
    [[35, 7], [7], [35, 7]],
    [
      [3, 11, 3],
      [11, 1],
      [3, 1, 3],
    ],
  ] as [number[], number[], number[]][])
    assertSame((x, y, z) => x.mul(y).add(z).tanh().mul(z), [draw(1, a), draw(2, b), draw(3, c)], `${a} | ${b} | ${c}`);
  assertSame((x) => x.add(x.flip(0)).exp(), [draw(4, [9, 11])], "flipped");
  assertSame((x) => x.add(x.flip(0)).exp(), [draw(4, [31, 3])], "short rows, flipped");
  const part = (x: Tensor) => x.slice(1, 4, { axis: 1 });
  assertSame(
    (x, y) =>
      part(x)
        .mul(y)
        .add(part(x).sum(1, { keepDims: true })),
    [draw(7, [29, 5]), draw(8, [29, 3])],
    "parts of rows",
  );
  assertSame((x) => x.add(x.transpose()).exp(), [draw(5, [10, 10])], "transposed");
  assertSame((x) => x.slice(1).mul(x.slice(0, -1)).exp(), [draw(6, [100])], "odd offsets");
});

test("SIMD sums along every axis and products of any shapes, layouts and lengths equal eager ops", () => {
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

test("text that is not in the language of kernels is refused", () => {
  for (const text of [
    "function f() { x ** 2; }",
    "function f(a) { return a ? 1 : 0; }",
    "function f() { let = 1; }",
    "x",
  ])
    assert.throws(() => parse(text), SyntaxError);
  assert.throws(() => assemble(parse("function f() { let y = sinc(load(0)); }"), new Map(), []), /sinc is not defined/);
  assert.throws(
    () => assemble(parse("function f() { let y = load(0) << 1; }"), new Map(), []),
    /no instruction for v <</,
  );
});

test("every kernel of a random draw compiles as SIMD code", () => {
  const simd = allocate(16);
  for (const name of Object.keys(drawTexts) as DrawName[]) assert.type(simd?.draw(name), "function", name);
});

test("if the platform refuses SIMD code, plain loops give the same numbers", () => {
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
