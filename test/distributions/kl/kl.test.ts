/**
 * KL divergences and their gradients compared with 50-digit numbers, to 1e-11; the formulas for wrapped distributions; null if there is no closed
 * form.
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sameShape } from "../../../autodiff/core/shape.js";
import { arange, grad, random, type Tensor, tensor } from "../../../autodiff/index.js";
import * as distributions from "../../../distributions/index.js";
import {
  Affine,
  Bernoulli,
  Beta,
  BetaProportion,
  Binomial,
  Chi2,
  Delta,
  DiscreteUniform,
  type Distribution,
  Exp,
  Gamma,
  Geometric,
  InverseAutoregressive,
  klDivergence,
  MultivariateNormal,
  NegativeBinomial,
  Normal,
  Poisson,
  StudentT,
  TransformedDistribution,
  VonMises,
  withValidation,
} from "../../../distributions/index.js";
import { decode, decodeParams, flat, type Json, lawful, nameOf } from "../families/families.js";

interface Side {
  readonly dist: string;
  readonly params: Record<string, Json>;
}
interface Pair {
  readonly p: Side;
  readonly q: Side;
  readonly kl: Json;
  readonly grad?: { p: Record<string, Json>; q: Record<string, Json> };
}
const { cases } = JSON.parse(readFileSync(new URL("../../golden/kl.json", import.meta.url), "utf8")) as {
  cases: Pair[];
};

type Make = (params: Record<string, Tensor>) => Distribution;
const all = distributions as unknown as Record<string, new (params: Record<string, Tensor>) => Distribution>;
/** The name of a distribution in the golden file, such as "Normal" or "Independent(Normal,1)". */
function maker(dist: string): Make | null {
  const [, inner, n] = /^Independent\((\w+),(\d)\)$/.exec(dist) ?? [];
  const Class = all[inner ?? dist];
  if (Class === undefined) return null;
  return (params) => new Class(params).toEvent(inner === undefined ? 0 : Number(n));
}

test("divergences with a closed form equal the numbers in the golden file", () => {
  const complaints: string[] = [];
  let compared = 0;
  cases.forEach(({ p: from, q: to, kl, grad: gradient }, i) => {
    const [makeFrom, makeTo] = [maker(from.dist), maker(to.dist)];
    if (makeFrom === null || makeTo === null) return;
    const params = { from: decodeParams(from.params), to: decodeParams(to.params) };
    const divergence = (x: typeof params) => klDivergence(makeFrom(x.from), makeTo(x.to));
    const value = divergence(params);
    if (value === null) return;
    compared++;
    const name = `#${i} ${from.dist} | ${to.dist}`;
    const check = (what: string, got: Tensor, want: Json, tolerance: number) => {
      const truth = flat(decode(want));
      [...got.toFloat64Array()].forEach((g, j) => {
        const w = truth[j] as number;
        if (w !== null && !(g === w || Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w))))
          complaints.push(`${name} ${what}[${j}]: got ${g}, want ${w}`);
      });
    };
    check("value", value, kl, 1e-11);
    if (gradient === undefined) return;
    const got = grad((x: typeof params) => (divergence(x) as Tensor).sum())(params);
    for (const [side, wants] of [
      ["from", gradient.p],
      ["to", gradient.q],
    ] as const)
      for (const [param, want] of Object.entries(wants))
        check(`d/d${side}.${param}`, got[side][nameOf(param)] as Tensor, want, 1e-9);
  });
  if (complaints.length > 0) throw new Error(`\n${complaints.join("\n")}`);
  assert.ok(compared >= 75, `only ${compared} pairs were compared`);
});

const values = (x: Tensor | null): number[] => [...(x as Tensor).toFloat64Array()];

test("the divergence of wrapped distributions is computed from the wrapped distributions", () => {
  const [q, p] = [new Normal([0, 1], [1, 2]), new Normal(0.5, 3)];
  const plain = klDivergence(q, p) as Tensor;
  assert.equal(plain.shape, [2]);
  assert.equal(klDivergence(q.nonreparameterized(), p.expand([2]))?.toArray(), plain.toArray());
  assert.equal(klDivergence(q.expand([3, 2]), p)?.shape, [3, 2]);
  assert.is(klDivergence(q.toEvent(1), p.expand([2]).toEvent(1))?.item(), plain.sum().item());
  assert.equal(klDivergence(q.mask([1, 0]), p.mask([1, 0]))?.toArray(), [values(plain)[0], 0]);
  assert.is(klDivergence(q.mask([1, 0]), p.mask([1, 1])), null);
  const deep = klDivergence(q.expand([3, 2]).toEvent(2), p.expand([3, 2]).toEvent(1).toEvent(1));
  assert.ok(Math.abs((deep as Tensor).item() - 3 * plain.sum().item()) < 1e-12);
});

test("if a distribution is a member of two families, the divergence is the same for both", () => {
  const same = (got: Tensor | null, want: Tensor | null) =>
    values(want).forEach((w, i) => {
      assert.ok(Math.abs((values(got)[i] as number) - w) <= 1e-12 * Math.max(1, Math.abs(w)), `${got} is not ${want}`);
    });
  const [df, gamma, chi2] = [tensor([1, 6]), new Gamma(2, 3), new Gamma([0.5, 3], 0.5)];
  same(klDivergence(new Chi2(df), gamma), klDivergence(chi2, gamma));
  same(klDivergence(gamma, new Chi2(df)), klDivergence(gamma, chi2));
  const [proportion, beta, other] = [new BetaProportion(0.3, 5), new Beta(1.5, 3.5), new Beta(2, 0.7)];
  same(klDivergence(proportion, other), klDivergence(beta, other));
  same(klDivergence(other, proportion), klDivergence(other, beta));
  same(klDivergence(proportion, new BetaProportion(0.5, 4)), klDivergence(beta, new Beta(2, 2)));
  const [loc, scale] = [
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([0.5, 2]),
  ];
  const vector = new Normal(loc, scale).toEvent(1);
  const full = new MultivariateNormal(loc, [
    [0.5, 0],
    [0, 2],
  ]);
  const slanted = new MultivariateNormal(
    [0, 1],
    [
      [1, 0],
      [-0.7, 1.5],
    ],
  );
  same(klDivergence(vector, slanted), klDivergence(full, slanted));
  same(klDivergence(slanted, vector), klDivergence(slanted, full));
  same(
    klDivergence(new Normal(0, 2).expand([2]).toEvent(1), full),
    klDivergence(new Normal([0, 0], 2).toEvent(1), full),
  );
  assert.is(klDivergence(new StudentT([3, 3]).toEvent(1), slanted), null);
});

test("divergences of counts equal sums over all counts", () => {
  const k = arange(400);
  const summed = (q: Distribution, p: Distribution) =>
    q
      .logProb(k)
      .exp()
      .mul(q.logProb(k).sub(p.logProb(k)))
      .sum()
      .item();
  const [q, p] = [new NegativeBinomial(2.5, 0.6), new NegativeBinomial({ totalCount: 2.5, logits: -0.2 })];
  assert.ok(Math.abs((klDivergence(q, p) as Tensor).item() - summed(q, p)) < 1e-12);
  assert.is(klDivergence(q, new NegativeBinomial(3, 0.6)), null);
  const die = new DiscreteUniform(1, 6);
  assert.is(klDivergence(die, new DiscreteUniform(-3, 8))?.item(), Math.log(2));
  assert.is(klDivergence(die, new DiscreteUniform(2, 8))?.item(), Infinity);
});

test("the divergence from a Delta to any distribution", () => {
  const p = new Gamma(2, 3);
  assert.equal(klDivergence(new Delta([1, 2], 0.25), p)?.toArray(), p.logProb([1, 2]).neg().add(0.25).toArray());
  const event = new Normal(tensor([0, 0, 0]), 1).toEvent(1);
  assert.is(klDivergence(new Delta([1, 2, 3], 0, 1), event)?.item(), -event.logProb([1, 2, 3]).item());
});

test("without a closed form the result is null, also for wrapped distributions", () => {
  assert.is(klDivergence(new Beta(1, 2), new Poisson(3)), null);
  assert.is(klDivergence(new Normal(0, 1).expand([2]).toEvent(1), new StudentT([1, 2]).toEvent(1)), null);
  assert.is(klDivergence(new Normal(0, 1).mask(1), new Normal(0, 1)), null);
});

test("every pair of families with a closed form agrees with draws (n = 20,000, 4.5 standard errors)", () => {
  const members = lawful.map(({ entry, make }) => {
    const size = (i: number): number => flat(Object.values(entry.cases[i]?.params ?? {})).length;
    const of = (i: number): Distribution => make(decodeParams(entry.cases[i]?.params ?? {}));
    return { q: of(0), p: of(size(1) === size(0) ? 1 : 0) };
  });
  for (const loc of [
    [0.3, -1],
    [0.3, -1, 2],
  ])
    members.push({ q: new Normal(loc, 0.7).toEvent(1), p: new Normal(0, loc.map(Math.exp)).toEvent(1) });
  let compared = 0;
  for (const { q } of members) {
    const pairs = members.flatMap(({ p }) => {
      const isSameSpace = sameShape(q.eventShape, p.eventShape) && q.isDiscrete === p.isDiscrete;
      const closed = isSameSpace ? withValidation(false, () => klDivergence(q, p))?.item() : undefined;
      return closed === undefined || !Number.isFinite(closed) ? [] : [{ p, closed }];
    });
    if (pairs.length === 0) continue;
    const x = q.sample(random.key(5), [20_000]);
    for (const { p, closed } of pairs) {
      const terms = withValidation(false, () => values(q.logProb(x).sub(p.logProb(x))));
      const mean = terms.reduce((a, b) => a + b, 0) / terms.length;
      const error = Math.sqrt(terms.reduce((a, b) => a + (b - mean) ** 2, 0)) / terms.length;
      // Skip pairs in which a rare draw dominates the mean.
      if (!(error <= 0.05 * Math.max(1, Math.abs(mean)))) continue;
      assert.ok(
        Math.abs(mean - closed) <= 4.5 * error + 1e-12 * Math.max(1, Math.abs(closed)),
        `${q} | ${p}: ${closed}, draws have ${mean} ± ${error}`,
      );
      compared++;
    }
  }
  assert.ok(compared > 90, `${compared} pairs were compared`);
});

test("the same bijection of both does not change the divergence; different transforms have no closed form", () => {
  const [q, p] = [new Normal(0, 1), new Normal(1, 2)];
  const through = (base: Distribution, scale: number) =>
    new TransformedDistribution(base, [new Affine(1, scale), new Exp()]);
  assert.is(klDivergence(through(q, 3), through(p, 3))?.item(), klDivergence(q, p)?.item());
  assert.is(klDivergence(through(q, 3), through(p, 4)), null);
  const network = (x: Tensor) => [x, x.mul(10)] as const;
  const flow = (logScaleMax: number) =>
    new TransformedDistribution(new Normal(tensor([0, 0]), 1), new InverseAutoregressive(network, { logScaleMax }));
  assert.is(klDivergence(flow(1), flow(1))?.item(), 0);
  assert.is(klDivergence(flow(1), flow(2)), null, "one network, its scales cut off in two places");
  assert.is(klDivergence(new Binomial(3, 0.5), new Binomial(4, 0.5)), null);
});

test("divergences of distributions that are close to each other agree with 60 digits of mpmath", () => {
  const close = (q: Distribution, p: Distribution, want: number) => {
    const got = klDivergence(q, p)?.item() as number;
    assert.ok(Math.abs(got - want) <= 1e-9 * want, `${got} is not ${want}`);
  };
  close(new Bernoulli(0.3), new Bernoulli(0.30001), 2.380922147639983e-10);
  close(new Geometric(0.3), new Geometric(0.30001), 7.936407158799944e-10);
  close(new VonMises(0.3, 10000), new VonMises(0.3001, 10000), 4.999749989581815e-5);
  close(new VonMises(1, 1000000), new VonMises(1, 1001000), 2.4983358310872873e-7);
  close(new Binomial(1e6, 0.3), new Binomial(1e6, 0.30001), 0.0002380922147639983);
});

test("a user's family may declare divergences", () => {
  const { family, constraints } = distributions;
  const logRatioOfSizes = (q: Distribution, p: Distribution): Tensor =>
    (p.params.size as Tensor).log().sub((q.params.size as Tensor).log());
  class Box extends family<{ size: Tensor }, [size: number]>("Box", {
    constraints: { size: constraints.positive },
    support: constraints.positive,
    divergences: () => ({ to: { Box: logRatioOfSizes }, from: { Beta: () => tensor(3), "*": () => tensor(2) } }),
  }) {}
  assert.is(klDivergence(new Box(1), new Box(2))?.item(), Math.log(2));
  assert.is(klDivergence(new Beta(1, 2), new Box(2))?.item(), 3, "the pair");
  assert.is(klDivergence(new Gamma(1, 2), new Box(2))?.item(), 2, "any q");
  assert.is(klDivergence(new Box(1), new Gamma(1, 2)), null);
  assert.is(
    klDivergence(new Box(1).expand([2]).toEvent(1), new Box(2).expand([2]).toEvent(1))?.item(),
    2 * Math.log(2),
  );
});

test.run();
