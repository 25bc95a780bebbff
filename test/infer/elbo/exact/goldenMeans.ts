/**
 * Compares the mean of n = 20,000 draws of loss and gradient with the sum over all configurations (golden/elbo.json), within 4.5 standard errors
 * in every component.
 */
import { test } from "uvu";
import type { TraceELBO, TraceGraphELBO } from "../../../../index.js";
import { assertMean, drawsOf, estimates, type Rows } from "../../draws.js";
import { type GoldenModel, golden, pairs, paramsOf } from "./goldenModels.js";

export function testMeans(elbo: TraceELBO | TraceGraphELBO): void {
  for (const [name, { model, guide }] of Object.entries(pairs))
    test(`${elbo.name} on ${name}: mean of n = 20,000 draws within 4.5 standard errors`, () => {
      const exact = golden[name] as GoldenModel;
      const columns = drawsOf(estimates(elbo, model, guide, paramsOf(exact)), 20_000, { loop: name.startsWith("k1") });
      assertMean("elbo", columns.loss as Rows, exact.elbo, -1);
      for (const [param, want] of Object.entries(exact.gradElbo)) assertMean(param, columns[param] as Rows, want, -1);
    });
}
