/** The program that every bundler builds: six steps of the coin, a user's own op, and a long loop. It prints its results. */
import {
  adam,
  Bernoulli,
  Beta,
  constraints,
  jit,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceGraphELBO,
  tensor,
  unary,
} from "../../index.js";

const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const model = (data: Tensor) => {
  const fairness = sample("fairness", new Beta(10, 10));
  plate("flips", data.length, () => sample("obs", new Bernoulli(fairness), { obs: data }));
};
const guide = () => {
  const positive = { constraint: constraints.positive };
  sample("fairness", new Beta(param("a", 15, positive), param("b", 15, positive)).nonreparameterized());
};
const { losses, params } = new SVI(model, guide, adam(0.05), new TraceGraphELBO()).run(random.key(0), 6, flips);

const wave = unary("wave", (a) => (a > 0 ? a * a : -a) + (a < -1 ? 1 : 0.5), null);
const own = jit((x: Tensor) => wave(x.mul(2)).add(x.tanh()).sum());
const rows = [0, 1, 2, 3].map((seed) => own(random.normal(random.key(seed), [100])).item());

console.log(JSON.stringify({ losses: [...losses], a: params.a, b: params.b, rows }));
