/** Compiled equals eager, bit for bit, over random programs: views, broadcasts, reductions, indexing, gradients, dead and late values. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concatenate, jit, random, type Tensor, tensor, valueAndGrad, where } from "../../../autodiff/index.js";
import { times } from "../../deep.js";

/** All numbers to the last bit; of NaN, which has many, none counts. */
const bits = (xs: readonly Tensor[]): string[] =>
  xs.map((x) => `${x.shape}: ${Array.from(x.toFloat64Array(), (n) => (Object.is(n, -0) ? "-0" : n))}`);

// A random program: each step makes a new value from earlier ones.
type Step = readonly [kind: number, a: number, b: number, c: number];
const unaries = "exp tanh square sigmoid neg softplus sin abs cos tan atan expm1 logSigmoid sqrt".split(" ") as "exp"[];
const binaries = "add mul sub maximum less pow logaddexp".split(" ") as "add"[];

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
    case 2:
      return axis === undefined
        ? x
        : x[(["sum", "mean", "max", "logsumexp"] as const)[b % 4] as "sum"](axis, { keepDims: c % 2 === 0 });
    case 3:
      return x.transpose();
    case 4:
      return x.reshape([-1]);
    case 5:
      return axis === undefined ? x : x.slice(b % (x.shape[axis] as number), undefined, { axis });
    case 6:
      return axis === undefined ? x : x.flip(axis);
    case 7:
      return x.shape.length === 0 ? x : x.take([0, b % x.length], 0);
    case 8:
      return x.shape.length === 0 ? x : concatenate([x, x.mul(0.5)], 0).slice(0, x.length + 1);
    case 9:
      return where(x.greater(0), x, x.mul(0.1));
    case 10:
      return x.shape.length === 2 ? x.matmul(x.transpose()) : x;
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
  shape: fc.constantFrom([], [1], [3], [2, 3], [2, 1, 3], [3, 3], [64], [70], [8, 9], [3, 30], [2, 35, 1]),
  steps: fc.array(fc.tuple(fc.nat(11), fc.nat(50), fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 24 }),
  kept: fc.array(fc.nat(50), { maxLength: 3 }),
  specials: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.nat(100), { maxLength: 4 })),
  seed: fc.nat(1000),
});

test("random programs with gradients; results that are kept stay as they are", () => {
  fc.assert(
    fc.property(program, ({ shape, steps, kept, specials, seed }) => {
      const f = (x: Tensor, y: Tensor): Tensor[] => {
        const late: Tensor[] = [];
        const [loss, slopes] = valueAndGrad(([p, q]: [Tensor, Tensor]) => {
          const values = [p, q, tensor(0.7)];
          for (const one of steps) values.push(step(values, one));
          for (const k of kept) late.push((values[k % values.length] as Tensor).stopGradient());
          // Earlier values are read once more after all others.
          return values.reduce((sum, v) => sum.add(v.mean()), tensor(0));
        })([x, y]);
        return [loss, ...(slopes as Tensor[]), ...late];
      };
      const calls = [0, 1, 2, 0].map(
        (i) => [numbers(seed + i, shape, specials), numbers(seed + 7 + i, [], [])] as const,
      );
      const compiled = jit(f);
      const results = calls.map((args) => compiled(...args));
      for (const [i, args] of calls.entries()) assert.equal(bits(results[i] as Tensor[]), bits(f(...args)));
    }),
    { numRuns: times(500, 20_000), seed: 1 },
  );
});

test.run();
