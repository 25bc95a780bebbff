/**
 * A hidden Markov model whose states are summed out by TraceEnumELBO. With `markov`, the cost grows linearly with the length. The transition
 * probabilities and the means of the states are learnt, and the most probable path is found; both are printed beside the truth.
 *
 *     npx tsx examples/hiddenMarkovModel.ts
 *     npx tsx examples/hiddenMarkovModel.ts --steps 50
 */
import { parseArgs } from "node:util";
import {
  adam,
  Categorical,
  constraints,
  markov,
  Normal,
  param,
  random,
  SVI,
  sample,
  sampleDiscrete,
  type Tensor,
  TraceEnumELBO,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "400" } } });
const T = 200;
const truth = { stay: [0.95, 0.9], locs: [-1, 1.5] };

const states: number[] = [];
const noise = random.normal(random.key(1), [T]).toFloat64Array();
const turns = random.uniform(random.key(2), [T]).toFloat64Array();
for (let t = 0, z = 0; t < T; t++) {
  if ((turns[t] as number) > (truth.stay[z] as number)) z = 1 - z;
  states.push(z);
}
const data = tensor(states.map((z, t) => (truth.locs[z] as number) + 0.7 * (noise[t] as number)));

const model = (xs: Tensor) => {
  const transition = param(
    "transition",
    tensor([
      [0.7, 0.3],
      [0.3, 0.7],
    ]),
    { constraint: constraints.simplex },
  );
  const locs = param("locs", tensor([-0.2, 0.2]), { constraint: constraints.orderedVector });
  let z: Tensor | null = null;
  for (const t of markov(Array(xs.length).keys())) {
    const probs: Tensor = z === null ? tensor([0.5, 0.5]) : transition.at(z);
    z = sample(`z${t}`, new Categorical({ probs }), { infer: { enumerate: "parallel" } });
    sample(`x${t}`, new Normal(locs.at(z), 0.7), { obs: xs.at(t) });
  }
};
const guide = () => {};

const svi = new SVI(model, guide, adam(0.05), new TraceEnumELBO());
const { params, losses } = svi.run(random.key(0), Number(flags.steps), data);
const [transition, locs] = [params.transition, params.locs].map((x) => (x as Tensor).toArray()) as [
  number[][],
  number[],
];
console.table({
  "stay in state 0": { fit: transition[0]?.[0]?.toFixed(3), truth: truth.stay[0] },
  "stay in state 1": { fit: transition[1]?.[1]?.toFixed(3), truth: truth.stay[1] },
  "mean in state 0": { fit: locs[0]?.toFixed(2), truth: truth.locs[0] },
  "mean in state 1": { fit: locs[1]?.toFixed(2), truth: truth.locs[1] },
});
const path = sampleDiscrete(random.key(3), params, model, guide, { temperature: 0 }, data);
const right = states.filter((z, t) => (path[`z${t}`] as Tensor).item() === z).length;
console.log(
  `log evidence ${(-(losses.at(-1) ?? 0)).toFixed(2)}; the most probable path is right in ${right} of ${T} steps`,
);
