/**
 * The constraint of each parameter, which `svi.init` finds in the programs, and the bijections between constrained parameters and the
 * unconstrained values that an optimiser changes.
 */
import { sameShape } from "../../autodiff/core/shape.js";
import { textOf } from "../../autodiff/core/tensor.js";
import { mapTree, PedigradError, Tensor } from "../../autodiff/index.js";
import type { IndependentConstraint } from "../../distributions/constraints/constraint.js";
import { bijectTo, type Constraint, type Transform } from "../../distributions/index.js";
import { bijectionByName } from "../../distributions/transforms/bijectTo.js";
import { didYouMean, quoted, show } from "../checks.js";
import type { Handler } from "../program/messages.js";
import { refuseState, type SVIState } from "./state.js";

/** A handler that refuses a param that is not in the state, because no step would train it, and a param of another shape in the state. */
export const knownParamsHandler: Handler = {
  process: {
    param({ name, value, init, shape, constraint }) {
      // The bounds of a constraint may broadcast an initial number.
      const isAnyShape = shape === null || (shape.length === 0 && constraint.name !== "real");
      if (value === null ? init === null : isAnyShape || sameShape(shape, value.shape)) return;
      const why =
        value === null
          ? "is not in the state, so no step would train it: svi.init did not reach it. Declare it before branches and loops."
          : `has shape [${value.shape}] in the state, but [${shape}] in the program.`;
      throw new PedigradError({
        code: value === null ? "unknown-param" : "shape-mismatch",
        param: name,
        message: `param "${name}" ${why} Is this the state of another program?`,
      });
    },
  },
};

/** A text that identifies a constraint by its name, and by its bounds or parts. */
export function constraintText(constraint: Constraint): string {
  const { base } = constraint as Partial<IndependentConstraint>;
  if (base !== undefined) return `${constraintText(base)} over ${constraint.eventDim - base.eventDim} more axes`;
  const bounds = Object.values(constraint).filter((part) => part instanceof Tensor);
  return bounds.length === 0 ? constraint.name : `${constraint.name}(${bounds.map(textOf).join(", ")})`;
}

/** The text of each constraint, by param, from the `constraints` of a state; null if this is not a text that a ParamSpace writes. */
export function constraintsIn(text: unknown): Map<string, string> | null {
  try {
    const pairs: unknown = typeof text === "string" && JSON.parse(text);
    const isPair = (x: unknown) => Array.isArray(x) && String(x.map((name) => typeof name)) === "string,string";
    return Array.isArray(pairs) && pairs.every(isPair) ? new Map(pairs) : null;
  } catch {
    return null;
  }
}

/** Like `constraintsIn`, but refuses other texts; a state without constraints has none. */
const constraintsOf = (op: string, { constraints = "[]" }: SVIState): Map<string, string> =>
  constraintsIn(constraints) ??
  refuseState(
    op,
    "constraints",
    `constraints must be the text that svi.init wrote, or left out, got ${show(constraints)}.`,
  );

export class ParamSpace {
  #constraints: ReadonlyMap<string, Constraint> = new Map();
  #bijections: ReadonlyMap<string, Transform> = new Map();
  /** The name and the constraint (with bounds) of each parameter, as JSON text. */
  text = "[]";
  /** The names of the mutables that the programs declare. */
  #mutables: readonly string[] = [];

  /** Replace the constraints of all parameters, and the names of the mutables. */
  setConstraints(constraints: ReadonlyMap<string, Constraint>, mutables: readonly string[]): void {
    this.#constraints = constraints;
    this.#mutables = mutables;
    this.#bijections = new Map([...constraints].map(([name, constraint]) => [name, bijectTo(constraint)]));
    this.text = JSON.stringify([...constraints].map(([name, constraint]) => [name, constraintText(constraint)]).sort());
  }

  /** Whether this space has the constraint of every parameter of the state. */
  coversParams({ params }: Pick<SVIState, "params">): boolean {
    return Object.keys(params).every((name) => this.#constraints.has(name));
  }

  /** Refuse a state with a parameter that has no constraint here, without a mutable, or made under other constraints. */
  checkState(op: string, state: SVIState): void {
    for (const name of Object.keys(state.params)) this.#bijection(name);
    const lost = this.#mutables.find((name) => !Object.hasOwn(state.mutableState, name));
    if (lost !== undefined)
      refuseState(
        op,
        lost,
        `the state has no mutable "${lost}", which would start anew. Give the whole state of a fit, or add the value to mutableState.`,
      );
    const textsInState = state.constraints === this.text ? new Map() : constraintsOf(op, state);
    for (const [param, constraint] of this.#constraints) {
      const [before, now] = [textsInState.get(param), constraintText(constraint)];
      // States that were saved by older versions have the name without bounds.
      if (before !== undefined && before !== now && before !== constraint.name)
        throw new PedigradError({
          code: "bad-checkpoint",
          op,
          param,
          message: `${op}: param "${param}" had the constraint ${before} when this state was made, but has ${now} now, so its unconstrained number means another value. Start from constrained values instead, as initParams.`,
        });
    }
  }

  /**
   * The constrained values of a state's params, by name. If `setConstraints` has not been called, a constraint without bounds is found by
   * its name in the state.
   */
  paramsOf(op: string, state: SVIState): Record<string, Tensor> {
    if (this.#constraints.size > 0) {
      this.checkState(op, state);
      return this.constrain(state.params);
    }
    const texts = constraintsOf(op, state);
    // A constraint "over more axes" maps every number or event as its base does.
    const nameOf = (param: string): string => texts.get(param)?.split(" over ")[0] ?? "";
    return mapTree(state.params, (value, param) =>
      (bijectionByName(nameOf(param)) ?? this.#bijection(param)).forward(value as Tensor),
    );
  }

  /** Map unconstrained to constrained values, by name. */
  constrain(params: Record<string, Tensor>): Record<string, Tensor> {
    return mapTree(params, (value, name) => this.#bijection(name).forward(value as Tensor));
  }

  /** Map constrained to unconstrained values, by name. */
  unconstrain(values: Record<string, Tensor>): Record<string, Tensor> {
    return mapTree(values, (value, name) => this.#bijection(name).inverse(value as Tensor));
  }

  #bijection(name: string): Transform {
    const bijection = this.#bijections.get(name);
    if (bijection !== undefined) return bijection;
    const params = [...this.#bijections.keys()];
    throw new PedigradError({
      code: "unknown-param",
      param: name,
      message:
        params.length > 0
          ? `this state belongs to another program: it has the param "${name}", but this program has ${quoted(params)}.${didYouMean(name, params)}`
          : `param "${name}": this SVI does not know its constraint yet. Call svi.init(key, ...args) once, and then continue with this state.`,
    });
  }
}
