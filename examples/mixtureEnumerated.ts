/**
 * A Gaussian mixture whose assignments are summed out in the model, so that discrete choices cause no variance. Then the probability of each
 * component is computed for a few data.
 *
 *     npx tsx examples/mixtureEnumerated.ts
 *     npx tsx examples/mixtureEnumerated.ts --steps 100
 */
import { parseArgs } from "node:util";
import {
  AutoDelta,
  adam,
  block,
  Categorical,
  computeMarginals,
  Dirichlet,
  initToMedian,
  LogNormal,
  Normal,
  ones,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceEnumELBO,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "1000" } } });
const [N, K] = [200, 3];
const truth = { weights: [0.5, 0.3, 0.2], locs: [-4, 0, 5] };
const assigned = random.categorical(random.key(1), tensor(truth.weights).log(), [N]);
const data = tensor(truth.locs)
  .at(assigned)
  .add(random.normal(random.key(2), [N]));

const model = (xs: Tensor) => {
  const weights = sample("weights", new Dirichlet(ones([K])));
  const locs = plate("components", K, () => sample("locs", new Normal(0, 10)));
  const scale = sample("scale", new LogNormal(0, 2));
  plate("data", xs.length, () => {
    const z = sample("z", new Categorical({ probs: weights }), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(locs.at(z), scale), { obs: xs });
  });
};

const guide = new AutoDelta(block(model, { hide: ["z", "x"] }), { initLocFn: initToMedian(), key: random.key(5) });
const { params } = new SVI(model, guide, adam(0.05), new TraceEnumELBO()).run(random.key(0), Number(flags.steps), data);
const point = guide.median(params) as Record<"weights" | "locs" | "scale", Tensor>;
const order = [...point.locs.toFloat64Array().keys()].sort((a, b) => point.locs.at(a).item() - point.locs.at(b).item());
console.table(
  order.map((k, i) => ({
    weight: point.weights.at(k).item().toFixed(2),
    "true weight": truth.weights[i],
    mean: point.locs.at(k).item().toFixed(2),
    "true mean": truth.locs[i],
  })),
);
const { z } = computeMarginals(random.key(1), params, model, guide, data);
for (const i of [0, 1, 2]) {
  const p = order.map((k) => (z as Tensor).at(i, k).item().toFixed(3));
  console.log(
    `x = ${data.at(i).item().toFixed(2)} (from component ${assigned.at(i).item()}): probabilities ${p.join(", ")}`,
  );
}
