/**
 * The coin of Pyro's "SVI Part III": is it fair, given ten flips? The posterior is known to be Beta(16, 14). The example counts the steps
 * until the fit is close to it, with and without the baseline that lowers the variance of the gradient.
 *
 *     npm start                          20 keys with and without the baseline
 *     npx tsx examples/coin.ts --keys 3 --steps 200
 */
import { parseArgs } from "node:util";
import { plot } from "asciichart";
import {
  adam,
  Bernoulli,
  Beta,
  constraints,
  explain,
  param,
  plate,
  type RunResult,
  random,
  SVI,
  sample,
  type Tensor,
  TraceGraphELBO,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({
  options: { keys: { type: "string", default: "20" }, steps: { type: "string", default: "5000" } },
});
const [numKeys, maxSteps] = [Number(flags.keys), Number(flags.steps)];

const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const exact = { alpha_q: 16, beta_q: 14 };

const model = (data: Tensor) => {
  const fairness = sample("latent_fairness", new Beta(10, 10));
  plate("flips", data.length, () => sample("obs", new Bernoulli(fairness), { obs: data }));
};

const guideWith = (useDecayingAvgBaseline: boolean) => () => {
  const alpha = param("alpha_q", 15, { constraint: constraints.positive });
  const beta = param("beta_q", 15, { constraint: constraints.positive });
  const infer = useDecayingAvgBaseline ? { baseline: { useDecayingAvgBaseline, baselineBeta: 0.9 } } : {};
  sample("latent_fairness", new Beta(alpha, beta).nonreparameterized(), { infer });
};

const inferenceWith = (useBaseline: boolean) =>
  new SVI(model, guideWith(useBaseline), adam(5e-4, { b1: 0.93, b2: 0.999 }), new TraceGraphELBO());

// On a terminal, one line that the next fit overwrites; else nothing.
const progress = (label: string) =>
  process.stderr.isTTY ? (text: string) => process.stderr.write(`\r${label} ${text}\u001b[K`) : false;

/** Fit until both parameters are within 0.8 of the exact posterior. */
function fit(svi: SVI, label: string, seed: number): RunResult {
  const isNear = (params: Record<string, Tensor>) =>
    Object.entries(exact).every(([name, value]) => Math.abs((params[name] as Tensor).item() - value) < 0.8);
  return svi.run(
    random.key(seed),
    {
      numSteps: maxSteps,
      progressBar: progress(`${label}, key ${seed + 1} of ${numKeys}`),
      stopWhen: ({ state }) => isNear(svi.getParams(state)),
    },
    flips,
  );
}

const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const rows: Record<string, Record<string, string | number>> = {};
const curves: number[][] = [];
for (const useBaseline of [true, false]) {
  const svi = inferenceWith(useBaseline);
  const fits = Array.from({ length: numKeys }, (_, seed) => fit(svi, useBaseline ? "with baseline" : "without", seed));
  const steps = fits.map(({ losses }) => losses.length);
  const average = (name: string) => mean(fits.map(({ params }) => (params[name] as Tensor).item())).toFixed(2);
  rows[useBaseline ? "with baseline" : "without"] = {
    "steps (mean)": mean(steps).toFixed(0),
    min: Math.min(...steps),
    max: Math.max(...steps),
    "alpha_q (exact 16)": average("alpha_q"),
    "beta_q (exact 14)": average("beta_q"),
  };
  curves.push([...(fits[0] as RunResult).losses]);
}
console.log(
  `\nSteps until Beta(alpha_q, beta_q) is within 0.8 of the exact posterior Beta(16, 14), over ${numKeys} keys:`,
);
console.table(rows);

const smooth = (losses: number[], width: number) => {
  const chunk = Math.max(1, Math.ceil(losses.length / width));
  return Array.from({ length: Math.ceil(losses.length / chunk) }, (_, i) =>
    mean(losses.slice(i * chunk, (i + 1) * chunk)),
  );
};
console.log("\nThe loss of the first key without the baseline, averaged over neighbouring steps:");
console.log(plot(smooth(curves[1] as number[], 72), { height: 8 }));
console.log(`\n${explain(new TraceGraphELBO(), model, guideWith(true), flips)}`);
