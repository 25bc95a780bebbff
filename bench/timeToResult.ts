/**
 * The overhead of a first fit: the CPU time of all threads of a fresh Node process that runs `svi.run(key, 1000)`, minus the time of an
 * empty process and the time of 1,000 warm steps. What remains is the time of the import, of `init`, of recording, comparing and compiling,
 * and of steps that V8 has not optimised yet.
 */
import { execFileSync } from "node:child_process";
import type * as Library from "../index.js";
import type { Quantity } from "./quantities.js";

type Pedigrad = typeof Library;
interface Fit {
  readonly svi: Library.SVI;
  readonly args?: readonly unknown[];
}

// These functions are sent as text to another process, so they can use only their argument.

function coin({
  SVI,
  adam,
  Bernoulli,
  Beta,
  TraceGraphELBO,
  constraints,
  param,
  plate,
  sample,
  tensor,
}: Pedigrad): Fit {
  const model = (data: Library.Tensor) => {
    const f = sample("f", new Beta(10, 10));
    plate("flips", 10, () => sample("obs", new Bernoulli(f), { obs: data }));
  };
  const guide = () => {
    const a = param("a", 15, { constraint: constraints.positive });
    const b = param("b", 15, { constraint: constraints.positive });
    const baseline = { useDecayingAvgBaseline: true };
    sample("f", new Beta(a, b).nonreparameterized(), { infer: { baseline } });
  };
  const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  return { svi: new SVI(model, guide, adam(1e-3), new TraceGraphELBO()), args: [flips] };
}

function schools({ SVI, adam, AutoNormal, HalfNormal, Normal, TraceELBO, plate, sample, tensor }: Pedigrad): Fit {
  const model = (y: Library.Tensor, sigma: Library.Tensor) => {
    const [mu, tau] = [sample("mu", new Normal(0, 5)), sample("tau", new HalfNormal(5))];
    plate("schools", 8, () => {
      const theta = mu.add(tau.mul(sample("z", new Normal(0, 1))));
      sample("y", new Normal(theta, sigma), { obs: y });
    });
  };
  const args = [tensor([28, 8, -3, 7, -1, 1, 18, 12]), tensor([15, 10, 16, 11, 9, 11, 10, 18])];
  return { svi: new SVI(model, new AutoNormal(model), adam(1e-2), new TraceELBO()), args };
}

function mixture({
  SVI,
  adam,
  Categorical,
  Normal,
  TraceGraphELBO,
  param,
  plate,
  random,
  sample,
  tensor,
  zeros,
}: Pedigrad): Fit {
  const model = (xs: Library.Tensor) =>
    plate("data", 200, () => {
      const z = sample("z", new Categorical({ logits: param("weights", zeros([3])) }));
      sample("x", new Normal(param("locs", tensor([-1, 0, 1])).at(z), 1), { obs: xs });
    });
  const guide = () =>
    plate("data", 200, () => sample("z", new Categorical({ logits: param("logits", zeros([200, 3])) })));
  const data = random.normal(random.key(1), [200]).add(random.randint(random.key(2), [200], -1, 2).mul(3));
  return { svi: new SVI(model, guide, adam(1e-3), new TraceGraphELBO()), args: [data] };
}

export function chain({ SVI, adam, Categorical, TraceGraphELBO, eye, param, sample, tensor, zeros }: Pedigrad): Fit {
  const [length, eye3] = [80, eye(3)];
  const model = () => {
    let z: Library.Tensor | null = null;
    for (let t = 0; t < length; t++) {
      z = sample(`z${t}`, new Categorical({ logits: z === null ? tensor([0, 0.1, 0]) : eye3.at(z) }));
      sample(`x${t}`, new Categorical({ logits: eye3.at(z) }), { obs: t % 3 });
    }
  };
  const guide = () => {
    const logits = param("logits", zeros([length, 3]));
    for (let t = 0; t < length; t++) sample(`z${t}`, new Categorical({ logits: logits.at(t) }));
  };
  return { svi: new SVI(model, guide, adam(1e-3), new TraceGraphELBO()) };
}

export function hmm({
  SVI,
  adam,
  Categorical,
  Normal,
  TraceEnumELBO,
  constraints,
  markov,
  param,
  random,
  sample,
  tensor,
}: Pedigrad): Fit {
  const start = tensor([
    [0.7, 0.3],
    [0.3, 0.7],
  ]);
  const model = (xs: Library.Tensor) => {
    const transition = param("transition", start, { constraint: constraints.simplex });
    const locs = param("locs", tensor([-0.2, 0.2]), { constraint: constraints.orderedVector });
    let z: Library.Tensor | null = null;
    for (const t of markov(Array(200).keys())) {
      const probs: Library.Tensor = z === null ? tensor([0.5, 0.5]) : transition.at(z);
      z = sample(`z${t}`, new Categorical({ probs }), { infer: { enumerate: "parallel" } });
      sample(`x${t}`, new Normal(locs.at(z), 0.7), { obs: xs.at(t) });
    }
  };
  const data = random.normal(random.key(1), [200]);
  return { svi: new SVI(model, () => {}, adam(1e-2), new TraceEnumELBO()), args: [data] };
}

function forward({
  SVI,
  adam,
  DiscreteHMM,
  Normal,
  TraceELBO,
  constraints,
  param,
  random,
  sample,
  tensor,
  zeros,
}: Pedigrad): Fit {
  const model = (xs: Library.Tensor) => {
    const transition = param("transition", zeros([2, 2]));
    const locs = param("locs", tensor([-0.2, 0.2]), { constraint: constraints.orderedVector });
    sample("x", new DiscreteHMM([0, 0], transition, new Normal(locs, 0.7)), { obs: xs });
  };
  const data = random.normal(random.key(1), [200]);
  return { svi: new SVI(model, () => {}, adam(1e-2), new TraceELBO()), args: [data] };
}

/** The program of the fresh process: a fit of 1,000 steps, 1,000 more steps to warm up, and 1,000 warm steps. */
async function fitAndMeasure(fit: (pedigrad: Pedigrad) => Fit, main: string): Promise<void> {
  const used = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const pedigrad: Pedigrad = await import(main);
  const { svi, args = [] } = fit(pedigrad);
  const key = pedigrad.random.key(0);
  const { state } = svi.run(key, { numSteps: 1000, progressBar: false }, ...args);
  const whole = used();
  let warm = 0;
  for (const { step } of svi.steps(key, { numSteps: Infinity, initState: state }, ...args)) {
    if (step === 1000) warm = used();
    if (step === 2000) break;
  }
  console.log(JSON.stringify([whole, used() - warm]));
}

const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[xs.length >> 1] as number;
const inProcess = (text: string): string =>
  execFileSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" });

/** CPU milliseconds of the fit, minus the milliseconds of an empty process and of 1,000 warm steps: medians of several processes. */
function timeTo(fit: (pedigrad: Pedigrad) => Fit, rounds: number): number {
  const main = new URL("../index.js", import.meta.url).href;
  const empty: number[] = [];
  const beyond: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { user, system } = JSON.parse(inProcess("console.log(JSON.stringify(process.cpuUsage()))"));
    empty.push((user + system) / 1000);
    const [whole, warm] = JSON.parse(inProcess(`await (${fitAndMeasure})(${fit}, ${JSON.stringify(main)})`));
    beyond.push(whole - warm);
  }
  return median(beyond) - median(empty);
}

export const timesToResult: readonly Quantity[] = (
  [
    ["coin", coin, 150],
    ["eight schools", schools, 150],
    ["mixture N=200 K=3", mixture, 200],
    ["chain T=80", chain, 1000],
    ["HMM T=200 K=2, enumerated", hmm, 3500],
    ["HMM T=200 K=2, DiscreteHMM", forward, 500],
  ] as const
).map(([name, fit, target]) => ({
  name: `startup/time to result, ${name}`,
  unit: "ms",
  target,
  measure: async ({ quick }) => timeTo(fit, quick ? 3 : 7),
}));
