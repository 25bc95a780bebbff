/**
 * A hidden Markov model whose states are summed out by the forward algorithm: DiscreteHMM, which is one op for a series of any length. Its
 * transition probabilities and the mean of each state are learnt from 2,000 steps. Then the states are inferred from all observations
 * (`smooth`), and from the observations up to each step (`filter`).
 *
 *     npx tsx examples/forwardAlgorithm.ts
 *     npx tsx examples/forwardAlgorithm.ts --steps 50
 */
import { parseArgs } from "node:util";
import {
  adam,
  constraints,
  DiscreteHMM,
  Normal,
  param,
  random,
  SVI,
  sample,
  softmax,
  type Tensor,
  TraceELBO,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "300" } } });
const T = 2000;
const truth = { stay: [0.98, 0.95], locs: [-1, 1.5] };

const states: number[] = [];
const noise = random.normal(random.key(1), [T]).toFloat64Array();
const turns = random.uniform(random.key(2), [T]).toFloat64Array();
for (let t = 0, z = 0; t < T; t++) {
  if ((turns[t] as number) > (truth.stay[z] as number)) z = 1 - z;
  states.push(z);
}
const data = tensor(states.map((z, t) => (truth.locs[z] as number) + (noise[t] as number)));

const chain = (transition: Tensor, locs: Tensor) => new DiscreteHMM([0, 0], transition, new Normal(locs, 1));
const model = (xs: Tensor) => {
  const transition = param(
    "transition",
    tensor([
      [1, 0],
      [0, 1],
    ]),
  );
  const locs = param("locs", tensor([-0.2, 0.2]), { constraint: constraints.orderedVector });
  sample("x", chain(transition, locs), { obs: xs });
};

const svi = new SVI(model, () => {}, adam(0.05), new TraceELBO());
const { params, losses } = svi.run(random.key(0), Number(flags.steps), data);
const { transition, locs } = params as { transition: Tensor; locs: Tensor };
const [stay, levels] = [softmax(transition).toArray() as number[][], locs.toArray() as number[]];
console.table({
  "stay in state 0": { fit: stay[0]?.[0]?.toFixed(3), truth: truth.stay[0] },
  "stay in state 1": { fit: stay[1]?.[1]?.toFixed(3), truth: truth.stay[1] },
  "mean in state 0": { fit: levels[0]?.toFixed(2), truth: truth.locs[0] },
  "mean in state 1": { fit: levels[1]?.toFixed(2), truth: truth.locs[1] },
});
const fitted = chain(transition, locs);
const right = (probabilities: Tensor): number => {
  const guesses = probabilities.argmax(-1).toFloat64Array();
  return states.filter((z, t) => guesses[t] === z).length;
};
console.log(`log evidence ${(-(losses.at(-1) ?? 0)).toFixed(2)}`);
console.log(
  `states inferred correctly, of ${T}: ${right(fitted.filter(data))} filtered, ${right(fitted.smooth(data))} smoothed`,
);
