/**
 * How an elementwise op is made from an arrow function of numbers. Each op has a generated loop around its own scalar
 * function, so that V8 inlines the function. One loop for all ops would be seven times slower, because V8 does not inline a
 * call whose function changes often. Operands that broadcast or are strided are not copied: the loop runs along the last two
 * axes, once for each index into the other axes.
 */
import { codeAround } from "../../../provenance/base/codeGeneration.js";
import { refuseOption, requireFunction, show } from "../../../provenance/base/options.js";
import { apply } from "../../core/apply.js";
import type { TensorLike } from "../../core/convert.js";
import { keepAxes, type Op, type Vjp } from "../../core/op.js";
import { broadcastShapes, type Shape } from "../../core/shape.js";
import { asTensor, Tensor } from "../../core/tensor.js";
import { broadcastView, isContiguous, type View } from "../../core/view.js";
import { broadcastTogether } from "../views/batching.js";

/** The gradient rule of one operand: its cotangent, from the cotangent `g` of the result, the result `y`, and all operands. */
type Rule<Xs extends Tensor[]> = (g: Tensor, y: Tensor, ...xs: Xs) => Tensor;
/** One rule per operand, or null for an operand without a gradient. If no operand has a gradient, null instead of the list. */
type Rules<Xs extends Tensor[]> = readonly (Rule<Xs> | null)[] | null;
type Scalar = (...xs: number[]) => number;

/**
 * The types of elementwise functions with one, two and three operands. `op` is the table row that the function applies. The functions made
 * here also have a field `method`, which is the same function as a method of the first operand (methods.ts).
 */
export type Unary = ((a: TensorLike) => Tensor) & { readonly op: Op };
export type Binary = ((a: TensorLike, b: TensorLike) => Tensor) & { readonly op: Op };
export type Ternary = ((a: TensorLike, b: TensorLike, c: TensorLike) => Tensor) & { readonly op: Op };

/** `f` with length `arity`. (`f.length` does not count rest and default parameters.) */
function ofArity(f: Scalar, arity: number): Scalar {
  if (f.length === arity) return f;
  if (arity === 1) return (a: number) => f(a);
  return arity === 2 ? (a: number, b: number) => f(a, b) : (a: number, b: number, c: number) => f(a, b, c);
}

function elementwise(name: string, f: Scalar, arity: number, rules: Rules<Tensor[]>): Op {
  const maker = ["unary", "binary", "ternary"][arity - 1] as string;
  requireFunction(maker, f);
  if (rules !== null && !(Array.isArray(rules) && rules.length === arity))
    refuseOption(maker, "rules", `expected a list of ${arity} gradient rules, or null, got ${show(rules)}.`);
  for (const rule of rules ?? []) if (rule !== null) requireFunction(maker, rule);
  const scalar = ofArity(f, arity);
  const vjps = (rules ?? []).map(
    // A rule always gets three operands, because a spread is slow. If the op has fewer, the last operands are undefined.
    (rule): Vjp<null> | null => rule && ((g, y, xs) => rule(g, y, xs[0] as Tensor, xs[1] as Tensor, xs[2] as Tensor)),
  );
  const op: Op = {
    name,
    shape: (_, inputs) => shapeOfAll(name, inputs),
    kernel: elementwiseKernel(scalar),
    vjp: (input) => vjps[input] ?? null,
    batch: (_, inputs, batched) => apply(op, null, ...broadcastTogether(inputs, batched)),
    axes: keepAxes,
    scalar,
  };
  return op;
}

// Fast path: most operands are tensors, so check before calling asTensor.
const operand = (op: string, x: TensorLike): Tensor => (x instanceof Tensor ? x : asTensor(op, x));

/** Makes an op from `scalar`, and returns the function that applies the op to a tensor; `rules` give the gradient. */
export function unary(name: string, scalar: (a: number) => number, rules: Rules<[Tensor]>): Unary {
  const op = elementwise(name, scalar as Scalar, 1, rules);
  return Object.assign((a: TensorLike) => apply(op, null, operand(name, a)), {
    op,
    method(this: Tensor) {
      return apply(op, null, this);
    },
  });
}

/** Like `unary`, for two operands that broadcast. */
export function binary(name: string, scalar: (a: number, b: number) => number, rules: Rules<[Tensor, Tensor]>): Binary {
  const op = elementwise(name, scalar as Scalar, 2, rules);
  return Object.assign((a: TensorLike, b: TensorLike) => apply(op, null, operand(name, a), operand(name, b)), {
    op,
    method(this: Tensor, b: TensorLike) {
      return apply(op, null, this, operand(name, b));
    },
  });
}

/** Like `unary`, for three operands that broadcast. */
export function ternary(
  name: string,
  scalar: (a: number, b: number, c: number) => number,
  rules: Rules<[Tensor, Tensor, Tensor]>,
): Ternary {
  const op = elementwise(name, scalar as Scalar, 3, rules);
  return Object.assign(
    (a: TensorLike, b: TensorLike, c: TensorLike) =>
      apply(op, null, operand(name, a), operand(name, b), operand(name, c)),
    {
      op,
      method(this: Tensor, b: TensorLike, c: TensorLike) {
        return apply(op, null, this, operand(name, b), operand(name, c));
      },
    },
  );
}

/** g·d, but 0 if g is 0, even if d is infinite or NaN. */
export const productZeroWins = (g: number, d: number): number => (g === 0 ? 0 : g * d);
/** `productZeroWins` as an op. */
export const mulZeroWins: Binary = binary("mulZeroWins", productZeroWins, [
  (G, _, __, d) => mulAnyZeroWins(G, d),
  (G, _, g) => mulAnyZeroWins(G, g),
]);
/** a·b, but 0 if a or b is 0, even if the other is infinite or NaN. So second derivatives of a branch not taken are 0, too. */
export const mulAnyZeroWins: Binary = binary("mulAnyZeroWins", (a, b) => (a === 0 ? 0 : b === 0 ? b : a * b), [
  (G, _, __, b) => mulAnyZeroWins(G, b),
  (G, _, a) => mulAnyZeroWins(G, a),
]);

/**
 * The gradient rules of an op whose derivatives with respect to its operands are given, as functions of the result `y` and of all operands.
 * A rule multiplies the cotangent by the derivative. It uses `mulZeroWins`, so a branch that `where` or a mask did not take contributes
 * exactly 0 to a gradient, whatever the derivative of the branch is.
 */
export function derivatives<Xs extends Tensor[]>(list: ((y: Tensor, ...xs: Xs) => TensorLike)[]): Rule<Xs>[] {
  return list.map(byDerivative as never);
}

/** The rule of one operand. It names three operands, because spreading a list would be slow; missing operands are undefined. */
export function byDerivative(derivative: (y: Tensor, a: Tensor, b: Tensor, c: Tensor) => TensorLike) {
  return (g: Tensor, y: Tensor, a: Tensor, b?: Tensor, c?: Tensor): Tensor =>
    mulZeroWins(g, derivative(y, a, b as Tensor, c as Tensor));
}

function shapeOfAll(name: string, inputs: readonly Tensor[]): Shape {
  let shape = (inputs[0] as Tensor).shape;
  for (let i = 1; i < inputs.length; i++) shape = broadcastShapes(name, shape, (inputs[i] as Tensor).shape);
  return shape;
}

/**
 * Where an operand is read: element i of row r is at `offset + r * down + i * step`. The lists `steps` and `downs` have one entry per
 * operand.
 */
interface Cursor {
  readonly data: Float64Array;
  offset: number;
}
type Steps = readonly number[];
/**
 * Fills `rows` rows of n elements of the result. The first row begins at index `at`, and each row begins `down` elements after the row
 * before. In operand k, a row begins `downs[k]` elements after the row before.
 */
type LoopFunction = (
  n: number,
  out: Float64Array,
  at: number,
  operands: readonly Cursor[],
  steps: Steps,
  rows: number,
  down: number,
  downs: Steps,
) => void;

/** The loop around a scalar function of one to three operands, where generated code is forbidden. */
function plainLoop(scalar: Scalar): LoopFunction {
  return (n, out, at, operands, steps, rows, down, downs) => {
    for (let r = 0; r < rows; r++)
      for (let i = 0; i < n; i++) {
        const read = (k: number): number => {
          const operand = operands[k];
          if (operand === undefined) return 0;
          return operand.data[operand.offset + r * (downs[k] as number) + i * (steps[k] as number)] as number;
        };
        // A function of fewer operands ignores the zeros after them.
        out[at + r * down + i] = scalar(read(0), read(1), read(2));
      }
  };
}

/**
 * The generated loop around a scalar function of one to three operands. In the text, operand a has the offset `ao`, the step `as`, and the
 * step `ad` from the end of a row to the next row.
 */
function generateLoop(scalar: Scalar): LoopFunction {
  const names = ["a", "b", "c"].slice(0, scalar.length);
  const each = (write: (x: string, i: number) => string): string => names.map(write).join(" ");
  const text = `(n, out, at, operands, steps, rows, down, downs) => {
    ${each((x, i) => `const ${x} = operands[${i}].data, ${x}s = steps[${i}], ${x}d = downs[${i}] - n * ${x}s;`)}
    ${each((x, i) => `let ${x}o = operands[${i}].offset;`)}
    for (; rows > 0; rows--) {
      for (const end = at + n; at < end; at++) {
        out[at] = f(${names.map((x) => `${x}[${x}o]`)});
        ${each((x) => `${x}o += ${x}s;`)}
      }
      at += down - n;
      ${each((x) => `${x}o += ${x}d;`)}
    }
  }`;
  return codeAround<LoopFunction>(scalar, text) ?? plainLoop(scalar);
}

function elementwiseKernel(scalar: Scalar): Op["kernel"] {
  let loop: LoopFunction | null = null;
  return (_, out, inputs) => {
    loop ??= generateLoop(scalar);
    const n = out.size;
    const steps = new Array<number>(inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const x = inputs[i] as View;
      if (x.stride.every((step) => step === 0) || x.size === 1) steps[i] = 0;
      else if (x.size === n && isContiguous(x)) steps[i] = 1;
      else return alongLastAxes(loop, out, inputs);
    }
    loop(n, out.data, out.offset, inputs, steps, 1, 0, steps);
  };
}

/** Runs the loop along the last two axes that have more than one element, once for each index into the other axes. */
function alongLastAxes(loop: LoopFunction, out: View, inputs: readonly View[]): void {
  const axes = [...out.shape.keys()].filter((axis) => out.shape[axis] !== 1);
  const last = axes.pop() as number;
  const above = axes.pop() ?? last;
  const rows = above === last ? 1 : (out.shape[above] as number);
  const views = inputs.map((x) => broadcastView(x, out.shape));
  const operands = views.map(({ data, offset }) => ({ data, offset }));
  const [steps, downs] = [last, above].map((axis) => views.map(({ stride }) => stride[axis] as number)) as [
    number[],
    number[],
  ];
  const walk = (depth: number, at: number): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      loop(out.shape[last] as number, out.data, at, operands, steps, rows, out.stride[above] as number, downs);
      return;
    }
    const count = out.shape[axis] as number;
    for (let i = 0; i < count; i++) {
      walk(depth + 1, at + i * (out.stride[axis] as number));
      for (let k = 0; k < views.length; k++)
        (operands[k] as Cursor).offset += (views[k] as View).stride[axis] as number;
    }
    for (let k = 0; k < views.length; k++)
      (operands[k] as Cursor).offset -= count * ((views[k] as View).stride[axis] as number);
  };
  walk(0, out.offset);
}
