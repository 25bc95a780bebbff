/** The op table of the tests: every op once, with the range of its operands and, if there is one, the formula of mathjs. */
import * as P from "../../../autodiff/index.js";
import { random, type Tensor, tensor } from "../../../autodiff/index.js";

/** Numbers are drawn uniformly from [low, high]; whole numbers where `whole`. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly whole?: true;
}
export interface Scalar {
  readonly name: string;
  readonly f: (...xs: Tensor[]) => Tensor;
  readonly ranges: readonly Range[];
  /** The formula of mathjs, in a, b and c. */
  readonly formula?: string;
  /** Whether the op has first and second derivatives inside its ranges. */
  readonly smooth: boolean;
}

const range = (low: number, high: number): Range => ({ low, high });
const ANY = range(-2, 2);
const POSITIVE = range(0.3, 3);
const BIT: Range = { low: 0, high: 1, whole: true };

type Fn = (...xs: never[]) => Tensor;
const row =
  (smooth: boolean) =>
  (name: string, ranges: readonly Range[], formula?: string): Scalar => ({
    name,
    f: (P as unknown as Record<string, Fn>)[name] as (...xs: Tensor[]) => Tensor,
    ranges,
    smooth,
    ...(formula === undefined ? {} : { formula }),
  });
const smooth = row(true);
const stepped = row(false);

/** Elementwise ops. */
export const scalars: readonly Scalar[] = [
  smooth("add", [ANY, ANY], "a + b"),
  smooth("sub", [ANY, ANY], "a - b"),
  smooth("mul", [ANY, ANY], "a * b"),
  smooth("div", [ANY, POSITIVE], "a / b"),
  smooth("neg", [ANY], "-a"),
  smooth("square", [ANY], "a ^ 2"),
  smooth("reciprocal", [POSITIVE], "1 / a"),
  smooth("sqrt", [POSITIVE], "sqrt(a)"),
  smooth("pow", [POSITIVE, ANY], "a ^ b"),
  smooth("exp", [ANY], "exp(a)"),
  smooth("expm1", [ANY], "exp(a) - 1"),
  smooth("log", [POSITIVE], "log(a)"),
  smooth("log1p", [range(-0.8, 2)], "log(1 + a)"),
  smooth("xlogy", [ANY, POSITIVE], "a * log(b)"),
  smooth("xlog1py", [ANY, range(-0.7, 2)], "a * log(1 + b)"),
  smooth("logaddexp", [ANY, ANY], "log(exp(a) + exp(b))"),
  smooth("log1mexp", [range(-3, -0.2)], "log(1 - exp(a))"),
  smooth("sin", [ANY], "sin(a)"),
  smooth("cos", [ANY], "cos(a)"),
  smooth("tan", [range(-1.2, 1.2)], "tan(a)"),
  smooth("atan", [ANY], "atan(a)"),
  smooth("tanh", [ANY], "tanh(a)"),
  smooth("sigmoid", [ANY], "1 / (1 + exp(-a))"),
  smooth("logSigmoid", [ANY], "-log(1 + exp(-a))"),
  smooth("softplus", [ANY], "log(1 + exp(a))"),
  smooth("abs", [range(0.2, 2)], "abs(a)"),
  smooth("relu", [range(0.2, 2)], "max(a, 0)"),
  smooth("maximum", [range(-2, -0.2), range(0.1, 2)], "max(a, b)"),
  smooth("minimum", [range(-2, -0.2), range(0.1, 2)], "min(a, b)"),
  smooth("clip", [range(-0.9, 0.9), range(-2, -1), range(1, 2)], "min(max(a, b), c)"),
  smooth("where", [BIT, ANY, ANY], "a ? b : c"),
  smooth("mulZeroWins", [ANY, ANY], "a * b"),
  stepped("sign", [ANY], "sign(a)"),
  stepped("equal", [BIT, BIT], "a == b ? 1 : 0"),
  stepped("notEqual", [BIT, BIT], "a != b ? 1 : 0"),
  stepped("less", [BIT, BIT], "a < b ? 1 : 0"),
  stepped("lessEqual", [BIT, BIT], "a <= b ? 1 : 0"),
  stepped("greater", [BIT, BIT], "a > b ? 1 : 0"),
  stepped("greaterEqual", [BIT, BIT], "a >= b ? 1 : 0"),
  stepped("logicalNot", [BIT], "a ? 0 : 1"),
  stepped("logicalAnd", [BIT, BIT], "a and b ? 1 : 0"),
  stepped("logicalOr", [BIT, BIT], "a or b ? 1 : 0"),
  stepped("isFinite", [ANY], "1"),
  stepped("isNaN", [ANY], "0"),
  stepped("floor", [ANY], "floor(a)"),
  stepped("ceil", [ANY], "ceil(a)"),
  stepped("round", [ANY], "round(a)"),
  smooth("lgamma", [range(0.5, 6)], "lgamma(a)"),
  smooth("digamma", [range(0.5, 6)]),
  smooth("trigamma", [range(0.5, 6)]),
  smooth("logBeta", [POSITIVE, POSITIVE], "lgamma(a) + lgamma(b) - lgamma(a + b)"),
  smooth("erf", [ANY], "erf(a)"),
  smooth("erfc", [ANY], "1 - erf(a)"),
  smooth("erfcx", [ANY], "exp(a ^ 2) * (1 - erf(a))"),
  smooth("erfinv", [range(-0.8, 0.8)]),
  smooth("ndtr", [ANY], "(1 + erf(a / sqrt(2))) / 2"),
  smooth("logNdtr", [ANY], "log((1 + erf(a / sqrt(2))) / 2)"),
  smooth("ndtri", [range(0.25, 0.75)]),
  smooth("i0e", [POSITIVE]),
  smooth("i1e", [POSITIVE]),
  smooth("logI0", [POSITIVE]),
  smooth("gammainc", [POSITIVE, POSITIVE]),
  smooth("gammaincc", [POSITIVE, POSITIVE]),
  smooth("gammaincinv", [POSITIVE, range(0.3, 0.7)]),
  smooth("betainc", [POSITIVE, POSITIVE, range(0.3, 0.7)]),
  smooth("betaincinv", [POSITIVE, POSITIVE, range(0.3, 0.7)]),
];

/** An operand of the given shape, drawn from a range under a key. */
export function operand(shape: readonly number[], { low, high, whole }: Range, key: number): Tensor {
  const words = random.key(key);
  return whole ? random.randint(words, shape, low, high + 1) : random.uniform(words, shape, low, high);
}

export interface ArrayOp {
  readonly name: string;
  readonly f: (...xs: Tensor[]) => Tensor;
  readonly operands: readonly { shape: readonly number[]; range: Range }[];
  readonly smooth: boolean;
}
const of = (shape: readonly number[], own = ANY) => ({ shape, range: own });
const whole = (shape: readonly number[], high: number) => of(shape, { low: 0, high, whole: true });
const array =
  (isSmooth: boolean) =>
  (name: string, operands: ArrayOp["operands"], f: (...xs: Tensor[]) => Tensor): ArrayOp => ({
    name,
    f,
    operands,
    smooth: isSmooth,
  });
const bends = array(true);
const jumps = array(false);
const spd = (x: Tensor): Tensor => P.add(P.matmul(x, P.transpose(x)), P.mul(2, P.eye(x.length)));

/** Ops that are not elementwise, with the shapes of one example. */
export const arrays: readonly ArrayOp[] = [
  bends("sum", [of([3, 2])], (x) => P.sum(x)),
  bends("sum of an axis", [of([3, 2, 2])], (x) => P.sum(x, -2, { keepDims: true })),
  bends("mean", [of([3, 2, 2])], (x) => P.mean(x, [0, -1])),
  bends("prod", [of([3, 2])], (x) => P.prod(x, 0)),
  bends("max", [of([3, 4])], (x) => P.max(x, 1)),
  bends("min", [of([3, 4])], (x) => P.min(x)),
  bends("logsumexp", [of([3, 4])], (x) => P.logsumexp(x, 0)),
  bends("softmax", [of([3, 4])], (x) => P.softmax(x)),
  bends("logSoftmax", [of([3, 4])], (x) => P.logSoftmax(x, 0)),
  bends("cumsum", [of([3, 4])], (x) => P.cumsum(x, 1)),
  jumps("argmax", [of([3, 4])], (x) => P.argmax(x, 1)),
  jumps("argmin", [of([3, 4])], (x) => P.argmin(x)),
  bends("reshape", [of([3, 4])], (x) => P.reshape(x, [2, -1])),
  bends("transpose", [of([3, 4, 2])], (x) => P.transpose(x, [1, 2, 0])),
  bends("broadcastTo", [of([3, 1])], (x) => P.broadcastTo(x, [2, 3, 4])),
  bends("expandDims", [of([3, 4])], (x) => P.expandDims(x, 1)),
  bends("squeeze", [of([3, 1, 2])], (x) => P.squeeze(x, 1)),
  bends("slice", [of([3, 5])], (x) => P.slice(x, 1, -1, { axis: 1, step: 2 })),
  bends("flip", [of([3, 4])], (x) => P.flip(x, 1)),
  bends("concatenate", [of([3, 2]), of([3, 4])], (x, y) => P.concatenate([x, y], 1)),
  bends("stack", [of([3, 2]), of([3, 2])], (x, y) => P.stack([x, y], -1)),
  bends("at", [of([3, 4]), whole([2, 1], 2), whole([3], 3)], (x, i, j) => P.at(x, i, j)),
  bends("take", [of([3, 4]), whole([2, 2], 3)], (x, i) => P.take(x, i, 1)),
  bends("takeAlongAxis", [of([3, 4]), whole([3, 2], 3)], (x, i) => P.takeAlongAxis(x, i, 1)),
  bends("scatterAdd", [of([3, 4]), whole([2], 3), of([3, 2])], (x, i, u) => P.scatterAdd(x, i, u, 1)),
  jumps("oneHot", [whole([3], 3)], (i) => P.oneHot(i, 4)),
  bends("tril", [of([3, 4])], (x) => P.tril(x, 1)),
  bends("triu", [of([3, 4])], (x) => P.triu(x, -1)),
  bends("diag of a vector", [of([3])], (x) => P.diag(x)),
  bends("diag of a matrix", [of([3, 4])], (x) => P.diag(x)),
  bends("matmul", [of([3, 4]), of([2, 4, 2])], (x, y) => P.matmul(x, y)),
  bends("matmul of vectors", [of([4]), of([4])], (x, y) => P.matmul(x, y)),
  bends("einsum", [of([2, 3]), of([3, 2, 4])], (x, y) => P.einsum("ij,jik->k", x, y)),
  bends("einsum of three", [of([2]), of([2, 3]), of([3])], (x, y, z) => P.einsum("i,ij,j", x, y, z)),
  bends("cholesky", [of([3, 3])], (x) => P.cholesky(spd(x))),
  bends("triangularSolve", [of([3, 3], POSITIVE), of([3, 2])], (a, b) => P.triangularSolve(a, b)),
  bends("triangularSolve, upper, transposed", [of([3, 3], POSITIVE), of([3])], (a, b) =>
    P.triangularSolve(a, b, { lower: false, transpose: true }),
  ),
  bends("inverse", [of([3, 3])], (x) => P.inverse(spd(x))),
  bends("logdet", [of([3, 3])], (x) => P.logdet(spd(x))),
  bends("stopGradient", [of([3])], (x) => P.mul(x, P.stopGradient(tensor([1, 2, 3])))),
];
