/**
 * Reverse mode. A function runs once with nodes kept (node.ts); then the graph is walked from the result back to the
 * arguments, each op handing its cotangent on through its rules. The walk uses ops like everything else, so inside another
 * gradient it is itself recorded, and gradients of gradients need nothing more.
 */
import { outsideRuns, PedigradError } from "../provenance/index.js";
import { apply } from "./apply.js";
import { ones } from "./make.js";
import { add } from "./math.js";
import { Node as GraphNode, gradDepth, type Node, recordingNodes } from "./node.js";
import type { Op } from "./op.js";
import { sum } from "./reduce.js";
import { reshape } from "./shape.js";
import { type Tensor, tensor, withoutNode } from "./tensor.js";
import type { TensorLike } from "./tensorLike.js";
import { mapTree, type Tree } from "./tree.js";
import { sameShape, showShape } from "./view.js";

// A leaf is the argument again, with a node of its own, so that each gradient finds exactly its own variables.
const leafOp: Op = {
  name: "variable",
  shape: (_, inputs) => (inputs[0] as Tensor).shape,
  view: (_, x) => x,
  kernel: () => {},
  vjp: () => (g) => g,
  batch: (_, [x]) => apply(leafOp, null, x as Tensor),
};
function leaf(x: Tensor): Tensor {
  const variable = apply(leafOp, null, x);
  variable.node ??= new GraphNode(leafOp, null, []);
  return variable;
}

/** x, as a constant to every gradient. Its provenance stays. */
export const stopGradient = <T>(x: T): T => mapTree(x, (item) => apply(stopOp, null, tensor(item as TensorLike)));
const stopOp: Op = {
  ...leafOp,
  name: "stopGradient",
  vjp: () => null,
  batch: (_, [x]) => apply(stopOp, null, x as Tensor),
};

let visits = 0;

/** The tensors between `y` and the variables, each before the tensors it was made from. */
function pathsTo(variables: ReadonlySet<Node>, y: Tensor): Tensor[] {
  const visit = ++visits;
  const order: Tensor[] = [];
  const open: { tensor: Tensor; next: number; leads: boolean }[] = [];
  const UNRELATED = -1;
  const enter = (x: Tensor): boolean => {
    const node = x.node as Node;
    if (node.visit === visit) return node.slot !== UNRELATED;
    node.visit = visit;
    node.slot = UNRELATED;
    if (variables.has(node)) {
      node.slot = order.push(x) - 1;
      return true;
    }
    open.push({ tensor: x, next: 0, leads: false });
    return false;
  };
  if (y.node === null) return [];
  enter(y);
  while (open.length > 0) {
    const frame = open[open.length - 1] as (typeof open)[0];
    const node = frame.tensor.node as Node;
    const input = node.inputs[frame.next];
    if (input === undefined) {
      open.pop();
      if (frame.leads) {
        node.slot = order.push(frame.tensor) - 1;
        const parent = open[open.length - 1];
        if (parent !== undefined) parent.leads = true;
      }
    } else {
      const useful = input.node !== null && node.op.vjp(frame.next) !== null;
      frame.next++;
      if (useful && enter(input)) frame.leads = true;
    }
  }
  return order.reverse();
}

/** Undo broadcasting, the one place where it is done: sum `g` over the axes along which an input of `shape` was repeated. */
function unbroadcast(g: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const repeated = [...g.shape.keys()].filter((i) => i < lead || (shape[i - lead] === 1 && g.shape[i] !== 1));
  return reshape(sum(g, repeated), shape);
}

/** Cotangents of the variables, given that of y. */
function pullBack(y: Tensor, cotangent: Tensor, variables: readonly Tensor[]): (Tensor | null)[] {
  const nodes = new Set(variables.map((x) => x.node as Node));
  const path = pathsTo(nodes, y);
  const last = path.length - 1;
  const cotangents = new Array<Tensor | null>(path.length).fill(null);
  if (last >= 0) cotangents[last] = cotangent;
  const visit = visits;
  for (const x of path) {
    const node = x.node as Node;
    const g = cotangents[node.slot];
    if (g == null || nodes.has(node)) continue;
    node.inputs.forEach((input, i) => {
      const to = input.node;
      if (to === null || to.visit !== visit || to.slot < 0 || to.slot > last) return;
      const part = node.op.vjp(i)?.(g, x, node.inputs, node.params);
      if (part === undefined) return;
      const share = unbroadcast(part, input.shape);
      const before = cotangents[to.slot];
      cotangents[to.slot] = before == null ? share : add(before, share);
    });
  }
  return variables.map((x) => {
    const { slot, visit: seen } = x.node as Node;
    return seen === visit && slot >= 0 ? (cotangents[slot] ?? null) : null;
  });
}

/** Run f on variables made from the leaves of `x`. */
function run<Y>(f: (x: Tree) => Y, x: unknown): { y: Y; variables: Tensor[] } {
  const variables: Tensor[] = [];
  const y = recordingNodes(() => {
    const argument = mapTree(x, (item) => {
      const variable = leaf(tensor(item as TensorLike));
      variables.push(variable);
      return variable;
    });
    return f(argument);
  });
  return { y, variables };
}

/** Outside every gradient a result needs no graph: let go of it. */
const release = <T>(x: T): T =>
  gradDepth > 0
    ? x
    : mapTree(x, (item) => (item instanceof Object && "node" in item ? withoutNode(item as Tensor) : item));

function gradientsOf(y: Tensor, cotangent: Tensor, x: unknown, variables: readonly Tensor[]): Tree {
  const found = outsideRuns(() => pullBack(y, cotangent, variables));
  let next = 0;
  return mapTree(x, () => {
    const i = next++;
    const variable = variables[i] as Tensor;
    return found[i] ?? tensor(0).broadcastTo(variable.shape);
  });
}

/** `[f(x, ...rest), the gradient of f for x]`. f returns a scalar tensor; the gradient has the structure of x. */
export function valueAndGrad<R extends unknown[]>(
  f: (x: Tree, ...rest: R) => Tensor,
): (x: unknown, ...rest: R) => [Tensor, Tree] {
  return (x, ...rest) => {
    const { y, variables } = run((argument) => tensor(f(argument, ...rest)), x);
    if (y.shape.length > 0 && y.size !== 1)
      throw new PedigradError({
        code: "not-scalar",
        op: "grad",
        message: `grad: the function must return a scalar, got a tensor of shape ${showShape(y.shape)}. Reduce it first (e.g. .sum()), or use vjp or jacobian.`,
      });
    return release([y, gradientsOf(y, ones(y.shape), x, variables)]);
  };
}

/** The gradient of a scalar function for its first argument, in that argument's structure. */
export const grad =
  <R extends unknown[]>(f: (x: Tree, ...rest: R) => Tensor): ((x: unknown, ...rest: R) => Tree) =>
  (x, ...rest) =>
    valueAndGrad(f)(x, ...rest)[1];

/** `[y, pull]`: y = f(...xs), and the function from a cotangent of y to the cotangents of xs, one per argument. */
export function vjp(f: (...xs: Tree[]) => Tensor, ...xs: unknown[]): [Tensor, (cotangent: TensorLike) => Tree[]] {
  const { y, variables } = run((args: Tree[]) => tensor(f(...args)), xs);
  const pull = (cotangent: TensorLike): Tree[] => {
    const g = tensor(cotangent);
    if (!sameShape(g.shape, y.shape))
      throw new PedigradError({
        code: "shape-mismatch",
        op: "vjp",
        message: `vjp: the cotangent has shape ${showShape(g.shape)}, the function's value ${showShape(y.shape)}.`,
      });
    return release(gradientsOf(y, g, xs, variables)) as Tree[];
  };
  return [withoutNodeOutside(y), pull];
}
const withoutNodeOutside = (y: Tensor): Tensor => (gradDepth > 0 ? y : withoutNode(y));
