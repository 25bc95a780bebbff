/**
 * Would the suite notice an error? Deliberately broken estimators, each with a fault found in other libraries, go through the checks that
 * the real estimators pass: the mean within 4.5 standard errors of an exact sum (n = 20,000), and the reduction of variance by a baseline.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { logsumexp, neg, stopGradient, type Tree, where } from "../../../../autodiff/index.js";
import {
  Bernoulli,
  type Elbo,
  factor,
  type Model,
  mask,
  Normal,
  RenyiELBO,
  sample,
  type Tensor,
  TraceGraphELBO,
  tensor,
} from "../../../../index.js";
import { chargedCosts } from "../../../../infer/elbo/costs/charge.js";
import { type ScoreSite, scoreSitesOf } from "../../../../infer/elbo/costs/costs.js";
import { gradientFrom } from "../../../../infer/elbo/costs/gradientFrom.js";
import type { Cost, Outcome, Pair, Task } from "../../../../infer/elbo/particles/pair.js";
import { inEveryParticle } from "../../../../infer/elbo/particles/particles.js";
import { Provenance } from "../../../../provenance/set.js";
import { assertMean, drawsOf, estimates, moments, type Rows } from "../../draws.js";
import { type GoldenModel, golden, p, pairs, paramsOf } from "./goldenModels.js";

type Fault = "scaled score" | "element-wise" | "score masked" | "baseline per cost" | "baseline" | null;

/** The rule of costs.ts for one particle, written out once more, with the fault `fault`. */
class Rewritten extends TraceGraphELBO {
  constructor(
    readonly fault: Fault,
    readonly change: (cost: Cost) => Cost = (cost) => cost,
    /** The mean of the cost, which a baseline would learn. */
    readonly mean = 0,
  ) {
    super();
  }

  override estimate(task: Task): Outcome {
    const { results, mutableState } = inEveryParticle(this, task, (pair: Pair) => [this.#particle(pair), null]);
    const { elbo, surrogate } = results as Record<string, Tensor>;
    return { loss: gradientFrom(neg((elbo as Tensor).sum()), neg((surrogate as Tensor).sum())), mutableState };
  }

  #particle(pair: Pair): Tree {
    const costs = this.costs(pair).map(this.change);
    const sites = scoreSitesOf(pair.guide);
    const sum = (of: readonly Cost[]) => of.reduce((total, { value }) => total.add(value.sum()), tensor(0));
    const byName = new Map(sites.map((site) => [site.name, site]));
    const paid = chargedCosts(costs, sites, (c) => this.payers(c, byName));
    const pathwise = sum(costs.filter((cost) => cost.isDifferentiated));
    return {
      elbo: sum(costs),
      surrogate: sites.reduce((total, d) => total.add(this.#score(d, paid.get(d.name) as Tensor, costs)), pathwise),
    };
  }

  #score(d: ScoreSite, paid: Tensor, costs: readonly Cost[]): Tensor {
    const mine = costs.filter(({ provenance }) => provenance.has(d.name));
    const times = this.fault === "baseline" ? 1 : this.fault === "baseline per cost" ? mine.length : 0;
    const gain = stopGradient(paid).sub(times * this.mean);
    if (this.fault === "scaled score") return gain.mul(d.logq).mul(d.site.scale).sum();
    if (this.fault === "score masked" && d.site.mask !== null) return where(d.site.mask, gain.mul(d.logq), 0).sum();
    if (this.fault !== "element-wise") return gain.mul(d.logq).sum();
    const logq = d.site.logProb();
    return mine.reduce((total, { value }) => total.add(stopGradient(value).mul(logq).sum()), tensor(0));
  }
}

interface Check {
  readonly model: Model;
  readonly guide: Model;
  readonly params: Record<string, Tensor>;
  readonly want: Record<string, unknown>;
  readonly loop?: boolean;
}
/** Whether the mean gradient passes the check. */
function isRight(elbo: Elbo, { model, guide, params, want, loop = false }: Check): boolean {
  const n = loop ? 8000 : 20_000;
  const columns = drawsOf(estimates(elbo, model, guide, params), n, { loop });
  try {
    for (const [name, exact] of Object.entries(want)) assertMean(name, columns[name] as Rows, exact, -1);
    return true;
  } catch {
    return false;
  }
}
const fromGolden = (name: string, loop = false): Check => {
  const exact = golden[name] as GoldenModel;
  const pair = pairs[name] as { model: Model; guide: Model };
  return { ...pair, params: paramsOf(exact), want: exact.gradElbo, loop };
};
const control = (what: string, check: Check, broken: Elbo, sound: Elbo = new TraceGraphELBO()): void =>
  test(`${what}: the check passes the estimator and fails the broken one`, () => {
    assert.ok(isRight(sound, check), "the sound estimator");
    assert.not(isRight(broken, check), "the broken estimator");
  });

test("the rule written out once more, without a fault, has the right mean", () => {
  for (const name of ["a1_chain_independent_guide", "e_subsampled_plate", "j1_mask_scale_factor"])
    assert.ok(isRight(new Rewritten(null), fromGolden(name)), name);
});

control("scale in the score", fromGolden("e_subsampled_plate"), new Rewritten("scaled score"));

/** log N(x | m, 1). */
const normal = (x: number, m: number): number => -0.5 * (x - m) ** 2 - 0.5 * Math.log(2 * Math.PI);
const logSigmoid = (l: number): number => -Math.log1p(Math.exp(-l));
const derivative = (f: (x: number) => number, x: number): number => (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;

/** Two flips along a dim that no plate declares. Each observation depends on the flip of the other. */
const crossed: Check = {
  model: () => {
    const z = sample("z", new Bernoulli([0.4, 0.7]));
    sample("x", new Normal(z.flip(0).mul([1, 3]), 1), { obs: [0.5, 2] });
  },
  guide: () => sample("z", new Bernoulli({ logits: p("q") })),
  params: { q: tensor([0.3, -0.4]) },
  want: { q: exactGradient([0.3, -0.4]) },
};
control("element-wise product along undeclared dims", crossed, new Rewritten("element-wise"));

/** dELBO/dq by summation over the four configurations, by finite differences. */
function exactGradient(q: number[]): number[] {
  const elbo = (logits: number[]): number => {
    let total = 0;
    for (const a of [0, 1])
      for (const b of [0, 1]) {
        const z = [a, b] as const;
        const logq = z.reduce<number>(
          (s, bit, i) => s - Math.log1p(Math.exp(bit === 1 ? -(logits[i] as number) : (logits[i] as number))),
          0,
        );
        const logp = Math.log(a === 1 ? 0.4 : 0.6) + Math.log(b === 1 ? 0.7 : 0.3) + normal(0.5, b) + normal(2, 3 * a);
        total += Math.exp(logq) * (logp - logq);
      }
    return total;
  };
  return q.map((_, i) => {
    const moved = (h: number) => elbo(q.map((x, j) => (j === i ? x + h : x)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
}

const withoutBranch = (cost: Cost): Cost =>
  cost.site === "z"
    ? cost
    : { ...cost, provenance: Provenance.of(...[...cost.provenance].filter((name) => name !== "z")) };
control(
  "provenance lost at a branch",
  fromGolden("k1_branching_on_read_value", true),
  new Rewritten(null, withoutBranch),
);

const Q = 0.3;
/** Σ_z q(z) cost(z, log q(z)) as a function of the logit. */
const over = (cost: (z: number, logq: number) => number) => (q: number) =>
  [0, 1].reduce((sum, z) => sum + Math.exp(logSigmoid(z === 1 ? q : -q)) * cost(z, logSigmoid(z === 1 ? q : -q)), 0);
const prior = (z: number): number => Math.log(z === 1 ? 0.4 : 0.6);
const flip: Model = () => {
  sample("z", new Bernoulli({ logits: p("q") }));
};

control(
  "score dropped under a mask",
  {
    model: () => {
      const z = mask(() => sample("z", new Bernoulli(0.4)), 0)();
      sample("x", new Normal(z.mul(2), 1), { obs: 1.5 });
    },
    guide: mask(flip, 0),
    params: { q: tensor(Q) },
    want: {
      q: derivative(
        over((z) => normal(1.5, 2 * z)),
        Q,
      ),
    },
  },
  new Rewritten("score masked"),
);

control(
  "a factor of the guide detached",
  {
    model: () => sample("z", new Bernoulli(0.4)),
    guide: () => factor("f", sample("z", new Bernoulli({ logits: p("q") })).mul(p("w"))),
    params: { q: tensor(Q), w: tensor(0.5) },
    want: {
      w: -Math.exp(logSigmoid(Q)),
      q: derivative(
        over((z, logq) => prior(z) - logq - 0.5 * z),
        Q,
      ),
    },
  },
  new Rewritten(null, (cost) => (cost.site === "f" ? { ...cost, value: stopGradient(cost.value) } : cost)),
);

class RenyiWithoutScore extends RenyiELBO {
  override estimate(task: Task): Outcome {
    const { results, mutableState } = inEveryParticle(this, task, (pair: Pair) => [
      { logw: this.costs(pair).reduce((sum, { value }) => sum.add(value.sum()), tensor(0)) },
      null,
    ]);
    return { loss: neg(logsumexp(results.logw as Tensor, 0).sub(Math.log(this.numParticles))), mutableState };
  }
}
const logWeight = (z: number, q: number): number => prior(z) + normal(1.5, 2 * z) - logSigmoid(z === 1 ? q : -q);
const boundOfTwo = (q: number): number =>
  over((a) => over((b) => Math.log((Math.exp(logWeight(a, q)) + Math.exp(logWeight(b, q))) / 2))(q))(q);
const posterior: Check = {
  model: () => {
    const z = sample("z", new Bernoulli(0.4));
    sample("x", new Normal(z.mul(2), 1), { obs: 1.5 });
  },
  guide: flip,
  params: { q: tensor(Q) },
  want: { q: derivative(boundOfTwo, Q) },
};
control(
  "Renyi without its score term",
  posterior,
  new RenyiWithoutScore({ numParticles: 2 }),
  new RenyiELBO({ numParticles: 2 }),
);

test("a baseline that is wrongly subtracted once per cost fails the check that a baseline halves the variance", () => {
  const data = [0.2, 1.4, -0.3, 0.8, 2.1, 0.6];
  const many: Check = {
    ...posterior,
    model: () => {
      const z = sample("z", new Bernoulli(0.4));
      data.forEach((x, i) => void sample(`x${i}`, new Normal(z, 1), { obs: x }));
    },
  };
  const mean = over((z, logq) => prior(z) - logq + data.reduce((sum, x) => sum + normal(x, z), 0))(Q);
  const spread = (fault: Fault): number => {
    const columns = drawsOf(
      estimates(new Rewritten(fault, undefined, mean), many.model, many.guide, many.params),
      20_000,
    );
    return moments(columns.q as Rows).variance[0] as number;
  };
  const plain = spread(null);
  assert.ok(spread("baseline") < plain / 2);
  assert.not(spread("baseline per cost") < plain / 2);
});

test.run();
