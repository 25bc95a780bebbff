/**
 * Attend, infer, repeat (Eslami et al. 2016) in miniature: pictures of one row with no, one or two bumps. The guide looks at a
 * picture and decides, step by step, whether there is another bump and where. "Whether" is discrete, so its gradient is a score
 * function, with a network that predicts the cost as its baseline.
 *
 *     npx tsx examples/attendInferRepeat.ts
 *     npx tsx examples/attendInferRepeat.ts --steps 300
 */
import { parseArgs } from "node:util";
import {
  adam,
  arange,
  Bernoulli,
  concatenate,
  mask,
  module,
  Normal,
  nn,
  perParam,
  plate,
  random,
  SVI,
  sample,
  softplus,
  subsample,
  type Tensor,
  TraceGraphELBO,
  tensor,
} from "../index.js";

const { values: flags } = parseArgs({ options: { steps: { type: "string", default: "4000" } } });
const [N, PIXELS, STEPS, BATCH] = [400, 16, 2, 50];
const [pPresent, noise] = [0.6, 0.15];

const bump = (where: Tensor): Tensor =>
  arange(PIXELS)
    .sub(
      where
        .mul(3)
        .add((PIXELS - 1) / 2)
        .expandDims(-1),
    )
    .div(1.2)
    .square()
    .mul(-0.5)
    .exp();

const presentTruth: Tensor[] = [];
let pictures: Tensor = random.normal(random.key(9), [N, PIXELS]).mul(noise);
for (let t = 0; t < STEPS; t++) {
  const before = presentTruth[t - 1] ?? tensor(1);
  const present = random.bernoulli(random.key(10 + t), pPresent, [N]).mul(before);
  pictures = pictures.add(bump(random.normal(random.key(20 + t), [N])).mul(present.expandDims(1)));
  presentTruth.push(present);
}

const model = (data: Tensor) =>
  plate("data", N, { subsampleSize: BATCH }, () => {
    let present: Tensor = tensor(1);
    let mean: Tensor = tensor(0);
    for (let t = 0; t < STEPS; t++) {
      present = sample(`present${t}`, new Bernoulli(present.mul(pPresent)));
      const where = mask(() => sample(`where${t}`, new Normal(0, 1)), present)();
      mean = mean.add(bump(where).mul(present.expandDims(-1)));
    }
    sample("picture", new Normal(mean, noise).toEvent(1), { obs: subsample(data, { eventDim: 1 }) });
  });

const guide = (data: Tensor) => {
  const look = module("look", nn.mlp([PIXELS + 1, 48, 3]));
  const predict = module("predictor", nn.mlp([PIXELS + 1, 24, 1]));
  plate("data", N, { subsampleSize: BATCH }, (indices) => {
    let rest = subsample(data, { eventDim: 1 });
    let present: Tensor = indices.mul(0).add(1);
    for (let t = 0; t < STEPS; t++) {
      const input = concatenate([rest, present.expandDims(1)], 1);
      const out = look(input);
      const column = (k: number) => out.slice(k, k + 1, { axis: 1 }).squeeze(1);
      const probs = column(0).sigmoid().mul(0.98).add(0.01).mul(present);
      const baseline = {
        nnBaseline: (x: Tensor) => predict(x).squeeze(1),
        nnBaselineInput: input,
        useDecayingAvgBaseline: true,
      };
      present = sample(`present${t}`, new Bernoulli(probs), { infer: { baseline } });
      const where = mask(() => sample(`where${t}`, new Normal(column(1), softplus(column(2)).add(0.02))), present)();
      rest = rest.sub(bump(where).mul(present.expandDims(1)));
    }
  });
};
const optimizer = perParam((name) => adam(name.startsWith("predictor/") ? 1e-2 : 3e-3));
const svi = new SVI(model, guide, optimizer, new TraceGraphELBO());
const { state, losses } = svi.run(random.key(0), Number(flags.steps), pictures);
const average = (xs: Float64Array) => xs.reduce((a, b) => a + b, 0) / xs.length / N;
console.log(
  `loss per picture: first steps ${average(losses.slice(0, 20)).toFixed(1)}, last steps ${average(losses.slice(-20)).toFixed(1)} nats`,
);

// How often is the number of bumps right? Run the first step's network over all pictures and follow the likelier choice.
const params = svi.getParams(state);
const layer = (x: Tensor, name: string) =>
  x.matmul(params[`${name}/weight`] as Tensor).add(params[`${name}/bias`] as Tensor);
let rest = pictures;
let present: Tensor = tensor(1).broadcastTo([N]);
let found: Tensor = tensor(0);
for (let t = 0; t < STEPS; t++) {
  const out = layer(layer(concatenate([rest, present.expandDims(1)], 1), "look/0").tanh(), "look/1");
  const column = (k: number) => out.slice(k, k + 1, { axis: 1 }).squeeze(1);
  present = column(0).greater(0).mul(present);
  rest = rest.sub(bump(column(1)).mul(present.expandDims(1)));
  found = found.add(present);
}
const truth = presentTruth.reduce((a, b) => a.add(b));
console.log(
  `number of bumps right in ${found.equal(truth).sum().item()} of ${N} pictures (always saying 1: ${truth.equal(1).sum().item()})`,
);
