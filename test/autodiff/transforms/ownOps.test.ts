/**
 * Elementwise ops of users, written as people, minifiers and coverage tools write functions: compiled and eager equal the function.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { View } from "../../../autodiff/core/view.js";
import {
  apply,
  binary,
  grad,
  jit,
  type Op,
  type Tensor,
  tensor,
  ternary,
  unary,
  zeros,
} from "../../../autodiff/index.js";
import { inlineFunctionOf } from "../../../autodiff/transforms/jit/compile/loops/inline.js";
import { refusal } from "../../refusals.js";

/** The function with exactly this text: a TypeScript compiler would change it. */
const written = (text: string): ((...xs: number[]) => number) => new Function(`return ${text}`)();

const ONE_OPERAND = [
  "(x) => x * x - 1 / x",
  "t=>1e-3*t+.5*(t<0?-t:t)",
  "$=>$>=1&&$!==3?Math.max($,2)-Math.floor($):Number.isNaN($)?0:-$",
  "e=>e*1e1-e",
  "Object.assign(x => x + 1, { toString: () => 'x => x - 1' })",
  "x => (x /= 3, x + 1)",
  "x => (x **= 2, x + 1)",
  "x => (x >>= 1, x)",
  "x => x++ * 2",
  "x => -(-x) + - --x",
  "x => [x][0] * 2",
  "x => { if (x > 0) return x; return x * x; }",
  "x => (y => (z => z + y)(2 * y))(x)",
  "((k) => (x) => k * x)(3)",
  "(x, k = 2) => x ** k",
  "(...xs) => xs[0] * xs.length",
  "function (x) { return arguments.length * x; }",
  "({ f(x) { return 2 * x; } }).f",
  "(x => 3 * x).bind(null)",
  "new Proxy(x => x - 7, {})",
  "(() => { const Math = { abs: (x) => x + 100 }; return x => Math.abs(x); })()",
  "(() => { const NaN = 5; return x => x + NaN; })()",
  "x => /* => */ x // x + 1\n",
  'x => "x => 0".length + x',
  "x => `1`.length + x",
  "x => x.valueOf() + 1",
];

test("a user's op of one operand is right for numbers, short and long arrays, alone and among other ops", () => {
  for (const text of ONE_OPERAND) {
    const f = written(text);
    const op = unary("own", f, [(g) => g]);
    for (const numbers of [[-3.5], [1, 2, 3], Array.from({ length: 80 }, (_, i) => i / 7 - 5)]) {
      const program = (x: Tensor) => op(x.mul(2)).add(x.mul(0));
      const right = numbers.map((x) => f(2 * x) + 0 * x);
      const x = numbers.length === 1 ? tensor(numbers[0] as number) : tensor(numbers);
      assert.equal([program(x).toArray()].flat(), right, `${text}, eager`);
      const compiled = jit(program);
      for (let call = 0; call < 3; call++) assert.equal([compiled(x).toArray()].flat(), right, `${text}, compiled`);
    }
  }
});

test("a user's op that returns a constant does not prevent SIMD code of other ops", () => {
  const x = tensor(Array.from({ length: 80 }, (_, i) => i / 7 - 5));
  for (const text of ["x => 3", "x => 1 + 2", "x => -3 * 2", "x => (NaN)"]) {
    const constant = unary("constant", written(text), null);
    const program = jit((x: Tensor) => [constant(x), x.reshape([40, 2]).exp()]);
    for (let call = 0; call < 2; call++)
      assert.equal(program(x)[0]?.toArray(), new Array(80).fill(written(text)(0)), text);
    assert.match(program.source(x), "exp(", text);
  }
});

test("users' ops of two and three operands may have default and rest parameters", () => {
  const two = binary("two", written("(a, b = 1) => a - 2 * b") as (a: number, b: number) => number, null);
  const rest = ternary("three", written("(a, ...rest) => a * rest[0] + rest[1]"), null);
  const f = jit((x: Tensor) => two(rest(x, 3, x), [1, 10]));
  for (let call = 0; call < 3; call++) assert.equal(f(tensor([1, 2])).toArray(), [2, -12]);
});

test("users' ops may use numbers as conditions, conditions as numbers, and the functions of Math", () => {
  const bodies = [
    "a && b",
    "a || b",
    "(a && b) + c",
    "(a < b) + (b < c)",
    "(a > b) * c",
    "(a < b) === (b < c) ? 1 : 2",
    "a < b < c ? 1 : 2",
    "a > b",
    "undefined",
  ];
  bodies.push("Math.max(a, b, c)", "Math.min(a, b, c)", "1E1 * a - 5E-1", "(a, b)", "a < b && b < c || c < a ? a : b");
  for (const name of Object.getOwnPropertyNames(Math))
    if (typeof Math[name as "abs"] === "function" && name !== "random") bodies.push(`Math.${name}(Math.abs(a), b, c)`);
  const at = (k: number, n: number) => Array.from({ length: n }, (_, i) => (i % 3) * Math.sin(k + i));
  for (const body of bodies) {
    const f = written(`(a, b, c) => ${body}`);
    const op = ternary("own", f, null);
    const program = (a: Tensor, b: Tensor, c: Tensor) =>
      op(a, b, c)
        .equal(1)
        .add(op(a, b, c));
    const compiled = jit(program);
    for (const n of [1, 5, 80]) {
      const lists = [1, 2, 3].map((k) => at(k, n));
      const xs = lists.map((list) => (n === 1 ? tensor(list[0] as number) : tensor(list))) as [Tensor, Tensor, Tensor];
      const right = at(0, n).map((_, i) => {
        const y = Number(f(...lists.map((list) => list[i] as number)));
        return Number(y === 1) + y;
      });
      assert.equal([program(...xs).toArray()].flat(), right, `${body}, eager`);
      for (let call = 0; call < 3; call++) assert.equal([compiled(...xs).toArray()].flat(), right, `${body}, compiled`);
    }
  }
});

test("only functions that are one expression of parameters, numbers, operators and Math are inlined", () => {
  const isInlined = (text: string) => inlineFunctionOf(written(text)) !== null;
  for (const text of ONE_OPERAND.slice(0, 5)) assert.ok(isInlined(text), text);
  for (const text of ONE_OPERAND.slice(5)) assert.not.ok(isInlined(text), text);
});

test("a coverage counter in a user's function counts every call", () => {
  const count = { calls: 0 };
  const counted = new Function("count", "return x => (count.calls++, x * 2)")(count) as (x: number) => number;
  const op = unary("counted", counted, null);
  const f = jit((x: Tensor) => op(x.add(1)));
  for (let call = 1; call <= 6; call++) {
    const before = count.calls;
    assert.is(f(tensor(call)).item(), 2 * (call + 1));
    assert.ok(count.calls > before);
  }
});

test("an op's name cannot break the generated code", () => {
  const op: Op = {
    name: "f [2]\n globalThis.wasRun = true; //",
    shape: (_, [x]) => (x as Tensor).shape,
    kernel: (_, out, [x]) => {
      for (let i = 0; i < 2; i++) out.set(i, 2 * (x?.get(i) as number));
    },
    vjp: () => null,
    batch: () => tensor(0),
  };
  const f = jit((x: Tensor) => apply(op, null, x));
  for (let call = 0; call < 3; call++) assert.equal(f(tensor([1, call])).toArray(), [2, 2 * call]);
  assert.not.match(f.source(tensor([1, 2])), /wasRun/);
  assert.is((globalThis as { wasRun?: boolean }).wasRun, undefined);
});

test("a kernel may count on zeros in its result, also when a program runs again", () => {
  const sums: Op = {
    name: "sums",
    shape: () => [2],
    kernel: (_, out, [x]) => {
      for (let i = 0; i < (x as View).size; i++) {
        const number = (x as View).get(i) as number;
        const at = out.offset + Number(number < 0);
        out.data[at] = (out.data[at] as number) + number;
      }
    },
    vjp: () => null,
    batch: () => tensor(0),
  };
  const f = jit((x: Tensor) => apply(sums, null, x.mul(2)).add(1));
  for (let x = 1; x < 5; x++) assert.equal(f(tensor([x, -x * x])).toArray(), [1 + 2 * x, 1 - 2 * x * x]);
});

test("a gradient rule that returns no cotangent of its operand's shape is refused by the op's name", () => {
  const gradientBy = (rule: unknown) => {
    const own = unary("own", (a) => 2 * a, [rule as (g: Tensor) => Tensor]);
    return grad((x: Tensor) => own(x).sum())([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  };
  assert.equal(gradientBy((g: Tensor) => g.mul(2)).toArray(), [
    [2, 2, 2],
    [2, 2, 2],
  ]);
  for (const wrong of [2, undefined, tensor(0), zeros([7]), zeros([3, 2]), zeros([2, 1]), zeros([2, 2, 4])]) {
    const error = refusal(() => gradientBy(() => wrong));
    assert.equal([error.code, error.op], [wrong === undefined ? "not-a-tensor" : "bad-result", "own"]);
  }
  assert.is(refusal(() => gradientBy(2)).code, "bad-option");
});

test("thousands of ops on one shape compile, although one WebAssembly function could not contain them", () => {
  const f = (x: Tensor) => {
    let y = x;
    for (let i = 0; i < 5200; i++) y = i % 2 === 0 ? y.mul(0.999).add(i % 5) : y.tanh();
    return y;
  };
  const x = tensor(Array.from({ length: 64 }, (_, i) => i / 9));
  const compiled = jit(f);
  for (let call = 0; call < 3; call++) assert.equal(compiled(x).toArray(), f(x).toArray());
});

test.run();
