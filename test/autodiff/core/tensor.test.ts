/** Tensors made from all tensor-like values, reading them back, every public name, and errors on misuse with the edit that corrects it. */
import { inspect } from "node:util";
import ndarray from "ndarray";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rawView } from "../../../autodiff/core/tensor.js";
import * as P from "../../../autodiff/index.js";
import { grad, type Tensor, type TensorLike, tensor, zeros } from "../../../autodiff/index.js";
import { refusal, refusesSaying } from "../../refusals.js";

/** Public names that are also methods. Functions in LISTS take a list, a string or no tensor first, so they are not methods. */
const NAMES =
  `add sub mul div pow neg abs sign exp expm1 log log1p sqrt square reciprocal sin cos tan tanh sigmoid logSigmoid
  softplus relu erf erfc erfinv lgamma digamma trigamma maximum minimum where equal notEqual less lessEqual greater greaterEqual
  logicalNot floor ceil round clip isFinite isNaN xlogy xlog1py logaddexp log1mexp ndtr logNdtr ndtri erfcx gammainc gammaincc
  gammaincinv betainc logBeta multigammaln i0e i1e logI0 sum mean prod max min logsumexp argmax argmin cumsum softmax logSoftmax
  reshape transpose broadcastTo expandDims squeeze slice flip at take takeAlongAxis scatterAdd oneHot tril triu diag matmul
  cholesky triangularSolve logdet stopGradient`.split(/\s+/);
const LISTS =
  `tensor zeros ones full arange linspace eye concatenate stack einsum grad valueAndGrad vjp jvp jacobian hessian hvp
  vmap`.split(/\s+/);
const RANDOM =
  `key split foldIn uniform normal bernoulli categorical randint permutation gamma beta dirichlet poisson exponential
  gumbel`.split(/\s+/);

test("a shape that is changed after the call changes no tensor", () => {
  const makers: ((shape: number[]) => Tensor)[] = [
    zeros,
    (shape) => tensor(3).reshape(shape),
    (shape) => P.broadcastTo(2, shape),
    (shape) => P.full(shape, 2).mul(1),
    (shape) => P.random.gamma(P.random.key(0), 2, shape),
  ];
  for (const make of makers) {
    const shape = [1];
    const x = make(shape);
    shape[0] = 7;
    assert.equal([...x.shape], [1]);
    assert.equal(x.add(1).shape, [1]);
  }
  const changing = P.jit((x: Tensor) => {
    const shape = [2];
    const y = x.broadcastTo(shape);
    shape[0] = 3;
    return y;
  });
  for (let call = 0; call < 3; call++) assert.equal(changing(tensor(call)).toArray(), [call, call]);
});

test("every public name is a function, and also a method if its first argument is a tensor", () => {
  const exported = P as unknown as Record<string, unknown>;
  const methods = tensor(0) as unknown as Record<string, unknown>;
  for (const name of [...NAMES, ...LISTS]) assert.type(exported[name], "function", name);
  for (const name of NAMES) assert.type(methods[name], "function", `method ${name}`);
  for (const name of RANDOM) assert.type((P.random as unknown as Record<string, unknown>)[name], "function", name);
});

test("a method calls the free function with the tensor as the first argument", () => {
  const [a, b] = [tensor([0.5, 0.25]), tensor([2, 3])];
  for (const name of ["sub", "div", "pow", "xlogy", "maximum", "less", "logaddexp"]) {
    const free = (P as unknown as Record<string, (x: Tensor, y: Tensor) => Tensor>)[name];
    const method = (a as unknown as Record<string, (y: Tensor) => Tensor>)[name];
    assert.equal(method?.call(a, b).toArray(), free?.(a, b).toArray(), name);
  }
  assert.equal(a.clip(0.3, 0.4).toArray(), [0.4, 0.3]);
  assert.equal(tensor([1, 0]).where(a, b).toArray(), [0.5, 3]);
});

test("tensor() accepts numbers, booleans, nested and typed arrays, ndarrays and tensors", () => {
  assert.equal(tensor(3).shape, []);
  assert.is(tensor(3).item(), 3);
  assert.is(tensor(true).item(), 1);
  assert.equal(tensor([[1, 2, 3]]).shape, [1, 3]);
  assert.equal(tensor([]).shape, [0]);
  assert.equal(tensor([[], []]).shape, [2, 0]);
  assert.equal(tensor(Float32Array.of(1, 2)).toArray(), [1, 2]);
  assert.equal(tensor(ndarray([1, 2, 3, 4], [2, 2]).transpose(1, 0) as TensorLike).toArray(), [
    [1, 3],
    [2, 4],
  ]);
  assert.equal(tensor([tensor([1, 2]), [3, 4]]).toArray(), [
    [1, 2],
    [3, 4],
  ]);
  assert.equal(tensor([1, tensor(2)]).toArray(), [1, 2]);
  const x = tensor([1]);
  assert.is(tensor(x), x);
  const source = Float64Array.of(1, 2);
  const copy = tensor(source);
  source[0] = 9;
  assert.equal(copy.toArray(), [1, 2], "a tensor keeps its numbers");
});

test("numbers, arrays, text and JSON are read back from a tensor", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.equal(x.transpose().toArray(), [
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  assert.equal([...x.transpose().toFloat64Array()], [1, 4, 2, 5, 3, 6]);
  assert.is(x.data.get(1, 0), 4);
  assert.is(JSON.stringify({ x }), '{"x":[[1,2,3],[4,5,6]]}');
  assert.is(x.length, 2);
  assert.is(x.size, 6);
  assert.equal(
    [...x].map((row) => row.toArray()),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  assert.is([10, 20, 30][tensor(1) as unknown as number], 20, "a list indexed by a tensor");
  assert.ok((tensor(2) as unknown as number) > 1);
  assert.is(`${tensor([1, 2])}`, "Tensor[2] [1,2]");
  assert.is(String(tensor([2]).mul(3).toString()), "Tensor[1] [6]");
  assert.is(`${tensor([Number.NaN, Infinity, -0.5])}`, "Tensor[3] [NaN,Infinity,-0.5]");
  assert.is(`${P.arange(2000)}`, "Tensor[2000] [0,1,2,…,1997,1998,1999]");
  assert.is(inspect({ x: tensor([1, 2]) }), "{ x: Tensor[2] [1,2] }", "as Node prints it");
  assert.is(inspect(P.grad((p: { w: Tensor }) => p.w.square())({ w: 3 })), "{ w: Tensor[] 6 }");
});

test("arange, linspace, eye, full and ones make the right numbers", () => {
  assert.equal(P.arange(3).toArray(), [0, 1, 2]);
  assert.equal(P.arange(5, 0, -2).toArray(), [5, 3, 1]);
  assert.equal(P.arange(2, 2).toArray(), []);
  assert.equal(P.linspace(0, 1, 5).toArray(), [0, 0.25, 0.5, 0.75, 1]);
  assert.equal(P.linspace(3, 4, 1).toArray(), [3]);
  assert.equal(P.eye(2, 3).toArray(), [
    [1, 0, 0],
    [0, 1, 0],
  ]);
  assert.equal(P.full([2], 7).toArray(), [7, 7]);
  assert.equal(P.full([2, 2], [1, 2]).toArray(), [
    [1, 2],
    [1, 2],
  ]);
  assert.equal(P.ones([2, 1]).toArray(), [[1], [1]]);
});

/** Asserts that `f` throws a PedigradError whose message has all the words. */
function refused(f: () => unknown, code: string, ...words: string[]): void {
  assert.is(refusal(f).code, code);
  refusesSaying(f, ...words);
}

test("grad and item refuse a tensor with more than one element", () => {
  refused(() => grad((x: Tensor) => x.mul(2))([1, 2]), "not-scalar", "[2]", ".sum()");
  refused(() => P.vjp((x: Tensor) => x, [1, 2])[1]([1]), "shape-mismatch", "[1]", "[2]");
  refused(() => tensor([1, 2]).item(), "not-scalar", "[2]");
  refused(() => +tensor([1, 2]) + 1, "not-scalar", "a.add(b)");
});

test("lists may contain typed arrays and ndarrays, of one shape", () => {
  const rows = [new Float64Array([1, 2]), new Float32Array([3, 4])];
  assert.equal(tensor(rows).toArray(), [
    [1, 2],
    [3, 4],
  ]);
  const mixed = [rows, [[5, tensor(6)], ndarray(new Float64Array([7, 8]), [2])]];
  assert.equal(tensor(mixed).toArray(), [
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, 6],
      [7, 8],
    ],
  ]);
  assert.equal(P.mul(rows, 2).toArray(), [
    [2, 4],
    [6, 8],
  ]);
  refused(() => tensor([new Float64Array([1, 2]), [3]]), "shape-mismatch", "[2]", "[1]");
  refused(() => tensor([new Date(0) as unknown as number]), "not-a-tensor", "a Date");
});

test("tensor() refuses ragged arrays and values that are not tensor-like", () => {
  refused(() => tensor([[1, 2], [3]]), "ragged-array", "element [1]", "length 1", "expected 2");
  refused(
    () =>
      tensor([
        [1, 2],
        [3, "4" as unknown as number],
      ]),
    "ragged-array",
    "element [1][1]",
    'is "4", expected a number',
  );
  refused(() => tensor([[1], 2]), "ragged-array", "element [1]");
  refused(() => tensor([tensor([1]), [1, 2]]), "shape-mismatch", "[1]");
  for (const x of [undefined, null, "3", {}, () => 1, 3n])
    refused(() => tensor(x as unknown as TensorLike), "not-a-tensor", "tensor:");
});

test("mean, max, argmin and concatenate refuse empty data", () => {
  refused(() => zeros([0]).mean(), "empty", "[0]");
  refused(() => zeros([0]).max(), "empty", "max: cannot reduce an empty axis: axis 0 of shape [0]");
  refused(() => zeros([2, 0]).argmin(1), "empty", "[2,0]", "axis 1");
  refused(() => P.concatenate([]), "empty");
});

test("impossible shapes are refused before anything is allocated", () => {
  refused(() => zeros([1e6, 1e6]), "too-large", "[1000000,1000000]", "8 TB", "2147483647");
  for (const n of [2 ** 31, -1, 2.5, Number.NaN])
    refused(() => zeros([n, n]), n === 2 ** 31 ? "too-large" : "bad-shape", String(n));
  refused(() => P.arange(1e10), "too-large");
  refused(() => P.arange(0, 1, 0), "bad-option");
  refused(() => P.linspace(0, 1, -1), "bad-shape");
  const notNumbers = [
    ["1", '"1"'],
    [tensor(1), "a tensor of shape []"],
    [[1], "an array of length 1"],
  ] as unknown as [number, string][];
  for (const [x, shown] of notNumbers) {
    refused(() => P.arange(x), "bad-option", "numbers", `stop ${shown}`);
    refused(() => P.linspace(x, 2, 3), "bad-option", `start must be a finite number, got ${shown}`);
    refused(() => P.linspace(0, x, 3), "bad-option", `stop must be a finite number, got ${shown}`);
  }
  refused(() => P.random.normal(P.random.key(0), [-1]), "bad-shape");
});

test("unknown options and wrong einsum strings are refused", () => {
  const twice = (y: Tensor) => y.mul(2);
  refused(() => P.vmap(twice, { outAxes: 1 } as object), "bad-option", '"outAxes"', "first axis");
  refused(() => P.vmap(twice, { inAxes: [{ w: 0 }] } as object), "bad-option", "a record with w", "separate arguments");
  refused(() => P.einsum("i->i->i", [1, 1]), "bad-einsum", '"->"');
  for (const shape of [
    [1, 3],
    [3, 1],
  ])
    refused(() => P.einsum("ii", zeros(shape)), "bad-einsum", '"i"', "1", "3");
  refused(() => P.stack([]), "empty", "stack");
});

test("axes and indices out of range are refused, not clamped", () => {
  const x = zeros([2, 3]);
  refused(() => x.sum(2), "bad-axis", "axis 2 is out of range for shape [2,3] (allowed -2..1)");
  refused(() => x.sum(-3), "bad-axis");
  refused(() => zeros([]).sum(0), "bad-axis", "axis 0 is out of range for shape [] (none is allowed)");
  refused(() => P.stack([x, x], 3), "bad-axis", "stack: axis 3 is out of range for shape [2,3] (allowed -3..2)");
  refused(() => zeros([0]).at(0), "bad-index", "(none is allowed)");
  refused(() => x.sum([0, -2]), "bad-axis", "twice");
  refused(() => x.sum({ axis: 0 } as unknown as number), "bad-axis", "a record with axis", "keepDims");
  refused(() => x.transpose([0, 0]), "bad-axis");
  refused(() => x.squeeze(0), "bad-axis", "size 2");
  for (const index of [5, 1.5, Number.NaN, -3]) {
    refused(() => x.at(index), "bad-index", String(index), "-2..1");
    refused(() => x.take(index), "bad-index", String(index));
  }
  refused(() => x.at(0, 3), "bad-index", "3");
  refused(() => x.at(0, 0, 0), "bad-index", "[2,3]");
  refused(() => P.oneHot(3, 3), "bad-index");
  refused(() => P.oneHot(1, 2.5), "bad-shape", "oneHot", "2.5");
  refused(() => x.at([true, false]), "bad-index", "boolean masks", "where");
  refused(() => x.slice(0, 2, { step: 0 }), "bad-option", "step");
  for (const end of [0.5, Number.NaN]) {
    refused(() => x.slice(end), "bad-index", `start ${end}`);
    refused(() => x.slice(0, end), "bad-index", `end ${end}`);
  }
  assert.equal(x.slice(-Infinity, Infinity).shape, [2, 3]);
  assert.equal(x.slice(-9, 9).shape, [2, 3], "slices count as Array.prototype.slice does");
});

test("shapes that do not fit are refused by every op", () => {
  refused(() => tensor([1, 2]).add([1, 2, 3]), "shape-mismatch", "add", "[2]", "[3]");
  refused(() => tensor([1, 2]).reshape([3]), "shape-mismatch", "[2]", "[3]");
  refused(() => tensor([1, 2]).reshape([-1, 3]), "shape-mismatch", "[-1,3]");
  for (const ambiguous of [
    [0, -1],
    [-1, -1],
    [-1, -1, -1],
  ])
    refused(() => tensor([]).reshape(ambiguous), "bad-shape", "-1");
  assert.equal(tensor([]).reshape([3, -1]).shape, [3, 0]);
  refused(() => tensor([1, 2]).broadcastTo([3]), "shape-mismatch");
  refused(() => P.matmul(zeros([2, 3]), zeros([2, 3])), "shape-mismatch", "has 3 columns, the right matrix has 2 rows");
  refused(() => P.matmul(2, zeros([2, 3])), "shape-mismatch", "mul");
  refused(() => P.concatenate([zeros([2, 3]), zeros([3, 2])]), "shape-mismatch");
  refused(() => P.cholesky(zeros([2, 3])), "shape-mismatch", "[2,3]");
  refused(() => P.triangularSolve(P.eye(2), zeros([3])), "shape-mismatch");
  for (const spec of ["ij", "ij,jk,kl", "ij,j1->i", "ij,jk->iz", "ij,jk->ii", "ij,ij->"])
    refused(() => P.einsum(spec, zeros([2, 3]), zeros([3, 4])), "bad-einsum", spec);
});

test("value and gradient of 200,000 chained additions need no recursion", () => {
  const f = (x: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < 200_000; i++) y = y.add(0.1);
    return y;
  };
  const [value, slope] = P.valueAndGrad(f)(1);
  assert.ok(Math.abs(value.item() - 20001) < 1e-6);
  assert.is(slope.item(), 1);
  assert.is(
    P.stack(Array.from({ length: 20_000 }, () => tensor(1)))
      .sum()
      .item(),
    20_000,
  );
});

test("results that share a buffer have their own numbers", () => {
  for (const n of [9, 10, 32, 33, 200, 600, 1024, 1025]) {
    const x = P.arange(n);
    const results = Array.from({ length: 60 }, (_, i) => x.mul(i));
    results.forEach((y, i) => {
      assert.is(y.data.data.length, n);
      assert.equal(
        y.toArray(),
        (x.toArray() as number[]).map((v) => v * i),
      );
    });
  }
});

test("a result keeps at most 16 times its bytes alive, or 2 kB", () => {
  for (const n of [9, 32, 33, 64, 65, 200, 257, 600, 1024, 1025])
    for (let i = 0; i < 40; i++) {
      const { buffer } = rawView(P.arange(n).add(1)).data;
      assert.ok(buffer.byteLength <= Math.max(2048, 16 * 8 * n), `${n} numbers in ${buffer.byteLength} bytes`);
    }
});

test("elements by number are refused, since undefined would make a comparison false without an error", () => {
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript does not allow these uses
  const x = tensor([1, 2, 3]) as any;
  const uses: (() => unknown)[] = [
    () => x[0] > 0,
    () => x[-1],
    () => {
      x[1] = 5;
    },
    () => 2 in x,
    () => Array.prototype.slice.call(x),
    () => x.add(1)[0],
    () => grad((y: Tensor) => (y as unknown as Tensor[])[0] as Tensor)(x),
  ];
  for (const use of uses) assert.is(refusal(use).code, "bad-index");
  assert.equal(
    [x.nothing, "shape" in x, Object.hasOwn(x, "shape"), `${x}`],
    [undefined, true, true, "Tensor[3] [1,2,3]"],
  );
});

test.run();
