/**
 * Eight schools (Rubin 1981): a hierarchical model of the treatment effects in eight schools, non-centred, with AutoNormal. The fit is
 * compared with the exact posterior, which is found by quadrature over tau: given tau, everything is normal.
 *
 *     npx tsx examples/eightSchools.ts
 *     npx tsx examples/eightSchools.ts --steps 500
 */
import { parseArgs } from "node:util";
import {
  AutoNormal,
  adam,
  deterministic,
  exponentialDecay,
  HalfNormal,
  Normal,
  Predictive,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "6000" } } });
const effects = [28, 8, -3, 7, -1, 1, 18, 12];
const errors = [15, 10, 16, 11, 9, 11, 10, 18];

const model = (y: Tensor | null, sigma: Tensor) => {
  const mu = sample("mu", new Normal(0, 5));
  const tau = sample("tau", new HalfNormal(5));
  plate("schools", 8, () => {
    const z = sample("z", new Normal(0, 1));
    const theta = deterministic("theta", mu.add(tau.mul(z)));
    sample("y", new Normal(theta, sigma), { obs: y });
  });
};

const guide = new AutoNormal(model);
const numSteps = Number(flags.steps);
const svi = new SVI(model, guide, adam(exponentialDecay(0.02, numSteps, 0.1)), new TraceELBO({ numParticles: 10 }));
const { params } = svi.run(random.key(0), numSteps, tensor(effects), tensor(errors));
const draws = new Predictive(model, { guide, params, numSamples: 4000, returnSites: ["mu", "theta"] }).run(
  random.key(1),
  null,
  tensor(errors),
);

// The exact posterior means, by a sum over a grid of tau. Given tau, mu and theta are conjugate.
const grid = Array.from({ length: 2000 }, (_, i) => 0.01 * (i + 0.5));
const conditionals = grid.map((tau) => {
  const precisions = errors.map((s) => 1 / (s * s + tau * tau));
  const total = 1 / 25 + precisions.reduce((a, b) => a + b, 0);
  const mu = precisions.reduce((sum, p, i) => sum + p * (effects[i] as number), 0) / total;
  const logWeight =
    -0.5 * (tau / 5) ** 2 -
    0.5 * Math.log(total) +
    0.5 * total * mu * mu +
    precisions.reduce((sum, p, i) => sum + 0.5 * Math.log(p) - 0.5 * p * (effects[i] as number) ** 2, 0);
  const theta = effects.map((y, i) => {
    const s2 = (errors[i] as number) ** 2;
    return (y * tau * tau + mu * s2) / (tau * tau + s2);
  });
  return { mu, theta, logWeight };
});
const top = Math.max(...conditionals.map((c) => c.logWeight));
const weights = conditionals.map((c) => Math.exp(c.logWeight - top));
const total = weights.reduce((a, b) => a + b, 0);
const expectation = (f: (c: (typeof conditionals)[0]) => number) =>
  conditionals.reduce((sum, c, i) => sum + (f(c) * (weights[i] as number)) / total, 0);

const mean = (x: Tensor) => x.mean(0).toFloat64Array();
const theta = mean(draws.theta as Tensor);
console.log("Posterior means:");
console.table({
  mu: { fit: mean(draws.mu as Tensor)[0]?.toFixed(2), exact: expectation((c) => c.mu).toFixed(2) },
  ...Object.fromEntries(
    effects.map((y, i) => [
      `school ${i + 1} (observed ${y})`,
      { fit: theta[i]?.toFixed(2), exact: expectation((c) => c.theta[i] as number).toFixed(2) },
    ]),
  ),
});
