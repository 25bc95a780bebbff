/** Every continuous sampler compared with the reference probabilities of bins, and at the limits of its parameters. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as random from "../../../../autodiff/kernels/random/index.js";
import { assertBins, assertNormal, equiprobable, family, type Params, stream } from "./goodnessOfFit.js";

const special = JSON.parse(readFileSync(new URL("../../../golden/special.json", import.meta.url), "utf8")) as {
  functions: Record<string, { points: { args: [number]; value: number }[] }>;
};

type Draw = (p: Params) => number;
const at =
  (standard: () => number): Draw =>
  ({ loc, scale }) =>
    (loc as number) + (scale as number) * standard();
const continuous: Record<string, Draw> = {
  Normal: at(() => random.normalDraw(stream)),
  Laplace: at(() => random.laplaceDraw(stream)),
  Logistic: at(() => random.logisticDraw(stream)),
  Cauchy: at(() => random.cauchyDraw(stream)),
  Gumbel: at(() => random.gumbelDraw(stream)),
  Exponential: ({ rate }) => random.exponentialDraw(stream) / (rate as number),
  Gamma: ({ concentration, rate }) => random.gammaDraw(stream, concentration as number) / (rate as number),
  Beta: ({ concentration1, concentration0 }) =>
    random.betaDraw(stream, concentration1 as number, concentration0 as number),
  VonMises: ({ loc, concentration }) => (loc as number) + random.vonMisesDraw(stream, concentration as number),
  StudentT: ({ df, loc, scale }) => {
    const half = (df as number) / 2;
    return (
      (loc as number) +
      (scale as number) * (random.normalDraw(stream) / Math.sqrt(random.gammaDraw(stream, half) / half))
    );
  },
};

for (const [name, draw] of Object.entries(continuous))
  test(`${name} draws fill equiprobable bins and hard regions with the right frequencies`, () => {
    for (const { params, edges } of family(name).gofBins ?? [])
      assertBins(() => draw(params), edges, equiprobable(edges), `${name} ${JSON.stringify(params)}`);
    for (const { params, x, cdf } of family(name).gofExtreme ?? [])
      assertBins(() => draw(params), x, cdf, `${name} extreme ${JSON.stringify(params)}`);
  });

test("the quantile of normal draws is exact in the tails", () => {
  class Given extends random.Stream {
    tail = 0;
    override signedTail = () => this.tail;
  }
  const given = new Given();
  const points = special.functions.ndtri?.points.filter(({ args: [p] }) => p > 2 ** -65 && p <= 0.5) ?? [];
  assert.ok(points.length > 9);
  for (const { args, value } of points)
    for (const side of [-1, 1]) {
      given.tail = side * args[0];
      const error = Math.abs(random.normalDraw(given) + side * value);
      assert.ok(error <= 1e-15 * Math.abs(value), `p ${args[0]}: off by ${error}`);
    }
});

test("von Mises draws are uniform at concentration 0 and nearly normal at large concentrations", () => {
  const edges = Array.from({ length: 19 }, (_, i) => Math.PI * ((i + 1) / 10 - 1));
  for (const concentration of [0, 1e-12])
    assertBins(() => random.vonMisesDraw(stream, concentration), edges, equiprobable(edges), "VonMises(0)");
  for (const concentration of [1e6, 1e15])
    assertNormal(
      () => random.vonMisesDraw(stream, concentration) * Math.sqrt(concentration),
      `VonMises(${concentration})`,
    );
});

test("Dirichlet draws have beta marginals and positive components that sum to one", () => {
  const out = new Float64Array(5);
  const cases = [
    ...(family("Dirichlet").gofExtreme as unknown as {
      params: { concentration: number[] };
      x: number[];
      cdf: number[];
    }[]),
  ];
  const beta = family("Beta").gofBins?.[0] as { edges: number[] };
  // the first component of Dirichlet(2, 1, 2) is Beta(2, 3)
  cases.push({ params: { concentration: [2, 1, 2] }, x: beta.edges, cdf: equiprobable(beta.edges) });
  for (const { params, x, cdf } of cases) {
    const concentration = Float64Array.from([NaN, ...params.concentration]);
    const count = params.concentration.length;
    const draw = () => {
      random.dirichletDraw(stream, concentration, 1, count, out, 1);
      const components = out.subarray(1, count + 1);
      assert.ok(components.every((x) => x > 0));
      assert.ok(Math.abs(components.reduce((a, b) => a + b) - 1) < 1e-14);
      return out[1] as number;
    };
    assertBins(draw, x, cdf, `Dirichlet(${params.concentration})`);
  }
});

test("gamma draws are positive, beta draws lie inside (0, 1), and logGamma draws are their logarithms", () => {
  for (const concentration of [1e-3, 0.4, 1, 3, 1e5])
    for (let i = 0; i < 1000; i++) {
      const draw = random.gammaDraw(stream.at(3, 4, i), concentration);
      const log = random.logGammaDraw(stream.at(3, 4, i), concentration);
      assert.ok(draw > 0 && Number.isFinite(log));
      if (log > -700) assert.ok(Math.abs(Math.log(draw) - log) < 1e-13 * Math.max(1, Math.abs(log)));
      const beta = random.betaDraw(stream.at(3, 5, i), concentration, concentration);
      assert.ok(beta > 0 && beta < 1);
    }
});

test("parameters outside the domain give NaN without a loop of rejections", () => {
  for (const bad of [NaN, -1, Infinity])
    for (const draw of [random.gammaDraw, random.logGammaDraw, random.vonMisesDraw])
      assert.ok(Number.isNaN(draw(stream, bad)), `${draw.name}(${bad})`);
  assert.ok(Number.isNaN(random.gammaDraw(stream, 0)));
  assert.ok(Number.isNaN(random.betaDraw(stream, 1, 0)));
});

test.run();
