/**
 * `apply` runs an op. It is the only function that checks shapes, calls kernels, unites the provenances of the inputs, stores the nodes
 * that gradients need, reports the op to a recorder (jit), and hands batched inputs to the op's batching rule (vmap).
 */
import { MIX } from "../../provenance/axes.js";
import { ambient, Provenance, union } from "../../provenance/index.js";
import { type Batch, batchDepth, frameAt, isBatched, refuseLeak } from "./batch.js";
import { gradDepth, Node } from "./node.js";
import { keepAxes, type Op, viewOnly } from "./op.js";
import { isChecking, recorder } from "./recorder.js";
import { type Shape, sizeOf } from "./shape.js";
import {
  absent,
  isAbsent,
  ofBatch,
  ofNumber,
  ofNumbers,
  ofView,
  rawNumber,
  rawView,
  rawViews,
  type Tensor,
} from "./tensor.js";
import { emptyView } from "./view.js";

const EMPTY = Provenance.empty;

/** The result of `op` with `params` on `inputs`. Kept short, so that V8 inlines it into the loops that call it. */
export function apply<P>(op: Op<P>, params: P, ...inputs: Tensor[]): Tensor {
  if (batchDepth > 0 && inputs.some(isBatched)) return applyBatched(op, params, inputs);
  let provenance: Provenance = ambient;
  let areNumbers = op.scalar !== undefined && !isChecking;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i] as Tensor;
    const inputProvenance = x.provenance;
    // Fast path: most operands add no site to the provenance, or are the first to add any, so compare before calling union.
    if (inputProvenance.hasAxes) provenance = unionInResultAxes(provenance, op, params, inputs, i);
    else if (inputProvenance !== provenance && inputProvenance !== EMPTY)
      provenance = provenance === EMPTY ? inputProvenance : union(provenance, inputProvenance, op.name);
    areNumbers &&= x.isNumber;
  }
  const result = areNumbers
    ? ofNumbers(op.scalar as Scalar, inputs, provenance)
    : ofViews(op, params, inputs, provenance);
  return gradDepth > 0 || recorder !== null ? addNodeAndRecord(op, params, inputs, result) : result;
}
type Scalar = (...xs: number[]) => number;

/**
 * The union of `before` and the provenance of input i. First the op's axis rule turns the relations of the input, which name axes of the
 * input, into relations that name axes of the result.
 */
function unionInResultAxes<P>(before: Provenance, op: Op<P>, params: P, inputs: Tensor[], i: number): Provenance {
  const inputProvenance = (inputs[i] as Tensor).provenance;
  const inResultAxes =
    op.axes === keepAxes ? inputProvenance : inputProvenance.moved(op.axes?.(params, inputs, i) ?? MIX, op.name);
  return union(before, inResultAxes, op.name);
}

function ofViews<P>(op: Op<P>, params: P, inputs: Tensor[], provenance: Provenance): Tensor {
  if (isChecking && inputs.some(isAbsent)) return absent(op.shape(params, inputs), provenance);
  const [first] = inputs as [Tensor];
  // An op whose result is always a view needs no shape rule here: the rule checks nothing, and the view has the shape.
  const shape = op.kernel === viewOnly && !first.isNumber ? null : op.shape(params, inputs);
  if (op.view !== undefined) {
    // A view of a single number is the same number.
    if (first.isNumber && shape !== null && sizeOf(shape) === 1) return ofNumber(rawNumber(first), provenance, shape);
    const view = op.view(params, rawView(first));
    if (view !== undefined) return ofView(view, provenance);
  }
  const out = emptyView(shape as Shape);
  op.kernel(params, out, rawViews(inputs));
  return ofView(out, provenance);
}

/** Runs `op` through its batching rule, for the innermost batch among its inputs. */
function applyBatched<P>(op: Op<P>, params: P, inputs: Tensor[]): Tensor {
  const level = Math.max(...inputs.map((x) => x.batch?.level ?? 0));
  const tracer = inputs.find((x) => x.batch?.level === level)?.batch?.tracer;
  if (tracer !== undefined) return withNode(op, params, inputs, tracer.record(op, params, inputs));
  const batched = inputs.map((x) => x.batch?.level === level);
  const values = inputs.map((x, i) => {
    if (!batched[i]) return x;
    refuseLeak(x.batch as Batch, op.name);
    const { value } = x.batch as Batch;
    return value.provenance === x.provenance ? value : value.withProvenance(union(value.provenance, x.provenance));
  });
  return withNode(op, params, inputs, asExample(op.batch(params, values, batched, frameAt(level).size), level));
}

/** Wraps a whole batch (batch axis first) as a tensor that looks like one example, inside the vmap at depth `level`. */
export const asExample = (value: Tensor, level: number): Tensor => ofBatch({ level, value, frame: frameAt(level) });

/** Adds a node to the result if a gradient is being taken, and reports the op to the recorder, if there is one. */
function addNodeAndRecord<P>(op: Op<P>, params: P, inputs: Tensor[], result: Tensor): Tensor {
  withNode(op, params, inputs, result);
  recorder?.record(op, params, inputs, result);
  return result;
}

function withNode<P>(op: Op<P>, params: P, inputs: Tensor[], result: Tensor): Tensor {
  if (gradDepth === 0) return result;
  let newest = 0;
  for (let i = 0; i < inputs.length; i++) {
    const { node } = inputs[i] as Tensor;
    if (node !== null && node.newestVariable > newest && op.vjp(i) !== null) newest = node.newestVariable;
  }
  if (newest > 0) result.node = new Node(op, params, inputs, newest);
  return result;
}
