/**
 * The heart (docs/heart) agrees with the library: the same programs, written once for both, with the same draws, have the same densities,
 * provenance, charges, losses and gradients (Pyro's minipyro is compared with Pyro in this way). Its second derivatives are closed forms,
 * its fits find known posteriors, and its README shows the whole file and states what is true.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as heart from "../../docs/heart/heart.js";
import * as pedigrad from "../../index.js";

const folder = new URL("../../docs/heart/", import.meta.url);
const source = readFileSync(new URL("heart.ts", folder), "utf8");
const page = readFileSync(new URL("README.md", folder), "utf8");

const close = (found: number, expected: number, what: string, tolerance = 1e-12): void =>
  assert.ok(
    Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${what}: ${found} is not ${expected}`,
  );

// The same programs for both

type Input<T> = T | number | readonly number[];
/** The functions with which the programs below are written. */
interface Backend<T, D> {
  sample(name: string, fn: D, observed?: Input<T>): T;
  normal(loc: Input<T>, scale: Input<T>): D;
  bernoulli(logits: Input<T>): D;
  add(a: Input<T>, b: Input<T>): T;
  mul(a: Input<T>, b: Input<T>): T;
  exp(a: Input<T>): T;
  sum(a: Input<T>): T;
  item(a: T): number;
}
interface Both {
  /** Initial values; `p(i)` is the ith of them. */
  readonly params: readonly (number | readonly number[])[];
  model<T, D>(b: Backend<T, D>): unknown;
  guide<T, D>(b: Backend<T, D>, p: (i: number) => T): unknown;
}

const programs: Record<string, Both> = {
  "one path": {
    params: [0.4, -0.3],
    model: (b) => b.sample("x", b.normal(b.mul(2, b.sample("z", b.normal(0, 1))), 0.7), 1.9),
    guide: (b, p) => b.sample("z", b.normal(p(0), b.exp(p(1)))),
  },
  "a list along a path": {
    params: [[0.4, -1.2, 2], -0.3],
    model: (b) => {
      const z = b.sample("z", b.normal([0, 1, 2], 1.5));
      b.sample("x", b.normal(b.exp(z), [1, 2, 3]), [1.9, 0.2, 4]);
      b.sample("y", b.normal(b.sum(z), 1), -0.5);
    },
    guide: (b, p) => b.sample("z", b.normal(p(0), b.exp(p(1)))),
  },
  "two scores side by side, and one that depends on both": {
    params: [0.3, -0.8, 0.5, 1.1],
    model: (b) => {
      const one = b.sample("a", b.bernoulli(-0.4));
      const two = b.sample("b", b.bernoulli(0.9));
      const both = b.sample("c", b.bernoulli(b.add(one, b.mul(-2, two))));
      b.sample("x", b.normal(b.mul(3, one), 1), 1.2);
      b.sample("y", b.normal(b.mul(-1, two), 2), 0.3);
      b.sample("w", b.normal(b.add(both, one), 0.5), 0.8);
    },
    guide: (b, p) => {
      const one = b.sample("a", b.bernoulli(p(0)));
      b.sample("b", b.bernoulli(p(1)));
      b.sample("c", b.bernoulli(b.add(p(2), b.mul(p(3), one))));
    },
  },
  "a path below a score": {
    params: [0.2, 0.6, -0.2],
    model: (b) => {
      const isLarge = b.sample("isLarge", b.bernoulli(-0.4));
      const z = b.sample("z", b.normal(b.mul(4, isLarge), 1));
      b.sample("x", b.normal(z, b.exp(b.mul(0.5, isLarge))), 2.2);
      b.sample("y", b.normal(1, 1), 0.4);
    },
    guide: (b, p) => {
      const isLarge = b.sample("isLarge", b.bernoulli(p(0)));
      b.sample("z", b.normal(b.add(p(1), isLarge), b.exp(p(2))));
    },
  },
  "a list of scores, met element by element and all together": {
    params: [[0.3, -0.8, 0.5], [0.2, -0.4, 0.9], 0.7],
    model: (b) => {
      const z = b.sample("z", b.bernoulli([-0.4, 0.2, 0.6]));
      const w = b.sample("w", b.bernoulli(b.mul(2, z)));
      b.sample("x", b.normal(b.add(b.mul(3, z), w), 1), [1.2, 0.3, 2]);
      b.sample("y", b.normal(b.sum(z), 1), 0.3);
      b.sample("v", b.normal(b.add(w, b.sum(w)), 2), [0.1, 1, 2]);
    },
    guide: (b, p) => {
      const z = b.sample("z", b.bernoulli(p(0)));
      b.sample("w", b.bernoulli(b.add(p(1), b.mul(p(2), z))));
    },
  },
  "a branch on a score": {
    params: [0.2, -0.7],
    model: (b) => {
      b.sample("before", b.normal(0, 1), 0.3);
      const a = b.sample("a", b.bernoulli(-0.4));
      const other = b.sample("b", b.bernoulli(0.7));
      b.sample("x", b.normal(b.item(a) === 1 ? 2 : -2, 1), 0.3);
      b.sample("y", b.normal(b.mul(3, other), 1), 0.3);
    },
    guide: (b, p) => {
      b.sample("a", b.bernoulli(p(0)));
      b.sample("b", b.bernoulli(p(1)));
    },
  },
  "a branch on a path, which becomes a score": {
    params: [0.3, 0.1, 0.4],
    model: (b) => {
      const z = b.sample("z", b.normal(0, 1));
      const w = b.sample("w", b.normal(0, 2));
      b.sample("x", b.normal(b.item(z) > 0 ? b.mul(3, w) : w, 1), 1.4);
    },
    guide: (b, p) => {
      const z = b.sample("z", b.normal(p(0), b.exp(p(2))));
      b.sample("w", b.normal(b.mul(p(1), z), 1));
    },
  },
};

/** The library as a backend; `draws` receives the values of latent sites. */
const library = (draws: Map<string, number[]>): Backend<pedigrad.Tensor, pedigrad.Distribution> => ({
  sample(name, fn, observed) {
    const value = pedigrad.sample(name, fn, { obs: observed as pedigrad.TensorLike });
    // Remove the provenance, so that looking at the value here does not count as a read by the program.
    if (observed === undefined) draws.set(name, [...pedigrad.detachProvenance(value).toFloat64Array()]);
    return value;
  },
  normal: (loc, scale) => new pedigrad.Normal(loc as pedigrad.TensorLike, scale as pedigrad.TensorLike),
  bernoulli: (logits) => new pedigrad.Bernoulli({ logits: logits as pedigrad.TensorLike }),
  add: (a, b) => pedigrad.add(a as pedigrad.TensorLike, b as pedigrad.TensorLike),
  mul: (a, b) => pedigrad.mul(a as pedigrad.TensorLike, b as pedigrad.TensorLike),
  exp: (a) => pedigrad.exp(a as pedigrad.TensorLike),
  sum: (a) => pedigrad.sum(a as pedigrad.TensorLike),
  item: (a) => a.item(),
});

/** The heart as a backend in which latent sites have the values in `draws`. The heart's samplers make these values from suitable noise. */
type Known = heart.Distribution & { readonly loc?: heart.TensorLike; readonly scale?: heart.TensorLike };
const small = (draws: ReadonlyMap<string, number[]>): Backend<heart.Tensor, Known> => ({
  sample(name, fn, observed) {
    const { loc, scale } = fn;
    const draw = (): heart.Tensor => {
      const value = draws.get(name) as number[];
      if (loc === undefined || scale === undefined) {
        let element = 0;
        return fn.draw(() => (value[element++] === 1 ? 0 : 1));
      }
      const noise = heart.div(heart.sub(value, heart.tensor(loc).numbers), heart.tensor(scale).numbers);
      return heart.add(loc, heart.mul(scale, noise));
    };
    return heart.sample(name, { ...fn, draw }, observed);
  },
  normal: (loc, scale) => ({ ...heart.normal(loc, scale), loc, scale }),
  bernoulli: heart.bernoulli,
  add: heart.add,
  mul: heart.mul,
  exp: heart.exp,
  sum: heart.sum,
  item: (a) => a.item(),
});

const { warn } = console;
test.before(() => {
  console.warn = () => {};
});
test.after(() => {
  console.warn = warn;
});

for (const [title, both] of Object.entries(programs)) {
  const draws = new Map<string, number[]>();
  const b = library(draws);
  const model = () => both.model(b);
  const guide = () => both.guide(b, (i) => pedigrad.param(`p${i}`, both.params[i] as number));
  const values = both.params.map(heart.tensor);
  const smallModel = () => both.model(small(draws));
  const smallGuide: heart.Program = (...xs) => both.guide(small(draws), (i) => xs[i] as heart.Tensor);

  test(`${title}: the same densities, provenance and charges`, () => {
    const told = pedigrad.explain(new pedigrad.TraceGraphELBO(), model, guide).sites;
    const scored = told.filter(({ side, gradient }) => side === "guide" && gradient === "score function");
    const q = heart.trace(smallGuide, values, heart.seed(0, new Map(scored.map(({ name }) => [name, false]))));
    const p = heart.trace(smallModel, values, heart.replay(q));
    assert.equal(
      told.map(({ side, name }) => `${side} ${name}`),
      [...[...q.keys()].map((name) => `guide ${name}`), ...[...p.keys()].map((name) => `model ${name}`)],
    );
    const sorted = (names: Iterable<string>): string[] => [...names].sort();
    const costs = (d: string): string[] => [
      ...[...q].filter(([, { logProb }]) => logProb.provenance.has(d)).map(([name]) => `-log q(${name})`),
      ...[...p].filter(([, { logProb }]) => logProb.provenance.has(d)).map(([name]) => `+log p(${name})`),
    ];
    for (const { side, name, provenance, charged } of told) {
      const site = (side === "guide" ? q : p).get(name) as heart.Site;
      assert.equal(sorted(site.logProb.provenance.keys()), sorted(provenance), `${side} ${name}`);
      assert.equal(charged && sorted(charged), charged && sorted(costs(name)), `charges of ${name}`);
    }
    for (const [program, sites] of [[guide, q] as const, [model, p] as const])
      for (const [name, expected] of densities(program, both.params, draws))
        expected.forEach((x, i) => {
          close((sites.get(name) as heart.Site).logProb.numbers[i] as number, x, `log density of ${name}`);
        });
  });

  test(`${title}: the same loss and gradients`, () => {
    for (let key = 0; key < 5; key++) {
      const start = Object.fromEntries(both.params.map((x, i) => [`p${i}`, pedigrad.tensor(x)]));
      const elbo = new pedigrad.TraceGraphELBO();
      const [loss, grads] = elbo.lossAndGrads(pedigrad.random.key(key), start, model, guide);
      const smallLoss = heart.loss(smallModel, smallGuide, values, 0);
      close(smallLoss.item(), pedigrad.tensor(loss).item(), "loss");
      heart.gradients(smallLoss, values).forEach((g, i) => {
        const expected = (grads[`p${i}`] as pedigrad.Tensor).toFloat64Array();
        g.numbers.forEach((x, j) => {
          close(x, expected[j] as number, `gradient of p${i} for key ${key}`);
        });
        assert.is(g.numbers.length, expected.length);
      });
    }
  });
}

/** The log densities of the library's sites, by name, under these parameters and draws. */
function densities(
  program: () => unknown,
  params: Both["params"],
  draws: ReadonlyMap<string, number[]>,
): [name: string, density: Float64Array][] {
  const drawn = (name: string) => {
    const numbers = draws.get(name);
    return numbers?.length === 1 ? numbers[0] : numbers;
  };
  const known = pedigrad.substitute(program, (name) => drawn(name) ?? params[Number(name.slice(1))]);
  const sites = [...pedigrad.trace(known).getTrace().values()].filter((site) => site.type === "sample");
  return sites.map((site) => [site.name, site.logProb().toFloat64Array()]);
}

// Derivatives

const at = (f: (x: heart.Tensor) => heart.Tensor, x: number, order: number): number => {
  const point = heart.tensor(x);
  let y = f(point);
  for (let i = 0; i < order; i++) y = heart.gradients(y, [point])[0] as heart.Tensor;
  return y.item();
};
const { add, sub, mul, div, neg, exp, log, sigmoid, softplus, less, stop, sum } = heart;
const { E } = Math;
const s = 1 / (1 + 1 / E);
const second: [name: string, f: (x: heart.Tensor) => heart.Tensor, x: number, closed: number[]][] = [
  ["x⁴", (x) => mul(mul(x, x), mul(x, x)), 1.5, [1.5 ** 4, 4 * 1.5 ** 3, 12 * 1.5 ** 2, 24 * 1.5]],
  ["exp(x²)", (x) => exp(mul(x, x)), 1, [E, 2 * E, 6 * E, 20 * E]],
  ["1 / x", (x) => div(1, x), 2, [1 / 2, -1 / 4, 1 / 4, -3 / 8]],
  ["x / (1 + x)", (x) => div(x, add(1, x)), 1, [1 / 2, 1 / 4, -1 / 4, 3 / 8]],
  ["log x", (x) => log(x), 2, [Math.log(2), 1 / 2, -1 / 4, 1 / 4]],
  ["softplus", (x) => softplus(x), 1, [Math.log(1 + E), s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]],
  ["sigmoid", (x) => sigmoid(x), 1, [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]],
  ["a list: Σ (i x)³", (x) => sum(mul(mul([1, 2], x), mul(mul([1, 2], x), mul([1, 2], x)))), 2, [72, 108, 108, 54]],
  ["-(3 - x)", (x) => neg(sub(3, x)), 2, [-1, 1, 0]],
  ["x stop(x)", (x) => mul(x, stop(x)), 3, [9, 3, 0]],
  ["less(x, 2)", (x) => less(x, 2), 1, [1, 0]],
  // log p is quadratic in loc, and -log(s) - z²/2 with z = (x - loc) / s in s.
  [
    "normal in loc",
    (loc) => heart.normal(loc, 2).logProb(heart.tensor(3)),
    1,
    [-0.5 - Math.log(2) - 0.5 * Math.log(2 * Math.PI), 0.5, -0.25, 0],
  ],
  [
    "normal in scale",
    (scale) => heart.normal(1, scale).logProb(heart.tensor(3)),
    2,
    [-0.5 - Math.log(2) - 0.5 * Math.log(2 * Math.PI), 0, -0.5, 1.25],
  ],
  ["bernoulli in logits", (l) => heart.bernoulli(l).logProb(heart.tensor(1)), 1, [Math.log(s), 1 - s, -s * (1 - s)]],
];
for (const [name, f, x, closed] of second)
  test(`derivatives of ${name} are those of its closed form`, () => {
    closed.forEach((value, order) => {
      close(at(f, x, order), value, `order ${order}`);
    });
  });

test("gradients of several inputs at once, some of which do not matter", () => {
  const [x, y, z] = [heart.tensor([1, 2, 3]), heart.tensor(2), heart.tensor([5, 5])];
  const found = heart.gradients(sum(mul(mul(x, x), y)), [x, y, z]).map(({ numbers }) => numbers);
  assert.equal(found, [[4, 8, 12], [14], [0, 0]]);
});

// Runs

test("whatever follows a read depends on it, until the run ends, also after a throw", () => {
  const names = (x: heart.Tensor): string[] => [...x.provenance.keys()];
  let [before, after]: string[][] = [];
  const program = () => {
    const z = heart.sample("z", heart.normal(0, 1));
    before = names(add(1, 1));
    z.item();
    after = names(add(1, 1));
    throw new Error("on purpose");
  };
  assert.throws(() => heart.trace(program, [], heart.seed(0)), "on purpose");
  assert.equal([before, after, names(add(1, 1))], [[], ["z"], []]);
  assert.throws(() => heart.sample("z", heart.normal(0, 1)), /run the program under trace/);
});

test("programs whose result would be silently wrong are refused by name", () => {
  const flip = () => heart.sample("z", heart.bernoulli(0));
  const nothing = () => {};
  assert.throws(() => heart.trace(() => [flip(), flip()], [], heart.seed(0)), /"z": a second site/);
  assert.throws(() => heart.loss(flip, nothing, [], 0), /"z": no value/);
  assert.throws(() => heart.loss(nothing, flip, [], 0), /"z": the model has no such site/);
  assert.throws(() => add([1, 2], [1, 2, 3]), /different lengths/);
  assert.throws(() => heart.tensor([1, 2]).item(), /2 numbers, not one/);
});

test("draws have the distribution from which they are drawn", () => {
  // n = 4,000 runs. Standard errors: mean of the normal 2 / √n = 0.032, its second moment about 1 is √2 · 4 / √n = 0.09; frequency
  // √(0.7 · 0.3 / n) = 0.0072.
  const n = 4000;
  const moments = [0, 0, 0];
  for (let key = 0; key < n; key++) {
    const sites = heart.trace(
      () => [heart.sample("z", heart.normal(1, 2)), heart.sample("b", heart.bernoulli(Math.log(0.7 / 0.3)))],
      [],
      heart.seed(key),
    );
    const [z, b] = [...sites.values()].map(({ value }) => value.item()) as [number, number];
    [z, (z - 1) ** 2, b].forEach((x, i) => {
      moments[i] = (moments[i] as number) + x / n;
    });
  }
  close(moments[0] as number, 1, "mean", 4.5 * 0.032);
  close(moments[1] as number, 4, "variance", (4.5 * 0.09) / 4);
  close(moments[2] as number, 0.7, "frequency", 4.5 * 0.0072);
});

// Fits

test("the example's fit finds the exact posterior", () => {
  // At the optimum a gradient has variance c² p (1 - p), with c = 2.26 and p = 0.62, so the norm of 2,000 is 49 and the last step 0.5 / 49.
  // The curvature is p (1 - p): a standard deviation of √(0.0102 · 2.26² / 2) = 0.16. The start is 2.5 away.
  const [logit] = heart.fit([-2], heart.exampleModel, heart.exampleGuide, 2000) as [heart.Tensor];
  close(logit.item(), 0.5, "logit", 4.5 * 0.16);
});

test("a fit along paths finds the exact posterior", () => {
  // z ~ N(0, 1), x ~ N(2z, 1), x = 5: the posterior is N(2, 1/5). At the optimum the gradients have variances 5 (loc) and 2 (log scale), so
  // the norm of 2,000 is 118 and the last step 0.0042; the curvatures are the same 5 and 2: standard deviations of √(0.0042 / 2) = 0.046.
  const model = () => heart.sample("x", heart.normal(mul(2, heart.sample("z", heart.normal(0, 1))), 1), 5);
  const guide: heart.Program = (loc, logScale) =>
    heart.sample("z", heart.normal(loc as heart.Tensor, exp(logScale as heart.Tensor)));
  const [loc, logScale] = heart.fit([-1, 0.5], model, guide, 2000) as [heart.Tensor, heart.Tensor];
  close(loc.item(), 2, "loc", (4.5 * 0.046) / 2);
  close(logScale.item(), Math.log(Math.sqrt(0.2)), "log scale", 4.5 * 0.046);
});

// The page

const lines = source.split("\n").length - 1;

test("the first link of the library's README leads here, and three pages say how long it is", () => {
  const readme = readFileSync(new URL("../../README.md", folder), "utf8");
  const map = readFileSync(new URL("../README.md", folder), "utf8");
  assert.is(/\[.*?\]\(.*?\)/.exec(readme)?.[0], `[read the heart, ${lines} lines](docs/heart/README.md)`);
  assert.match(map, `in ${lines} lines that import nothing`);
  assert.match(source, `Pedigrad in ${lines} lines`);
});

test("heart.ts has at most 220 lines and imports nothing", () => {
  assert.ok(lines <= 220, `heart.ts has ${lines} lines`);
  assert.not.match(source, /^\s*import\b|\b(?:import|require)\(/m);
});

test("the blocks of its README, in order, are the whole of heart.ts", () => {
  const blocks = [...page.matchAll(/```(\w*)\n([\s\S]*?)```/g)];
  assert.ok(blocks.every(([, language]) => language === "ts"));
  const told = blocks.map(([, , code]) => (code as string).trim()).join("\n\n");
  const code = source.slice(source.indexOf("*/") + 2).trim();
  const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");
  assert.equal(lines(told), lines(code));
  for (const [, , block] of blocks) assert.ok(source.includes((block as string).trim()), `not in heart.ts:\n${block}`);
});

test("ten chapters, each with a promise that holds and a file to read next", () => {
  const chapters = page.split(/^## /m).slice(1);
  assert.is(chapters.length, 10);
  chapters.forEach((chapter, i) => {
    assert.ok(chapter.startsWith(`${i + 1}. `), `chapter ${i + 1} is numbered`);
    const promises = [...chapter.matchAll(/^> `(.+)` is `(.+)`\.$/gm)];
    assert.ok(promises.length > 0, `chapter ${i + 1} promises nothing`);
    for (const [, left, right] of promises) {
      const value = (code: string): unknown =>
        new Function(...Object.keys(heart), `return ${code}`)(...Object.values(heart));
      assert.equal(value(left as string), value(right as string), left);
    }
    const next = /\*\*Now read\*\* .*\]\(([^)]+)\)/.exec(chapter)?.[1];
    assert.ok(next !== undefined, `chapter ${i + 1} names no file to read next`);
    assert.ok(existsSync(fileURLToPath(new URL(next, folder))), `chapter ${i + 1}: ${next} does not exist`);
  });
});

test.run();
