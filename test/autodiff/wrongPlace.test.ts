/** Arguments in the form of other libraries, and options in the wrong place: the error names the op and the arguments that it takes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../autodiff/index.js";
import { type Tensor, tensor } from "../../autodiff/index.js";
import { Normal } from "../../distributions/index.js";
import { refusal } from "../refusals.js";

// biome-ignore lint/suspicious/noExplicitAny: TypeScript would not compile these calls
const { jit, random, ...ops } = P as any;
const x = () => tensor([1, 2, 3, 4]) as unknown as Record<string, (...args: unknown[]) => Tensor>;
const f = (y: Tensor) => y.square().sum();
const key = P.random.key(0);

const CALLS: [what: string, call: () => unknown, words: RegExp][] = [
  ["zeros(3)", () => ops.zeros(3), /zeros: the shape must be an array.*got 3/],
  ["ones(3, 2)", () => ops.ones(3, 2), /ones: the shape must be an array/],
  ["full(3, 1)", () => ops.full(3, 1), /full: the shape/],
  ["zeros(tensor)", () => ops.zeros(tensor([2, 3])), /zeros: the shape.*a tensor of shape \[2\]/],
  ["eye([2, 3])", () => ops.eye([2, 3]), /eye/],
  ["x.reshape(2, 2)", () => x().reshape?.(2, 2), /reshape: the shape/],
  ["x.reshape(-1)", () => x().reshape?.(-1), /reshape: the shape/],
  ["x.broadcastTo(4)", () => x().broadcastTo?.(4), /broadcastTo: the shape/],
  ["x.transpose(0, 1)", () => x().transpose?.(0, 1), /transpose: the axes must be a list.*got 0/],
  ["x.expandDims([0])", () => x().expandDims?.([0]), /expandDims: the axis must be a whole number.*array of length 1/],
  ["x.squeeze([0])", () => x().squeeze?.([0]), /squeeze: the axis must be a whole number/],
  ["x.flip([0])", () => x().flip?.([0]), /flip: the axis/],
  ["x.cumsum({ axis: 0 })", () => x().cumsum?.({ axis: 0 }), /cumsum: the axis.*a record with axis/],
  ["x.softmax(true)", () => x().softmax?.(true), /axes must be a number.*got true/],
  ["x.take(0, { axis: 0 })", () => x().take?.(0, { axis: 0 }), /take: the axis/],
  [
    "stack(a, b)",
    () => ops.stack(x(), x()),
    /stack: the first argument must be a list of tensors.*a tensor of shape \[4\]/,
  ],
  ["concatenate(a, b)", () => ops.concatenate(x(), x()), /concatenate: the first argument must be a list of tensors/],
  ["stack([a, b], { axis: 0 })", () => ops.stack([x(), x()], { axis: 0 }), /the axis must be a whole number/],
  ["x.sum(0, true)", () => x().sum?.(0, true), /sum: expected options \(\{ keepDims: … \}/],
  ["x.mean(0, 1)", () => x().mean?.(0, 1), /mean: expected options/],
  ["x.prod(0, true)", () => x().prod?.(0, true), /prod: expected options/],
  ["x.sum(0, { keepDims: 1 })", () => x().sum?.(0, { keepDims: 1 }), /sum: keepDims must be true or false, got 1/],
  [
    "triangularSolve(a, b, { lower: 'no' })",
    () => ops.triangularSolve(P.eye(2), [1, 2], { lower: "no" }),
    /lower must be true or false, got "no"/,
  ],
  ["x.max(0, { keepdims })", () => x().max?.(0, { keepdims: true }), /unknown option "keepdims".*"keepDims"/],
  ["x.argmax(0, true)", () => x().argmax?.(0, true), /argmax: expected options/],
  ["x.logsumexp(0, { dim: 0 })", () => x().logsumexp?.(0, { dim: 0 }), /unknown option "dim"/],
  ["x.slice(0, 4, 2)", () => x().slice?.(0, 4, 2), /slice: expected options \(\{ axis: … \}/],
  ["x.slice(0, 4, { dim: 0 })", () => x().slice?.(0, 4, { dim: 0 }), /unknown option "dim"/],
  [
    "triangularSolve(a, b, true)",
    () => ops.triangularSolve(P.eye(2), [1, 2], true),
    /triangularSolve: expected options/,
  ],
  ["einsum(a, b)", () => ops.einsum(x(), x()), /einsum: the first argument must be a string/],
  ["grad(f, x)", () => ops.grad(f, x()), /grad: takes only a function.*grad\(f\)\(…\)/],
  ["valueAndGrad(f, x)", () => ops.valueAndGrad(f, x()), /valueAndGrad\(f\)/],
  ["jacobian(f, x)", () => ops.jacobian(f, x()), /jacobian\(f\)/],
  ["hessian(f, x)", () => ops.hessian(f, x()), /hessian\(f\)/],
  ["hvp(f, x, v)", () => ops.hvp(f, x(), x()), /hvp\(f\)/],
  ["jit(f, { staticArgnums })", () => jit(f, { staticArgnums: [1] }), /jit\(f\)/],
  ["jit(3)", () => jit(3), /jit: expected a function, got 3/],
  ["grad(tensor)", () => ops.grad(x()), /grad: expected a function/],
  ["vjp(x, f)", () => ops.vjp(x(), f), /vjp: expected a function/],
  ["jvp(f, x, v)", () => ops.jvp(f, x(), x()), /jvp: xs must be a list/],
  ["vmap(f, 0)", () => ops.vmap(f, 0), /vmap: expected options/],
  ["vmap(f, [0, 1])", () => ops.vmap(f, [0, 1]), /vmap: expected options/],
  ["random.normal(key, 3)", () => random.normal(key, 3), /random.normal: the shape must be an array/],
  ["random.normal([3], key)", () => random.normal([3], key), /random.normal: the shape.*a tensor of shape/],
  ["random.normal()", () => random.normal(), /first argument must be a key/],
  ["random.key([0])", () => random.key([0]), /random.key: the seed/],
  ["random.split(key, [2])", () => random.split(key, [2]), /split/],
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript would not compile this call
  ["d.sample()", () => (new Normal(0, 1) as any).sample(), /key/],
];

for (const [what, call, words] of CALLS) test(what, () => assert.match(refusal(call).message, words));

test("the gradient of a function that returns a plain number is refused, in every form", () => {
  const number = ((y: Tensor) => y.item() ** 2) as unknown as (y: Tensor) => Tensor;
  for (const gradient of [
    () => P.grad(number)(3),
    () => P.valueAndGrad(number)(3),
    () => P.vjp(number, 3),
    () => P.jvp(number, [3], [1]),
    () => P.jacobian(number)(3),
    () => P.hessian(number)(3),
    () => P.grad((() => undefined) as unknown as () => Tensor)(3),
    () => P.grad((() => [1, 2]) as unknown as () => Tensor)(3),
  ])
    assert.is(refusal(gradient).code, "not-a-tensor");
  assert.is(P.grad(() => tensor(3))(1).item(), 0, "a constant tensor has gradient 0");
});

test.run();
