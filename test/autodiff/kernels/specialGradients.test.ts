/**
 * Gradients of the special functions, also with respect to shape parameters, against 60-digit numbers, over the whole range of the golden
 * file.
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { grad, type Tensor, type TensorLike } from "../../../autodiff/index.js";

type Numbers = number | string | Numbers[];
interface Point {
  args: Numbers[];
  value: Numbers;
  grad?: (Numbers | null)[];
}
const golden = JSON.parse(readFileSync(new URL("../../golden/special.json", import.meta.url), "utf8")) as {
  functions: Record<string, { points: Point[] }>;
};
const named: Record<string, string> = { log_ndtr: "logNdtr", logsigmoid: "logSigmoid" };
/** The tolerances that the golden file states for gradients; all other gradients must agree to 1e-13. */
const tolerance: Record<string, number> = { betainc: 1e-8 };

/** Non-finite numbers are strings in the file. */
const read = (x: Numbers): TensorLike => (Array.isArray(x) ? x.map((item) => read(item) as number) : Number(x));

for (const [name, { points }] of Object.entries(golden.functions)) {
  const rows = points.filter((point) => point.grad !== undefined);
  if (rows.length === 0) continue;
  test(name, () => {
    const f = (P as unknown as Record<string, (...xs: TensorLike[]) => Tensor>)[named[name] ?? name];
    if (f === undefined) throw new Error(`no op ${name}`);
    for (const { args, grad: slopes } of rows) {
      const xs = args.map(read);
      slopes?.forEach((slope, i) => {
        if (slope === null) return;
        const got = grad((x: Tensor) => f(...xs.map((other, j) => (j === i ? x : other))))(xs[i]);
        const want = P.tensor(read(slope)).toFloat64Array();
        got.toFloat64Array().forEach((y, k) => {
          const expected = want[k] as number;
          const isClose = y === expected || Math.abs(y / expected - 1) <= (tolerance[name] ?? 1e-13);
          assert.ok(isClose, `d ${name}(${JSON.stringify(args)}) / d ${i}: ${y}, expected ${expected}`);
        });
      });
    }
  });
}

test("the second derivative of erfcx keeps its digits in the tail (mpmath, 80 digits)", () => {
  for (const [x, right] of [
    [-3, 615834.346726986865],
    [0.5, 0.718691865483265051],
    [1, 0.308743122743816879],
    [3, 0.0317687423197426726],
    [30, 0.0000416530923844588759],
    [1000, 1.12837578197070549e-9],
    [1e4, 1.12837913324413883e-12],
    [1e8, 1.12837916709551224e-24],
    [1e100, 1.12837916709551252e-300],
  ] as const) {
    const got = grad((y: Tensor) => grad((z: Tensor) => z.erfcx())(y))(x).item();
    assert.ok(Math.abs(got / right - 1) < 2e-14, `${x}: ${got}, expected ${right}`);
  }
});

/** f, the arguments of the derivative, the point, and the derivative (closed forms and difference quotients in 50 to 60 digits). */
const HIGHER: readonly [name: string, by: readonly number[], at: readonly number[], right: number][] = [
  ["i0e", [0, 0, 0], [-1.2], 0.33080926865694251],
  ["i0e", [0, 0, 0], [2.5], -0.047857077681100675],
  ["i1e", [0, 0, 0], [-1.2], 0.2008752612625747],
  ["i1e", [0, 0, 0], [20], -1.8020617199439459e-5],
  ["logI0", [0, 0, 0], [-1.7], 0.17196471802131828],
  ["erfcx", [0, 0, 0], [-0.7], -37.245236066832572],
  ["logNdtr", [0, 0, 0], [-2], 0.059355861291565813],
  ["logNdtr", [0, 0], [37], -7.844024240641041e-297],
  ["logNdtr", [0, 0], [-1e8], -0.9999999999999999],
  ["logNdtr", [0, 0], [-1e200], -1],
  ["i0e", [0, 0], [1e-10], 1.49999999975],
  ["i0e", [0, 0], [15], 0.00035910113763435526],
  ["i0e", [0, 0], [17], 0.0002611379063702142],
  ["i0e", [0, 0], [1e10], 2.9920671031977493e-26],
  ["i1e", [0, 0], [1e-10], -0.9999999998125],
  ["i1e", [0, 0], [-15], -0.00029808999141227727],
  ["i1e", [0, 0], [17], 0.00022209113797310699],
  ["i1e", [0, 0], [1e20], 2.992067103010745e-51],
  ["logI0", [0, 0], [1e-10], 0.5],
  ["logI0", [0, 0], [15], 0.0023049599398175424],
  ["logI0", [0, 0], [17], 0.001786133112084778],
  ["logI0", [0, 0], [-1e20], 5e-41],
  ["gammainc", [1, 1], [1, 0], -1],
  ["gammainc", [1, 1], [1.5, 0], Infinity],
  ["gammainc", [1, 1], [2, 0], 1],
  ["gammainc", [1, 1], [3, 0], 0],
  ["gammainc", [1, 1], [2.5, 1e-300], 1.1283791670955126e-150],
  ["gammainc", [0, 1], [2, 0], 0],
  ["gammainc", [0, 1], [0.5, 1e-200], -2.587111130360436e102],
  ["gammainc", [0, 1], [3, 2], -0.0621560187022413],
  ["gammainc", [0, 0], [3, 2], 0.09884154888754006],
  ["gammaincc", [1, 1], [2, 0], -1],
  ["gammaincc", [0, 1], [3, 2], 0.0621560187022413],
  ["betainc", [2, 2], [1, 3, 0], -6],
  ["betainc", [2, 2], [2, 3, 0], 12],
  ["betainc", [2, 2], [3, 2, 1], -12],
  ["betainc", [2, 2], [3, 1, 1], 6],
  ["betainc", [2, 2], [3, 4, 0], 0],
  ["betainc", [2, 2], [2.5, 3, 1e-300], 2.953125e-149],
  ["betainc", [0, 2], [3, 1, 1], 1],
  ["betainc", [0, 2], [2.5, 3, 0], 0],
  ["betainc", [0, 2], [2.5, 3, 0.3], -0.46925995594664643],
  ["betainc", [1, 2], [2.5, 3, 0.3], 0.5256872110309569],
];
for (const [name, order, at, right] of HIGHER)
  test(`derivative of ${name} at ${at} by arguments ${order}`, () => {
    const f = (P as unknown as Record<string, (...xs: TensorLike[]) => Tensor>)[name] as (
      ...xs: TensorLike[]
    ) => Tensor;
    const by =
      (g: (...xs: TensorLike[]) => Tensor, k: number) =>
      (...xs: TensorLike[]): Tensor =>
        grad((x: Tensor) => g(...xs.map((other, n) => (n === k ? x : other))))(xs[k]);
    const got = order
      .reduce(
        by,
        f,
      )(...at)
      .item();
    assert.ok(got === right || Math.abs(got - right) <= 1e-11 * Math.abs(right), `${got}, not ${right}`);
  });

test("third derivatives at shape 1, by x twice and by the shape: (1/x - log x - γ) exp(-x) and 1/x", () => {
  const of = (f: (a: Tensor, x: Tensor) => Tensor) =>
    grad((a: Tensor) => grad((x: Tensor) => grad((y: Tensor) => f(a, y))(x) as Tensor)(0.3) as Tensor)(1).item();
  const right = (1 / 0.3 - Math.log(0.3) - 0.5772156649015329) * Math.exp(-0.3);
  assert.ok(Math.abs(of((a, x) => P.gammainc(a, x)) / right - 1) < 1e-13);
  assert.ok(Math.abs(of((a, x) => P.betainc(a, 1, x)) * 0.3 - 1) < 1e-13);
});

test.run();
