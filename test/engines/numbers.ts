/**
 * Hashes of the bits that the library computes: every elementwise op over a grid, reductions, factors, samplers, densities, a fit. They are
 * the same in every engine, and are stored in hashes.json. The inputs use no function whose result an engine may choose.
 */
import * as P from "../../index.js";

type Tensors = (x: P.Tensor) => P.Tensor;

/** FNV-1a of the bits: two halves of 32 bits with different primes. All NaN count as equal. */
function hashOf(numbers: Iterable<number>): string {
  const value = new Float64Array(1);
  const bytes = new Uint8Array(value.buffer);
  let [a, b] = [0x811c9dc5, 0x9dc5811c];
  for (const x of numbers) {
    value[0] = Number.isNaN(x) ? NaN : x;
    if (Number.isNaN(x)) bytes.set([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
    for (const byte of bytes) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x5bd1e995);
    }
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
const hash = (x: P.Tensor): string => hashOf(x.toFloat64Array());

/** Numbers of every size and sign: quarters, uniform draws, powers of two, the largest and the smallest numbers. */
function grid(): number[] {
  const uniforms = P.random.uniform(P.random.key(1), [200]).toFloat64Array();
  const spread = [...uniforms].flatMap((u, i) => [20 * (u - 0.5), u * 2 ** ((i % 60) - 20)]);
  return [
    ...Array.from({ length: 161 }, (_, i) => (i - 80) / 4),
    ...spread,
    1e5 / 3,
    1e9 / 7,
    1e22,
    1e-300,
    5e-324,
    1e308,
    -1e-17,
  ];
}

function elementwise(hashes: Record<string, string>): void {
  const all = grid();
  const some = all.filter((_, i) => i % 9 === 0);
  const few = some.filter((_, i) => i % 4 === 0 || i > 50);
  const units = [0.001, 0.1, 0.25, 0.5, 0.9, 0.999];
  for (const [name, f] of Object.entries(P)) {
    const scalar = (f as { op?: P.Op }).op?.scalar;
    if (scalar === undefined) continue;
    const call = f as unknown as (...xs: P.TensorLike[]) => P.Tensor;
    const [a, b] = [P.tensor(some).expandDims(-1), P.tensor(some)];
    if (scalar.length === 1) hashes[name] = hash(call([...all, ...units]));
    else if (scalar.length === 2)
      hashes[name] = hash(P.concatenate([call(a, b).reshape([-1]), call(a, units).reshape([-1])]));
    else hashes[name] = hash(call(P.tensor(few).reshape([-1, 1, 1]), P.tensor(few).expandDims(-1), units));
  }
}

function arrays(hashes: Record<string, string>): void {
  const x = P.random.normal(P.random.key(2), [23, 17]);
  const spd = P.matmul(x, x.transpose()).add(P.eye(23));
  const rows: Record<string, Tensors> = {
    sum: (v) => v.sum(0),
    logsumexp: (v) => P.logsumexp(v, 1),
    softmax: (v) => P.softmax(v),
    logSoftmax: (v) => P.logSoftmax(v, 0),
    cumsum: (v) => P.cumsum(v, 1),
    prod: (v) => P.prod(v, 0),
    matmul: (v) => P.matmul(v, v.transpose()),
    chain: (v) => v.mul(3).sin().add(v.exp()).tanh().mul(v.cos()).add(P.pow(v.abs(), 1.7)).sum(1),
  };
  for (const [name, f] of Object.entries(rows)) {
    hashes[name] = hash(f(x));
    const compiled = P.jit(f);
    compiled(x);
    hashes[`${name}, compiled`] = hash(compiled(x));
  }
  hashes.cholesky = hash(P.cholesky(spd));
  hashes.triangularSolve = hash(P.triangularSolve(P.cholesky(spd), x));
  hashes.logdet = hash(P.logdet(spd));
}

function randomness(hashes: Record<string, string>): void {
  const { random } = P;
  const key = random.key(3);
  const draws: Record<string, P.Tensor> = {
    uniform: random.uniform(key, [100]),
    normal: random.normal(key, [100]),
    exponential: random.exponential(key, [100]),
    gumbel: random.gumbel(key, [100]),
    laplace: random.laplace(key, [100]),
    logistic: random.logistic(key, [100]),
    cauchy: random.cauchy(key, [100]),
    geometric: random.geometric(key, 0.1, [100]),
    poisson: random.poisson(key, [3, 50], [50, 2]),
    binomial: random.binomial(key, [9, 1000], 0.3, [50, 2]),
    categorical: random.categorical(key, [0, 1, 2], [100]),
    gamma: random.gamma(key, [0.1, 0.9, 20], [30, 3]),
    beta: random.beta(key, [0.2, 5], 0.7, [50, 2]),
    dirichlet: random.dirichlet(key, [0.3, 2, 1], [30]),
    vonMises: random.vonMises(key, [0.5, 50], [50, 2]),
  };
  for (const [name, x] of Object.entries(draws)) hashes[`random.${name}`] = hash(x);
  const laws: P.Distribution[] = [
    new P.StudentT(3, 0.5, 2),
    new P.VonMises(0.3, 4),
    new P.NegativeBinomial(7, 0.3),
    new P.Kumaraswamy(0.7, 3),
    new P.InverseGamma(2, 3),
    new P.Dirichlet([0.5, 2, 4]),
    new P.LKJCholesky(4, 1.3),
    new P.MixtureSameFamily(new P.Categorical([0.2, 0.8]), new P.Normal([0, 3], [1, 2])),
    new P.Gompertz(0.4, 2),
    new P.ContinuousBernoulli(0.2),
    new P.SkewNormal(1, 2, 3),
  ];
  for (const d of laws) {
    const x = d.sample(key, [20]);
    hashes[`${d.family}, draws and densities`] = hashOf([...x.toFloat64Array(), ...d.logProb(x).toFloat64Array()]);
  }
}

/** Losses of 30 steps of the coin. */
function fit(hashes: Record<string, string>): void {
  const flips = P.tensor([1, 1, 0, 1, 0, 1, 1]);
  const model = () => {
    const fairness = P.sample("fairness", new P.Beta(10, 10));
    P.plate("flips", 7, () => P.sample("obs", new P.Bernoulli(fairness), { obs: flips }));
  };
  const guide = () => {
    const [a, b] = ["a", "b"].map((name) => P.param(name, 15, { constraint: P.constraints.positive })) as [
      P.Tensor,
      P.Tensor,
    ];
    P.sample("fairness", new P.Beta(a, b).nonreparameterized());
  };
  const { losses } = new P.SVI(model, guide, P.adam(0.01), new P.TraceGraphELBO()).run(P.random.key(0), 30);
  hashes["losses of the coin"] = hashOf(losses);
}

/** The hashes by name. */
export function allHashes(): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const fill of [elementwise, arrays, randomness, fit]) fill(hashes);
  return hashes;
}
