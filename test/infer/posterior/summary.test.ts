/** Summaries, intervals, convergence diagnostics and exports of draws, compared with ArviZ (golden/summary.json) and closed forms. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  grad,
  hpdi,
  quantile,
  random,
  summary,
  type Tensor,
  tensor,
  toArrow,
  toCsv,
  toInferenceData,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

interface Case {
  name: string;
  draws: number[][];
  mean: number;
  sd: number;
  median: number;
  hpdi: [number, number];
  quantiles: number[];
  essBulk: number;
  essTail: number;
  rHat: number | null;
}
const { cases } = JSON.parse(readFileSync(new URL("../../golden/summary.json", import.meta.url), "utf8")) as {
  cases: Case[];
};
const near = (got: number | undefined, want: number, what: string, tolerance = 1e-9) =>
  assert.ok(
    Math.abs((got as number) - want) <= tolerance * Math.max(1, Math.abs(want)),
    `${what}: ${got}, expected ${want}`,
  );

for (const { name, draws, ...want } of cases)
  test(`summary of ${name} has the numbers of ArviZ`, () => {
    const row = summary({ x: draws }, { batchNdims: 2 }).get("x");
    for (const key of ["mean", "sd", "median", "essBulk", "essTail"] as const) near(row?.[key], want[key], key);
    if (want.rHat !== null) near(row?.rHat, want.rHat, "rHat");
    for (const i of [0, 1] as const) near(row?.hpdi[i], want.hpdi[i], `hpdi[${i}]`);
    const pooled = draws.flat();
    const got = quantile(pooled, [0.05, 0.5, 0.9]).toArray() as number[];
    for (const [i, q] of want.quantiles.entries()) near(got[i], q, `quantile ${i}`);
    near(hpdi(pooled).at(1).item(), want.hpdi[1], "hpdi of the pooled draws");
  });

test("quantile and hpdi reduce any axis, and keep the other axes", () => {
  const x = tensor([
    [3, 1, 2],
    [30, 10, 20],
  ]);
  assert.equal(quantile(x, 0.5, { axis: 1 }).toArray(), [2, 20]);
  assert.equal(quantile(x, 0.5).toArray(), [16.5, 5.5, 11]);
  assert.equal(quantile(x, [0, 1], { axis: -1 }).toArray(), [
    [1, 10],
    [3, 30],
  ]);
  assert.equal(hpdi([0, 1, 1.1, 1.2, 5], { prob: 0.5 }).toArray(), [1, 1.2]);
  assert.equal(hpdi(x, { axis: 1, prob: 0.5 }).toArray(), [
    [1, 10],
    [2, 20],
  ]);
});

test("gradients of quantile and hpdi go to the draws at the ends of the interval", () => {
  const x = [3, 1, 2.5, 7, 9, 4];
  // At q = 0.3 the position among 1, 2.5, 3, 4, 7, 9 is 1.5, so the quantile is (2.5 + 3) / 2. Its slope in q is 5 (3 - 2.5).
  const closeTo = (got: Tensor, want: number[]) =>
    want.forEach((slope, i) => {
      near(got.at(i).item(), slope, `gradient ${i}`, 1e-14);
    });
  closeTo(grad((draws: Tensor) => quantile(draws, 0.3))(x), [0.5, 0, 0.5, 0, 0, 0]);
  near(grad((q: Tensor) => quantile(x, q))(0.3).item(), 2.5, "slope in q");
  closeTo(grad((draws: Tensor) => quantile(draws, [0.3, 1]).sum())(x), [0.5, 0, 0.5, 0, 1, 0]);
  // The narrowest interval with 4 of the 6 draws is [1, 4]. The gradient goes to the draws at its ends.
  const width = (draws: Tensor) => hpdi(draws, { prob: 0.5 }).mul([-1, 1]).sum();
  closeTo(grad(width)(x), [0, -1, 0, 0, 0, 1]);
  // Equal draws keep their order: among 1, 1, 1, position 0.5 is between the first and second draw, and position 1.5 between the second and third.
  const ends = (draws: Tensor) => quantile(draws, [0.25, 0.75]).mul([1, 10]).sum();
  closeTo(grad(ends)([1, 1, 1]), [0.5, 5.5, 5]);
  assert.equal(quantile([-Infinity, -Infinity, 1], [0.25, 0.5]).toArray(), [-Infinity, -Infinity]);
  const ofNone = quantile([[], []], [0, 0.5, 1], { axis: 1 });
  assert.equal([ofNone.shape, ofNone.isNaN().sum().item()], [[3, 2], 6]);
});

test("summaries of draws that do not vary or are not finite have NaN where a number is not defined", () => {
  const constant = summary({ x: [[2, 2, 2, 2, 2, 2, 2, 2]] }, { batchNdims: 2 }).get("x");
  assert.is(constant?.sd, 0);
  assert.ok(Number.isNaN(summary({ none: [] }).get("none")?.sd));
  assert.is(constant?.essBulk, 8);
  const broken = summary({ x: [[1, Number.NaN, 3, 4, 5]] }, { batchNdims: 2 }).get("x");
  assert.ok(Number.isNaN(broken?.rHat) && Number.isNaN(broken?.median) && Number.isNaN(broken?.hpdi[0]));
});

test("a summary is printed as a table with a row for each element", () => {
  const text = summary({
    mu: [1, 2, 3],
    theta: [
      [1, 10],
      [2, 20],
      [3, 30],
    ],
  }).toString();
  assert.is(
    text,
    [
      "            mean      sd  median  hpdi 3%  hpdi 97%",
      "mu         2.000   1.000   2.000    1.000     3.000",
      "theta[0]   2.000   1.000   2.000    1.000     3.000",
      "theta[1]  20.000  10.000  20.000   10.000    30.000",
    ].join("\n"),
  );
});

test("the bulk effective sample size of independent normal draws is close to the number of draws", () => {
  // n = 4 x 1000; the estimate of ESS/n has a standard error of about 0.05 for independent draws.
  const x = random.normal(random.key(3), [4, 1000]);
  const row = summary({ x }, { batchNdims: 2 }).get("x");
  assert.ok(Math.abs((row?.essBulk as number) / 4000 - 1) < 4.5 * 0.05, `${row?.essBulk}`);
  assert.ok((row?.rHat as number) < 1.01);
});

const draws = {
  mu: [0.5, 1e-20],
  "a,b": [
    [1, 2],
    [3, Number.NaN],
  ],
};

test("toCsv has one column for each element, and quotes names if necessary", () => {
  assert.is(toCsv(draws), 'chain,draw,mu,"a,b[0]","a,b[1]"\n0,0,0.5,1,2\n0,1,1e-20,3,NaN\n');
  assert.is(
    toCsv(
      {
        x: [
          [1, 2],
          [3, 4],
        ],
      },
      { batchNdims: 2 },
    ),
    "chain,draw,x\n0,0,1\n0,1,2\n1,0,3\n1,1,4\n",
  );
});

test("toCsv begins with the columns chain and draw, and refuses two columns with one name", () => {
  assert.is(toCsv({ b: [1], "0": [2] }).split("\n")[0], "chain,draw,0,b");
  const twice = { "x[0]": [1, 2], x: [[3], [4]] };
  for (const ask of [() => toCsv(twice), () => summary(twice)])
    assert.match(refusal(ask).message, /site "x\[0\]" has the same name as an element of another site/);
  assert.match(refusal(() => toCsv({ a: [1, 2], b: [1] })).message, /^toCsv: "b" has shape \[1\]/);
});

test("toArrow passes the columns of toCsv to the given module", () => {
  const columns = toArrow({ tableFromArrays: (given) => given }, draws);
  assert.equal(Object.keys(columns), ["chain", "draw", "mu", "a,b[0]", "a,b[1]"]);
  assert.equal(columns.draw, Int32Array.of(0, 1));
});

test("toInferenceData uses ArviZ's names of groups; draws have the shape [chain, draw, ...site], data keep their shape", () => {
  const text = toInferenceData(
    {
      posterior: { mu: [1, 2] },
      posteriorPredictive: {
        y: [
          [1, 2],
          [3, 4],
        ],
      },
      observedData: { y: [5, 6] },
    },
    { dims: { y: ["school"] } },
  );
  assert.equal(JSON.parse(text), {
    posterior: { mu: [[1, 2]] },
    posterior_predictive: {
      y: [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    },
    observed_data: { y: [5, 6] },
    dims: { y: ["school"] },
  });
  // Data are not draws: they may be single numbers, or have different lengths.
  assert.equal(JSON.parse(toInferenceData({ observedData: { x: [1, 2, 3], y: [4, 5] }, constantData: { n: 3 } })), {
    observed_data: { x: [1, 2, 3], y: [4, 5] },
    constant_data: { n: 3 },
  });
  assert.match(toInferenceData({ posterior: { x: [Number.NaN, Infinity] } }), "[[NaN,Infinity]]");
});

test("quantile accepts the probabilities as a tensor", () => {
  assert.equal(quantile([1, 2, 4], tensor([0.5, 1])).toArray(), [2, 4]);
  assert.is(quantile([1, 2, 4], tensor(0.25)).item(), 1.5);
});

test("summaries and exports refuse wrong draws and options", () => {
  for (const wrong of [null, undefined, [[1, 2]], tensor([1, 2])])
    for (const ask of [summary, toCsv, (x: never) => toInferenceData({ posterior: {}, prior: x ?? null })])
      assert.match(refusal(() => ask(wrong as never)).message, /(draws|prior) must be a/);
  assert.is(toInferenceData({ posterior: {}, prior: undefined } as never), '{"posterior":{}}');
  const codeOf = (body: () => unknown): string => refusal(body).code;
  assert.is(
    codeOf(() => summary({ a: [1, 2], b: [1, 2, 3] })),
    "shape-mismatch",
  );
  assert.match(refusal(() => summary({ a: [1, 2] }, { batchNdims: 2 })).message, /first 2 axes/);
  assert.is(
    codeOf(() => summary({ a: [1, 2] }, { prob: 1.5 })),
    "bad-option",
  );
  assert.is(
    codeOf(() => summary({ a: [1, 2] }, { chains: 2 } as never)),
    "unknown-option",
  );
  assert.is(
    codeOf(() => quantile([1, 2], 2)),
    "bad-option",
  );
  assert.match(refusal(() => toCsv({ draw: [1, 2] })).message, /numbers the draws/);
  assert.is(
    codeOf(() => toInferenceData({ posteriors: { a: [1] } } as never)),
    "unknown-option",
  );
});

test("exports refuse draws of different lengths, and a number of labels that differs from the size of the axis", () => {
  refuses(() => toCsv({ a: [1, 2, 3], b: [1, 2] }), /^toCsv: "b" has shape \[2\], "a" has \[3\]/);
  const groups = { posterior: { y: [[1, 2, 3, 4]] }, observedData: { y: [1, 2, 3, 4] } };
  const coords = (group: keyof typeof groups, labels: string[]) => () =>
    toInferenceData({ [group]: groups[group] }, { dims: { y: ["s"] }, coords: { s: labels } });
  for (const group of ["posterior", "observedData"] as const) {
    refuses(coords(group, ["a", "b", "c"]), /toInferenceData: coords has 3 labels for axis 0 of "y", which has size 4/);
    assert.type(coords(group, ["a", "b", "c", "d"])(), "string");
  }
});

test.run();
