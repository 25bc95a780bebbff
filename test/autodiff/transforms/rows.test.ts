/**
 * Programs whose rows run in blocks: sums compared with sums by hand, sizes at the edges of blocks, models with masks, scales and
 * subsamples.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  constraints,
  type Elbo,
  jit,
  type Model,
  mask,
  matmul,
  Normal,
  ones,
  Poisson,
  param,
  plate,
  RenyiELBO,
  random,
  SVI,
  sample,
  scale,
  subsample,
  type Tensor,
  TraceELBO,
  tensor,
  valueAndGrad,
  vmap,
  zeros,
} from "../../../index.js";

type Fit = (w: Tensor, x: Tensor, y: Tensor) => [Tensor, Tensor];
const fitOf =
  (loss: (l: Tensor, y: Tensor) => Tensor): Fit =>
  (w, x, y) =>
    valueAndGrad((v: Tensor) => loss(matmul(x, v), y).sum())(w);
const logistic = fitOf((l, y) => l.softplus().sub(l.mul(y)));

/** f compiled; this takes two calls. */
function compiled<A extends unknown[], R>(f: (...args: A) => R, ...args: A) {
  const g = jit(f);
  g(...args);
  g(...args);
  return g;
}
const isInBlocks = (text: string): boolean => text.includes("simd.rows");

test("a least-squares loss and its gradient are one pass over the data", () => {
  // Whole numbers and quarters, so all sums are exact in any order.
  const [n, d] = [1003, 5];
  const rows = Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, j) => ((i * (j + 3)) % 7) - 3));
  const weights = [0.25, -0.5, 1, 0, 2];
  const rests = rows.map((row, i) => row.reduce((sum, a, j) => sum + a * (weights[j] as number), 0) - (i % 2));
  const args = [tensor(weights), tensor(rows), tensor(rows.map((_, i) => i % 2))] as const;
  const f = compiled(
    fitOf((l, y) => l.sub(y).square()),
    ...args,
  );
  const [value, slope] = f(...args);
  assert.is(
    value.item(),
    rests.reduce((sum, r) => sum + r * r, 0),
  );
  const column = (j: number): number =>
    rests.reduce((sum, r, i) => sum + 2 * r * ((rows[i] as number[])[j] as number), 0);
  assert.equal(
    slope.toArray(),
    weights.map((_, j) => column(j)),
  );
  const text = f.source(...args);
  assert.match(text, /simd\.rows\d+\(\); \/\/ 1003 rows, \d+ at a time: matmul [^;]* ops [^;]*sum \[\], matmul/);
  assert.not.match(text, /kernels\[/, "nothing else is left to do");
});

const assertSame = (xs: readonly Tensor[], ys: readonly Tensor[], what: string): void =>
  assert.equal(
    xs.map((x) => [...x.toFloat64Array()]),
    ys.map((y) => [...y.toFloat64Array()]),
    what,
  );

test("blocks of rows equal eager for any number of rows and particles, infinities and NaN", () => {
  for (const n of [0, 1, 7, 63, 64, 65, 100, 127, 128, 129, 1000])
    for (const p of [0, 1, 2, 5]) {
      const d = 64;
      const x = random.normal(random.key(n), [n, d]);
      const y = random.bernoulli(random.key(n + 1), 0.5, [n]);
      const f: Fit = (w, ...data) => (p === 0 ? logistic(w, ...data) : vmap((v: Tensor) => logistic(v, ...data))(w));
      const w = random.normal(random.key(p), p === 0 ? [d] : [p, d]);
      const g = compiled(f, w, x, y);
      for (const factor of [1, 1e3, Infinity, Number.NaN])
        assertSame(g(w.mul(factor), x, y), f(w.mul(factor), x, y), `${n} rows, ${p} particles, times ${factor}`);
      assert.is(isInBlocks(g.source(w, x, y)), n >= 64, `${n} rows, ${p} particles`);
    }
});

test("blocks of rows equal eager for data and weights stored by columns, with a gradient for the data", () => {
  const [n, d] = [301, 40];
  const y = random.normal(random.key(2), [n, 1]);
  const loss = (w: Tensor, x: Tensor): Tensor => matmul(x.transpose(), w).sub(y).tanh().sum();
  const f = (w: Tensor, x: Tensor): Tensor[] => {
    const [value, slopes] = valueAndGrad(([v, u]: [Tensor, Tensor]) => loss(v, u))([w, x]);
    return [value, ...(slopes as Tensor[])];
  };
  const args = [random.normal(random.key(0), [d, 3]), random.normal(random.key(1), [d, n])] as const;
  const g = compiled(f, ...args);
  assert.ok(isInBlocks(g.source(...args)));
  assertSame(g(...args), f(...args), "compiled");
});

test("if the platform refuses memory or code, programs without blocks give the same numbers", () => {
  const args = [random.normal(random.key(0), [30]), random.normal(random.key(1), [200, 30]), ones([200])] as const;
  const host = globalThis as unknown as { WebAssembly: Record<string, unknown> | undefined };
  const { WebAssembly: original } = host;
  const { Memory, Instance } = original as Record<string, unknown>;
  const refusing = class {
    constructor() {
      throw new RangeError("too large for this thread");
    }
  };
  const wanted = logistic(...args);
  assert.ok(isInBlocks(compiled(logistic, ...args).source(...args)));
  try {
    for (const other of [undefined, { Memory: refusing, Instance }, { Memory, Instance, Module: refusing }]) {
      host.WebAssembly = other;
      const f = compiled(logistic, ...args);
      assertSame(f(...args), wanted, "compiled");
      assert.not(isInBlocks(f.source(...args)));
    }
  } finally {
    host.WebAssembly = original;
  }
});

/** Losses and the last parameters of a few steps. */
function steps(model: Model, elbo: Elbo, args: Tensor[], isCompiled: boolean): number[] {
  const guide: Model = (x: Tensor) => {
    const d = x.shape[1] as number;
    const spread = param("scale", ones([d]).mul(0.1), { constraint: constraints.positive });
    sample("w", new Normal(param("loc", zeros([d])), spread).toEvent(1));
    sample("b", new Normal(param("level", 0.1), 0.1));
  };
  const svi = new SVI(model, guide, adam(0.01), elbo, { jit: isCompiled });
  const { losses, params } = svi.run(random.key(0), { numSteps: 12, progressBar: false }, ...args);
  return [...losses, ...Object.values(params).flatMap((x) => [...(x as Tensor).toFloat64Array()])];
}

test("compiled steps of models of long data equal eager steps", () => {
  const [n, d] = [603, 20];
  const x = random.normal(random.key(3), [n, d]);
  const y = random.bernoulli(random.key(4), 0.5, [n]);
  const weights = (data: Tensor): [Tensor, Tensor] => {
    const size = data.shape[1] as number;
    return [sample("w", new Normal(zeros([size]), ones([size])).toEvent(1)), sample("b", new Normal(0, 1))];
  };
  const whole =
    (change: (f: () => void) => () => void, rates = false): Model =>
    (data: Tensor, seen: Tensor) => {
      const [w, b] = weights(data);
      const l = matmul(data, w).add(b);
      const likelihood = rates ? new Poisson(l.exp()) : new Bernoulli({ logits: l });
      plate(
        "data",
        data.length,
        change(() => sample("y", likelihood, { obs: seen })),
      );
    };
  const part: Model = (data: Tensor, seen: Tensor) => {
    const [w, b] = weights(data);
    plate("data", data.length, { subsampleSize: 301 }, (indices) => {
      const logits = matmul(data.at(indices), w).add(b);
      sample("y", new Bernoulli({ logits }), { obs: subsample(seen) });
    });
  };
  const keep = tensor(Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : 1)));
  const cases: [string, Model, Elbo][] = [
    ["one particle", whole((f) => f), new TraceELBO()],
    ["five particles", whole((f) => f), new TraceELBO({ numParticles: 5 })],
    ["masked and scaled", whole((f) => scale(mask(f, keep), 0.3)), new TraceELBO({ numParticles: 2 })],
    ["rates", whole((f) => f, true), new TraceELBO()],
    ["a gradient that waits for the loss", whole((f) => f), new RenyiELBO({ alpha: 0.5, numParticles: 3 })],
    ["a subsample", part, new TraceELBO({ numParticles: 2 })],
  ];
  for (const [what, model, elbo] of cases)
    assert.equal(steps(model, elbo, [x, y], true), steps(model, elbo, [x, y], false), what);
});

test.run();
