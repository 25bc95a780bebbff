/** Random d by d correlation matrices, d = dim, with density proportional to |matrix|^(η - 1), η = concentration. */
import {
  arange,
  cholesky,
  clip,
  concatenate,
  diag,
  eye,
  isFinite,
  lgamma,
  log,
  multigammaln,
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
import { scalarConstraint } from "../../constraints/constraint.js";
import { corrCholesky, corrMatrix, positive } from "../../constraints/index.js";
import { LOG_PI } from "../../core/constants.js";
import { family, type Row, type Tensors } from "../../core/family.js";
import { commonNumber } from "../../core/parameters.js";
import { gram } from "../../transforms/matrix.js";

type Params = Tensors<"dim" | "concentration">;
type Arguments = [dim: number, concentration?: TensorLike];
const dimOf = ({ dim }: Params, name = "LKJ"): number => commonNumber(dim, name, "dim");
const isDim = (n: number): 0 | 1 => (n >= 2 && n <= 2 ** 31 && Number.isInteger(n) ? 1 : 0);
const dim = /* @__PURE__ */ scalarConstraint("dim", "a whole number in [2, 2147483648]", isDim, { isDiscrete: true });
/** A family of dim x dim matrices. */
const correlations = (name: string, row: Pick<Row<Params>, "support" | "logDensity" | "draw" | "mean">) =>
  family<Params, Arguments>(name, {
    constraints: { dim, concentration: positive },
    defaults: { concentration: 1 },
    check: (p) => dimOf(p, name),
    eventShape: (p) => [dimOf(p), dimOf(p)],
    ...row,
  });

/**
 * LKJCholesky: the Cholesky factor of a random correlation matrix (Lewandowski, Kurowicka and Joe 2009). The density is with respect to the
 * free entries below the diagonal:
 *
 *     log p(L) = Σ_{i=2}^d (d - i + 2 (η - 1)) log L_ii - (d - 1)/2 log π - log Γ_{d-1}(α - 1/2) + (d - 1) log Γ(α),   α = η + (d - 1)/2.
 *
 * Draws use the onion method: the entries of a row below the diagonal are a random direction times the square root of a Beta draw.
 *
 * @example new LKJCholesky(3, 2).eventShape // [3, 3]
 */
export class LKJCholesky extends /* @__PURE__ */ correlations("LKJCholesky", {
  support: corrCholesky,
  logDensity: (x, p) => {
    const d = dimOf(p);
    const alpha = p.concentration.add((d - 1) / 2);
    // d - i for i = 2 … d
    const orders = p.concentration
      .sub(1)
      .mul(2)
      .expandDims(-1)
      .add(arange(d - 2, -1, -1));
    const rows = log(slice(diag(x), 1, undefined, { axis: -1 }));
    return sum(orders.mul(rows), -1)
      .sub(((d - 1) / 2) * LOG_PI)
      .sub(multigammaln(p.concentration.add((d - 2) / 2), d - 1))
      .add(lgamma(alpha).mul(d - 1));
  },
  draw: (key, shape, p) => {
    const d = dimOf(p);
    const [k1, k2] = [...random.split(key)] as [Tensor, Tensor];
    const before = arange(d - 1);
    const rest = p.concentration
      .add((d - 2) / 2)
      .expandDims(-1)
      .sub(before.mul(0.5));
    // The squared diagonal entries are drawn directly, because 1 minus the sum of the other squares would lose digits. They are >= 1e-300, so
    // that the square of √left does not underflow to 0.
    const left = clip(random.beta(k1, rest, before.add(1).mul(0.5), [...shape, d - 1]), 1e-300, 1);
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
 *     log p(x) = 2 (η - 1) Σ_i log L_ii + const = log p_LKJCholesky(L) - Σ_{i=2}^d (d - i) log L_ii.
 *
 * @example new LKJ(3, 2).eventShape // [3, 3]
 */
export class LKJ extends /* @__PURE__ */ correlations("LKJ", {
  support: corrMatrix,
  logDensity: (x, p) => {
    const d = dimOf(p);
    // Masked values may be NaN, which must not reach the factor's gradient.
    const factor = cholesky(where(isFinite(x), x, eye(d)));
    // The weight d - 1 of the first row does not matter, because its diagonal entry is 1.
    const jacobian = sum(log(diag(factor)).mul(arange(d - 1, -1, -1)), -1);
    return new LKJCholesky(p).logDensity(factor).sub(jacobian);
  },
  draw: (key, shape, p) => gram(new LKJCholesky(p).draw(key, shape)),
  mean: (p) => eye(dimOf(p)),
}) {}
