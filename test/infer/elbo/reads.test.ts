/**
 * Reading a value costs variance, never bias: a reparameterised site that host code reads is switched to the score function. The exact results
 * are closed forms or conjugate posteriors.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  Bernoulli,
  Delta,
  type Elbo,
  factor,
  type Model,
  Normal,
  param,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { assertMean, drawsOf, estimates, type Rows } from "../draws.js";

const guide: Model = () => {
  sample("z", new Normal(param("l", 0.3), 1));
};
const observed = (loc: (z: Tensor) => number) => () => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(loc(z), 1), { obs: 3 });
};

/** The warnings given in this file. */
const said: string[] = [];
function warnings(body: () => void): void {
  const { warn } = console;
  console.warn = (text: string) => said.push(text);
  try {
    body();
  } finally {
    console.warn = warn;
  }
}

// ELBO(l) = -9 P(z < 0)/2 - log(2π)/2 - l²/2 where z ~ N(l, 1), so its slope is 4.5 φ(l) - l.
const l = 0.3;
const slope = 4.5 * (Math.exp((-l * l) / 2) / Math.sqrt(2 * Math.PI)) - l;
const estimators: Record<string, Elbo> = {
  TraceELBO: new TraceELBO(),
  TraceGraphELBO: new TraceGraphELBO(),
  TraceMeanFieldELBO: new TraceMeanFieldELBO(),
  TraceEnumELBO: new TraceEnumELBO({ strictEnumerationWarning: false }),
};
for (const [name, elbo] of Object.entries(estimators))
  test(`a branch on a reparameterised value: ${name}`, () => {
    // n = 4,000; a draw's standard deviation is about 3.5, so the standard error about 0.06. The pathwise part alone is -0.3.
    const model = observed((z) => (z.item() > 0 ? 3 : 0));
    warnings(() => {
      const columns = drawsOf(estimates(elbo, model, guide, { l: tensor(l) }), 4000, { loop: true });
      assertMean("l", columns.l as Rows, slope, -1);
    });
  });

test("a branch on a reparameterised value under RenyiELBO", () => {
  // K = 2, alpha 0; E over both z by a grid of ±8 with step 0.02: log((w1 + w2) / 2), w = p(z) p(x | z) / q(z).
  const bound = (at: number): number => {
    const step = 0.02;
    const grid = Array.from({ length: 801 }, (_, i) => at - 8 + i * step);
    const mass = grid.map((z) => (step * Math.exp(-((z - at) ** 2) / 2)) / Math.sqrt(2 * Math.PI));
    const weight = grid.map((z) => Math.exp(((z - at) ** 2 - z * z - (z > 0 ? 0 : 9)) / 2) / Math.sqrt(2 * Math.PI));
    let sum = 0;
    for (let i = 0; i < grid.length; i++)
      for (let j = 0; j < grid.length; j++)
        sum +=
          (mass[i] as number) * (mass[j] as number) * Math.log(((weight[i] as number) + (weight[j] as number)) / 2);
    return sum;
  };
  const exact = (bound(l + 0.05) - bound(l - 0.05)) / 0.1;
  const elbo = new RenyiELBO({ alpha: 0, numParticles: 2 });
  warnings(() => {
    const model = observed((z) => (z.item() > 0 ? 3 : 0));
    const columns = drawsOf(estimates(elbo, model, guide, { l: tensor(l) }), 4000, { loop: true });
    assertMean("l", columns.l as Rows, exact, -1);
  });
});

test("doubly reparameterised gradients of a site that is read are refused, and the error names the site", () => {
  const model = observed((z) => (z.item() > 0 ? 3 : 0));
  warnings(() => {
    for (const elbo of [new RenyiELBO({ estimator: "dreg" }), new ReweightedWakeSleep({ estimator: "dreg" })]) {
      const { code, site, param } = refusal(() => elbo.lossAndGrads(random.key(0), { l: tensor(l) }, model, guide));
      assert.equal([code, site, param], ["bad-option", "z", "estimator"]);
    }
  });
});

test("a fit with arithmetic on a number that was read reaches the exact posterior", () => {
  // x ~ N(2a, 1), a ~ N(0, 1), x = 5: the posterior is N(2, 1/5).
  const model: Model = () => {
    const a = sample("a", new Normal(0, 1));
    sample("x", new Normal(a.item() * 2, 1), { obs: 5 });
  };
  const auto = new AutoNormal(model, { initScale: 0.5 });
  const svi = new SVI(model, auto, adam(0.05), new TraceELBO({ numParticles: 10 }), { jit: false });
  warnings(() => {
    const { params } = svi.run(random.key(1), 600);
    const { a } = auto.median(params) as { a: Tensor };
    assert.ok(Math.abs(a.item() - 2) < 0.25, `a = ${a.item()}`);
  });
});

test("a site whose value is only used in ops on tensors keeps its pathwise gradient", () => {
  const model: Model = () => {
    const z = sample("z", new Normal(0, 1));
    sample("x", new Normal(z.mul(2), 1), { obs: 3 });
  };
  const before = said.length;
  warnings(() => {
    const [, grads] = new TraceELBO().lossAndGrads(random.key(0), { l: tensor(l) }, model, guide);
    assert.ok(Number.isFinite((grads.l as Tensor).item()));
  });
  assert.is(said.length, before);
  assert.is(said.filter((text) => /site "z".* take the score function/.test(text)).length, 1, "said once in all");
});

test("a read of a point mass gives one warning, since a point mass has no score function", () => {
  const model: Model = () => {
    const a = sample("a", new Normal(0, 1));
    sample("x", new Normal(a.item() * 2, 1), { obs: 5 });
  };
  const before = said.length;
  warnings(() => {
    const elbo = new TraceELBO();
    for (const point of [() => new Delta(param("l")), () => new Delta(0.3), () => new Delta(param("l"))])
      elbo.lossAndGrads(random.key(0), { l: tensor(l) }, model, () => void sample("a", point()));
  });
  assert.is(said.slice(before).filter((text) => /site "a".*point mass/.test(text)).length, 1);
});

test("a site that was read is charged with the factor and the constant density in the branch", () => {
  // ELBO(q) = Σ_z q(z) (log p(z) - log q(z) + 0.5 z), so its slope is q (1 - q) (log(0.4 / 0.6) + 0.5 - logit q).
  const logit = 0.3;
  const probs = 1 / (1 + Math.exp(-logit));
  const exact = probs * (1 - probs) * (Math.log(0.4 / 0.6) + 0.5 - logit);
  const choice: Model = () => {
    sample("z", new Bernoulli({ logits: param("q", logit) }));
  };
  const terms: Record<string, () => unknown> = {
    factor: () => factor("f", tensor(0.5)),
    density: () => sample("d", new Delta(tensor(1), tensor(0.5)), { obs: 1 }),
  };
  for (const [name, term] of Object.entries(terms)) {
    const model: Model = () => {
      if (sample("z", new Bernoulli(0.4)).item() > 0) term();
    };
    // n = 2,000; a draw's standard deviation is about 0.3, the standard error 0.007; without the charge the slope is off by 0.12.
    const columns = drawsOf(estimates(new TraceGraphELBO(), model, choice, { q: tensor(logit) }), 2000, { loop: true });
    assertMean(name, columns.q as Rows, exact, -1);
  }
});

for (const [what, keep] of Object.entries<(z: Tensor) => number>({
  item: (z) => z.item(),
  data: (z) => z.data.get(),
  "a branch": (z) => (z.greater(0.5).item() ? 1 : 0),
}))
  test(`the guide's site is charged with costs that use a number which the guide stored for the model: ${what}`, () => {
    // ELBO(q) = Σ_z q(z) (log p(z) - log q(z) + log N(1.5 | 2 z, 1)), so its slope is q (1 - q) (2 * 1.5 - 2 - logit q).
    const logit = 0.3;
    const probs = 1 / (1 + Math.exp(-logit));
    const kept = new Map<string, number>();
    const choice: Model = () => {
      kept.set("z", keep(sample("z", new Bernoulli({ logits: param("q") }))));
    };
    const model: Model = () => {
      sample("z", new Bernoulli(0.5));
      sample("x", new Normal(2 * (kept.get("z") as number), 1), { obs: 1.5 });
    };
    for (const elbo of [new TraceELBO(), new TraceGraphELBO(), new TraceGraphELBO({ order: 2 })]) {
      const slopes = [0, 1].map((z) => {
        const [, grads] = elbo.lossAndGrads(random.key(0), { q: tensor(logit) }, model, substitute(choice, { z }));
        return (grads.q as Tensor).item() * (z === 1 ? probs : 1 - probs);
      });
      const mean = (slopes[0] as number) + (slopes[1] as number);
      assert.ok(Math.abs(mean + probs * (1 - probs) * (1 - logit)) < 1e-12, `${elbo.name}: ${mean}`);
    }
  });

test("if the guide reads a value at its end and stores the number for the model, the site gets a score-function gradient", () => {
  // E (x - z)² has no pathwise gradient through the number z. ELBO(l) = -l²/2 - (3 - l)²/2 + const, so its slope is 3 - 2 l.
  let kept = 0;
  const keeping: Model = () => {
    kept = sample("z", new Normal(param("l"), 1)).item();
  };
  const model: Model = () => {
    sample("z", new Normal(0, 1));
    sample("x", new Normal(kept, 1), { obs: 3 });
  };
  // n = 4,000; a draw's standard deviation is about 5, so the standard error about 0.08. Without the score the mean is -0.3.
  const columns = drawsOf(estimates(new TraceGraphELBO(), model, keeping, { l: tensor(l) }), 4000, { loop: true });
  assertMean("l", columns.l as Rows, 3 - 2 * l, -1);
});

test.run();
