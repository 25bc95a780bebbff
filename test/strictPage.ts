/**
 * A program for pages that forbid code generation: the engine, the coin, and a mixture whose assignments are summed out. `numbers` must be
 * the same everywhere, to the last bit (package.test.ts, browser.test.ts).
 */
import {
  adam,
  Bernoulli,
  Beta,
  Categorical,
  cholesky,
  constraints,
  eye,
  grad,
  jit,
  lgamma,
  matmul,
  Normal,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
  vmap,
} from "../index.js";

export function numbers(): number[] {
  const x = random.normal(random.key(0), [3, 4]);
  const square = (a: Tensor): Tensor => matmul(a, a.transpose([1, 0]));
  const f = (a: Tensor): Tensor => square(a).tanh().sum().add(a.sin().softmax(-1).square().sum());
  const engine = [f(x), grad(f)(x).sum(), jit(f)(x), lgamma(2.5), cholesky(square(x).add(eye(3))).sum()];
  const draws = random.gamma(random.key(3), 2.5, [2]).sum();
  const rows = vmap((row: Tensor) => row.sum())(x).sum() as Tensor;

  const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  const coin = () => {
    const fairness = sample("fairness", new Beta(10, 10));
    plate("flips", 10, () => sample("obs", new Bernoulli(fairness), { obs: flips }));
  };
  const guide = () => {
    const positive = { constraint: constraints.positive };
    sample("fairness", new Beta(param("a", 15, positive), param("b", 15, positive)).nonreparameterized());
  };
  const fit = new SVI(coin, guide, adam(0.005), new TraceGraphELBO()).run(random.key(0), 100);

  const mixture = () => {
    const locs = param("locs", tensor([-1, 1]));
    plate("data", 5, () => {
      const z = sample("z", new Categorical([0.5, 0.5]), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(locs.at(z), 1), { obs: [-2, -1, 0, 1, 2] });
    });
  };
  const summed = new SVI(mixture, () => {}, adam(0.05), new TraceEnumELBO()).run(random.key(1), 50);
  const fitted = [fit.params.a, fit.params.b, summed.params.locs?.at(0)] as Tensor[];
  return [
    ...[...engine, draws, rows, ...fitted].map((y) => y.item()),
    ...fit.losses.slice(-3),
    ...summed.losses.slice(-3),
  ];
}
