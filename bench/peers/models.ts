/** Models that are used only in the comparison with NumPyro; `loops.py` has each of them in Python. */
import {
  arange,
  Beta,
  Categorical,
  constraints,
  DiscreteHMM,
  Exponential,
  exp,
  eye,
  GaussianRandomWalk,
  initToValue,
  LogNormal,
  type Model,
  MultivariateNormal,
  markov,
  Normal,
  param,
  plate,
  StudentT,
  sample,
  type Tensor,
  tensor,
  zeros,
} from "../library.js";

/** sin(seed + 1.7 k) for k = 0, 1, …, in the given shape. */
export const wave = (shape: readonly number[], seed: number): Tensor =>
  arange(shape.reduce((n, k) => n * k, 1))
    .mul(1.7)
    .add(seed)
    .sin()
    .reshape(shape);

export const coinGuide: Model = () => {
  const [a, b] = ["a", "b"].map((name) => param(name, 15, { constraint: constraints.positive })) as [Tensor, Tensor];
  sample("f", new Beta(a, b).nonreparameterized());
};

export const enumeratedMixture: Model = (xs: Tensor) =>
  plate("data", 200, () => {
    const weights = param("weights", zeros([3]));
    const z = sample("z", new Categorical({ logits: weights }), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(param("locs", tensor([-1, 0, 1])).at(z), 1), { obs: xs });
  });

// A covariance L Lᵀ that is far from diagonal: L has 1 + i/50 on its diagonal and 0.1 sin(…) below the diagonal.
const lowerTriangle = (d: number): Tensor => {
  const [row, column] = [arange(d).reshape([d, 1]), arange(d)];
  return wave([d, d], 5)
    .mul(0.1)
    .mul(row.greater(column))
    .add(eye(d).mul(row.div(50).add(1)));
};
export const SCALE_TRIL = lowerTriangle(50);
export const gaussian: Model = () => {
  sample("z", new MultivariateNormal({ loc: zeros([50]), scaleTril: SCALE_TRIL }));
};

export const volatility: Model = (returns: Tensor) => {
  const [sigma, nu] = [sample("sigma", new Exponential(50)), sample("nu", new Exponential(0.1))];
  const walk = sample("s", new GaussianRandomWalk(sigma, returns.length));
  plate("days", returns.length, () => sample("r", new StudentT(nu, 0, exp(walk)), { obs: returns }));
};
export const volatilityStart = initToValue({ sigma: 0.1, nu: 10, s: zeros([500]).sub(4) });

/** k(x, x') = variance exp(-(x - x')² / (2 length²)) + noise [x = x']. */
export const process: Model = (x: Tensor, y: Tensor) => {
  const [variance, length, noise] = ["variance", "length", "noise"].map((name) =>
    sample(name, new LogNormal(0, 1)),
  ) as [Tensor, Tensor, Tensor];
  const distance = x.expandDims(1).sub(x).div(length);
  const covariance = variance.mul(exp(distance.square().mul(-0.5))).add(eye(x.length).mul(noise.add(1e-6)));
  sample("y", new MultivariateNormal({ loc: zeros([x.length]), covarianceMatrix: covariance }), { obs: y });
};
export const processStart = initToValue({ variance: 1, length: 1, noise: 0.5 });

const K = 10;
const hiddenParams = () => ({
  transition: param("transition", wave([K, K], 3)),
  locs: param("locs", arange(K).sub(4.5)),
});
export const hiddenMarkov: Model = (xs: Tensor) => {
  const { transition, locs } = hiddenParams();
  let z: Tensor | null = null;
  for (const t of markov(Array(xs.length).keys())) {
    const logits: Tensor = z === null ? zeros([K]) : transition.at(z);
    z = sample(`z${t}`, new Categorical({ logits }), { infer: { enumerate: "parallel" } });
    sample(`x${t}`, new Normal(locs.at(z), 1), { obs: xs.at(t) });
  }
};
export const filtered: Model = (xs: Tensor) => {
  const { transition, locs } = hiddenParams();
  sample("x", new DiscreteHMM(zeros([K]), transition, new Normal(locs, 1)), { obs: xs });
};
