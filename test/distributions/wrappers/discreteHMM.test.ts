/**
 * DiscreteHMM compared with the sum over all paths of states in plain numbers, and with the same chain written with markov and enumerated.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  DiscreteHMM,
  type Distribution,
  grad,
  jit,
  type Model,
  MultivariateNormal,
  markov,
  Normal,
  Poisson,
  param,
  plate,
  random,
  SVI,
  sample,
  scan,
  sgd,
  type Tensor,
  type TensorLike,
  TraceELBO,
  TraceEnumELBO,
  tensor,
  Uniform,
  vmap,
  where,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const softmax = (x: number[]): number[] => {
  const weights = x.map((v) => Math.exp(v - Math.max(...x)));
  return weights.map((w) => w / weights.reduce((a, b) => a + b, 0));
};
const start = [0.3, -0.2, 0.5];
const moves = [
  [0.2, -1, 0.4],
  [1, 0.1, -Infinity],
  [-0.3, 0.8, 0],
];
const [pi, rows] = [softmax(start), moves.map(softmax)];

/** Every path of T states, with the joint density of path and observations. `density(k, t)` is the density of the observation at step t in state k. */
function paths(T: number, density: (k: number, t: number) => number): { states: number[]; p: number }[] {
  let all = [{ states: [] as number[], p: 1 }];
  for (let t = 0; t < T; t++)
    all = all.flatMap(({ states, p }) =>
      pi.map((first, k) => ({
        states: [...states, k],
        p: p * (t === 0 ? first : ((rows[states[t - 1] as number] as number[])[k] as number)) * density(k, t),
      })),
    );
  return all;
}
const total = (some: { p: number }[]): number => some.reduce((sum, { p }) => sum + p, 0);
const close = (got: number, want: number, what: string, tolerance = 1e-12): void =>
  assert.ok(Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want)), `${what}: ${got} against ${want}`);
const numbers = (x: Tensor): number[] => [...x.toFloat64Array()];

const CASES: readonly [Distribution, values: unknown[]][] = [
  [new Normal([-1, 0, 2], [1, 0.5, 2]), [0.3, -1.2, 2.4, 0.1]],
  [new Poisson([0.5, 3, 8]), [2, 0, 9, 4]],
  [
    new Categorical({
      logits: [
        [0, 1],
        [1, 0],
        [-2, 2],
      ],
    }),
    [1, 1, 0, 1],
  ],
  [new Bernoulli([0.1, 0.5, 0.9]), [0, 1, 1, 1]],
  [
    new MultivariateNormal({
      loc: [
        [0, 0],
        [1, -1],
        [2, 2],
      ],
      covarianceMatrix: [
        [1, 0.3],
        [0.3, 2],
      ],
    }),
    [
      [0, 0.5],
      [1, 1],
      [2, -1],
      [0, 3],
    ],
  ],
];
for (const [observation, values] of CASES)
  test(`${observation.family}: log density, filter, smoothing marginals and gradient equal sums over all paths`, () => {
    const hmm = new DiscreteHMM(start, moves, observation, values.length);
    const densities = values.map((x) => numbers(observation.logProb(tensor(x as number).expandDims(0)).exp()));
    const density = (k: number, t: number): number => (densities[t] as number[])[k] as number;
    const all = paths(values.length, density);
    close(hmm.logProb(values as never).item(), Math.log(total(all)), "log p");
    close(
      new DiscreteHMM(start, moves, observation).logProb(values as never).item(),
      Math.log(total(all)),
      "of any length",
    );
    const [filtered, smoothed] = [hmm.filter(values as never), hmm.smooth(values as never)].map(numbers) as [
      number[],
      number[],
    ];
    values.forEach((_, t) => {
      const sofar = paths(t + 1, density);
      for (let k = 0; k < 3; k++) {
        const last = sofar.filter(({ states }) => states[t] === k);
        close(filtered[3 * t + k] as number, total(last) / total(sofar), `filter ${t}, ${k}`);
        const through = all.filter(({ states }) => states[t] === k);
        close(smoothed[3 * t + k] as number, total(through) / total(all), `smooth ${t}, ${k}`);
      }
    });
    // ∂ log p / ∂ logit_k of the first state: p(z_1 = k | x) - π_k.
    const slope = grad((logits: Tensor) => new DiscreteHMM(logits, moves, observation).logProb(values as never))(
      start,
    ) as Tensor;
    numbers(slope).forEach((g, k) => {
      close(g, (smoothed[k] as number) - (pi[k] as number), `slope ${k}`);
    });
  });

test("batches of chains, parameters and observations, expand, mask, vmap and compilation give the same densities", () => {
  const observation = new Normal(
    tensor([
      [-1, 0, 2],
      [0, 3, 1],
    ]),
    1,
  );
  const hmm = new DiscreteHMM(tensor([start, [1, 0, 0]]), moves, observation, 3);
  assert.equal([hmm.batchShape, hmm.eventShape], [[2], [3]]);
  const x = tensor([
    [0.2, 1, -1],
    [2, 3, 0],
  ]);
  const each = [0, 1].map((i) =>
    new DiscreteHMM(
      tensor([start, [1, 0, 0]]).at(i),
      moves,
      new Normal(
        tensor([
          [-1, 0, 2],
          [0, 3, 1],
        ]).at(i),
        1,
      ),
      3,
    )
      .logProb(x.at(i))
      .item(),
  );
  numbers(hmm.logProb(x)).forEach((got, i) => {
    close(got, each[i] as number, `chain ${i}`);
  });
  assert.equal(
    [hmm.filter(x).shape, hmm.smooth(x).shape],
    [
      [2, 3, 3],
      [2, 3, 3],
    ],
  );
  assert.equal(hmm.logProb(x.expandDims(1)).shape, [2, 2], "values broadcast against chains");
  const one = new DiscreteHMM(start, moves, new Normal([-1, 0, 2], 1), 3);
  close(one.expand([2]).toEvent(1).logProb(x).item(), one.logProb(x).sum().item(), "expanded");
  close(one.expand([2]).mask([1, 0]).logProb(x).sum().item(), one.logProb(x.at(0)).item(), "masked");
  assert.equal(numbers(vmap((row: Tensor) => one.logProb(row))(x) as Tensor), numbers(one.logProb(x)));
  const f = (logits: Tensor, y: Tensor): Tensor =>
    grad((l: Tensor) => new DiscreteHMM(start, l, new Normal([-1, 0, 2], 1)).logProb(y).sum())(logits) as Tensor;
  const compiled = jit(f);
  const dense = tensor(moves).maximum(-3);
  for (let i = 0; i < 4; i++) assert.equal(numbers(compiled(dense.add(i), x)), numbers(f(dense.add(i), x)));
});

test("impossible values have density 0 and a gradient without NaN; values that are unlikely in all possible states keep a density", () => {
  const stay = [
    [0, -Infinity],
    [-Infinity, 0],
  ];
  // Each state gives one of the two numbers a very small density, so the density is twice ½ exp(-36²/2) / 2π.
  const far = new DiscreteHMM([0, 0], stay, new Normal([0, 36], 1), 2);
  close(far.logProb([0, 36]).item(), -648 - Math.log(2 * Math.PI), "outlier", 1e-14);
  // The only possible state is the state in which the observation is much less likely.
  const left = new DiscreteHMM([0, -Infinity], stay, new Normal([0, 100], 1), 3);
  close(left.logProb([0, 100, 100]).item(), -10_000 - 1.5 * Math.log(2 * Math.PI), "impossible states", 1e-14);
  const never = new DiscreteHMM([0, -Infinity], stay, new Uniform([0, 2], [1, 3]), 2);
  const slope = grad((l: Tensor) => new DiscreteHMM(l, stay, new Uniform([0, 2], [1, 3]), 2).logProb([0.5, 2.5]))([
    0, 0,
  ]) as Tensor;
  assert.is(never.logProb([0.5, 2.5]).item(), -Infinity);
  assert.equal(numbers(slope), [0, 0]);
  assert.match(refusal(() => never.logProb([0.5, 4])).message, /DiscreteHMM: value must be/);
  assert.equal(
    numbers(
      never.inside(
        tensor([
          [0.5, 2.5],
          [1.5, 0.5],
        ]),
      ),
    ),
    [1, 0],
  );
});

test("means and variances of 40,000 draws are within 4.5 standard errors of the closed forms", () => {
  const [locs, scales, T, n] = [[-1, 0, 2], [1, 0.5, 2], 3, 40_000];
  const hmm = new DiscreteHMM(start, moves, new Normal(locs, scales), T);
  const draws = hmm.sample(random.key(3), [n]);
  assert.equal(draws.shape, [n, T]);
  const states = paths(T, () => 1);
  for (let t = 0; t < T; t++) {
    const weights = [0, 1, 2].map((k) => total(states.filter((path) => path.states[t] === k)));
    const mean = weights.reduce((sum, w, k) => sum + w * (locs[k] as number), 0);
    const variance = weights.reduce(
      (sum, w, k) => sum + w * ((scales[k] as number) ** 2 + ((locs[k] as number) - mean) ** 2),
      0,
    );
    close(numbers(hmm.mean)[t] as number, mean, `mean ${t}`);
    close(numbers(hmm.variance)[t] as number, variance, `variance ${t}`);
    const column = numbers(draws.slice(t, t + 1, { axis: 1 }));
    const got = column.reduce((a, b) => a + b, 0) / n;
    assert.ok(Math.abs(got - mean) < 4.5 * Math.sqrt(variance / n), `drawn mean ${t}: ${got} against ${mean}`);
  }
  // The mean product of neighbouring steps tests the transitions of the chain.
  const product = draws.slice(0, 1, { axis: 1 }).mul(draws.slice(1, 2, { axis: 1 }));
  const pairs = paths(2, () => 1);
  const moment = (f: (a: number, b: number) => number): number =>
    pairs.reduce((sum, { states: [i, j], p }) => sum + p * f(i as number, j as number), 0);
  const want = moment((i, j) => (locs[i] as number) * (locs[j] as number));
  const square = moment(
    (i, j) =>
      ((locs[i] as number) ** 2 + (scales[i] as number) ** 2) * ((locs[j] as number) ** 2 + (scales[j] as number) ** 2),
  );
  assert.ok(Math.abs(product.mean().item() - want) < 4.5 * Math.sqrt((square - want ** 2) / n));
  const vectors = new DiscreteHMM(tensor([start, start]), moves, CASES[4]?.[0] as Distribution, 4).sample(
    random.key(0),
    [5],
  );
  assert.equal(vectors.shape, [5, 2, 4, 2]);
});

test("in a model, losses and gradients equal those of the same chain with markov and enumeration", () => {
  const y = [0.3, -1.2, 2.4, 0.1, 1.9];
  const locs = (): Tensor => param("locs", [-1, 0.5, 2]);
  const logits = (): Tensor => param("logits", tensor(moves).maximum(-2));
  const scan: Model = () => {
    sample("y", new DiscreteHMM(start, logits(), new Normal(locs(), 1)), { obs: y });
  };
  const chain: Model = () => {
    const [table, means] = [logits(), locs()];
    let z: Tensor | null = null;
    for (const t of markov(y.map((_, i) => i))) {
      z = sample(`z_${t}`, new Categorical({ logits: z === null ? start : table.at(z) }), {
        infer: { enumerate: "parallel" },
      }) as Tensor;
      sample(`y_${t}`, new Normal(means.at(z), 1), { obs: y[t] as number });
    }
  };
  const run = (model: Model, elbo: TraceELBO | TraceEnumELBO): number[] => {
    const { losses, params } = new SVI(model, () => {}, sgd(0.1), elbo).run(random.key(0), 5);
    return [...losses, ...numbers(params.locs as Tensor), ...numbers(params.logits as Tensor)];
  };
  const want = run(chain, new TraceEnumELBO());
  run(scan, new TraceELBO()).forEach((x, i) => {
    close(x, want[i] as number, `number ${i}`);
  });
});

test("with timeVarying, every step has its own observation; without it, one series for as many chains as steps is refused", () => {
  const locs = [
    [0, 1, 2],
    [3, 1, 0],
    [1, 1, 5],
    [2, 7, 4],
  ];
  const parts = { initialLogits: start, transitionLogits: moves, observation: new Normal(locs, 1) };
  const isSeen = [1, 1, 0, 1];
  const masked = parts.observation.mask(tensor(isSeen).expandDims(-1));
  const hmm = new DiscreteHMM({ ...parts, observation: masked, timeVarying: true });
  assert.equal([hmm.batchShape, hmm.eventShape], [[], [4]]);
  const y = [0.3, 1.2, 9, 2.4];
  const density = (k: number, t: number): number => {
    const error = (y[t] as number) - (locs[t]?.[k] as number);
    return isSeen[t] === 0 ? 1 : Math.exp(-0.5 * error ** 2) / Math.sqrt(2 * Math.PI);
  };
  const all = paths(4, density);
  close(hmm.logProb(y).item(), Math.log(total(all)), "log p");
  const third = numbers(hmm.smooth(y)).slice(6, 9);
  third.forEach((p, k) => {
    close(p, total(all.filter(({ states }) => states[2] === k)) / total(all), `smooth ${k}`);
  });
  const two = { ...parts, observation: new Normal(tensor([locs, [[9, 9, 9], ...locs.slice(1)]]), 1) };
  const batch = new DiscreteHMM({ ...two, timeVarying: true }).logProb([y, y]);
  close(batch.at(0).item(), new DiscreteHMM({ ...parts, timeVarying: true }).logProb(y).item(), "first of a batch");
  // 40,000 draws: means within 4.5 standard errors.
  const free = new DiscreteHMM({ ...parts, timeVarying: true });
  const z = free.sample(random.key(1), [40_000]).mean(0).sub(free.mean).div(free.variance.div(40_000).sqrt());
  assert.ok(z.abs().max().item() < 4.5, `${z}`);
  const weights = [0, 1, 2].map((k) => total(paths(3, () => 1).filter(({ states }) => states[2] === k)));
  close(
    free.mean.at(2).item(),
    weights.reduce((sum, w, k) => sum + w * (locs[2]?.[k] as number), 0),
    "mean",
  );

  const chains = new DiscreteHMM({ ...parts, numSteps: 4 });
  const error = refusal(() => chains.logProb(y));
  assert.match(error.message, /one series of 4 steps, but 4 chains.*timeVarying: true.*shape \[4,4\]/);
  assert.equal(chains.logProb([y, y, y, y]).shape, [4]);
  assert.match(
    refusal(() => new DiscreteHMM({ ...parts, numSteps: 3, timeVarying: true })).message,
    /batch shape \[\.\.\., 3, 3\], got \[4,3\]/,
  );
});

test("parts with sizes that do not fit together are refused by name", () => {
  const normal = new Normal([0, 1, 2], 1);
  const check = (make: () => unknown, words: RegExp): void => assert.match(refusal(make).message, words);
  check(
    () =>
      new DiscreteHMM(
        start,
        [
          [0, 0],
          [0, 0],
        ],
        normal,
      ),
    /initialLogits has 3 states, but transitionLogits has shape \[2,2\]/,
  );
  check(() => new DiscreteHMM(start, moves, new Normal([0, 1], 1)), /observation has batch shape \[2\]/);
  check(() => new DiscreteHMM(start, moves, 3 as never), /observation must be a distribution/);
  check(() => new DiscreteHMM(start, moves, normal, 0), /numSteps must be a whole number >= 1, got 0/);
  check(
    () => new DiscreteHMM(start, moves, normal).sample(random.key(0)),
    /number of steps is not known. Give numSteps/,
  );
  check(() => new DiscreteHMM(start, moves, normal, 4).logProb([1, 2]), /event shape \[4\]/);
});

test("chains in a plate are independent: a choice for each chain is summed out exactly", () => {
  const xs = [
    [0.3, 1.2, -0.4],
    [1.1, 0.2, 0.9],
  ];
  const moves = [
    [0.7, 0.3],
    [0.2, 0.8],
  ] as const;
  const model = () =>
    plate("chains", 2, () => {
      const shift = sample("shift", new Bernoulli(0.4), { infer: { enumerate: "parallel" } });
      const observation = new Normal(tensor([-1, 1]).add(shift.expandDims(-1)), 1);
      sample("x", new DiscreteHMM([0, 0], tensor(moves).log(), observation, 3), { obs: xs });
    });
  const density = (x: number, loc: number) => Math.exp(-0.5 * (x - loc) ** 2) / Math.sqrt(2 * Math.PI);
  const evidence = xs.reduce((total, row) => {
    let sum = 0;
    for (const shift of [0, 1])
      for (let path = 0; path < 8; path++) {
        const z = [path & 1, (path >> 1) & 1, path >> 2] as [0 | 1, 0 | 1, 0 | 1];
        const chance = 0.5 * moves[z[0]][z[1]] * moves[z[1]][z[2]] * (shift === 1 ? 0.4 : 0.6);
        sum += z.reduce((p, state, t) => p * density(row[t] as number, 2 * state - 1 + shift), chance);
      }
    return total + Math.log(sum);
  }, 0);
  const loss = new TraceEnumELBO().loss(random.key(0), {}, model, () => {}).item();
  assert.ok(Math.abs(loss + evidence) < 1e-12, `${loss}, want ${-evidence}`);
});

test("with transitions of 0, a state that early observations make nearly impossible may become probable later", () => {
  const never = -Infinity;
  const apart = [
    [0, never],
    [never, 0],
  ];
  const values = [45, -50, -49, -51, -50, -50];
  const locs = [50, -50];
  // log N(x; m, 1), summed over the steps of a chain that never leaves its first state.
  const ofChain = locs.map((m) => values.reduce((sum, x) => sum - 0.5 * (x - m) ** 2 - 0.5 * Math.log(2 * Math.PI), 0));
  const truth = (logits: number[]) => {
    const all = ofChain.map((l, k) => l + (logits[k] as number));
    const top = Math.max(...all);
    return top + Math.log(all.reduce((sum, l) => sum + Math.exp(l - top), 0));
  };
  const half = -Math.LN2;
  const hmm = new DiscreteHMM([0, 0], apart, new Normal(locs, 1), values.length);
  close(hmm.logProb(values).item(), truth([half, half]), "log p");
  assert.is(jit((x: Tensor) => hmm.logProb(x))(tensor(values)).item(), hmm.logProb(values).item());
  assert.equal(numbers(hmm.filter(values)).slice(0, 2), [1, 0], "after one step the second state has 1e-1960");
  numbers(hmm.smooth(values)).forEach((p, i) => {
    close(p, i % 2, "smoothed: the second chain");
  });
  // Learned logits under a mask, and logits among the arguments: the steps choose by the numbers, and compiled steps as recorded.
  const observed = (initial: TensorLike, transition: TensorLike) =>
    sample("x", new DiscreteHMM(initial, transition, new Normal(locs, 1), values.length), { obs: values });
  const programs: [Model, args: Tensor[]][] = [
    [
      () =>
        observed(
          param("s", [0, 0]),
          param("t", [
            [0, 0],
            [0, 0],
          ]).add(apart),
        ),
      [],
    ],
    [observed, [tensor([0, 0]), tensor(apart)]],
  ];
  for (const [model, args] of programs) {
    const losses = (option: boolean) =>
      new SVI(model, () => {}, sgd(0), new TraceELBO(), { jit: option }).run(random.key(0), 5, ...args).losses;
    for (const option of [true, false])
      for (const loss of losses(option)) close(loss, -truth([half, half]), `loss, jit: ${option}`);
  }
  const byLogits = jit((t: Tensor) => new DiscreteHMM([0, 0], t, new Normal(locs, 1), values.length).logProb(values));
  const joined = tensor([
    [0, -1],
    [-1, 0],
  ]);
  const eager = new DiscreteHMM([0, 0], joined, new Normal(locs, 1), values.length).logProb(values).item();
  for (let i = 0; i < 3; i++) assert.is(byLogits(joined).item(), eager);
  assert.ok(
    Number.isNaN(byLogits(tensor(apart)).item()),
    "a program for chains that meet is not for chains that never do",
  );
  // A first state of probability exp(-800), and one that is impossible.
  const dense = [
    [0, 0],
    [0, 0],
  ];
  const rare = (first: number[]) => new DiscreteHMM(first, dense, new Normal(locs, 1), 1).logProb([-50]).item();
  close(rare([0, -800]), -800 - 0.5 * Math.log(2 * Math.PI), "rare");
  close(rare([0, never]), -5000 - 0.5 * Math.log(2 * Math.PI), "impossible");
});

test("in the body of scan, where the numbers of the transitions are not known, chains keep states that later data favour", () => {
  // State 0 at 50 leads to state 1 at 0, and never back; the probabilities of staying and leaving are sigmoid(w) and sigmoid(-w).
  const rows = [
    [5, 50, 50, 50],
    [50, 49, 1, 0],
  ];
  const logDensity = (x: number, loc: number) => -0.5 * (x - loc) ** 2 - 0.5 * Math.log(2 * Math.PI);
  const truth = (w: number) =>
    rows.reduce((total, row) => {
      // The number of steps in state 0 says which path it is.
      const paths = [0, 1, 2, 3, 4].map((stays) => {
        const moves = Math.max(0, stays - 1) * -Math.log1p(Math.exp(-w)) - (stays % 4 ? Math.log1p(Math.exp(w)) : 0);
        return row.reduce((sum, x, t) => sum + logDensity(x, t < stays ? 50 : 0), moves - Math.LN2);
      });
      const top = Math.max(...paths);
      return total + top + Math.log(paths.reduce((sum, path) => sum + Math.exp(path - top), 0));
    }, 0);
  const [kept, from] = [
    tensor([
      [1, 1],
      [0, 1],
    ]),
    tensor([
      [1, 0],
      [0, 0],
    ]),
  ];
  const inScan = (w: Tensor) =>
    scan(
      (logit: Tensor, x: Tensor): [Tensor, Tensor] => {
        const moves = where(kept, logit.mul(from), -Infinity);
        return [logit, new DiscreteHMM([0, 0], moves, new Normal([50, 0], 1), 4).logProb(x)];
      },
      w,
      tensor(rows),
    )[1].sum();
  const at = 0.7;
  const slope = (truth(at + 1e-5) - truth(at - 1e-5)) / 2e-5;
  for (const compile of [(f: (w: Tensor) => Tensor) => f, (f: (w: Tensor) => Tensor) => jit(f)]) {
    close(compile(inScan)(tensor(at)).item(), truth(at), "log p");
    const got = compile((w: Tensor) => grad(inScan)(w) as Tensor)(tensor(at)).item();
    assert.ok(Math.abs(got - slope) < 1e-6, `slope ${got}, want ${slope}`);
  }
});

test.run();
