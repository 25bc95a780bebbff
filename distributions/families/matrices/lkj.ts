/** Random d by d correlation matrices, d = dim, with density proportional to |matrix|^(η - 1), η = concentration. */
import {
  arange,
  cholesky,
  clip,
  concatenate,
  diag,
  digammaDifference,
  eye,
  isFinite,
  lgamma,
  log,
  logBeta,
  slice,
  sqrt,
  square,
  sum,
  type Tensor,
  type TensorLike,
  tril,
  where,
  zeros,
} from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../../autodiff/ops/random/wordOps.js";
import { scalarConstraint } from "../../constraints/constraint.js";
import { corrCholesky, corrMatrix, positive } from "../../constraints/index.js";
import { LOG_PI } from "../../core/constants.js";
import { type Formulas, family, type Row, type Tensors } from "../../core/family.js";
import { commonNumber } from "../../core/parameters.js";
import { gram } from "../../transforms/matrix.js";

type Params = Tensors<"dim" | "concentration">;
type Arguments = [dim: number, concentration?: TensorLike];
const dimOf = ({ dim }: Params, name = "LKJ"): number => commonNumber(dim, name, "dim");
const isDim = (n: number): 0 | 1 => (n >= 2 && n <= 2 ** 31 && Number.isInteger(n) ? 1 : 0);
const dim = /* @__PURE__ */ scalarConstraint("dim", "a whole number in [2, 2147483648]", isDim, { isDiscrete: true });
/** A family of dim x dim matrices. */
const correlations = (name: string, row: Pick<Row<Params>, "support"> & Formulas<Params>) =>
  family<Params, Arguments>(name, {
    constraints: { dim, concentration: positive },
    defaults: { concentration: 1 },
    check: (p) => dimOf(p, name),
    eventShape: (p) => [dimOf(p), dimOf(p)],
    ...row,
  });

/** The L_ii² for i = 2 … d are independent Beta(a_i, b_i) with a_i = η + (d - i)/2 and b_i = (i - 1)/2. */
function betasOf(p: Params): [a: Tensor, b: Tensor] {
  const d = dimOf(p);
  const before = arange(d - 1).mul(0.5);
  const most = p.concentration.add((d - 2) / 2).expandDims(-1);
  return [most.sub(before), before.add(0.5)];
}

/** The log density of the factor, from log L_ii for i = 2 … d. */
function logFactorDensity(logs: Tensor, p: Params): Tensor {
  const [a, b] = betasOf(p);
  const norms = logBeta(a, b).add(b.mul(LOG_PI)).sub(lgamma(b));
  return sum(a.sub(1).mul(2).mul(logs).sub(norms), -1);
}
/** Σ_{i=2}^d (d - i) log L_ii: the log density of the factor minus the log density of the matrix. */
const logJacobian = (logs: Tensor, p: Params): Tensor => sum(logs.mul(arange(dimOf(p) - 2, -1, -1)), -1);
/** E log L_ii for i = 2 … d. */
const meanLogs = (p: Params): Tensor => digammaDifference(...betasOf(p)).mul(-0.5);
const logsOf = (factor: Tensor): Tensor => log(slice(diag(factor), 1, undefined, { axis: -1 }));

/**
 * LKJCholesky: the Cholesky factor of a random correlation matrix (Lewandowski, Kurowicka and Joe 2009). The density is with respect to the
 * free entries below the diagonal:
 *
 *     log p(L) = Σ_{i=2}^d (2 (a_i - 1) log L_ii - log B(a_i, b_i) - b_i log π + log Γ(b_i)),   a_i = η + (d - i)/2,   b_i = (i - 1)/2.
 *
 * Draws use the onion method: the entries of a row below the diagonal are a random direction times the square root of a Beta draw.
 *
 * @example new LKJCholesky(3, 2).eventShape // [3, 3]
 */
export class LKJCholesky extends /* @__PURE__ */ correlations("LKJCholesky", {
  support: corrCholesky,
  logDensity: (x, p) => logFactorDensity(logsOf(x), p),
  entropy: (p) => logFactorDensity(meanLogs(p), p).neg(),
  draw: (key, shape, p) => {
    const d = dimOf(p);
    const [k1, k2] = splitInTwo(key);
    // The squared diagonal entries are drawn directly, because 1 minus the sum of the other squares would lose digits. They are >= 1e-300, so
    // that the square of √left does not underflow to 0.
    const left = clip(random.beta(k1, ...betasOf(p), [...shape, d - 1]), 1e-300, 1);
    const directions = tril(random.normal(k2, [...shape, d - 1, d - 1]));
    const length = sqrt(sum(square(directions), -1, { keepDims: true }));
    const below = directions.div(length).mul(sqrt(left.neg().add(1)).expandDims(-1));
    // Rows 2 … d below the diagonal, and a column of zeros. The diagonal is added at the end.
    const lower = concatenate([below, zeros([...shape, d - 1, 1])], -1);
    const corner = concatenate([zeros([...shape, 1, d]), lower], -2);
    const onDiagonal = concatenate([zeros([...shape, 1]).add(1), sqrt(left)], -1);
    return corner.add(onDiagonal.expandDims(-1).mul(eye(d)));
  },
}) {}

/**
 * LKJ: the correlation matrix itself. With L its Cholesky factor,
 *
 *     log p(x) = log p_LKJCholesky(L) - Σ_{i=2}^d (d - i) log L_ii = 2 (η - 1) Σ_i log L_ii + const.
 *
 * @example new LKJ(3, 2).eventShape // [3, 3]
 */
export class LKJ extends /* @__PURE__ */ correlations("LKJ", {
  support: corrMatrix,
  logDensity: (x, p) => {
    // Masked values may be NaN, which must not reach the factor's gradient.
    const logs = logsOf(cholesky(where(isFinite(x), x, eye(dimOf(p)))));
    return logFactorDensity(logs, p).sub(logJacobian(logs, p));
  },
  entropy: (p) => {
    const logs = meanLogs(p);
    return logJacobian(logs, p).sub(logFactorDensity(logs, p));
  },
  draw: (key, shape, p) => gram(new LKJCholesky(p).draw(key, shape)),
  mean: (p) => eye(dimOf(p)),
  // An entry r outside the diagonal is 2 y - 1 for a y from Beta(a, a), a = η + d/2 - 1.
  variance: (p) => {
    const d = dimOf(p);
    const spread = p.concentration.mul(2).add(d - 1);
    return eye(d).neg().add(1).div(spread.expandDims(-1).expandDims(-1));
  },
}) {}
