/**
 * Fits of known posteriors: means within 0.15 posterior standard deviations of exact results (by conjugacy, enumeration or fine quadrature).
 * Every fit starts many times farther from the exact mean.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  Bernoulli,
  Categorical,
  type Elbo,
  exponentialDecay,
  HalfNormal,
  initToValue,
  type Model,
  markov,
  matmul,
  Normal,
  ones,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  tensor,
  zeros,
} from "../../../index.js";

const near = (what: string, got: number, mean: number, sd: number, start?: number): void => {
  assert.ok(Math.abs(got - mean) < 0.15 * sd, `${what}: ${got}, not ${mean} within 0.15 of ${sd}`);
  if (start !== undefined) assert.ok(Math.abs(start - mean) > 0.6 * sd, `${what} starts at ${start}, too near ${mean}`);
};
/** The parameters after a fit in which the learning rate falls to a hundredth. */
const fit = (model: Model, guide: Model, elbo: Elbo, steps: number, args: unknown[] = [], rate = 0.05) =>
  new SVI(model, guide, adam(exponentialDecay(rate, steps, 0.01)), elbo).run(random.key(0), steps, ...args).params;

const Y = [28, 8, -3, 7, -1, 1, 18, 12];
const SIGMA = [15, 10, 16, 11, 9, 11, 10, 18];

/** Posterior means and standard deviations of mu and log tau for the eight schools, with theta integrated out, by a grid of 400 by 400. */
function schoolsByQuadrature(): Record<"mu" | "logTau", [mean: number, sd: number]> {
  const n = 400;
  const [sums, weights] = [[0, 0, 0, 0], { total: 0 }];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const mu = -16 + (40 * (i + 0.5)) / n;
      const logTau = -8 + (12 * (j + 0.5)) / n;
      const tau = Math.exp(logTau);
      // mu ~ N(0, 5), tau ~ HalfNormal(5), y ~ N(mu, sigma² + tau²); d tau = tau d log tau.
      let log = -((mu / 5) ** 2) / 2 - (tau / 5) ** 2 / 2 + logTau;
      Y.forEach((y, k) => {
        const v = (SIGMA[k] as number) ** 2 + tau ** 2;
        log -= 0.5 * Math.log(v) + (y - mu) ** 2 / (2 * v);
      });
      const w = Math.exp(log);
      weights.total += w;
      [mu, mu * mu, logTau, logTau * logTau].forEach((x, k) => {
        sums[k] = (sums[k] as number) + w * x;
      });
    }
  const [a, b, c, d] = sums.map((s) => s / weights.total) as [number, number, number, number];
  return { mu: [a, Math.sqrt(b - a * a)], logTau: [c, Math.sqrt(d - c * c)] };
}

test("AutoMultivariateNormal fits eight schools, non-centred", () => {
  const model: Model = () => {
    const [mu, tau] = [sample("mu", new Normal(0, 5)), sample("tau", new HalfNormal(5))];
    plate("schools", 8, () => {
      const theta = mu.add(tau.mul(sample("z", new Normal(0, 1))));
      sample("y", new Normal(theta, SIGMA), { obs: Y });
    });
  };
  const guide = new AutoMultivariateNormal(model, { initLocFn: initToValue({ mu: -10, tau: 30 }) });
  const params = fit(model, guide, new TraceELBO({ numParticles: 16 }), 3000);
  const draws = guide.samplePosterior(random.key(1), params, { sampleShape: [4000] });
  const { mu, logTau } = schoolsByQuadrature();
  near("mu", (draws.mu as Tensor).mean().item(), ...mu, -10);
  near("log tau", (draws.tau as Tensor).log().mean().item(), ...logTau, Math.log(30));
});

test("linear regression: the conjugate posterior", () => {
  const x = random.normal(random.key(5), [40, 3]);
  const y = matmul(x, tensor([1, -2, 0.5])).add(random.normal(random.key(6), [40]).mul(0.7));
  const model: Model = () => {
    const w = sample("w", new Normal(zeros([3]), ones([3]).mul(2)).toEvent(1));
    plate("data", 40, () => sample("y", new Normal(matmul(x, w), 0.7), { obs: y }));
  };
  const precision = matmul(x.transpose(), x)
    .div(0.49)
    .add(
      tensor([
        [0.25, 0, 0],
        [0, 0.25, 0],
        [0, 0, 0.25],
      ]),
    );
  const covariance = precision.inverse();
  const mean = matmul(covariance, matmul(x.transpose(), y).div(0.49));
  const guide = new AutoMultivariateNormal(model, { initLocFn: initToValue({ w: [5, 5, 5] }) });
  const params = fit(model, guide, new TraceELBO({ numParticles: 8 }), 2000);
  for (let i = 0; i < 3; i++)
    near(
      `w[${i}]`,
      (guide.median(params).w as Tensor).at(i).item(),
      mean.at(i).item(),
      Math.sqrt(covariance.at(i, i).item()),
      5,
    );
});

test("logistic regression: quadrature over two weights", () => {
  const xs = [-2, -1.2, -0.5, 0.1, 0.4, 0.9, 1.5, 2.2];
  const ys = [0, 0, 1, 0, 1, 1, 0, 1];
  const model: Model = () => {
    const [a, b] = [sample("a", new Normal(0, 2)), sample("b", new Normal(0, 2))];
    plate("data", 8, () => sample("y", new Bernoulli({ logits: b.mul(xs).add(a) }), { obs: ys }));
  };
  let [total, ea, eb, eaa, ebb] = [0, 0, 0, 0, 0];
  for (let a = -8; a <= 8; a += 0.05)
    for (let b = -8; b <= 8; b += 0.05) {
      let log = -(a * a + b * b) / 8;
      xs.forEach((x, i) => {
        const l = (a + b * x) * (ys[i] === 1 ? 1 : -1);
        log -= Math.log1p(Math.exp(-l));
      });
      const w = Math.exp(log);
      total += w;
      ea += w * a;
      eb += w * b;
      eaa += w * a * a;
      ebb += w * b * b;
    }
  const guide = new AutoMultivariateNormal(model, { initLocFn: initToValue({ a: 6, b: -6 }) });
  const params = fit(model, guide, new TraceELBO({ numParticles: 16 }), 2000);
  const median = guide.median(params);
  const sd = (square: number, mean: number) => Math.sqrt(square / total - (mean / total) ** 2);
  near("a", (median.a as Tensor).item(), ea / total, sd(eaa, ea), 6);
  near("b", (median.b as Tensor).item(), eb / total, sd(ebb, eb), -6);
});

test("a Gaussian mixture with the assignments summed out: the location of one component", () => {
  const xs = [-2.3, -1.6, -2.1, 1.2, 2.2, 1.9, 2.6, -1.4];
  const model: Model = () => {
    const loc = sample("loc", new Normal(0, 5));
    plate("data", 8, () => {
      const z = sample("z", new Categorical([0.4, 0.6]), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(z.mul(loc).sub(tensor(1).sub(z).mul(2)), 1), { obs: xs });
    });
  };
  const density = (x: number, m: number) => Math.exp(-0.5 * (x - m) ** 2);
  let [total, first, second] = [0, 0, 0];
  for (let m = -20; m <= 20; m += 0.01) {
    const w = xs.reduce((p, x) => p * (0.4 * density(x, -2) + 0.6 * density(x, m)), Math.exp((-m * m) / 50));
    total += w;
    first += w * m;
    second += w * m * m;
  }
  const mean = first / total;
  const guide = new AutoNormal(model, { initLocFn: initToValue({ loc: 6 }) });
  const params = fit(model, guide, new TraceEnumELBO({ numParticles: 4 }), 1500);
  near("loc", (guide.median(params).loc as Tensor).item(), mean, Math.sqrt(second / total - mean * mean), 6);
});

/** log p(x) of a two-state chain by the forward algorithm. */
function forward(xs: readonly number[], stay: number, locs: readonly [number, number]): number {
  let [alpha, log] = [[0.5, 0.5], 0];
  xs.forEach((x, t) => {
    const before =
      t === 0 ? alpha : [0, 1].map((j) => alpha.reduce((s, a, i) => s + a * (i === j ? stay : 1 - stay), 0));
    const joint = before.map((p, j) => (p * Math.exp(-0.5 * (x - (locs[j] as number)) ** 2)) / Math.sqrt(2 * Math.PI));
    const sum = joint.reduce((a, b) => a + b);
    log += Math.log(sum);
    alpha = joint.map((p) => p / sum);
  });
  return log;
}
const chain: Model = (xs: readonly number[]) => {
  const loc = sample("loc", new Normal(0, 5));
  const locs = [tensor(-1), loc] as const;
  let z: Tensor | null = null;
  for (const t of markov(xs.keys())) {
    const logits: Tensor =
      z === null
        ? zeros([2])
        : tensor([
            [Math.log(0.9), Math.log(0.1)],
            [Math.log(0.1), Math.log(0.9)],
          ]).at(z);
    z = sample(`z${t}`, new Categorical({ logits }), { infer: { enumerate: "parallel" } });
    sample(`x${t}`, new Normal(z.mul(locs[1]).add(tensor(1).sub(z).mul(locs[0])), 1), { obs: xs[t] as number });
  }
};

test("a hidden Markov model with the path summed out: the location of one state", () => {
  const xs = [-1.2, -0.4, -1.9, 2.4, 3.1, 2.2, 2.9, -0.8, -1.5, 2.7];
  let [total, first, second] = [0, 0, 0];
  for (let m = -10; m <= 14; m += 0.01) {
    const w = Math.exp(forward(xs, 0.9, [-1, m]) - (m * m) / 50 + 20);
    total += w;
    first += w * m;
    second += w * m * m;
  }
  const mean = first / total;
  const guide = new AutoNormal(chain, { initLocFn: initToValue({ loc: 6 }) });
  const params = fit(chain, guide, new TraceEnumELBO({ numParticles: 4 }), 1000, [xs]);
  near("loc", (guide.median(params).loc as Tensor).item(), mean, Math.sqrt(second / total - mean * mean), 6);
});

test("a chain of 1,000 states: the evidence equals the result of the forward algorithm, and the model can be fitted", () => {
  const xs = Array.from({ length: 1000 }, (_, t) => (t % 40 < 20 ? -1 : 2) + Math.sin(12.9898 * t));
  const fixed: Model = (data: readonly number[]) => {
    const locs = [tensor(-1), param("loc", tensor(4))] as const;
    let z: Tensor | null = null;
    const rows = tensor([
      [Math.log(0.9), Math.log(0.1)],
      [Math.log(0.1), Math.log(0.9)],
    ]);
    for (const t of markov(data.keys())) {
      z = sample(`z${t}`, new Categorical({ logits: z === null ? zeros([2]) : rows.at(z) }), {
        infer: { enumerate: "parallel" },
      });
      sample(`x${t}`, new Normal(z.mul(locs[1]).add(tensor(1).sub(z).mul(locs[0])), 1), { obs: data[t] as number });
    }
  };
  const nothing: Model = () => {};
  const loss = new TraceEnumELBO().loss(random.key(0), { loc: tensor(4) }, fixed, nothing, xs);
  assert.ok(Math.abs(loss.item() + forward(xs, 0.9, [-1, 4])) < 1e-8, `${loss}`);
  const params = fit(fixed, nothing, new TraceEnumELBO(), 150, [xs], 0.2);
  const at = (params.loc as Tensor).item();
  const best = [...Array(400).keys()]
    .map((i) => 1 + i * 0.005)
    .reduce((a, b) => (forward(xs, 0.9, [-1, b]) > forward(xs, 0.9, [-1, a]) ? b : a));
  assert.ok(Math.abs(at - best) < 0.02, `${at}, best ${best}`);
});

test.run();
