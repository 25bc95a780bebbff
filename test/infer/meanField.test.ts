/** TraceMeanFieldELBO against exact ELBOs (golden/elbo.json, models i1, i5, f1, f3): what is closed form, and what is not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Beta,
  configEnumerate,
  explain,
  type Model,
  Normal,
  param,
  plate,
  random,
  sample,
  scale,
  TraceEnumELBO,
  TraceMeanFieldELBO,
} from "../../index.js";
import { assertMean, drawsOf, estimates, type Rows } from "./draws.js";
import { categorical, type GoldenModel, golden, type Pair, p, paramsOf } from "./goldenModels.js";

const mixed: Model = () => {
  const mu = sample("mu", new Normal(p("prior_loc"), p("prior_logscale").exp()));
  const z = sample("z", categorical(p("z_logits")));
  const c = p("c").at(z);
  sample("x", new Normal(mu.add(c), p("x_logscale").exp()), { obs: 0.6 });
  sample("y", new Bernoulli({ logits: p("w").mul(mu).mul(c) }), { obs: 1 });
};
const cases: Record<string, Pair> = {
  i1_beta_bernoulli: {
    model: () => {
      const f = sample("p", new Beta(2, 2));
      plate("N", 8, () => sample("y", new Bernoulli(f), { obs: [1, 1, 0, 1, 0, 1, 1, 0] }));
    },
    guide: () => {
      sample("p", new Beta(p("log_a").exp(), p("log_b").exp()));
    },
  },
  i5_normal_normal: {
    model: () => {
      const mu = sample("mu", new Normal(0, 3));
      plate("N", 3, () => sample("y", new Normal(mu, 1), { obs: [1.1, 0.3, 2] }));
    },
    guide: () => {
      sample("mu", new Normal(p("loc"), p("logscale").exp()));
    },
  },
  f1_mixed_independent: {
    model: mixed,
    guide: () => {
      sample("mu", new Normal(p("q_loc"), p("q_logscale").exp()));
      sample("z", categorical(p("qz")));
    },
  },
  f3_mixed_mu_given_z: {
    model: mixed,
    guide: () => {
      const z = sample("z", categorical(p("qz")));
      sample("mu", new Normal(p("q_loc").at(z), p("q_logscale").at(z).exp()));
    },
  },
};

for (const [name, { model, guide }] of Object.entries(cases)) {
  const exact = golden[name] as GoldenModel;
  const run = (elbo: TraceMeanFieldELBO | TraceEnumELBO, q = guide) => {
    const columns = drawsOf(estimates(elbo, model, q, paramsOf(exact)), 20_000);
    assertMean("elbo", columns.loss as Rows, exact.elbo, -1);
    for (const [param, want] of Object.entries(exact.gradElbo)) assertMean(param, columns[param] as Rows, want, -1);
  };
  test(`${name}: TraceMeanFieldELBO, mean of n = 20,000 within 4.5 standard errors`, () => {
    run(new TraceMeanFieldELBO());
  });
  if (name.startsWith("f"))
    test(`${name}: TraceEnumELBO with z enumerated and mu reparameterised`, () => {
      run(new TraceEnumELBO(), configEnumerate(guide));
    });
}

test("explain tells closed forms from sampled terms; a prior that depends on its own site is sampled", () => {
  const model: Model = () => {
    const a = sample("a", new Normal(0, 1));
    sample("b", new Normal(a, 1));
  };
  // The guide draws a given b, so the model's prior of b, Normal(a, 1), depends on b itself.
  const guide: Model = () => {
    const b = sample("b", new Normal(param("m", 0.3), 1));
    sample("a", new Normal(b.mul(0.5), 1));
  };
  const gradients = Object.fromEntries(
    explain(new TraceMeanFieldELBO(), model, guide)
      .sites.filter((s) => s.side === "guide")
      .map((s) => [s.name, s.gradient]),
  );
  assert.equal(gradients, { b: "pathwise", a: "closed form" });
});

test("scales of guide and model that differ are refused, naming the site", () => {
  const { model, guide } = cases.i5_normal_normal as Pair;
  const params = paramsOf(golden.i5_normal_normal as GoldenModel);
  assert.throws(
    () => new TraceMeanFieldELBO().loss(random.key(0), params, model, scale(guide, 2)),
    /site "mu" has scale/,
  );
});

test.run();
