/**
 * A tour of the exact sums: test/golden/elbo.json has the ELBOs of small models with their gradients, each a sum over all configurations. The
 * mean of an estimator is compared with these sums, and a wrong estimator must fail the comparison.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { configEnumerate, random, TraceELBO, TraceEnumELBO } from "../../../../index.js";
import { assertMean, drawsOf, estimates, flatten, type Rows } from "../../draws.js";
import { type GoldenModel, golden, pairs, paramsOf } from "./goldenModels.js";

const name = "a1_chain_independent_guide";
const exact = golden[name] as GoldenModel;
const { model, guide } = pairs[name] as (typeof pairs)[string];

test("the ELBO of a chain of three choices, by a loop over its 12 configurations", () => {
  const params = exact.params as Record<string, number[]> & { b_logits: number[][]; c_logits: number[][] };
  const logits = (xs: readonly number[]): number[] => {
    const total = Math.log(xs.reduce((sum, x) => sum + Math.exp(x), 0));
    return xs.map((x) => x - total);
  };
  const [qa, qb, qc] = [params.qa, params.qb, params.qc].map((xs) => logits(xs as number[])) as [
    number[],
    number[],
    number[],
  ];
  const at = (xs: readonly number[], i: number): number => xs[i] as number;
  let elbo = 0;
  for (let a = 0; a < 2; a++)
    for (let b = 0; b < 3; b++)
      for (let c = 0; c < 2; c++) {
        const logQ = at(qa, a) + at(qb, b) + at(qc, c);
        const spread = Math.exp(exact.params.x_logscale as number);
        const z = (0.8 - at(params.x_loc as number[], c)) / spread;
        const logP =
          at(logits(params.a_logits as number[]), a) +
          at(logits(params.b_logits[a] as number[]), b) +
          at(logits(params.c_logits[b] as number[]), c) -
          (z * z) / 2 -
          Math.log(spread * Math.sqrt(2 * Math.PI));
        elbo += Math.exp(logQ) * (logP - logQ);
      }
  assert.ok(Math.abs(elbo - exact.elbo) < 1e-14, `${elbo}, not ${exact.elbo}`);
  const loss = new TraceEnumELBO().loss(random.key(0), paramsOf(exact), model, configEnumerate(guide));
  assert.ok(Math.abs(loss.item() + elbo) < 1e-12, `the enumerated loss is ${loss}`);
});

test("the mean of 2,000 gradients of TraceELBO equals the gradient of the exact sum, and half of the mean fails the check", () => {
  const columns = drawsOf(estimates(new TraceELBO(), model, guide, paramsOf(exact)), 2000);
  for (const [param, want] of Object.entries(exact.gradElbo)) assertMean(param, columns[param] as Rows, want, -1);
  const smaller = flatten(exact.gradElbo.x_loc).map((x) => 0.5 * x);
  let refused = "";
  try {
    assertMean("x_loc", columns.x_loc as Rows, smaller, -1);
  } catch (error) {
    refused = (error as Error).message;
  }
  assert.match(refused, /x_loc.*: got/);
});

test.run();
