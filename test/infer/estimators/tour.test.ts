/**
 * A tour of the exact means: a program with finitely many choices is run once for each configuration, weighted with q, and the sum of the
 * estimated gradients is compared with the derivative of the exact ELBO, without draws or standard errors. This file does so by hand for
 * two choices; everyEstimator.test.ts does it for random programs.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Elbo,
  grad,
  Normal,
  param,
  random,
  sample,
  stack,
  substitute,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";

const model = () => {
  const a = sample("a", new Bernoulli(0.3));
  const b = sample("b", new Bernoulli(a.mul(0.5).add(0.2)));
  sample("x", new Normal(a.add(b), 1), { obs: 1.7 });
};
const guide = () => {
  sample("a", new Bernoulli({ logits: param("p", 0.4) }));
  sample("b", new Bernoulli({ logits: param("q", -0.6) }));
};
const start = tensor([0.4, -0.6]);
const configurations = [0, 1].flatMap((a) => [0, 1].map((b) => ({ a, b })));

const logq = (logits: Tensor, { a, b }: { a: number; b: number }): Tensor =>
  new Bernoulli({ logits }).logProb([a, b]).sum();
const logp = ({ a, b }: { a: number; b: number }): Tensor =>
  stack([
    new Bernoulli(0.3).logProb(a),
    new Bernoulli(0.2 + 0.5 * a).logProb(b),
    new Normal(a + b, 1).logProb(1.7),
  ]).sum();

/** The exact ELBO as a function of both logits. */
const exact = (logits: Tensor): Tensor =>
  stack(
    configurations.map((z) =>
      logq(logits, z)
        .exp()
        .mul(logp(z).sub(logq(logits, z))),
    ),
  ).sum();

for (const elbo of [new TraceELBO(), new TraceGraphELBO()] as Elbo[])
  test(`${elbo.name}: the mean of the gradient over all configurations is the derivative of the exact ELBO`, () => {
    const mean = [0, 0];
    for (const z of configurations) {
      const [, slopes] = elbo.lossAndGrads(
        random.key(0),
        { p: start.at(0), q: start.at(1) },
        model,
        substitute(guide, z),
      );
      const weight = logq(start, z).exp().item();
      for (const [i, name] of ["p", "q"].entries())
        mean[i] = (mean[i] as number) - weight * (slopes[name] as Tensor).item();
    }
    const want = grad(exact)(start).toFloat64Array();
    mean.forEach((got, i) => {
      assert.ok(Math.abs(got - (want[i] as number)) < 1e-13, `${got} is not ${want[i]}`);
    });
  });

test.run();
