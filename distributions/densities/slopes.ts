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

/** A derivative as a gradient rule. It names three operands, because spreading a list would be slow; missing operands are undefined. */
const ruleFrom =
  (slope: Slope<[Tensor, Tensor, Tensor]>) =>
  (g: Tensor, _: Tensor, a: Tensor, b?: Tensor, c?: Tensor): Tensor =>
    mulZeroWins(g, slope(a, b as Tensor, c as Tensor));

export const unaryBySlope = (name: string, scalar: (a: number) => number, ...slopes: Slope<[Tensor]>[]): Unary =>
  unary(name, scalar, slopes.map(ruleFrom));
export const binaryBySlopes = (
  name: string,
  scalar: (a: number, b: number) => number,
  ...slopes: Slope<[Tensor, Tensor]>[]
): Binary => binary(name, scalar, slopes.map(ruleFrom));
export const ternaryBySlopes = (
  name: string,
  scalar: (a: number, b: number, c: number) => number,
  ...slopes: Slope<[Tensor, Tensor, Tensor]>[]
): Ternary => ternary(name, scalar, slopes.map(ruleFrom));
