/** The axis rule of every op, compared with the elements on which its results really depend: ranks up to 3, sizes 1 to 3. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../autodiff/index.js";
import { Provenance, type Tensor, tensor } from "../../../autodiff/index.js";
import { ownRelation } from "../../../provenance/axes.js";
import {
  asSite,
  checkAxes,
  coordinates,
  dependencies,
  type Fn,
  type Operand,
  shapesUpTo,
  sizeOf,
} from "./dependencies.js";
import { operand as inRange, type Range, scalars } from "./opTable.js";

const SHAPES = shapesUpTo(3);
const axesOf = (shape: readonly number[]): number[] => [...shape.keys()];
const subsets = (items: readonly number[]): number[][] =>
  Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, i) => (bits >> i) & 1));
const permutations = (items: readonly number[]): number[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));

/** A test that checks, for operands of every shape, the ops that `each` returns for the shape. */
function unary(
  name: string,
  each: (shape: number[]) => [what: string, f: Fn][],
  isExact = true,
  own: Partial<Operand> = {},
) {
  test(`the axis rule of ${name} states the true dependencies`, () => {
    for (const shape of SHAPES)
      for (const [what, f] of each(shape)) checkAxes(`${name} ${what}`, f, [{ shape, ...own }], 0, isExact);
  });
}
const whole = (n: number): Partial<Operand> => ({
  value: (i) => (5 * i + (i >> 2)) % n,
  others: Array.from({ length: n }, (_, i) => i),
});

test("elementwise ops keep the axes of every operand", () => {
  for (const { name, f, ranges } of scalars) {
    const operands = ranges.map((range: Range, i) => {
      const numbers = inRange([6], range, i).toFloat64Array();
      return { shape: [2, 3], value: (k: number) => numbers[k % 6] as number };
    });
    for (const i of operands.keys()) checkAxes(name, f, operands, i);
  }
});

test("operands that broadcast keep the axes along which they are not repeated", () => {
  for (const a of SHAPES)
    for (const b of SHAPES) {
      const rank = Math.min(a.length, b.length);
      const fits = Array.from({ length: rank }, (_, i) => [a.at(-1 - i) as number, b.at(-1 - i) as number]);
      if (fits.some(([m, n]) => m !== n && m !== 1 && n !== 1) || sizeOf(a) * sizeOf(b) > 81) continue;
      checkAxes("add", P.add, [{ shape: a }, { shape: b }], 0);
      checkAxes("add", P.add, [{ shape: a }, { shape: b }], 1);
    }
});

const REDUCTIONS = { sum: P.sum, mean: P.mean, prod: P.prod, max: P.max, min: P.min, logsumexp: P.logsumexp };
for (const [name, reduce] of Object.entries(REDUCTIONS))
  unary(name, (shape) =>
    subsets(axesOf(shape)).flatMap((axes): [string, Fn][] =>
      [false, true].map((keepDims) => [
        `over [${axes}] keepDims ${keepDims}`,
        (x) => (reduce as typeof P.sum)(x, axes, { keepDims }),
      ]),
    ),
  );
const ALONG: Record<string, (x: Tensor, axis: number) => Tensor> = {
  softmax: P.softmax,
  logSoftmax: P.logSoftmax,
  cumsum: P.cumsum,
  flip: P.flip,
  argmax: P.argmax,
  argmin: P.argmin,
};
for (const [name, f] of Object.entries(ALONG))
  unary(name, (shape) => axesOf(shape).map((axis) => [`along ${axis}`, (x) => f(x, axis)]));
unary("argmax of all", () => [["", (x) => P.argmax(x)]]);

unary("reshape", (shape) =>
  shapesUpTo(3, 9)
    .filter((to) => sizeOf(to) === sizeOf(shape))
    .map((to) => [`to [${to}]`, (x) => x.reshape(to)]),
);
unary("transpose", (shape) => permutations(axesOf(shape)).map((order) => [`[${order}]`, (x) => x.transpose(order)]));
unary("broadcastTo", (shape) =>
  [[], [2], [1, 3]].map((lead) => {
    const to = [...lead, ...shape.map((n) => (n === 1 ? 2 : n))];
    return [`[${to}]`, (x) => x.broadcastTo(to)];
  }),
);
unary("expandDims", (shape) => [...axesOf(shape), shape.length].map((axis) => [`${axis}`, (x) => x.expandDims(axis)]));
unary("squeeze", (shape) => [
  ...axesOf(shape).flatMap((axis): [string, Fn][] => (shape[axis] === 1 ? [[`${axis}`, (x) => x.squeeze(axis)]] : [])),
  ["", (x) => x.squeeze()],
]);
unary("slice", (shape) =>
  axesOf(shape).flatMap((axis) =>
    [0, 1, 2].flatMap((start) =>
      [1, 2, 3].flatMap((end) =>
        [1, 2].map((step): [string, Fn] => [
          `${start}:${end}:${step} of ${axis}`,
          (x) => x.slice(start, end, { axis, step }),
        ]),
      ),
    ),
  ),
);
unary("at a number", (shape) =>
  axesOf(shape).flatMap((axis) =>
    Array.from({ length: shape[axis] as number }, (_, i): [string, Fn] => [
      `${i} of axis ${axis}`,
      (x) => P.transpose(x, [axis, ...axesOf(shape).filter((a) => a !== axis)]).at(i),
    ]),
  ),
);
unary("concatenate", (shape) =>
  axesOf(shape).map((axis) => [
    `axis ${axis}`,
    (x) => P.concatenate([P.ones(shape.map((n, i) => (i === axis ? 2 : n))), x], axis),
  ]),
);
unary("stack", (shape) =>
  [...axesOf(shape), shape.length].map((axis) => [`axis ${axis}`, (x) => P.stack([P.ones(shape), x], axis)]),
);
const matrices = (f: (shape: number[]) => [string, Fn][]) => (shape: number[]) => (shape.length < 2 ? [] : f(shape));
unary(
  "tril and triu",
  matrices(() =>
    [-1, 0, 1].flatMap((k): [string, Fn][] => [
      [`tril ${k}`, (x) => P.tril(x, k)],
      [`triu ${k}`, (x) => P.triu(x, k)],
    ]),
  ),
);
unary("diag", (shape) => (shape.length === 0 ? [] : [["", (x) => P.diag(x)]]));
const isSquare = (shape: number[]) => shape.at(-1) === shape.at(-2);
const squares = (f: Fn) => matrices((shape) => (isSquare(shape) ? [["", f]] : []));
unary(
  "linear algebra of a matrix",
  squares((x) => P.logdet(x.add(P.eye(x.shape.at(-1) as number).mul(5)))),
);
unary(
  "inverse",
  squares((x) => P.inverse(x.add(P.eye(x.shape.at(-1) as number).mul(5)))),
);
// The first entry of a factor or of a solution depends on a single number, which axis rules cannot express, so the check is not exact.
unary(
  "cholesky",
  squares((x) => P.cholesky(x.add(P.eye(x.shape.at(-1) as number).mul(5)))),
  false,
);

test("the axis rule of triangularSolve claims no false dependency", () => {
  for (const batch of [[], [2], [3, 2]])
    for (const other of [[], [2], [3, 2], [3, 1]])
      for (const n of [1, 2, 3])
        for (const lower of [true, false]) {
          const operands = [{ shape: [...batch, n, n] }, { shape: [...other, n, 2] }];
          const solve: Fn = (a, b) => P.triangularSolve(a.add(P.eye(n).mul(5)), b, { lower });
          checkAxes("triangularSolve", solve, operands, 0, false);
          checkAxes("triangularSolve", solve, operands, 1, false);
        }
});

test("the axis rule of matmul states the true dependencies", () => {
  for (const [a, b] of [
    [
      [2, 3],
      [3, 2],
    ],
    [[3], [3]],
    [[2, 3], [3]],
    [[3], [3, 2]],
    [
      [2, 2, 3],
      [3, 2],
    ],
    [
      [2, 3],
      [2, 3, 2],
    ],
    [
      [2, 2, 3],
      [2, 3, 2],
    ],
    [
      [3, 1, 2, 3],
      [2, 3, 2],
    ],
    [
      [1, 3],
      [3, 1],
    ],
    [
      [2, 1],
      [1, 3],
    ],
    [
      [2, 2],
      [2, 2],
    ],
  ] as [number[], number[]][])
    for (const which of [0, 1]) checkAxes("matmul", P.matmul, [{ shape: a }, { shape: b }], which);
});

test("the axis rule of einsum states the true dependencies", () => {
  for (const [spec, ...shapes] of [
    ["ij,jk->ik", [2, 3], [3, 2]],
    ["bij,bjk->bik", [2, 3, 2], [2, 2, 3]],
    ["bi,bi->b", [2, 3], [2, 3]],
    ["i,j->ij", [2], [3]],
    ["ii->i", [3, 3]],
    ["ij->ji", [2, 3]],
    ["i,ij,j->i", [2], [2, 3], [3]],
    ["...i,i->...", [2, 3], [3]],
    ["ij,ij->ij", [2, 3], [2, 3]],
    ["ab,ac,ad->abcd", [2, 3], [2, 2], [2, 3]],
    ["iij->j", [2, 2, 3]],
  ] as [string, ...number[][]][])
    for (const i of shapes.keys())
      checkAxes(
        spec,
        (...xs) => P.einsum(spec, ...xs),
        shapes.map((shape) => ({ shape })),
        i,
      );
});

test("the axis rules of take, at and takeAlongAxis claim no false dependency", () => {
  const index = (shape: number[], n: number): Operand => ({ shape, ...whole(n) });
  for (const shape of SHAPES)
    for (const axis of axesOf(shape)) {
      const n = shape[axis] as number;
      for (const own of [[], [2], [2, 3]]) {
        const operands = [{ shape }, index(own, n)];
        // Along an axis of one element, no result depends on the index.
        for (const which of n > 1 ? [0, 1] : [0])
          checkAxes(`take ${axis}`, (x, i) => P.take(x, i, axis), operands, which, sizeOf(own) > 3);
        if (axis === 0) for (const which of [0, 1]) checkAxes("at", (x, i) => x.at(i), operands, which, false);
      }
      for (const m of [1, 2, 3]) {
        const along = shape.map((k, i) => (i === axis ? m : k));
        const operands = [{ shape }, index(along, n)];
        for (const which of [0, 1])
          checkAxes(`takeAlongAxis ${axis}`, (x, i) => P.takeAlongAxis(x, i, axis), operands, which, n > 1 && m > 1);
      }
    }
  const two: Operand[] = [{ shape: [3, 2, 2] }, index([2, 1], 3), index([3], 2)];
  for (const which of [0, 1, 2]) checkAxes("at of two", (x, i, j) => P.at(x, i, j), two, which, which > 0);
});

test("an index that counts makes a view, whose axes are moved", () => {
  const counting = (shape: number[], axis: number): Tensor =>
    P.arange(shape[axis] as number).reshape(shape.map((n, i) => (i === axis ? n : 1)));
  for (const shape of SHAPES.filter(({ length }) => length > 1)) {
    checkAxes("lookUp of one", (x) => x.at(counting(shape, 0)), [{ shape }], 0);
    checkAxes(
      "lookUp of two",
      (x) => P.at(x, counting([shape[0] as number, 1], 0), P.arange(shape[1] as number)),
      [{ shape }],
      0,
      false,
    );
  }
});

test("scan claims no false dependency", () => {
  const running: Fn = (x) =>
    P.scan((c: Tensor, y: Tensor) => [c.add(y), c.mul(y)], P.zeros(x.shape.slice(1)), x)[1] as Tensor;
  for (const shape of [[3], [3, 2], [2, 3, 2]]) {
    checkAxes("scan", running, [{ shape }], 0, false);
    const around: Fn = (x) =>
      P.scan((c: Tensor, y: Tensor) => [c.add(y.mul(x)), c], P.zeros(shape), P.ones([2]))[0] as Tensor;
    checkAxes("scan with a tensor from outside", around, [{ shape }], 0, false);
  }
  const site = asSite(tensor([1, 2, 3]));
  const outside = P.scan((c: Tensor) => [c.add(site.sum()), null], 0, P.ones([2]))[0] as Tensor;
  assert.ok(outside.provenance.has("x"));
});

test("the axis rules of scatterAdd and oneHot claim no false dependency", () => {
  const index: Operand = { shape: [2], ...whole(3) };
  for (const [shape, axis, updates] of [
    [[3], 0, [2]],
    [[3, 2], 0, [2, 2]],
    [[2, 3], 1, [2, 2]],
    [[2, 3, 2], 1, [2, 2, 2]],
  ] as [number[], number, number[]][])
    for (const which of [0, 1, 2])
      checkAxes(
        "scatterAdd",
        (x, i, u) => P.scatterAdd(x, i, u, axis),
        [{ shape }, index, { shape: updates }],
        which,
        which !== 1,
      );
  for (const shape of SHAPES) checkAxes("oneHot", (i) => P.oneHot(i, 3), [{ shape, ...whole(3) }], 0);
});

test("draws keep the axes of their parameters and of batches of keys", () => {
  const { random } = P;
  const key: Operand = { shape: [2], value: (i) => i + 3, others: [7, 91, 12345] };
  const keys: Operand = { ...key, shape: [3, 2] };
  const positive: Partial<Operand> = { value: (i) => 1 + ((i * 7) % 5) / 3, others: [40, 1e4, Number.NaN] };
  const draws: [string, Fn, Operand[]][] = [
    ["gamma", (k, a) => random.gamma(k, a), [key, { shape: [2, 3], ...positive }]],
    ["gamma of a shape", (k, a) => random.gamma(k, a, [2, 3]), [key, { shape: [2, 1], ...positive }]],
    [
      "beta of keys",
      (k, a, b) => random.beta(k, a, b, [2]),
      [keys, { shape: [2], ...positive }, { shape: [3, 1], ...positive }],
    ],
    ["categorical", (k, l) => random.categorical(k, l), [key, { shape: [3, 2, 3], others: [-1e4, 1e4, Number.NaN] }]],
    [
      "categorical of keys",
      (k, l) => random.categorical(k, l, [2]),
      [keys, { shape: [2, 3], others: [-1e4, 1e4, Number.NaN] }],
    ],
    ["dirichlet", (k, a) => random.dirichlet(k, a), [key, { shape: [3, 2], ...positive }]],
    ["dirichlet of keys", (k, a) => random.dirichlet(k, a, [2]), [keys, { shape: [3, 1, 2], ...positive }]],
    ["normal", (k) => random.normal(k, [2]), [keys]],
    ["foldIn", (k, n) => random.foldIn(k, n), [key, { shape: [3], value: (i) => i, others: [9, 99] }]],
    ["split", (k) => random.split(k, 3), [keys]],
    ["permutation", (k) => random.permutation(k, 3), [keys]],
  ];
  for (const [name, f, operands] of draws)
    for (const i of operands.keys()) checkAxes(name, f, operands, i, !(name === "foldIn" && i === 0));
});

test("gradients and vmapped ops claim no false dependency", () => {
  const ops: [string, Fn][] = [
    ["sum", (x) => x.sum(0)],
    ["cumsum", (x) => P.cumsum(x, 0)],
    ["softmax", (x) => P.softmax(x, 0)],
    ["flip", (x) => P.flip(x, 0)],
    ["prod", (x) => P.prod(x, 0)],
    ["max", (x) => P.max(x, 0)],
    ["square", (x) => x.square()],
    ["reshape", (x) => x.reshape([-1])],
    ["expandDims", (x) => x.expandDims(-1)],
    ["transpose", (x) => x.transpose()],
    ["slice", (x) => x.slice(0, 1)],
    ["at", (x) => x.at(0)],
    ["take", (x) => P.take(x, [0, 0, 0])],
    ["concatenate", (x) => P.concatenate([x, x])],
    ["stack", (x) => P.stack([x, x], -1)],
    ["outer", (x) => P.einsum("...i,...j->...ij", x, x)],
    ["takeAlongAxis", (x) => P.takeAlongAxis(x, P.zeros(x.shape), 0)],
    ["scatterAdd", (x) => P.scatterAdd(P.zeros(x.shape), [0], x.slice(0, 1))],
    ["matmul", (x) => P.matmul(x, P.ones([x.shape.at(-1) as number, 2]))],
    ["add a vector", (x) => x.add(tensor([1, 2, 3]).slice(0, x.shape.at(-1) as number))],
  ];
  for (const [name, f] of ops)
    for (const shape of [[3], [2, 3], [3, 3], [1, 2], [2, 1, 3]]) {
      const gradient: Fn = (x) => P.grad((y: Tensor) => f(y).mul(f(y).sin()).sum())(x) as Tensor;
      checkAxes(`gradient of ${name}`, gradient, [{ shape }], 0, false);
      if (shape.length < 2) continue;
      for (const axis of shape.keys()) {
        const mapped: Fn = (x) => P.vmap((y: Tensor) => f(y), { inAxes: axis })(x) as Tensor;
        checkAxes(`vmap of ${name}`, mapped, [{ shape }], 0, false);
      }
    }
});

test("an axis of one element that stands for many is moved as if it had many, or is mixed", () => {
  const spread: [string, Fn][] = [
    ["mul", (x) => x.mul([[1, 2, 3]])],
    ["sum of one", (x) => x.sum(-1)],
    ["sum of one kept", (x) => x.sum(-1, { keepDims: true })],
    ["mean of all", (x) => x.mean()],
    ["max", (x) => x.max(-1, { keepDims: true })],
    ["prod", (x) => P.prod(x, -1)],
    ["softmax", (x) => P.softmax(x, -1)],
    ["cumsum", (x) => P.cumsum(x, -1)],
    ["flip", (x) => P.flip(x, -1)],
    ["slice", (x) => x.slice(0, 1, { axis: -1 })],
    ["slice of all", (x) => x.slice(0, undefined, { axis: -1 })],
    ["slice by steps", (x) => x.slice(0, undefined, { axis: -1, step: 2 })],
    ["expandDims", (x) => x.expandDims(-1).mul([1, 2])],
    ["expandDims between", (x) => x.expandDims(-2).mul([[1], [2]])],
    ["reshape", (x) => x.reshape([...x.shape, 1])],
    ["squeeze", (x) => x.expandDims(-1).squeeze(-1)],
    ["transpose", (x) => x.transpose()],
    ["concatenate", (x) => P.concatenate([x, P.zeros([2, 1])], -1)],
    ["take", (x) => P.take(x, [0, 0], -1)],
    ["at of", (x) => tensor([1, 2, 3, 4]).at(x.greater(0))],
    ["oneHot", (x) => P.oneHot(x.greater(0), 3)],
    ["takeAlongAxis by", (x) => P.takeAlongAxis(P.ones([2, 3, 4]), x.greater(0).expandDims(-1), -1)],
    ["einsum", (x) => P.einsum("cp,kp->ck", x, P.ones([3, x.shape[1] as number]))],
    ["outer", (x) => P.einsum("cp,k->cpk", x, [1, 2, 3])],
    ["matmul", (x) => P.matmul(x, P.ones([x.shape[1] as number, 3]))],
    ["vmap", (x) => P.vmap((row: Tensor) => row.expandDims(-1).mul(2))(x) as Tensor],
    ["reshape in vmap", (x) => P.vmap((column: Tensor) => column.reshape([1, 2]), { inAxes: 1 })(x) as Tensor],
    [
      "gradient of expandDims",
      (x) => P.grad((y: Tensor) => y.expandDims(2).square().sum())(x.transpose().expandDims(0)) as Tensor,
    ],
    [
      "particles",
      (x) => P.vmap((k: Tensor) => x.add(P.random.normal(k, [3])))(P.random.split(P.random.key(0), 3)) as Tensor,
    ],
  ];
  const n = 3;
  const many: Operand = { shape: [2, n], others: [1e3, -750] };
  for (const [name, f] of spread) {
    const one = tensor([[0.3], [0.7]]).withProvenance(Provenance.related("x", ownRelation([2, n], 0)));
    const { provenance } = f(one);
    const { shape, pairs } = dependencies(f, [many], 0);
    for (const [own, its] of provenance.axesOf("x"))
      for (const [o, e] of pairs)
        assert.is(
          coordinates(o, shape)[-1 - its],
          coordinates(e, many.shape)[-1 - own],
          `${name}: axis ${own} is not ${its}`,
        );
  }
  const kept = [
    "mul",
    "slice of all",
    "expandDims",
    "reshape",
    "squeeze",
    "transpose",
    "at of",
    "oneHot",
    "takeAlongAxis by",
    "outer",
    "vmap",
    "reshape in vmap",
    "gradient of expandDims",
    "particles",
  ];
  for (const [name, f] of spread) {
    const one = tensor([[0.3], [0.7]]).withProvenance(Provenance.related("x", ownRelation([1, n], 0)));
    if (kept.includes(name)) assert.ok(f(one).provenance.axesOf("x").has(-1), name);
  }
});

test("mixedBy reports the name of the function that was called, for small and for large arrays", () => {
  const functions: Record<string, (x: Tensor) => Tensor> = {
    softmax: (x) => x.softmax(),
    logSoftmax: (x) => x.logSoftmax(),
    logsumexp: (x) => x.logsumexp(1),
    mean: (x) => x.mean(1),
    prod: (x) => x.prod(1),
    at: (x) => x.transpose().at(1),
    take: (x) => x.take([1, 0], 1),
    takeAlongAxis: (x) => x.takeAlongAxis([[1]], 1),
    scatterAdd: (x) => P.zeros([x.shape[0] as number, 9]).scatterAdd(P.arange(x.shape[1] as number), x, 1),
    cumsum: (x) => x.cumsum(1),
    flip: (x) => x.flip(1),
    slice: (x) => x.slice(1, 2, { axis: 1 }),
    categorical: (x) => P.random.categorical(P.random.key(0), x),
  };
  for (const [name, f] of Object.entries(functions))
    for (const n of [3, 60]) {
      const { provenance } = f(asSite(P.ones([n, 2])));
      assert.is(provenance.mixedBy("x", -1), name, `${name} of ${n} rows`);
      assert.ok(provenance.axesOf("x").has(-2), `${name} keeps the rows`);
    }
  const rows = asSite(P.ones([3, 2]));
  for (const f of [(x: Tensor) => x.at([0, 2]), (x: Tensor) => [...x][1] as Tensor])
    assert.is(f(rows).provenance.mixedBy("x", -2), "at");
});

test("vmap keeps the mapped axis, whichever axes the function reduces", () => {
  const reduce = { mean: P.mean, max: P.max, logsumexp: P.logsumexp };
  for (const [name, f] of Object.entries(reduce))
    for (const [n, m] of [
      [2, 1],
      [2, 4],
      [70, 2],
    ] as const) {
      const { provenance } = P.vmap((x: Tensor) => f(x, [0]))(asSite(P.ones([3, n, m])));
      assert.equal([...provenance.axesOf("x").keys()].sort(), m === 1 ? [-3] : [-1, -3], `${name} ${n} ${m}`);
      assert.is(
        P.vmap((x: Tensor) => f(x, [1]))(asSite(P.ones([3, n, 1])))
          .provenance.axesOf("x")
          .get(-3),
        -2,
        name,
      );
    }
});

test("results of compiled functions, reads and tags have the names of sites, but all axes are mixed", () => {
  const x = asSite(tensor([1, 2, 3]));
  const double = P.jit((y: Tensor) => y.mul(2));
  for (let call = 1; call <= 4; call++) {
    const { provenance } = double(x);
    assert.ok(provenance.has("x") && !provenance.hasAxes, `call ${call}`);
  }
  assert.is(double(x).provenance.mixedBy("x", -1), "jit");
  assert.not.ok(P.trackProvenance(tensor([1, 2, 3]), x.provenance).provenance.hasAxes);
  assert.not.ok(P.trackProvenance(x, "x").provenance.hasAxes, "mixed wherever the tag stands for");
  P.inFreshRun(() => {
    x.toArray();
    const { provenance } = x.add(1);
    assert.is(provenance.mixedBy("x", -1), "read");
    assert.not.ok(provenance.hasAxes);
  });
});

test.run();
