/** A tour of KL divergences: closed forms, and null if there is none. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Tensor } from "../../../autodiff/index.js";
import { Bernoulli, Cauchy, Gamma, klDivergence, Normal, Uniform } from "../../../distributions/index.js";

const near = (got: Tensor | null, want: number): void =>
  assert.ok(got !== null && Math.abs(got.item() - want) < 1e-14, `${got?.item()} is not ${want}`);

test("for one family: KL(q | p) = E_q[log q - log p], which is 0 if q equals p", () => {
  near(klDivergence(new Normal(1, 1), new Normal(0, 1)), 1 / 2);
  near(klDivergence(new Bernoulli(1), new Bernoulli(0.25)), Math.log(4));
  near(klDivergence(new Gamma(2, 3), new Gamma(2, 3)), 0);
});

test("for two families, if the formula needs only moments of q", () => {
  // -log 2 + log √(2π) + E x² / 2 with E x² = 1/3
  near(klDivergence(new Uniform(-1, 1), new Normal(0, 1)), -Math.log(2) + Math.log(2 * Math.PI) / 2 + 1 / 6);
});

test("without a closed form the result is null, and an estimator uses a draw instead", () => {
  assert.is(klDivergence(new Normal(0, 1), new Cauchy(0, 1)), null);
});

test.run();
