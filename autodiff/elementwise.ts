/**
 * How an elementwise op is made from an arrow function of numbers. One loop is generated per op around its scalar function,
 * so that V8 inlines it: a loop shared by all ops would call through a megamorphic site, seven times slower.
 */
import { apply } from "./apply.js";
import { broadcastTogether } from "./batching.js";
import { materialize } from "./copy.js";
import type { Op } from "./op.js";
import { type Tensor, tensor } from "./tensor.js";
import type { TensorLike } from "./tensorLike.js";
import { broadcastShapes, broadcastView, isContiguous, type Shape, sizeOf, type View } from "./view.js";

/** Gradient rule of one operand: cotangent, result, operands. */
type Rule<Xs extends Tensor[]> = (g: Tensor, y: Tensor, ...xs: Xs) => Tensor;
/** One rule per operand, null for an operand without a gradient; null for none at all. */
type Rules<Xs extends Tensor[]> = readonly (Rule<Xs> | null)[] | null;

/** Elementwise functions by number of operands; `op` is the table row behind each. */
export type Unary = ((a: TensorLike) => Tensor) & { readonly op: Op };
export type Binary = ((a: TensorLike, b: TensorLike) => Tensor) & { readonly op: Op };
export type Ternary = ((a: TensorLike, b: TensorLike, c: TensorLike) => Tensor) & { readonly op: Op };

function elementwise<Xs extends Tensor[]>(name: string, scalar: (...xs: number[]) => number, rules: Rules<Xs>): Op {
  const vjps = (rules ?? []).map(
    (rule) => rule && ((g: Tensor, y: Tensor, xs: readonly Tensor[]) => rule(g, y, ...(xs as Xs))),
  );
  const op: Op = {
    name,
    shape: (_, inputs) => shapeOfAll(name, inputs),
    kernel: elementwiseKernel(scalar),
    vjp: (input) => vjps[input] ?? null,
    batch: (_, inputs, batched) => apply(op, null, ...broadcastTogether(inputs, batched)),
    scalar,
  };
  return op;
}

/** An op that maps `scalar` over its operand; `rules` give the gradient. */
export function unary(name: string, scalar: (a: number) => number, rules: Rules<[Tensor]>): Unary {
  const op = elementwise(name, scalar as (...xs: number[]) => number, rules);
  return Object.assign((a: TensorLike) => apply(op, null, tensor(a)), { op });
}

/** The same for two operands that broadcast. */
export function binary(name: string, scalar: (a: number, b: number) => number, rules: Rules<[Tensor, Tensor]>): Binary {
  const op = elementwise(name, scalar as (...xs: number[]) => number, rules);
  return Object.assign((a: TensorLike, b: TensorLike) => apply(op, null, tensor(a), tensor(b)), { op });
}

/** The same for three operands that broadcast. */
export function ternary(
  name: string,
  scalar: (a: number, b: number, c: number) => number,
  rules: Rules<[Tensor, Tensor, Tensor]>,
): Ternary {
  const op = elementwise(name, scalar as (...xs: number[]) => number, rules);
  return Object.assign(
    (a: TensorLike, b: TensorLike, c: TensorLike) => apply(op, null, tensor(a), tensor(b), tensor(c)),
    { op },
  );
}

function shapeOfAll(name: string, inputs: readonly Tensor[]): Shape {
  let shape = (inputs[0] as Tensor).shape;
  for (let i = 1; i < inputs.length; i++) shape = broadcastShapes(name, shape, (inputs[i] as Tensor).shape);
  return shape;
}

type Loop = (n: number, out: Float64Array, at: number, ...operands: (Float64Array | number)[]) => void;

/** The generated loop: operand x is read at offset xo and advances by xs, which is 1, or 0 for a repeated value. */
export function generateLoop(scalar: (...xs: number[]) => number): Loop {
  const names = ["a", "b", "c"].slice(0, scalar.length);
  const parameters = names.map((x) => `${x}, ${x}o, ${x}s`).join(", ");
  const reads = names.map((x) => `${x}[${x}o]`).join(", ");
  const steps = names.map((x) => `${x}o += ${x}s;`).join(" ");
  const text = `return (n, out, at, ${parameters}) => {
    for (const end = at + n; at < end; at++) { out[at] = f(${reads}); ${steps} }
  }`;
  return new Function("f", text)(scalar) as Loop;
}

function elementwiseKernel(scalar: (...xs: number[]) => number): Op["kernel"] {
  let loop: Loop | null = null;
  return (_, out, inputs) => {
    if (out.shape.length === 0) {
      out.data[out.offset] = scalar(...inputs.map((x) => x.data[x.offset] as number));
      return;
    }
    loop ??= generateLoop(scalar);
    const n = sizeOf(out.shape);
    const operands: (Float64Array | number)[] = [];
    for (const input of inputs) {
      const repeated = sizeOf(input.shape) === 1;
      const x = repeated ? input : flat(input, out.shape);
      operands.push(x.data, x.offset, repeated ? 0 : 1);
    }
    loop(n, out.data, out.offset, ...operands);
  };
}

const flat = (x: View, shape: Shape): View => {
  const seen = broadcastView(x, shape);
  return isContiguous(seen) ? seen : materialize(seen);
};
