/** A tour of enumeration: choices with finitely many values are summed out exactly. The results are compared with loops over the values. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Categorical,
  computeMarginals,
  markov,
  Normal,
  plate,
  random,
  sample,
  type Tensor,
  TraceEnumELBO,
  tensor,
} from "../../../index.js";

const WEIGHTS = [0.2, 0.5, 0.3];
const LOCS = [-1, 0, 2];
const density = (x: number, loc: number) => Math.exp(-((x - loc) ** 2) / 2) / Math.sqrt(2 * Math.PI);
const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);
const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-12, `${got} is not ${want}`);

const elbo = new TraceEnumELBO();
const parallel = { infer: { enumerate: "parallel" as const } };
const nothing = () => {};
const key = random.key(0);

test("a choice in the model: the loss is minus the log of a sum", () => {
  const model = () => {
    const z = sample("z", new Categorical(WEIGHTS), parallel);
    sample("x", new Normal(tensor(LOCS).at(z), 1), { obs: 1.2 });
  };
  near(
    elbo.loss(key, {}, model, nothing).item(),
    -Math.log(sum(WEIGHTS.map((w, k) => w * density(1.2, LOCS[k] as number)))),
  );
});

test("a choice in a plate: each element is summed separately, and the logarithms are added", () => {
  const data = [1.2, -0.4, 2.5, 0];
  const model = () => {
    plate("data", data.length, () => {
      const z = sample("z", new Categorical(WEIGHTS), parallel);
      sample("x", new Normal(tensor(LOCS).at(z), 1), { obs: data });
    });
  };
  const each = data.map((x) => Math.log(sum(WEIGHTS.map((w, k) => w * density(x, LOCS[k] as number)))));
  near(elbo.loss(key, {}, model, nothing).item(), -sum(each));
});

const MOVES = [
  [0.7, 0.3],
  [0.2, 0.8],
];
const move = (from: number, to: number) => MOVES[from]?.[to] as number;
const chain = [0.1, 1.3, 0.9];
const hidden = () => {
  let z: Tensor = tensor(0);
  for (const t of markov(chain.keys())) {
    z = sample(`z_${t}`, new Categorical(tensor(MOVES).at(z)), parallel);
    sample(`x_${t}`, new Normal(z, 1), { obs: chain[t] as number });
  }
};

test("a chain: the result of the forward algorithm, whose work grows with the length, not with the number of paths", () => {
  let forward = [1, 0];
  for (const x of chain)
    forward = [0, 1].map((to) => sum(forward.map((p, from) => p * move(from, to))) * density(x, to));
  near(elbo.loss(key, {}, hidden, nothing).item(), -Math.log(sum(forward)));
});

test("sites that were summed out have a posterior", () => {
  const paths = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) => [a, b, c] as const)));
  const weight = (path: readonly [number, number, number]) =>
    path.reduce<number>((w, z, t) => w * move(path[t - 1] ?? 0, z) * density(chain[t] as number, z), 1);
  const total = sum(paths.map(weight));
  const first = sum(paths.filter(([a]) => a === 1).map(weight)) / total;
  const marginals = computeMarginals(key, {}, hidden, nothing);
  near((marginals.z_0 as Tensor).at(1).item(), first);
});

test.run();
