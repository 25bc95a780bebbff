/**
 * A program as users write it, for the compilers: a model with arguments, a fit, its results, and each sub-path. It is type-checked and
 * never run.
 */
import {
  adam,
  Bernoulli,
  Beta,
  constraints,
  explain,
  getProvenance,
  grad,
  hpdi,
  jit,
  Normal,
  Predictive,
  param,
  plate,
  random,
  SVI,
  sample,
  summary,
  type Tensor,
  TraceGraphELBO,
  tensor,
  trace,
  vmap,
} from "pedigrad";
import { scan, type TensorLike, zeros } from "pedigrad/autodiff";
import { type Distribution, klDivergence } from "pedigrad/distributions";
import type { RunOptions, SVIState } from "pedigrad/infer";
import { Provenance } from "pedigrad/provenance";

const model = (flips: Tensor, prior: { a: number; b: number }): void => {
  const fairness = sample("fairness", new Beta(prior.a, prior.b));
  plate("flips", flips.length, () => sample("obs", new Bernoulli(fairness), { obs: flips }));
};
const guide = (_flips: Tensor): void => {
  const positive = { constraint: constraints.positive };
  const q: Distribution = new Beta(param("a", 15, positive), param("b", 15, positive));
  sample("fairness", q.nonreparameterized(), { infer: { baseline: { useDecayingAvgBaseline: true } } });
};

const svi = new SVI(model, guide, adam(5e-3), new TraceGraphELBO());
const flips = tensor([1, 1, 0]);
// An AbortSignal is such an object. The declarations do not use the name AbortSignal, which ECMAScript does not have.
const options: RunOptions = { numSteps: 10, signal: { aborted: false } };
const { params, losses, state } = svi.run(random.key(0), options, flips, { a: 10, b: 10 });
const first: number = losses[0] ?? 0;
const next: [SVIState, number] = svi.update(state, flips, { a: 10, b: 10 });
// @ts-expect-error the model's second argument is missing
svi.run(random.key(0), 10, flips);
// @ts-expect-error its first argument is not a text
svi.update(state, "flips", { a: 10, b: 10 });

const matrix = zeros([2, 3]).toArray<number[][]>();
const numbers: ArrayLike<number> = flips.data.data;
const slopes = grad((x: { w: Tensor; b: Tensor[] }) =>
  x.w
    .mul(2)
    .sum()
    .add(x.b[0] ?? 0),
)({
  w: tensor([1, 2]),
  b: [tensor(3)],
});
const slope: Tensor = slopes.w;
const keys = vmap((key: Tensor) => random.normal(key))(random.split(random.key(0), 3));
const text: string = jit((x: Tensor) => x.mul(x)).source(flips);
const draws = new Predictive(guide, { params, numSamples: 100 }).run(random.key(1), flips);
const rows = [...summary(draws)].map(({ name, mean }) => `${name} ${mean}`);
const names: string[] = [...Provenance.union(Provenance.of("a"), getProvenance(slope))];
const like: TensorLike = new Float64Array([1, 2]);
const divergence: Tensor | null = klDivergence(new Normal(0, { scale: 1 }), new Normal(like, 1));
const told = explain(new TraceGraphELBO(), model, guide, flips, { a: 10, b: 10 });
const [total, before]: [Tensor, Tensor] = scan((sum, x) => [sum.add(x), sum], 0, [1, 2, 3]);
const [[last, previous], pairs] = scan(([a, b], x) => [[a.add(b).add(x), a], { a, b }], [1, tensor(1)], [0, 0, 0]);
const fibonacci: Tensor[] = [last, previous, pairs.b];
const run = trace(model).getTrace(flips, { a: 1, b: 1 });

export {
  before,
  divergence,
  fibonacci,
  first,
  hpdi,
  keys,
  matrix,
  names,
  next,
  numbers,
  rows,
  run,
  slope,
  text,
  told,
  total,
};
