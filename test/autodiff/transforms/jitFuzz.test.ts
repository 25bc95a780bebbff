/**
 * Compiled results have the same bits as eager results, for random programs with views, broadcasts, reductions, indexing, gradients and
 * unused values; and for programs on long data, whose rows run in blocks.
 */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  concatenate,
  grad,
  jit,
  random,
  type Tensor,
  tensor,
  valueAndGrad,
  vmap,
  where,
} from "../../../autodiff/index.js";
import { times } from "../../deep.js";

/** Asserts that results are equal to the last bit. All NaN count as equal. */
function assertSame(xs: readonly Tensor[], ys: readonly Tensor[]): void {
  assert.equal(
    xs.map((x) => x.shape),
    ys.map((y) => y.shape),
  );
  for (const [k, x] of xs.entries()) {
    const [left, right] = [x.toFloat64Array(), (ys[k] as Tensor).toFloat64Array()];
    const at = left.findIndex((n, i) => !Object.is(n, right[i]));
    assert.ok(at < 0, `result ${k}, element ${at}: ${left[at]} against ${right[at]}`);
  }
}

// A random program: each step makes a new value from earlier ones.
type Step = readonly [kind: number, a: number, b: number, c: number];
const unaries = "exp tanh square sigmoid neg softplus sin abs cos tan atan expm1 logSigmoid sqrt".split(" ") as "exp"[];
const binaries = "add mul sub maximum less pow logaddexp".split(" ") as "add"[];

/** Indices of an axis, enough for SIMD code, with repetitions. */
const manyOf = (size: number, seed: number): number[] => Array.from({ length: 40 }, (_, k) => (k * seed + k) % size);

function step(values: Tensor[], [kind, a, b, c]: Step): Tensor {
  const x = values[a % values.length] as Tensor;
  const y = values[b % values.length] as Tensor;
  const axis = x.shape.length === 0 ? undefined : c % x.shape.length;
  switch (kind) {
    case 0:
      return x[unaries[c % unaries.length] as "exp"]().clip(-4, 4);
    case 1: {
      const fits = x.shape.join() === y.shape.join() || y.shape.length === 0 || x.shape.length === 0;
      return x[binaries[c % binaries.length] as "add"](fits ? y : y.mean());
    }
    case 2: {
      const axes = axis !== undefined && c % 5 === 0 ? [0, x.shape.length - 1].slice(-x.shape.length) : axis;
      const name = (["sum", "mean", "max", "logsumexp"] as const)[b % 4] as "sum";
      return axes === undefined ? x : x[name](axes, { keepDims: c % 2 === 0 });
    }
    case 3:
      return x.transpose();
    case 4:
      return x.reshape([-1]);
    case 5:
      return axis === undefined ? x : x.slice(b % (x.shape[axis] as number), undefined, { axis });
    case 6:
      return axis === undefined ? x : x.flip(axis);
    case 7:
      return x.shape.length === 0 ? x : x.take(c % 2 === 0 ? [0, b % x.length] : manyOf(x.length, b), 0);
    case 8:
      return x.shape.length === 0 ? x : concatenate([x, x.mul(0.5)], 0).slice(0, x.length + 1);
    case 9:
      return where(x.greater(0), x, x.mul(0.1));
    case 10:
      return x.shape.length === 2 ? x.matmul(x.transpose()) : x;
    case 11:
      return axis === undefined ? x : x[b % 2 === 0 ? "softmax" : "logSoftmax"](axis);
    default:
      return x.shape.length === 0 ? x : x.cumsum(axis).softmax(-1);
  }
}

const SPECIAL = [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, -1e-310, 1.7e308, -1, 1];
/** Normal draws, some of them replaced by special values. */
function numbers(seed: number, shape: readonly number[], specials: readonly number[]): Tensor {
  const flat = random.normal(random.key(seed), shape).toFloat64Array();
  for (const k of specials) flat[k % flat.length] = SPECIAL[k % SPECIAL.length] as number;
  return tensor(flat).reshape(shape);
}

const program = fc.record({
  shape: fc.constantFrom(
    [],
    [1],
    [3],
    [2, 3],
    [2, 1, 3],
    [3, 3],
    [64],
    [70],
    [8, 9],
    [3, 30],
    [2, 35, 1],
    [5, 3, 7],
    [23, 3],
  ),
  steps: fc.array(fc.tuple(fc.nat(12), fc.nat(50), fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 24 }),
  kept: fc.array(fc.nat(50), { maxLength: 3 }),
  specials: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.nat(100), { maxLength: 4 })),
  seed: fc.nat(1000),
});

test("compiled random programs with gradients equal eager, and later calls do not change earlier results", () => {
  fc.assert(
    fc.property(program, ({ shape, steps, kept, specials, seed }) => {
      const f = (x: Tensor, y: Tensor): Tensor[] => {
        const late: Tensor[] = [];
        const [loss, slopes] = valueAndGrad(([p, q]: [Tensor, Tensor]) => {
          const values = [p, q, tensor(0.7)];
          for (const one of steps) values.push(step(values, one));
          for (const k of kept) late.push((values[k % values.length] as Tensor).stopGradient());
          // Earlier values are read again after all others.
          return values.reduce((sum, v) => sum.add(v.mean()), tensor(0));
        })([x, y]);
        return [loss, ...(slopes as Tensor[]), ...late];
      };
      const calls = [0, 1, 2, 0].map(
        (i) => [numbers(seed + i, shape, specials), numbers(seed + 7 + i, [], [])] as const,
      );
      const compiled = jit(f);
      const results = calls.map((args) => compiled(...args));
      for (const [i, args] of calls.entries()) assertSame(results[i] as Tensor[], f(...args));
    }),
    { numRuns: times(470, 20_000), seed: 1 },
  );
});

const softmaxes = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  long: fc.constantFrom(1, 1, 2, 3),
  view: fc.nat(4),
  axis: fc.nat(2),
  used: fc.array(fc.nat(5), { minLength: 1, maxLength: 5 }),
  specials: fc.array(fc.nat(100), { maxLength: 5 }),
  seed: fc.nat(1000),
});
const views = [
  (x: Tensor) => x,
  (x: Tensor) => x.transpose(),
  (x: Tensor) => x.flip(0),
  (x: Tensor) => x.slice(0, 1).broadcastTo(x.shape),
  (x: Tensor) => x.expandDims(0).broadcastTo([30, ...x.shape]),
];

test("compiled softmaxes of the same numbers along short axes equal eager, on any view and for special values", () => {
  let [short, all] = [0, 0];
  const numRuns = times(300, 20_000);
  fc.assert(
    fc.property(softmaxes, ({ shape, long, view, axis, used, specials, seed }) => {
      const given = [...shape.slice(0, -1), (shape.at(-1) as number) * long];
      const functions: ((x: Tensor, axis: number) => Tensor)[] = [
        (x, k) => x.softmax(k),
        (x, k) => x.logSoftmax(k),
        (x, k) => x.logsumexp(k),
        (x, k) => x.logsumexp(k, { keepDims: true }),
        (x) => x.logsumexp(),
        (x) => x.logsumexp(x.shape.length > 2 ? [0, 2] : 0),
      ];
      const f = (x: Tensor): Tensor[] => {
        const results = (y: Tensor): Tensor[] => {
          const z = (views[view] as (typeof views)[0])(y.mul(40));
          return used.map((k) => (functions[k] as (typeof functions)[0])(z, axis % z.shape.length));
        };
        const weighted = (y: Tensor): Tensor =>
          results(y).reduce((sum, r) => sum.add(r.mul(r.isFinite()).sin().sum()), tensor(0));
        return [...results(x), grad(weighted)(x)];
      };
      const compiled = jit(f);
      const calls = [0, 1, 2].map((i) => numbers(seed + i, given, specials));
      for (const x of calls) assertSame(compiled(x), f(x));
      if (compiled.source(calls[0] as Tensor).includes("short0(")) short++;
      all++;
    }),
    { numRuns, seed: 1 },
  );
  assert.ok(short > all / 2, `${short} of ${all} programs have text for short axes`);
});

interface State {
  a: Tensor;
  b: Tensor;
  n: Tensor;
}
const loop = fc.record({
  shape: fc.constantFrom([3], [64], [65], [130], [9, 9], [8, 10], [3, 33], [33, 3], [2, 5, 7], [70, 1]),
  steps: fc.array(fc.tuple(fc.nat(12), fc.nat(50), fc.nat(50), fc.nat(50)), { maxLength: 6 }),
  next: fc.array(fc.tuple(fc.nat(6), fc.nat(50)), { minLength: 2, maxLength: 2 }),
  extra: fc.nat(4),
  calls: fc.array(fc.nat(5), { minLength: 4, maxLength: 12 }),
  seed: fc.nat(1000),
});

test("a loop that passes its record on in memory gives the same results for any order of calls", () => {
  let inPlace = 0;
  const numRuns = times(150, 10_000);
  fc.assert(
    fc.property(loop, ({ shape, steps, next, extra, calls, seed }) => {
      const f = ({ a, b, n }: State, x: Tensor): [State, Tensor, ...Tensor[]] => {
        const values = [a, b, x];
        for (const one of steps) values.push(step(values, one));
        const loss = values.reduce((sum, v) => sum.add(v.mean()), tensor(0));
        const [first, second] = next.map(([kind, k], i): Tensor => {
          const [own, other] = i === 0 ? [a, b] : [b, a];
          const value = values[k % values.length] as Tensor;
          const fits = value.shape.join() === own.shape.join() ? value : value.mean();
          const made = [
            () => (k % 2 === 0 ? own : other),
            () => own.flip(0).mul(0.5).add(fits),
            () => own.sub(other.mul(n).mean()),
            () => own.transpose().mul(0.9).reshape(own.shape),
            // The last axis of the sum is broadcast; the old value is read again after the new value is computed.
            () => own.mul(0.9).add(own.sum(0)),
            () =>
              own
                .mul(0.9)
                .add((values.at(-1) as Tensor).mean())
                .add(other.flip(0)),
            () => own.mul(0.9).add(fits.mul(0.1)),
          ][kind]?.() as Tensor;
          values.push(made);
          return made;
        });
        const more = [[], [], [a], [a.transpose().exp()], [b.mul(2).sum(0)]][extra] as Tensor[];
        return [{ a: first as Tensor, b: second as Tensor, n: n.add(1) }, loss, ...more];
      };
      const start = { a: numbers(seed, shape, []), b: numbers(seed + 1, shape, []), n: tensor(0) };
      const runs = [jit(f), f].map((step) => {
        let [before, state]: State[] = [start, start];
        // Most steps begin from the last state; some from the first state or the last state but one.
        return calls.map((call, i) => {
          const from = call === 0 ? (start as State) : call === 1 ? (before as State) : (state as State);
          const [after, ...rest] = step(from, numbers(seed + i, [], []));
          [before, state] = [from, after];
          return [after.a, after.b, after.n, ...rest];
        });
      });
      // All results are compared at the end: none may have been overwritten.
      for (const [i, result] of (runs[0] as Tensor[][]).entries()) assertSame(result, runs[1]?.[i] as Tensor[]);
      const compiled = jit(f);
      compiled(start, tensor(0));
      if (compiled.source(start, tensor(0)).includes("}, () => {")) inPlace++;
    }),
    { numRuns, seed: 1 },
  );
  assert.ok(inPlace > numRuns / 6, `${inPlace} programs write over an input`);
});

const links = "exp tanh square sigmoid neg softplus logSigmoid abs".split(" ") as "exp"[];
const mixture = tensor([
  [1, 2],
  [3, -4],
  [0.5, 6],
]);

/** A new value from earlier values, some of which have the rows of the matrix x, with labels y and weights w. */
function rowStep(values: Tensor[], [x, y, w]: [Tensor, Tensor, Tensor], [kind, a, b, c]: Step): Tensor {
  const [u, v] = [values[a % values.length] as Tensor, values[b % values.length] as Tensor];
  const isMatrix = u.shape.length === 2;
  const isColumn = u.shape.length === 1 && u.length === x.length;
  switch (kind) {
    case 0:
      return u[links[c % links.length] as "exp"]().clip(-4, 4);
    case 1:
      return u[binaries[c % binaries.length] as "add"](u.shape.join() === v.shape.join() ? v : v.mean());
    case 2:
      return isColumn ? where(y.greater(0), u, c % 2 === 0 ? -1 : u.mul(y)) : u.mul(0.5);
    case 3:
      return u.shape[0] === x.length ? x.transpose().matmul(u) : u;
    case 4:
      return u.sum(c % 3 === 0 || u.shape.length === 0 ? undefined : c % u.shape.length, { keepDims: b % 2 === 0 });
    case 5:
      return isColumn ? u.expandDims(1).mul([0.1, -0.2, 0.3]).matmul(mixture) : u;
    case 6:
      return isMatrix ? u.slice(b % (u.shape[c % 2] as number), undefined, { axis: c % 2 }) : u;
    case 7:
      return isMatrix ? (b % 2 === 0 ? u.transpose() : u.flip(c % 2)) : u.reshape([-1]);
    case 8:
      return isColumn && c % 2 === 0 ? x.mul(u.expandDims(1)) : x.matmul(w.mul(b % 3)).add(c % 4);
    case 9:
      return isMatrix && u.shape[1] === x.length ? u.matmul(x) : u.square().mean();
    default:
      return isColumn ? u.sub(y.mul(2).sub(1)).add(y.sum().mul(c % 2)) : u;
  }
}

const rowProgram = fc.record({
  size: fc.constantFrom([90, 50], [91, 49], [513, 8], [515, 9], [4097, 1], [66, 64], [8, 700], [513, 4]),
  particles: fc.constantFrom(0, 0, 1, 3, 4),
  columns: fc.constantFrom([], [1], [3]),
  order: fc.constantFrom(1, 1, 2),
  steps: fc.array(fc.tuple(fc.nat(10), fc.nat(50), fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 10 }),
  kept: fc.array(fc.nat(50), { maxLength: 2 }),
  specials: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.nat(3000), { maxLength: 4 })),
  seed: fc.nat(1000),
});

test("compiled random programs on long data equal eager, for one and several particles, with gradients", () => {
  let inBlocks = 0;
  const numRuns = times(30, 20_000);
  fc.assert(
    fc.property(rowProgram, ({ size, particles, columns, order, steps, kept, specials, seed }) => {
      const [n, d] = size as [number, number];
      const one = (weights: Tensor, data: Tensor, y: Tensor): Tensor[] => {
        let late: Tensor[] = [];
        const loss = ([w, x]: [Tensor, Tensor]): Tensor => {
          const values = [x.matmul(w)];
          for (const each of steps) values.push(rowStep(values, [x, y, w], each));
          late = kept.map((k) => (values[k % values.length] as Tensor).stopGradient());
          return values.reduce((sum, v) => sum.add(v.mean()), tensor(0));
        };
        const [value, slopes] = valueAndGrad(loss)([weights, data]);
        const size = (w: Tensor): Tensor =>
          grad(loss)([w, data]).reduce((sum, g) => sum.add(g.square().mean()), tensor(0));
        return [value, slopes[0] as Tensor, ...(order === 1 ? slopes.slice(1) : [grad(size)(weights)]), ...late];
      };
      const f = (w: Tensor, x: Tensor, y: Tensor): Tensor[] =>
        particles === 0 ? one(w, x, y) : vmap((v: Tensor) => one(v, x, y))(w);
      const make = (i: number) =>
        [
          numbers(seed + i, [...(particles === 0 ? [] : [particles]), d, ...columns], []).mul(0.3),
          numbers(seed + 7 + i, [n, d], specials),
          numbers(seed + 14 + i, [n], []),
        ] as const;
      const compiled = jit(f);
      const results = [0, 1, 2].map((i) => compiled(...make(i)));
      for (const i of [1, 2]) assertSame(results[i] as Tensor[], f(...make(i)));
      if (compiled.source(...make(0)).includes("simd.rows")) inBlocks++;
    }),
    { numRuns, seed: 1 },
  );
  assert.ok(inBlocks > numRuns / 3, `${inBlocks} programs run in blocks`);
});

test.run();
