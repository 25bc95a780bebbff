/**
 * Elementwise ops that are given by a function of numbers and its derivative with respect to each operand. A cotangent of 0 stays 0 where
 * the derivative is infinite.
 */
import {
  type Binary,
  binary,
  mulZeroWins,
  type Tensor,
  type TensorLike,
  type Ternary,
  ternary,
  type Unary,
  unary,
} from "../../autodiff/index.js";

type Slope<Xs extends Tensor[]> = (...xs: Xs) => TensorLike;

/** Derivatives as gradient rules. A rule gets three operands, of which the last ones may be undefined. */
const rulesFrom = (slopes: readonly Slope<never[]>[]) =>
  slopes.map(
    (slope) =>
      (g: Tensor, _: Tensor, ...xs: Tensor[]): Tensor =>
        mulZeroWins(g, slope(...(xs as never[]))),
  );

export const unaryBySlope = (name: string, scalar: (a: number) => number, ...slopes: Slope<[Tensor]>[]): Unary =>
  unary(name, scalar, rulesFrom(slopes));
export const binaryBySlopes = (
  name: string,
  scalar: (a: number, b: number) => number,
  ...slopes: Slope<[Tensor, Tensor]>[]
): Binary => binary(name, scalar, rulesFrom(slopes));
export const ternaryBySlopes = (
  name: string,
  scalar: (a: number, b: number, c: number) => number,
  ...slopes: Slope<[Tensor, Tensor, Tensor]>[]
): Ternary => ternary(name, scalar, rulesFrom(slopes));
