/**
 * KL divergences between distributions whose parameters are about 1e-7 apart, where terms of size 1e-7 cancel to 1e-14, compared with 60 digits
 * of golden/generate/klNear.py for the exact float64 inputs, to a relative error of 1e-7. Entropies and divergences with classes of
 * probability 0, and the gradients of these, compared with closed forms.
 */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, type Tensor, tensor } from "../../../autodiff/index.js";
import * as distributions from "../../../distributions/index.js";
import {
  Bernoulli,
  Categorical,
  ContinuousBernoulli,
  klDivergence,
  OneHotCategorical,
} from "../../../distributions/index.js";

type Given = Record<string, number>;
const rows: [string, Given, string, Given, number][] = JSON.parse(
  readFileSync(new URL("../../golden/klNear.json", import.meta.url), "utf8"),
);
const all = distributions as unknown as Record<string, new (params: Given) => distributions.Distribution>;
const make = (name: string, params: Given) =>
  new (all[name] as new (params: Given) => distributions.Distribution)(params);

for (const name of new Set(rows.map(([q, , p]) => `${q} ${p}`)))
  test(`${name}: the divergence of almost equal distributions keeps its digits`, () => {
    for (const [q, ofQ, p, ofP, truth] of rows.filter((row) => `${row[0]} ${row[2]}` === name)) {
      const got = klDivergence(make(q, ofQ), make(p, ofP))?.item() as number;
      const off = Math.abs(got / truth - 1);
      assert.ok(
        off <= 1e-7,
        `KL(${q}(${JSON.stringify(ofQ)}) | ${p}(${JSON.stringify(ofP)})) = ${got}, not ${truth}: off by ${off}`,
      );
    }
  });

/** The parameters in which a divergence is smooth, whatever the values of the other parameters. */
const SMOOTH = new Set(["loc", "scale", "rate", "concentration", "concentration1", "concentration0", "df", "alpha"]);

/** Values at which finite differences with steps of 1e-3 are accurate. */
const isModest = (given: Given): boolean => Object.values(given).every((x) => !(x > 1e4));

test("gradients of divergences equal finite differences, for distributions that are close or farther apart", () => {
  for (const [q, ofQ, p, ofP] of rows.filter(([name, x]) => !["Pareto", "Uniform"].includes(name) && isModest(x)))
    for (const factor of [1, 1.07]) {
      const smooth = (given: Given): string[] =>
        Object.keys(given).filter((name) => SMOOTH.has(name) && typeof given[name] === "number");
      const farther = Object.fromEntries(
        Object.entries(ofP).map(([name, x]) => [name, smooth(ofP).includes(name) ? x * factor : x]),
      );
      const both = { q: ofQ, p: farther };
      const kl = (given: { q: Given; p: Given }) => klDivergence(make(q, given.q), make(p, given.p)) as Tensor;
      for (const [side, given] of Object.entries(both) as ["q" | "p", Given][])
        for (const name of smooth(given)) {
          const x = given[name] as number;
          const at = (y: number | Tensor) => kl({ ...both, [side]: { ...given, [name]: y as number } });
          const slope = grad((y: Tensor) => at(y))(x).item();
          const h = 1e-3 * Math.abs(x) + 1e-12;
          const [far, close] = [2 * h, h].map((by) => at(x + by).item() - at(x - by).item()) as [number, number];
          const difference = (8 * close - far) / (12 * h);
          const size = Math.max(Math.abs(difference), 1e-5 / Math.abs(x || 1));
          assert.ok(
            Math.abs(slope - difference) < 1e-4 * size,
            `KL(${q} | ${p}), ${side}.${name} of ${JSON.stringify(both)}: ${slope}, not ${difference}`,
          );
        }
    }
});

const near = (got: Tensor, truth: number[]): void => {
  const numbers = [...got.toFloat64Array()];
  for (const [i, w] of truth.entries())
    assert.ok(
      Object.is(numbers[i], w) || Math.abs((numbers[i] as number) - w) <= 1e-13 * Math.abs(w) + 1e-15,
      `${numbers}`,
    );
};
const classes = [Categorical, OneHotCategorical] as const;

test("gradients of divergences between Categorical distributions equal finite differences", () => {
  for (const [q, p] of [
    [
      [0.2, -0.4, 1],
      [0.5, 0, 0.1],
    ],
    [
      [0.2, -0.4, 1],
      [4, -3, 0.1],
    ],
  ] as [number[], number[]][]) {
    const kl = (x: Tensor, y: Tensor) =>
      klDivergence(new Categorical({ logits: x }), new Categorical({ logits: y })) as Tensor;
    const slopes = grad((x: { q: Tensor; p: Tensor }) => kl(x.q, x.p))({ q: tensor(q), p: tensor(p) });
    for (const side of ["q", "p"] as const)
      for (let i = 0; i < 3; i++) {
        const at = (h: number) => {
          const moved = { q: [...q], p: [...p] };
          (moved[side][i] as number) += h;
          return kl(tensor(moved.q), tensor(moved.p)).item();
        };
        const slope = slopes[side].at(i).item();
        assert.ok(Math.abs((at(1e-5) - at(-1e-5)) / 2e-5 - slope) < 1e-8, `${side}[${i}]: ${slope}`);
      }
  }
});

test("a class with logit -Infinity adds nothing to entropies, divergences and their gradients", () => {
  const [two, s] = [Math.LN2, Math.E / (1 + Math.E) ** 2];
  for (const Class of classes) {
    const entropy = (logits: Tensor) => new Class({ logits }).entropy();
    near(entropy(tensor([0, 0, -Infinity])), [two]);
    near(grad(entropy)([0, 0, -Infinity]), [0, 0, 0]);
    // d H / d l_0 = p_0 p_1 (l_1 - l_0)
    near(grad(entropy)([0, 1, -Infinity]), [s, -s, 0]);
    const toUniform = (logits: Tensor) =>
      klDivergence(new Class({ logits }), new Class({ logits: [0, 0, 0] })) as Tensor;
    near(toUniform(tensor([0, 0, -Infinity])), [Math.log(1.5)]);
    near(grad(toUniform)([0, 1, -Infinity]), [-s, s, 0]);
    // If q and p both lack the class, the divergence is that of the two other classes. If only p lacks a class, it is infinite.
    const both = klDivergence(
      new Class({ logits: [0, 1, -Infinity] }),
      new Class({ logits: [0, 0, -Infinity] }),
    ) as Tensor;
    const p1 = Math.E / (1 + Math.E);
    near(both, [two + p1 * Math.log(p1) + (1 - p1) * Math.log(1 - p1)]);
    near(klDivergence(new Class([0.5, 0.5, 0]), new Class([0.5, 0, 0.5])) as Tensor, [Infinity]);
    near(klDivergence(new Class([0.5, 0.5, 0]), new Class([0.25, 0.25, 0.5])) as Tensor, [two]);
  }
});

test("at a probability of 0 the slope of the entropy is infinite; slopes for the other classes are as without this class", () => {
  for (const Class of classes) {
    const entropy = (probs: Tensor) => new Class(probs).entropy();
    near(entropy(tensor([0.5, 0.5, 0])), [Math.LN2]);
    near(grad(entropy)([0.5, 0.5, 0]), [0, 0, Infinity]);
    // (-log p_j - H) / Σ w
    const h = 0.25 * Math.log(4) + 0.75 * Math.log(4 / 3);
    near(grad(entropy)([1, 3, 0]), [(Math.log(4) - h) / 4, (Math.log(4 / 3) - h) / 4, Infinity]);
  }
});

test("the entropy of Bernoulli at 0 and 1 has slope 0 in the log odds and an infinite slope in the probability; KL is finite", () => {
  const entropy = (logits: Tensor) => new Bernoulli({ logits }).entropy();
  near(entropy(tensor([Infinity, -Infinity])), [0, 0]);
  near(grad((l: Tensor) => entropy(l).sum())([Infinity, -Infinity]), [0, 0]);
  near(grad((probs: Tensor) => new Bernoulli(probs).entropy().sum())([0, 1]), [Infinity, -Infinity]);
  const kl = (q: Tensor) => klDivergence(new Bernoulli({ logits: q }), new Bernoulli({ logits: 0.5 })) as Tensor;
  near(kl(tensor([Infinity, -Infinity])), [Math.log1p(Math.exp(-0.5)), Math.log1p(Math.exp(0.5))]);
  near(grad((q: Tensor) => kl(q).sum())([Infinity, -Infinity]), [0, 0]);
});

test("ContinuousBernoulli: first and second derivatives of the variance near 1/2 keep their digits", () => {
  // With l the log odds, var = 1/12 - l²/240 + l⁴/6048 - l⁶/172800 …
  const variance = (logits: Tensor) => new ContinuousBernoulli({ logits }).variance;
  for (const l of [1e-9, 1e-4, 0.02, -0.3]) {
    const slope = -l / 120 + l ** 3 / 1512 - l ** 5 / 28800 + ((2 * l ** 7) / 1330560) * 2;
    const got = grad(variance)(l).item();
    assert.ok(Math.abs(got / slope - 1) < (Math.abs(l) < 0.1 ? 1e-12 : 1e-5), `${got} at ${l}, not ${slope}`);
    const curve = grad((x: Tensor) => grad(variance)(x) as Tensor)(l).item();
    const bent = -1 / 120 + l ** 2 / 504 - l ** 4 / 5760;
    assert.ok(Math.abs(curve / bent - 1) < (Math.abs(l) < 0.1 ? 1e-9 : 1e-4), `${curve} at ${l}, not ${bent}`);
  }
  // On both sides of the point where the formula changes, compare with Richardson differences of the variance.
  for (const l of [2.9, 3.1, 20]) {
    const at = (h: number) => (variance(tensor(l + h)).item() - variance(tensor(l - h)).item()) / (2 * h);
    const difference = (4 * at(5e-4) - at(1e-3)) / 3;
    assert.ok(Math.abs(grad(variance)(l).item() - difference) < 1e-12);
  }
});

test.run();
