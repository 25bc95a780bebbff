/**
 * The one door: every tensor that an op makes is made here. In this function, and nowhere else, shapes are checked, the
 * kernel runs, provenances are united, the node for the gradient is kept, a recorder (jit) listens, and batched inputs are
 * sent to the op's batching rule (vmap).
 */
import { ambient, type Provenance, union } from "../provenance/index.js";
import { gradDepth, Node } from "./node.js";
import type { Op } from "./op.js";
import { recorder } from "./recorder.js";
import { Tensor } from "./tensor.js";
import { emptyView } from "./view.js";
import { applyBatched, batchDepth, isBatched } from "./vmap.js";

/** The result of `op` with `params` on `inputs`. */
export function apply<P>(op: Op<P>, params: P, ...inputs: Tensor[]): Tensor {
  if (batchDepth > 0 && inputs.some(isBatched)) return withNode(op, params, inputs, applyBatched(op, params, inputs));
  const shape = op.shape(params, inputs);
  const views = inputs.map(viewOfTensor);
  let view = op.view?.(params, views[0] as NonNullable<(typeof views)[0]>);
  if (view === undefined) {
    view = emptyView(shape);
    op.kernel(params, view, views);
  }
  let provenance: Provenance = ambient;
  for (let i = 0; i < inputs.length; i++) provenance = union(provenance, (inputs[i] as Tensor).provenance);
  const result = withNode(op, params, inputs, new Tensor(view, provenance));
  recorder?.record(op, params, inputs, result);
  return result;
}

const viewOfTensor = (x: Tensor) => x.view;

function withNode<P>(op: Op<P>, params: P, inputs: Tensor[], result: Tensor): Tensor {
  if (gradDepth > 0)
    for (let i = 0; i < inputs.length; i++)
      if ((inputs[i] as Tensor).node !== null && op.vjp(i) !== null) {
        result.node = new Node(op, params, inputs);
        break;
      }
  return result;
}
