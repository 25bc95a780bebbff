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

test.run();
