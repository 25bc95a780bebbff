/**
 * Checks of numbers. Parameters are checked when a distribution is made, and values when their density is computed. Each check is one pass
 * over the data, even inside vmap. A compiled program is checked while it is recorded, but not in later runs, in which a value outside the
 * support has log density -Infinity. A check does not count as a read of the value (see reads.ts), because a failed check only throws. A
 * program that catches this error and continues has branched on the value, so the enclosing run, vmap or recording refuses the program.
 */
import { asContiguous } from "../../autodiff/core/copy.js";
import { abridge, showIndex } from "../../autodiff/core/nested.js";
import { elementsOf, refuseFor } from "../../autodiff/core/reads.js";
import { withRecorder } from "../../autodiff/core/recorder.js";
import { type Shape, showShape, sizeOf } from "../../autodiff/core/shape.js";
import { isAbsent, rawNumber, rawView } from "../../autodiff/core/tensor.js";
import { contiguous } from "../../autodiff/core/view.js";
import type { Tensor } from "../../autodiff/index.js";
import type { Constraint } from "../constraints/index.js";

/** Whether checks are made; on by default. */
export let validation = true;

/** Switch the checks of parameters and values on or off, for the whole program. */
export function setValidation(on: boolean): void {
  validation = on;
}

/** Run `body` with the checks on or off. */
export function withValidation<T>(on: boolean, body: () => T): T {
  const outer = validation;
  validation = on;
  try {
    return body();
  } finally {
    validation = outer;
  }
}

/** The fields of a constraint that an error needs. */
type Expected = Pick<Constraint, "must" | "eventDim">;

/** The thing that is checked, as named in an error. */
export interface Subject {
  /** The distribution, or another name to begin the message with. */
  readonly family: string;
  /** The parameter's name, or "value". */
  readonly what: string;
}

/** Throw, naming the first offending element, unless every element of `x` satisfies `constraint`. */
export function requireThat(x: Tensor, constraint: Constraint, subject: Subject): void {
  const { scalar } = constraint;
  if (scalar === undefined) {
    requireAll(() => constraint.check(x), x, constraint, subject);
    return;
  }
  const whole = unbatched(x);
  if (isAbsent(whole)) return;
  if (whole.isNumber) {
    if (scalar(rawNumber(whole)) === 0) refuse(x, x, 0, constraint, subject);
    return;
  }
  const { data, shape, offset } = asContiguous(rawView(whole));
  for (let i = 0, n = sizeOf(shape); i < n; i++)
    if (scalar(data[offset + i] as number) === 0) refuse(x, x, i, constraint, subject);
}

/**
 * Like `requireThat`, but with the result of `check`: 1 or 0 for each event. A program that is being recorded does not record the check.
 */
export function requireAll(check: () => Tensor, x: Tensor, constraint: Expected, subject: Subject): void {
  const satisfied = withRecorder(null, check);
  const first = elementsOf(satisfied).indexOf(0);
  if (first < 0) return;
  const spread = x.broadcastTo([...satisfied.shape, ...eventShape(x, constraint)]);
  // `satisfied` covers a whole batch of vmap if only the bounds differ between examples. All examples then share x, so take the index
  // modulo the number of events of one example. `check` runs again, now recorded, because the error depends on the bounds as well as on x.
  refuse(check(), spread, spread.batch === null ? first % sizeOf(satisfied.shape) : first, constraint, subject);
}

const eventShape = (x: Tensor, { eventDim }: Expected): Shape => x.shape.slice(x.shape.length - eventDim);

/** The whole batch that an example inside vmap belongs to. */
const unbatched = (x: Tensor): Tensor => (x.batch === null ? x : unbatched(x.batch.value));

/** Refuse x because of one of its elements; `cause` is the tensor whose numbers led to the refusal. */
function refuse(cause: Tensor, x: Tensor, element: number, constraint: Expected, { family, what }: Subject): never {
  const event = eventShape(x, constraint);
  const shape = x.shape.slice(0, x.shape.length - event.length);
  const values = elementsOf(x).slice(element * sizeOf(event), (element + 1) * sizeOf(event));
  const actual = abridge(contiguous(values, event));
  const got =
    shape.length === 0
      ? `got ${actual}`
      : `but element ${showIndex(element, shape)} of shape ${showShape(shape)} is ${actual}`;
  // Rounding can make a covariance matrix lose positive definiteness, such as the matrix of a smooth kernel at points close together.
  const hint =
    what === "covarianceMatrix" && values.every(Number.isFinite)
      ? " If the matrix is symmetric, add a small number to its diagonal: covariance.add(eye(n).mul(1e-6))."
      : "";
  return refuseFor(cause, {
    code: what === "value" ? "outside-support" : "bad-parameter",
    param: what,
    message: `${family}: ${what} must be ${constraint.must}, ${got}.${hint}`,
  });
}
