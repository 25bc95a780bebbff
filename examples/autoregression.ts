/**
 * A first-order autoregressive level, observed with noise, and on some days not at all. Given the three parameters everything is normal, so
 * the level is integrated out by a Kalman filter, which is written with scan; the parameters have an autoguide. The density of the filter is
 * compared with the density of the whole series as one multivariate normal.
 *
 *     npx tsx examples/autoregression.ts
 *     npx tsx examples/autoregression.ts --steps 50
 */
import { parseArgs } from "node:util";
import {
  AutoMultivariateNormal,
  adam,
  exponentialDecay,
  eye,
  factor,
  HalfNormal,
  MultivariateNormal,
  Normal,
  random,
  SVI,
  sample,
  scan,
  type Tensor,
  TraceELBO,
  tensor,
  Uniform,
  where,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "1000" } } });
const T = 300;
const truth = { rho: 0.9, step: 0.5, noise: 0.4 };

const levels: number[] = [];
const [moves, errors] = [1, 2].map((seed) => random.normal(random.key(seed), [T]).toFloat64Array());
for (let t = 0; t < T; t++) levels.push(truth.rho * (levels[t - 1] ?? 0) + truth.step * (moves?.[t] as number));
const isObserved = levels.map((_, t) => t % 30 < 25);
const data = tensor(levels.map((x, t) => x + truth.noise * (errors?.[t] as number)));

/** The log density of each day given the days before it, and the mean of the level given all days up to this one. */
function filter(rho: Tensor, step: Tensor, noise: Tensor): { logp: Tensor; mean: Tensor } {
  const [, days] = scan(
    (level, { y, isSeen }) => {
      const mean = level.mean.mul(rho);
      const variance = level.variance.mul(rho.square()).add(step.square());
      const total = variance.add(noise.square());
      const gain = where(isSeen, variance.div(total), 0);
      const next = { mean: mean.add(gain.mul(y.sub(mean))), variance: variance.mul(gain.neg().add(1)) };
      return [next, { logp: where(isSeen, new Normal(mean, total.sqrt()).logProb(y), 0), mean: next.mean }];
    },
    { mean: tensor(0), variance: tensor(0) },
    { y: data, isSeen: tensor(isObserved) },
  );
  return days;
}

const model = () => {
  const rho = sample("rho", new Uniform(0, 1));
  const step = sample("step", new HalfNormal(1));
  const noise = sample("noise", new HalfNormal(1));
  factor("days", filter(rho, step, noise).logp.sum());
};

const guide = new AutoMultivariateNormal(model);
const numSteps = Number(flags.steps);
const svi = new SVI(model, guide, adam(exponentialDecay(0.03, numSteps, 0.1)), new TraceELBO({ numParticles: 4 }));
const { params } = svi.run(random.key(0), numSteps);
const draws = guide.samplePosterior(random.key(1), params, { sampleShape: [2000] }) as Record<
  keyof typeof truth,
  Tensor
>;
console.table(
  Object.fromEntries(
    Object.entries(draws).map(([name, x]) => {
      const mean = x.mean();
      const sd = x.sub(mean).square().mean().sqrt();
      return [
        name,
        { mean: mean.item().toFixed(2), sd: sd.item().toFixed(2), truth: truth[name as keyof typeof truth] },
      ];
    }),
  ),
);

// The covariance of the levels on days s and t is step² Σ_k rho^|s-t| rho^2k, k = 0 … min(s, t).
const days = isObserved.flatMap((isSeen, t) => (isSeen ? [t] : []));
const { rho, step, noise } = truth;
const covariance = tensor(
  days.map((s) => days.map((t) => (step ** 2 * (rho ** Math.abs(s - t) - rho ** (s + t + 2))) / (1 - rho ** 2))),
).add(eye(days.length).mul(noise ** 2));
const whole = new MultivariateNormal({ loc: days.map(() => 0), covarianceMatrix: covariance }).logProb(data.take(days));
const { logp, mean } = filter(tensor(rho), tensor(step), tensor(noise));
console.log(
  `log density at the truth: ${logp.sum().item().toFixed(9)} by the filter, ${whole.item().toFixed(9)} as one multivariate normal`,
);
const off = (x: Tensor): string => x.sub(levels).take(days).square().mean().sqrt().item().toFixed(2);
console.log(
  `root mean square error of the level on observed days: ${off(data)} for the data, ${off(mean)} for the filtered mean`,
);
