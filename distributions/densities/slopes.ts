/**
 * Elementwise ops that are given by a function of numbers and its derivative with respect to each operand. A cotangent of 0 stays 0 where
 * the derivative is infinite.
 */
import {
  type Binary,
  binary,
  type Tensor,
  type TensorLike,
  type Ternary,
  ternary,
  type Unary,
  unary,
} from "../../autodiff/index.js";
import { byDerivative } from "../../autodiff/ops/elementwise/elementwise.js";

type Slope<Xs extends Tensor[]> = (...xs: Xs) => TensorLike;

const ruleFrom = (slope: Slope<[Tensor, Tensor, Tensor]>) => byDerivative((_, a, b, c) => slope(a, b, c));

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
