/**
 * Reverse mode. The function runs once while its ops record nodes (node.ts). Then the backward pass goes from the result to the arguments,
 * and the rules of each op turn the cotangent of the op's result into cotangents of its inputs. The backward pass itself uses ops, so
 * inside another gradient it records nodes too, and gradients of gradients need no further code.
 */
import { refuse } from "../../provenance/base/error.js";
import * as kinds from "../../provenance/base/kinds.js";
import { requireFunction, requireOptions, show } from "../../provenance/base/options.js";
import { isRecord } from "../../provenance/base/records.js";
import { outsideRuns } from "../../provenance/index.js";
import { apply } from "../core/apply.js";
import type { TensorLike } from "../core/convert.js";
import { gradDepth, Node, withNodes } from "../core/node.js";
import { keepAxes, type Op, sameView, type Vjp } from "../core/op.js";
import { Part, sumOfParts } from "../core/part.js";
import { sameShape, showShape } from "../core/shape.js";
import { asTensor, Tensor } from "../core/tensor.js";
import { ones, zeros } from "../ops/array/make.js";
import { sum } from "../ops/array/reduce.js";
import { add } from "../ops/elementwise/math.js";
import { reshapeAs, viewOp } from "../ops/views/shape.js";
import { leavesOf, mapTree, type TensorsLike, type Tree } from "./tree.js";

// A variable is a new tensor with the value of the argument and a new node, so that each gradient finds exactly its own variables.
const variableOp = identityOp("variable", (g) => g);
function variableOf(x: Tensor): Tensor {
  const variable = apply(variableOp, null, x);
  variable.node = new Node(variableOp, null, [x]);
  return variable;
}

/** The same value as x, but a constant for every gradient. The provenance is kept. */
export const stopGradient = <T>(x: T): T =>
  mapTree(x, (item) => apply(stopOp, null, asTensor("stopGradient", item as TensorLike)));
const stopOp = identityOp("stopGradient", null);

/** An op that returns its input, with another gradient. */
function identityOp(name: string, vjp: Vjp<null> | null): Op {
  return viewOp({ name, view: sameView, scalar: (a) => a, vjp: () => vjp, batched: (none) => none, axes: keepAxes });
}

/**
 * The cotangent `g` of an input of `op`, summed over the axes along which broadcasting has repeated the input, which has `shape`. Rules of
 * ops need not do this.
 */
function unbroadcast(contribution: Tensor, shape: readonly number[], op: string): Tensor {
  const g = contribution instanceof Tensor ? contribution : asTensor(op, contribution);
  if (g.shape === shape || sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  if (shape.some((n, i) => n !== 1 && n !== g.shape[lead + i]))
    refuse("bad-result", op, `a gradient rule must return shape ${showShape(shape)}, got ${showShape(g.shape)}.`);
  const repeated = [...g.shape.keys()].filter((i) => shape[i - lead] !== g.shape[i]);
  return reshapeAs(sum(g, repeated), shape);
}

let passes = 0;

/**
 * The cotangents of the variables, given the cotangent of y; undefined for a variable that y does not depend on. Node serials count up, so
 * descending serials lead from the result to its operands. A node is skipped if it depends only on older variables, which belong to an
 * outer gradient. Arrays are indexed by node serial minus the serial of the oldest variable.
 */
function backpropagate(y: Tensor, cotangent: Tensor, variables: readonly Tensor[]): (Tensor | undefined)[] {
  const pass = ++passes;
  const nodes = variables.map(({ node }) => node as Node);
  for (const node of nodes) node.pass = pass;
  const oldest = nodes[0]?.serial ?? Infinity;
  const top = y.node === null || y.node.newestVariable < oldest ? -1 : y.node.serial - oldest;
  const tensors = new Array<Tensor | undefined>(top + 1);
  const cotangents = new Array<Tensor | undefined>(top + 1);
  const parts = new Map<number, Part[]>();
  if (top >= 0) {
    tensors[top] = y;
    cotangents[top] = cotangent;
  }
  for (let k = top; k >= 0; k--) {
    const x = tensors[k];
    const node = x?.node;
    if (x === undefined || node == null || node.pass === pass) continue;
    const g = (parts.size === 0 ? cotangents[k] : sumCotangents(cotangents[k], parts.get(k), x)) as Tensor;
    cotangents[k] = undefined;
    const { op, inputs, params } = node;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i] as Tensor;
      if (input.node === null || input.node.newestVariable < oldest) continue;
      const rule = op.vjp(i);
      if (rule === null) continue;
      const contribution = rule(g, x, inputs, params);
      const to = input.node.serial - oldest;
      tensors[to] = input;
      // The first test is for speed: instanceof takes 40 ns if the answer is no.
      if (contribution instanceof Tensor || !(contribution instanceof Part))
        cotangents[to] = addCotangent(cotangents[to], unbroadcast(contribution, input.shape, op.name));
      else if (!parts.get(to)?.push(contribution)) parts.set(to, [contribution]);
    }
  }
  return nodes.map(({ serial }, i) =>
    sumCotangents(cotangents[serial - oldest], parts.get(serial - oldest), variables[i] as Tensor),
  );
}

const addCotangent = (sum: Tensor | undefined, contribution: Tensor): Tensor =>
  sum === undefined ? contribution : add(sum, contribution);

/** The sum of all cotangents of x: `whole` has full size, and `parts` are sparse (part.ts). */
const sumCotangents = (whole: Tensor | undefined, parts: readonly Part[] | undefined, x: Tensor): Tensor | undefined =>
  parts === undefined ? whole : addCotangent(whole, sumOfParts(parts, x.shape));

/** Runs f, which returns `[value, aux]`, on variables made from the leaves of its arguments. Errors name `op`. */
function runOnVariables<A>(
  op: string,
  f: (...xs: Tree[]) => readonly [TensorLike, A],
  xs: readonly unknown[],
): { y: Tensor; aux: A; variables: Tensor[] } {
  const variables: Tensor[] = [];
  return withNodes(() => {
    const points = xs.map((x) =>
      mapTree(x, (item) => {
        const variable = variableOf(asTensor(op, item as TensorLike));
        variables.push(variable);
        return variable;
      }),
    );
    const [y, aux] = f(...points);
    return { y: asResult(op, y), aux, variables };
  });
}

/** The result of a function as a tensor. Refuses a plain number, because gradients pass only through tensors. */
function asResult(op: string, y: unknown): Tensor {
  if (y instanceof Tensor) return y;
  if (leavesOf(y).some((part) => part instanceof Tensor)) return asTensor(op, y as TensorLike);
  refuse(
    "not-a-tensor",
    op,
    `the function must return a tensor made by ops, got ${show(y)}, which has no gradient. Write x.mul(2) instead of 2 * x, and return the tensor instead of its item().`,
  );
}

/** Drops the graph of a result, unless an outer gradient needs it. */
const withoutGraph = (x: Tensor): Tensor => (gradDepth > 0 ? x : x.withoutNode());

/** The cotangents of the variables, arranged in the structure of the arguments from which the variables were made. */
function gradientsOf(y: Tensor, cotangent: Tensor, xs: readonly unknown[], variables: readonly Tensor[]): Tree[] {
  const cotangents = outsideRuns(() => backpropagate(y, cotangent, variables));
  let i = 0;
  return xs.map((x) =>
    mapTree(x, () => {
      const { shape } = variables[i] as Tensor;
      return withoutGraph(cotangents[i++] ?? zeros(shape));
    }),
  );
}

/** `[f(x, ...rest), the gradient of f with respect to x]`. f returns a scalar tensor; the gradient has the structure of x. */
export function valueAndGrad<X = Tree, R extends unknown[] = []>(
  f: (x: X, ...rest: R) => Tensor,
  options?: { hasAux?: false },
): (x: unknown, ...rest: R) => [Tensor, TensorsLike<X>];
/** With `hasAux`, f returns `[value, aux]`, and the result is `[[value, aux], gradient]`; aux is returned unchanged and has no gradient. */
export function valueAndGrad<X = Tree, R extends unknown[] = [], A = unknown>(
  f: (x: X, ...rest: R) => readonly [Tensor, A],
  options: { hasAux: true },
): (x: unknown, ...rest: R) => [[Tensor, A], TensorsLike<X>];
export function valueAndGrad(f: (...args: Tree[]) => unknown, ...others: readonly unknown[]): unknown {
  requireFunction("valueAndGrad", f, isRecord(others[0]) ? others.slice(1) : others);
  const options = (others[0] ?? {}) as { hasAux?: boolean };
  requireOptions("valueAndGrad", options, { hasAux: kinds.flag });
  return valueAndGradFor("valueAndGrad", f, options.hasAux);
}

/** `valueAndGrad` as a part of the function `op`, which errors name. */
export function valueAndGradFor(op: string, f: (...args: Tree[]) => unknown, hasAux = false) {
  return (x: unknown, ...rest: unknown[]): [unknown, Tree] => {
    const { y, aux, variables } = runOnVariables(
      op,
      (argument) => (hasAux ? requirePair(f(argument, ...rest)) : [f(argument, ...rest) as Tensor, null]),
      [x],
    );
    if (y.shape.length > 0 && y.size !== 1)
      refuse(
        "not-scalar",
        op,
        `the function must return a scalar, got a tensor of shape ${showShape(y.shape)}. Reduce it (.sum()), or use vjp or jacobian.`,
      );
    const value = withoutGraph(y);
    return [hasAux ? [value, aux] : value, gradientsOf(y, ones(y.shape), [x], variables)[0]];
  };
}

function requirePair(result: unknown): [Tensor, unknown] {
  if (Array.isArray(result) && result.length === 2) return result as [Tensor, unknown];
  return refuse(
    "bad-result",
    "valueAndGrad",
    `with hasAux the function must return [value, aux], got ${show(result)}.`,
  );
}

/** The gradient of a scalar function with respect to its first argument, in that argument's structure. */
export function grad<X = Tree, R extends unknown[] = []>(
  f: (x: X, ...rest: R) => Tensor,
  ...others: readonly never[]
): (x: unknown, ...rest: R) => TensorsLike<X> {
  requireFunction("grad", f, others);
  return gradFor("grad", f);
}
/** `grad` as a part of the function `op`, which errors name. */
export const gradFor =
  (op: string, f: (...args: Tree[]) => Tensor) =>
  (...args: [x: unknown, ...rest: unknown[]]): Tree =>
    valueAndGradFor(op, f)(...args)[1];

/** `[y, pullback]`, where y = f(...xs), and pullback maps a cotangent of y to the cotangents of xs, one per argument. */
export function vjp(f: (...xs: Tree[]) => Tensor, ...xs: unknown[]): [Tensor, (cotangent: TensorLike) => Tree[]] {
  requireFunction("vjp", f);
  return vjpFor("vjp", f, xs);
}
/** `vjp` as a part of the function `op`, which errors name. */
export function vjpFor(
  op: string,
  f: (...xs: Tree[]) => Tensor,
  xs: readonly unknown[],
): [Tensor, (cotangent: TensorLike) => Tree[]] {
  const { y, variables } = runOnVariables(op, (...points) => [f(...points), null], xs);
  const pullback = (cotangent: TensorLike): Tree[] => {
    const g = asTensor(op, cotangent);
    if (!sameShape(g.shape, y.shape))
      refuse(
        "shape-mismatch",
        op,
        `the cotangent has shape ${showShape(g.shape)}, the function's value has shape ${showShape(y.shape)}. Give both the same shape.`,
      );
    return gradientsOf(y, g, xs, variables);
  };
  return [withoutGraph(y), pullback];
}
