/** The affine transform that turns independent standard normals into a multivariate normal. */
import { broadcastShapes, type Shape } from "../../autodiff/core/shape.js";
import {
  broadcastTo,
  diag,
  log,
  matmul,
  sum,
  type Tensor,
  type TensorLike,
  tensor,
  triangularSolve,
} from "../../autodiff/index.js";
import { lowerCholesky } from "../constraints/index.js";
import { refuseParameter } from "../core/parameters.js";
import { requireThat, validation } from "../core/validation.js";
import { Transform } from "./transform.js";

/**
 * y = loc + L x for vectors x and a lower triangular matrix L = scaleTril with a positive diagonal; log |det dy/dx| = Σ_i log L_ii.
 * `loc` has shape [..., n] and `scaleTril` [..., n, n]; their batch axes broadcast with the batch axes of x [..., n].
 *
 * @example new LowerCholeskyAffine([1, 1], [[2, 0], [1, 3]]).forward(tensor([1, 2])) // [3, 8]
 */
export class LowerCholeskyAffine extends Transform {
  readonly loc: Tensor;
  readonly scaleTril: Tensor;
  constructor(loc: TensorLike, scaleTril: TensorLike) {
    super();
    this.loc = tensor(loc);
    this.scaleTril = tensor(scaleTril);
    const [n, rows, columns] = [this.loc.shape.at(-1), this.scaleTril.shape.at(-2), this.scaleTril.shape.at(-1)];
    if (n === undefined || n !== rows || n !== columns)
      refuseParameter(
        "LowerCholeskyAffine",
        "scaleTril",
        `loc has shape [${this.loc.shape}] and scaleTril [${this.scaleTril.shape}]. Give loc n numbers and scaleTril n by n.`,
        "shape-mismatch",
      );
    if (validation) requireThat(this.scaleTril, lowerCholesky, { family: "LowerCholeskyAffine", what: "scaleTril" });
  }
  override get domainEventDim(): number {
    return 1;
  }
  override forward(x: Tensor): Tensor {
    return matmul(this.scaleTril, x.expandDims(-1)).squeeze(-1).add(this.loc);
  }
  override inverse(y: Tensor): Tensor {
    return triangularSolve(this.scaleTril, y.sub(this.loc).expandDims(-1)).squeeze(-1);
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return broadcastTo(sum(log(diag(this.scaleTril)), -1), this.forwardShape(x.shape).slice(0, -1));
  }
  override forwardShape(shape: Shape): Shape {
    const withLoc = broadcastShapes("LowerCholeskyAffine", shape, this.loc.shape);
    return broadcastShapes("LowerCholeskyAffine", withLoc, this.scaleTril.shape.slice(0, -1));
  }
}
