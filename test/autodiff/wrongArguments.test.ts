/**
 * Every public function with wrong arguments: if it refuses them, the error is a PedigradError that begins with the name of the function
 * that was called, not of a function inside it. Calls with right arguments are the rows of a table; each argument in turn is then replaced
 * by values of other kinds and shapes, or left out.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../autodiff/index.js";
import { PedigradError, type Tensor, tensor } from "../../autodiff/index.js";

const { random, ...functions } = P;
const matrix = tensor([
  [2, 1],
  [1, 3],
]);
const vector = tensor([0.25, 0.5, 0.75]);
const f = (x: Tensor): Tensor => x.square().sum();
const reduced = [matrix, 0, {}];
const aKey = random.key(0);
const two = [2];

// biome-ignore format: one row per function
const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  tensor: [[1, 2]], diag: [vector], tril: [matrix, 0], triu: [matrix, 0], at: [matrix, 0, 1], take: [vector, [0, 1], 0],
  takeAlongAxis: [matrix, [[0], [1]], 1], scatterAdd: [vector, [0, 1], [1, 2], 0], oneHot: [[0, 1], 2],
  concatenate: [[matrix, matrix], 0], stack: [[matrix, matrix], 0], arange: [0, 5, 1], eye: [2], full: [two, 1],
  linspace: [0, 1, 3], ones: [two], zeros: [two], sum: reduced, mean: reduced, prod: reduced, max: reduced, min: reduced,
  argmax: reduced, argmin: reduced, logsumexp: reduced, cumsum: [matrix, 0], softmax: [matrix, 0], logSoftmax: [matrix, 0],
  multigammaln: [vector, 2], einsum: ["ij,jk->ik", matrix, matrix], cholesky: [matrix], inverse: [matrix], logdet: [matrix],
  triangularSolve: [matrix, matrix, {}], matmul: [matrix, matrix], broadcastTo: [vector, [2, 3]], expandDims: [vector, 0],
  reshape: [matrix, [4]], squeeze: [[[1]], 0], transpose: [matrix, [1, 0]], flip: [matrix, 0],
  slice: [matrix, 0, 1, { axis: 0, step: 1 }], grad: [f], valueAndGrad: [f], jacobian: [f], hessian: [f], hvp: [f],
  vjp: [f, vector], jvp: [f, [vector], [vector]], stopGradient: [vector], jit: [f], vmap: [f, { inAxes: 0 }],
  scan: [(c: Tensor, x: Tensor) => [c.add(x), x], tensor(0), vector, {}],
  unary: ["op", (a: number) => a, null], binary: ["op", (a: number, b: number) => a + b, [f, f]],
  ternary: ["op", (a: number) => a, [f, f, null]],
  "random.key": [0], "random.split": [aKey, 2], "random.foldIn": [aKey, 1], "random.bits": [aKey, two],
  "random.uniform": [aKey, two, 0, 1], "random.normal": [aKey, two], "random.exponential": [aKey, two],
  "random.gumbel": [aKey, two], "random.laplace": [aKey, two], "random.logistic": [aKey, two], "random.cauchy": [aKey, two],
  "random.bernoulli": [aKey, 0.5, two], "random.geometric": [aKey, 0.5, two], "random.poisson": [aKey, 0.5, two],
  "random.binomial": [aKey, 3, 0.5, two], "random.randint": [aKey, two, 0, 5], "random.categorical": [aKey, [1, 2], two],
  "random.permutation": [aKey, 3], "random.gamma": [aKey, 1, two], "random.logGamma": [aKey, 1, two],
  "random.beta": [aKey, 1, 1, two], "random.dirichlet": [aKey, [1, 1], two], "random.vonMises": [aKey, 1, two],
  "grad()": [vector], "valueAndGrad()": [vector], "jacobian()": [vector], "hessian()": [vector], "hvp()": [vector, vector],
  "jit()": [vector], "vmap()": [vector],
};
/** Not functions of tensors: parts of the engine, trees, provenance. */
const OTHERS =
  /^(Tensor|apply|emptyRecord|isContainer|keepAxes|leavesOf|mapTree|mapAxes|PedigradError|Provenance|union|.*(Provenance|Ambient|Run|Runs)|enumeratedIn|note.*)$/;
/** The arguments that a user's function would get, or that are trees with any leaves. */
const PASSED_ON = /^((vjp|jvp|scan) 1|.*\(\) 0)/;

const WRONG: readonly unknown[] = [
  ...[null, undefined, "1", ["1"], {}, f, true, NaN, -5, 1.5, Infinity, 10n, Symbol("s"), new Date(0), new Set([1])],
  ...[[], [9], [[1, 2], [3]], [[[[1]]]], P.zeros([0]), P.zeros([2, 3]), P.zeros([10, 7]), tensor(1)],
];

type Call = (...args: readonly unknown[]) => unknown;
function functionOf(name: string): Call {
  const record = (name.startsWith("random.") ? random : functions) as unknown as Record<string, Call>;
  const found = record[name.replace(/^random\.|\(\)$/g, "")] as Call;
  return name.endsWith("()") ? (found(f) as Call) : found;
}

/** The calls with one argument replaced, and with too few arguments. */
const wrongCalls = (args: readonly unknown[]): [which: number, args: readonly unknown[]][] =>
  args.flatMap((_, i) => [
    [i, args.slice(0, i)],
    ...WRONG.map((wrong): [number, unknown[]] => [i, args.map((arg, k) => (k === i ? wrong : arg))]),
  ]);

/** What is wrong with the error for a call, or null. */
function complaint(name: string, which: number, args: readonly unknown[]): string | null {
  try {
    functionOf(name)(...args);
    return null;
  } catch (error) {
    const { message } = error as Error;
    const said = name.replace("()", "");
    if (error instanceof PedigradError)
      return message.startsWith(`${said}:`) || message.startsWith(`${said}(`) ? null : `${name} ${which}: ${message}`;
    return PASSED_ON.test(`${name} ${which}`) ? null : `${name} ${which}: not a PedigradError: ${message}`;
  }
}

test("an error about wrong arguments names the function that was called", () => {
  const elementwise = Object.entries(functions).flatMap(([name, value]) => {
    const op = (value as Partial<P.Unary>).op;
    return op === undefined ? [] : [[name, Array(op.scalar?.length).fill(vector)] as [string, unknown[]]];
  });
  const complaints = [...elementwise, ...Object.entries(CALLS)].flatMap(([name, args]) => {
    functionOf(name)(...args);
    return wrongCalls(args).map(([which, wrong]) => complaint(name, which, wrong));
  });
  assert.is(complaints.filter((one) => one !== null).join("\n"), "");
});

test("the table has every function", () => {
  const names = [...Object.keys(functions), ...Object.keys(random).map((name) => `random.${name}`)];
  const isMissing = (name: string): boolean =>
    typeof functionOf(name) === "function" && !(name in CALLS) && !OTHERS.test(name) && !("op" in functionOf(name));
  assert.equal(names.filter(isMissing), []);
});

test.run();
