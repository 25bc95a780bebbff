/** Misuse of distributions: the error names the value, the expected kind of value, and the remedy. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eye, grad, random, type Tensor, tensor, vmap, zeros } from "../../../autodiff/index.js";
import {
  Bernoulli,
  Beta,
  Binomial,
  bijectTo,
  Categorical,
  constraints,
  Dirichlet,
  DiscreteUniform,
  Folded,
  Gamma,
  GaussianRandomWalk,
  LKJ,
  LowRankMultivariateNormal,
  Mixture,
  MixtureSameFamily,
  MultivariateNormal,
  MultivariateStudentT,
  Normal,
  Poisson,
  StickBreaking,
  setValidation,
  TransformedDistribution,
  Uniform,
  validation,
  withValidation,
} from "../../../distributions/index.js";
import { currentAmbient, getProvenance, inFreshRun, trackProvenance } from "../../../provenance/index.js";
import { refusesSaying } from "../../refusals.js";

test("parameters outside their constraints are refused, and the error names the element", () => {
  refusesSaying(() => new Normal(0, -1), "Normal: scale must be > 0", "got -1");
  refusesSaying(
    () => new Normal(0, [[1], [2], [-1]]),
    "Normal: scale must be > 0",
    "element [2,0] of shape [3,1] is -1",
  );
  refusesSaying(() => new Gamma(0, 1), "Gamma: concentration", "got 0");
  refusesSaying(() => new Beta(NaN, 1), "Beta: concentration1", "got NaN");
  refusesSaying(() => new Uniform(2, 1), "Uniform: high must be > 2", "got 1");
  refusesSaying(() => new Uniform([0, 3], [1, 2]), "Uniform: high", "element [1] of shape [2] is 2");
  refusesSaying(() => new Categorical([-0.1, 1.1]), "Categorical: probs", "[-0.1,1.1]");
});

test("parameters of vectors that differ in size are refused where the distribution is made", () => {
  const [two, three] = [[0, 0], eye(3)];
  refusesSaying(() => new MultivariateNormal(two, three), "event size 2 but the scale is 3x3");
  refusesSaying(() => new MultivariateStudentT(4, two, three), "event size 2 but the scale is 3x3");
  // A single variance would broadcast to both elements, but count once in the determinant.
  refusesSaying(() => new LowRankMultivariateNormal(two, [[1], [1]], [1]), "event size 2", "covDiag has 1 entries");
  refusesSaying(() => new LowRankMultivariateNormal(two, [[1], [1], [1]], [1, 1]), "covFactor has 3 rows");
});

test("NaN in a value is refused with its index, unless the element is masked", () => {
  refusesSaying(() => new Normal(0, 1).logProb([1, NaN, 2]), "Normal: value", "element [1] of shape [3] is NaN");
  const masked = new Normal(0, 1).expand([3]).mask([1, 0, 1]);
  assert.ok(Number.isFinite(masked.logProb([1, NaN, 2]).sum().item()));
  refusesSaying(() => masked.logProb([1, 2, NaN]), "Normal: value", "element [2]");
  const slope = grad((loc: Tensor) => new Normal(loc, 1).expand([3]).mask([1, 0, 1]).logProb([1, NaN, 2]).sum())(0);
  assert.is(slope.item(), 3);
});

test("a value of probability 0 has log density -Infinity", () => {
  assert.is(new Categorical([1, 0]).logProb(1).item(), -Infinity);
  assert.is(new Categorical({ logits: [0, -Infinity] }).logProb(1).item(), -Infinity);
  assert.is(new Bernoulli(0).logProb(1).item(), -Infinity);
  assert.is(new Bernoulli({ logits: -Infinity }).logProb(1).item(), -Infinity);
  assert.is(new Poisson(0).logProb(3).item(), -Infinity);
  assert.is(new Poisson(0).logProb(0).item(), 0);
});

test("a sample shape must be an array; errors name the distribution; a printed distribution has the shapes of its parameters", () => {
  refusesSaying(
    () => new Normal(0, 1).sample(random.key(0), 3 as never),
    "Normal: sampleShape: the shape must be an array",
    "got 3",
  );
  refusesSaying(() => new Normal(0, 1).rsample(random.key(0), 3 as never), "got 3");
  refusesSaying(() => new Normal([0, 1], 1).toEvent(1).cdf([0, 1]), "Normal.toEvent(1) has no cdf");
  const batch = new Dirichlet([1, 2, 3]).expand([2]);
  refusesSaying(() => batch.cdf([0.2, 0.3, 0.5]), "Dirichlet has no cdf");
  refusesSaying(() => batch.icdf([0.2, 0.3, 0.5]), "Dirichlet has no icdf");
  refusesSaying(
    () => new Bernoulli([0.5]).toEvent(1).enumerateSupport(),
    "Bernoulli.toEvent(1) has no enumerable support",
  );
  refusesSaying(() => new Folded(new Normal(0, 1)).icdf(0.5), "Folded Normal has no icdf");
  const pieces = new TransformedDistribution(new Normal([0, 1], 1), new StickBreaking());
  refusesSaying(() => pieces.cdf([0.2, 0.3, 0.5]), "TransformedDistribution of Normal.toEvent(1) has no cdf");
  assert.is(`${new Normal(zeros([2, 3]), 1)}`, "Normal(loc: [2,3], scale: [])");
  assert.is(`${new Normal([0, 1], 1).toEvent(1)}`, "Independent(Normal(loc: [2], scale: []))");
});

test("unknown parameters are refused, and the error suggests the right names", () => {
  const normal = Normal as new (params: object) => Normal;
  const gamma = Gamma as new (params: object) => Gamma;
  refusesSaying(
    () => new normal({ mu: 0, sigma: 1 }),
    'Normal: unknown parameter "mu"',
    "Expected loc, scale",
    "Did you mean loc?",
  );
  refusesSaying(() => new normal({ loc: 0, sclae: 1 }), '"sclae"', "Did you mean scale?");
  refusesSaying(
    () => new gamma({ shape: 2, scale: 1 }),
    'Gamma: unknown parameter "shape"',
    "Did you mean concentration?",
  );
  refusesSaying(() => new (Bernoulli as new (params: object) => Bernoulli)({ ["__proto__"]: 1 }), "unknown parameter");
  refusesSaying(() => new (Normal as new (...args: number[]) => Normal)(0, 1, 2), "Normal: got 3 arguments");
  refusesSaying(() => new (Gamma as new () => Gamma)(), "Gamma: concentration is missing");
  refusesSaying(() => new Normal(null as unknown as number, 1), "Normal: loc", "null");
  refusesSaying(() => new Bernoulli({ probs: 0.5, logits: 0 }), "probs or logits", "together");
});

test("batch and event shapes that do not fit are refused", () => {
  refusesSaying(() => new Dirichlet(1), "Dirichlet: concentration", "at least 1 axis", "shape []");
  refusesSaying(() => new Categorical(0.5), "Categorical: probs", "at least 1 axis");
  refusesSaying(() => new Normal([1, 2], [1, 2, 3]), "Normal(loc, scale)", "[2]", "[3]");
  refusesSaying(
    () => new Dirichlet([1, 1, 1]).logProb([0.5, 0.5]),
    "Dirichlet: the last axes of a value must be the event shape [3]",
    "got a value of shape [2]",
  );
  refusesSaying(() => new Normal([0, 1, 2], 1).logProb([0, 1]), "Normal (value and batch)", "[2]", "[3]");
  refusesSaying(() => new Normal([0, 1, 2], 1).expand([2]), "Normal.expand", "[3]", "[2]");
  refusesSaying(() => new Normal([0, 1, 2], 1).toEvent(2), "Normal.toEvent(n)", "batch shape [3]", "got 2");
});

test("matrices that are not square are refused", () => {
  const tall = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  refusesSaying(() => new MultivariateNormal([0, 0], tall), "scaleTril must be", "[[1,0],[0,1],[1,1]]");
  const normal = () => new MultivariateNormal({ loc: [0, 0], covarianceMatrix: tall });
  refusesSaying(normal, "covarianceMatrix must be", "[[1,0],[0,1],[1,1]]");
});

test("a size, or a list of values, must be the same for all elements of a batch", () => {
  refusesSaying(() => new LKJ([2, 3] as never), "dim must be the same number for all elements, got 2 and 3");
  refusesSaying(() => new GaussianRandomWalk(1, [4, 5] as never), "numSteps must be the same number", "got 4 and 5");
  const ranges = new DiscreteUniform([1, 0], [3, 3]);
  refusesSaying(() => ranges.enumerateSupport(), "DiscreteUniform has no enumerable support common to all its bounds");
  assert.equal(new DiscreteUniform([1, 1], 2).enumerateSupport(false).toArray(), [[1], [2]]);
});

test("expand refuses sizes below 0", () => {
  refusesSaying(() => new Normal(0, 1).expand([-1]), "Normal.expand: shape [-1] has an axis of size -1");
  for (const shape of [[], [3], [2, 3]])
    refusesSaying(() => new Normal([1, 2], 1).expand(shape), `batch shape [2] does not broadcast to [${shape}].`);
});

test("the parts of a mixture must be a Categorical, and one distribution or a list of them", () => {
  const [mixing, normals] = [new Categorical([0.5, 0.5]), new Normal([0, 1], 1)];
  const list = [new Normal(0, 1), new Normal(1, 1)];
  refusesSaying(() => new Mixture(mixing.expand([3]) as never, list), "mixing must be a Categorical", "Expanded");
  refusesSaying(() => new MixtureSameFamily([0.5, 0.5] as never, normals), "mixing must be a Categorical");
  refusesSaying(() => new Mixture(mixing, normals as never), "a list of distributions", "use MixtureSameFamily");
  refusesSaying(
    () => new MixtureSameFamily(mixing, list as never),
    "must be one distribution. For a list, use Mixture",
  );
});

test("rsample is refused if there is no pathwise sampler", () => {
  refusesSaying(() => new Poisson(3).rsample(random.key(0)), "Poisson has no reparameterised sampler. Use sample()");
});

test("values outside the support are refused", () => {
  refusesSaying(() => new Bernoulli(0.3).logProb([0, 2]), "Bernoulli: value must be 0 or 1", "element [1]", "is 2");
  refusesSaying(
    () => new Categorical([0.5, 0.5]).logProb(2),
    "Categorical: value must be a whole number in [0, 1]",
    "got 2",
  );
  refusesSaying(
    () => new Dirichlet([1, 1]).logProb([0.5, 0.6]),
    "Dirichlet: value must be >= 0 with sum 1",
    "got [0.5,0.6]",
  );
});

test("values inside vmap are checked too, and the error names the element", () => {
  refusesSaying(() => vmap((scale: Tensor) => new Normal(0, scale).mean)([1, -2, 3]), "Normal: scale", "got -2");
  refusesSaying(
    () =>
      vmap((x: Tensor) => new Uniform(0, 1).logProb(x))([
        [0, 1],
        [0.5, 2],
      ]),
    "Uniform: value",
    "element [1] of shape [2] is 2",
  );
  refusesSaying(
    () => vmap((high: Tensor) => new Uniform(0, high).logProb(1.5))([2, 1, 3]),
    "Uniform: value",
    "got 1.5",
  );
});

test("checks can be switched off, and are on again after an error", () => {
  assert.is(
    withValidation(false, () => new Bernoulli(0.3).logProb(2).item()),
    -Infinity,
  );
  assert.throws(() =>
    withValidation(false, () => {
      throw new Error("x");
    }),
  );
  assert.is(validation, true);
  setValidation(false);
  assert.is(new Gamma(2, 1).logProb(-1).item(), -Infinity);
  setValidation(true);
  assert.throws(() => new Gamma(2, 1).logProb(-1));
});

test("a check does not count as a read", () => {
  inFreshRun(() => {
    const z = trackProvenance(tensor(0.5), "z");
    const x = new Normal(0, z).logProb(z);
    assert.equal([...getProvenance(x)], ["z"]);
    assert.is(currentAmbient().size, 0);
    assert.equal([...getProvenance(new Normal(z, 1).sample(random.key(0)))], ["z"]);
  });
});

test("the error for a constraint without a bijection gives the reason", () => {
  refusesSaying(() => bijectTo(constraints.boolean), "boolean has no bijection", "discrete");
});

test("an undefined parameter is refused; a parameter that is left out has its default", () => {
  const locs = [0, 1];
  refusesSaying(() => new Normal(locs[2] as never, 1), "Normal: loc is undefined");
  refusesSaying(() => new Normal(0, undefined as never), "Normal: scale is undefined");
  refusesSaying(() => new Normal({ loc: undefined as never, scale: 1 }), "Normal: loc is undefined");
  assert.is(new Normal(3).params.scale.item(), 1);
  assert.is(new Normal({ scale: 2 }).params.loc.item(), 0);
  assert.equal(new Bernoulli({ probs: undefined as never, logits: 0 }).mean.item(), 0.5);
});

test("with checks off, a count far beyond the support has probability 0 and gradient 0, and takes no time", () => {
  withValidation(false, () => {
    // Were ψ raised from 10 - 1e17 one step at a time, this would never end.
    const density = (n: Tensor) => new Binomial(n, 0.5).logProb(1e17);
    assert.is(density(tensor(10)).item(), -Infinity);
    assert.is(grad(density)(10).item(), 0);
  });
});

test.run();
