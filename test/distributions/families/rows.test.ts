/**
 * The class that is made from a row: the compiler checks its arguments, minifiers do not change its name in errors, and it is found by
 * name.
 */

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, type Tensor, tensor } from "../../../autodiff/index.js";
import {
  Categorical,
  Chi2,
  constraints,
  Distribution,
  DistributionBase,
  Exponential,
  Family,
  family,
  Gamma,
  Laplace,
  MultivariateNormal,
  Normal,
  StudentT,
  type Tensors,
} from "../../../distributions/index.js";
import { refusesSaying } from "../../refusals.js";

test("the TypeScript compiler refuses wrong arguments, and knows the types of the parameters", () => {
  const normal: Normal = new Normal(0, 1);
  const scale: Tensor = normal.params.scale;
  assert.is(scale.item(), 1);
  // @ts-expect-error: three arguments for two parameters
  refusesSaying(() => new Normal(0, 1, 2), "Normal: got 3 arguments");
  // @ts-expect-error: a string is not a number
  refusesSaying(() => new Normal("0", 1), "Normal: loc");
  // @ts-expect-error: a name that is not a parameter
  refusesSaying(() => new Normal({ loc: 0, sigma: 1 }), 'unknown parameter "sigma"');
  // @ts-expect-error: df has no default
  refusesSaying(() => new StudentT(), "StudentT: df is missing");
  // @ts-expect-error: not a parameter of Exponential
  assert.is(new Exponential(2).params.scale, undefined);
  assert.equal(
    new MultivariateNormal(
      [0, 0],
      [
        [1, 0],
        [0, 1],
      ],
    ).scale.shape,
    [2, 2],
  );
});

test("instances know their class and their family", () => {
  const d = new Chi2(3);
  assert.ok(d instanceof Chi2 && d instanceof Family && d instanceof Distribution && d instanceof DistributionBase);
  assert.not(d instanceof Gamma);
  assert.is(d.family, "Chi2");
  assert.is(`${new Laplace([0, 1], 2)}`, "Laplace(loc: [2], scale: [])");
  assert.is(new Categorical([1, 3]).numCategories, 2);
});

test("a family that is another family in other parameters has that family's results", () => {
  const [chi2, gamma] = [new Chi2(3), new Gamma(1.5, 0.5)];
  for (const f of [
    (d: Distribution) => d.logProb(2),
    (d: Distribution) => d.cdf(2),
    (d: Distribution) => d.icdf(0.3),
    (d: Distribution) => d.entropy(),
    (d: Distribution) => d.variance,
  ])
    assert.is(f(chi2).item(), f(gamma).item());
  const slope = grad((df: Tensor) => new Chi2(df).logProb(2))(3).item();
  const other = grad((df: Tensor) => new Gamma(df.div(2), 0.5).logProb(2))(3).item();
  assert.is(slope, other);
});

test("a user can define a family as a row", () => {
  class Rayleigh extends family<Tensors<"scale">, [scale?: number]>("Rayleigh", {
    constraints: { scale: constraints.positive },
    defaults: { scale: 1 },
    support: constraints.nonnegative,
    logDensity: (x, { scale }) => x.log().sub(scale.log().mul(2)).sub(x.div(scale).square().mul(0.5)),
    icdf: (q, { scale }) => q.neg().log1p().mul(-2).sqrt().mul(scale),
  }) {}
  const d = new Rayleigh(2);
  assert.ok(d.hasRsample);
  assert.ok(Math.abs(d.logProb(1.5).item() - (Math.log(1.5) - 2 * Math.log(2) - 0.28125)) < 1e-15);
  assert.ok(Math.abs(d.icdf(0.5).item() - 2 * Math.sqrt(2 * Math.LN2)) < 1e-15);
  assert.equal(new Rayleigh({ scale: 2 }).toEvent().sample(tensor([0, 7]), [3]).shape, [3]);
  refusesSaying(() => d.mean, "Rayleigh has no mean in closed form");
  refusesSaying(() => new Rayleigh(-1), "Rayleigh: scale must be > 0 and finite, got -1");
  refusesSaying(() => d.cdf(1), "Rayleigh has no cdf");
});

test("the formulas of a row may be given by one function of the parameters", () => {
  class Rayleigh extends family<Tensors<"scale">, [scale?: number]>("Rayleigh", {
    constraints: { scale: constraints.positive },
    support: constraints.nonnegative,
    formulas: ({ scale }, d) => {
      const mean = () => scale.mul(Math.sqrt(Math.PI / 2));
      return {
        logDensity: (x) => x.log().sub(scale.log().mul(2)).sub(x.div(scale).square().mul(0.5)),
        icdf: (q) => q.neg().log1p().mul(-2).sqrt().mul(scale),
        mean,
        variance: () =>
          mean()
            .square()
            .mul(4 / Math.PI - 1),
        entropy: () => d.mean,
      };
    },
  }) {}
  const d = new Rayleigh(2);
  assert.ok(Math.abs(d.logProb(1.5).item() - (Math.log(1.5) - 2 * Math.log(2) - 0.28125)) < 1e-15);
  assert.ok(Math.abs(d.variance.item() - 4 * (2 - Math.PI / 2)) < 1e-14);
  assert.is(d.entropy().item(), d.mean.item(), "the second argument is the distribution");
  assert.equal(new Rayleigh({ scale: [1, 2] }).sample(tensor([0, 7])).shape, [2]);
  refusesSaying(() => d.cdf(1), "Rayleigh has no cdf");
});

test("in minified code, errors have the same text", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { Normal, Gamma } from "./distributions/index.ts";
        export const said = [() => new Normal(0, -1), () => new Gamma(), () => new Normal({ mu: 0 })].map((f) => {
          try { f(); } catch (error) { return error.message; }
        });`,
      resolveDir: fileURLToPath(new URL("../../..", import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const { said } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? "")}`);
  assert.match(said[0], /^Normal: scale must be > 0 and finite, got -1/);
  assert.match(said[1], /^Gamma: concentration is missing/);
  assert.match(said[2], /^Normal: unknown parameter "mu".*Did you mean loc\?/);
});

test.run();
