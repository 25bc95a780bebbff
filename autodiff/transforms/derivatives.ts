/**
 * Derivatives beyond the gradient, built from vjp and vmap. The function `pullback` that vjp returns is linear in the cotangent, so its own
 * gradient gives forward mode. vmap of `pullback` over unit cotangents gives all rows of a Jacobian in one pass.
 */
import { refuse } from "../../provenance/base/error.js";
import { refuseOption, requireFunction, show } from "../../provenance/base/options.js";
import type { TensorLike } from "../core/convert.js";
import { sameShape, showShape } from "../core/shape.js";
import { asTensor, type Tensor, tensor } from "../core/tensor.js";
import { eye, zeros } from "../ops/array/make.js";
import { sum } from "../ops/array/reduce.js";
import { add, mul } from "../ops/elementwise/math.js";
import { reshape } from "../ops/views/shape.js";
import { grad, gradFor, vjpFor } from "./grad.js";
import { leavesOf, mapTree, type TensorsLike, type Tree } from "./tree.js";
import { vmap } from "./vmap.js";

/** Σ x·y over all leaves of two lists of arguments. */
function innerProduct(op: string, xs: readonly unknown[], ys: readonly unknown[]): Tensor {
  const [left, right] = [xs.flatMap(leavesOf), ys.flatMap(leavesOf)];
  let total = tensor(0);
  left.forEach((leaf, i) => {
    const [x, y] = [asTensor(op, leaf as TensorLike), asTensor(op, (right[i] ?? []) as TensorLike)];
    if (left.length !== right.length || !sameShape(x.shape, y.shape))
      refuse(
        "shape-mismatch",
        op,
        `the direction must have the structure and shapes of the point, but the point has ${left.length} leaves and the direction ${right.length}, and leaf ${i} has shape ${showShape(x.shape)} and ${showShape(y.shape)}.`,
      );
    total = add(total, sum(mul(x, y)));
  });
  return total;
}

/** `[f(...xs), the derivative of f at xs along tangents]`; tangents have the structure of xs, one per argument. */
export function jvp(
  f: (...xs: Tree[]) => Tensor,
  xs: readonly unknown[],
  tangents: readonly unknown[],
): [Tensor, Tensor] {
  requireFunction("jvp", f);
  for (const [name, list] of Object.entries({ xs, tangents }))
    if (!Array.isArray(list))
      refuseOption("jvp", name, `${name} must be a list with one entry for each argument of f, got ${show(list)}.`);
  const [y, pullback] = vjpFor("jvp", f, xs);
  return [y, grad((u: Tensor) => innerProduct("jvp", pullback(u), tangents))(zeros(y.shape))];
}

/** All first derivatives of f: for each leaf of x, a tensor of shape [...f(x).shape, ...leaf.shape]. */
export function jacobian<X = Tree, R extends unknown[] = []>(
  f: (x: X, ...rest: R) => Tensor,
  ...others: readonly never[]
): (x: unknown, ...rest: R) => TensorsLike<X> {
  requireFunction("jacobian", f, others);
  return jacobianFor("jacobian", f);
}
/** `jacobian` as a part of the function `op`, which errors name. */
const jacobianFor =
  (op: string, f: (...args: Tree[]) => Tensor) =>
  (x: unknown, ...rest: unknown[]): Tree => {
    const [y, pullback] = vjpFor(op, (point: Tree) => f(point, ...rest), [x]);
    const units = reshape(eye(y.size), [y.size, ...y.shape]);
    const rows = vmap((u: Tensor) => pullback(u)[0])(units);
    return mapTree(rows, (leaf) => {
      const row = leaf as Tensor;
      return reshape(row, [...y.shape, ...row.shape.slice(1)]);
    });
  };

/** The second derivatives of a scalar function of one tensor, of shape [...x.shape, ...x.shape]. */
export function hessian<R extends unknown[]>(
  f: (x: Tensor, ...rest: R) => Tensor,
  ...others: readonly never[]
): (x: TensorLike, ...rest: R) => Tensor {
  requireFunction("hessian", f, others);
  return jacobianFor("hessian", gradFor("hessian", f));
}

/** The Hessian of a scalar function at x, times v, without forming the Hessian; v and the result have the structure of x. */
export function hvp<X = Tree, R extends unknown[] = []>(
  f: (x: X, ...rest: R) => Tensor,
  ...others: readonly never[]
): (x: unknown, v: unknown, ...rest: R) => TensorsLike<X> {
  requireFunction("hvp", f, others);
  return (x, v, ...rest) =>
    gradFor("hvp", (point: Tree) => innerProduct("hvp", [gradFor("hvp", f)(point, ...rest)], [v]))(x);
}

/** `[[value, aux], gradient]` of f at x, like `valueAndGrad`, by one jvp for each coordinate. A final run of f at x gives value and aux. */
export const valueAndForwardGrad =
  <A>(f: (x: Tree) => readonly [Tensor, A]): ((x: Tree) => [readonly [Tensor, A], Tree]) =>
  (x) => {
    let next = 0;
    const gradient = mapTree(x, (leaf) => {
      const index = next++;
      const { shape, size } = leaf as Tensor;
      const along = (direction: Tensor): Tensor => {
        let i = 0;
        const tangent = mapTree(x, (other) =>
          i++ === index ? direction.reshape(shape) : zeros((other as Tensor).shape),
        );
        return jvp((point: Tree) => f(point)[0], [x], [tangent])[1];
      };
      return vmap(along)(eye(size)).reshape(shape);
    });
    return [f(x), gradient];
  };
