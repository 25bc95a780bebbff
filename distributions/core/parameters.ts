/**
 * The arguments of a family's constructor: positional arguments, of which the last may be a record of named parameters. Parameters that are
 * unknown, missing, given twice or outside their constraint are refused here, once for all families.
 */

import { readNumbers } from "../../autodiff/core/reads.js";
import { broadcastShapes, type Shape, sameShape, showShape } from "../../autodiff/core/shape.js";
import { type ErrorCode, PedigradError, type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import { isRecord } from "../../provenance/base/records.js";
import { nearestName } from "../../provenance/base/spelling.js";
import type { Constraint } from "../constraints/index.js";
import { requireThat, validation } from "./validation.js";

/** Parameters by name. */
export type Params = { readonly [name: string]: Tensor };
/** The same parameters as a caller gives them. */
export type Given<P> = { readonly [K in keyof P]?: TensorLike };

/** The parameters of a family, in the order of the positional arguments. */
export interface Signature<P extends Params> {
  readonly name: string;
  /** The constraint of each parameter, as a function if it depends on other parameters. All axes before its event axes are batch axes. */
  readonly constraints: { readonly [K in keyof P]-?: Constraint | ((params: P) => Constraint) };
  readonly defaults?: Given<P>;
  /** Alternative parameters, such as probs and logits: exactly one of them is given. */
  readonly oneOf?: readonly (keyof P & string)[];
  /** A second choice of the same kind. */
  readonly andOneOf?: readonly (keyof P & string)[];
}

/** The arguments of the constructor of DistributionBase. */
export interface Parts<P extends Params> {
  readonly family: string;
  readonly params: P;
  readonly batchShape: Shape;
  readonly argConstraints: Readonly<Record<string, Constraint>>;
}

/** Read the arguments of a family's constructor: checked parameters as tensors, their constraints, and their common batch shape. */
export function readParameters<P extends Params>(family: Signature<P>, args: readonly unknown[]): Parts<P> {
  const { name, constraints } = family;
  const last = args.at(-1);
  const values = isRecord(last)
    ? byName(family, last, args.length === 1 ? null : byPosition(family, args.slice(0, -1)))
    : byPosition(family, args);
  const params: Record<string, Tensor> = {};
  const choices = [family.oneOf ?? [], family.andOneOf ?? []];
  for (const param in constraints) {
    const x = param in values ? values[param] : family.defaults?.[param];
    if (x !== undefined) params[param] = asParameter(family, param, x);
    else if (!choices.flat().includes(param))
      refuseParameter(name, param, `${param} is ${param in values ? "undefined" : "missing"}.`, "missing-parameter");
  }
  for (const names of choices) if (names.length > 0) checkAlternatives(family, names, params);
  const argConstraints: Record<string, Constraint> = {};
  let batchShape: Shape = [];
  for (const param in params) {
    const constraint = constraints[param] as Constraint | ((params: P) => Constraint);
    const x = params[param] as Tensor;
    const resolved = typeof constraint === "function" ? constraint(params as P) : constraint;
    argConstraints[param] = resolved;
    const batch = batchOf(name, param, x, resolved);
    if (batch.length > 0) batchShape = broadcastShapes(`${name}(${Object.keys(params).join(", ")})`, batchShape, batch);
    if (validation) requireThat(x, resolved, { family: name, what: param });
  }
  return { family: name, params: params as P, batchShape, argConstraints };
}

function batchOf(family: string, param: string, { shape }: Tensor, constraint: Constraint): Shape {
  const { eventDim } = constraint;
  if (shape.length < eventDim)
    refuseParameter(
      family,
      param,
      `${param} (${constraint.must}) needs at least ${eventDim} ${eventDim === 1 ? "axis" : "axes"}, got shape ${showShape(shape)}.`,
      "bad-shape",
    );
  return eventDim === 0 ? shape : shape.slice(0, shape.length - eventDim);
}

function asParameter<P extends Params>(family: Signature<P>, param: string, x: unknown): Tensor {
  try {
    return tensor(x as TensorLike);
  } catch (error) {
    refuseParameter(family.name, param, `${param}: ${(error as Error).message}`);
  }
}

function checkAlternatives<P extends Params>(family: Signature<P>, oneOf: readonly string[], params: object): void {
  const names = oneOf.filter((name) => name in params);
  if (names.length === 1) return;
  const choice = `${oneOf.slice(0, -1).join(", ")} or ${oneOf.at(-1)}`;
  const message = names.length === 0 ? `give ${choice}.` : `give ${choice}, not ${names.join(" and ")} together.`;
  refuseParameter(family.name, names[1] ?? (oneOf[0] as string), message);
}

function byPosition<P extends Params>(family: Signature<P>, args: readonly unknown[]): Record<string, unknown> {
  const names = Object.keys(family.constraints);
  if (args.length > names.length)
    refuseParameter(family.name, "arguments", `got ${args.length} arguments. Expected ${names.join(", ")}.`);
  const values: Record<string, unknown> = {};
  for (let i = 0; i < args.length; i++) values[names[i] as string] = args[i];
  return values;
}

/** The parameters in `record`, after the parameters that are already given by position, if there are any. */
function byName<P extends Params>(
  family: Signature<P>,
  record: Record<string, unknown>,
  given: Record<string, unknown> | null,
): Record<string, unknown> {
  const names = Object.keys(family.constraints);
  for (const name of Object.keys(record)) {
    if (!names.includes(name)) {
      const nearest = nearestName(name, names, (param) => SYNONYMS[param] ?? []);
      const hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
      refuseParameter(
        family.name,
        name,
        `unknown parameter "${name}". Expected ${names.join(", ")}.${hint}`,
        "unknown-parameter",
      );
    }
    if (given !== null && name in given) refuseParameter(family.name, name, `${name} is given twice.`);
  }
  return given === null ? record : { ...given, ...record };
}

/** Refuse the argument `param` of the constructor of `family`. */
export function refuseParameter(
  family: string,
  param: string,
  message: string,
  code: ErrorCode = "bad-parameter",
): never {
  throw new PedigradError({ code, param, message: `${family}: ${message}` });
}

/** The number in a parameter that sets a size. It is read when the distribution is made, and must be the same for all elements. */
export function commonNumber(x: Tensor, family: string, param: string): number {
  const [first, ...others] = readNumbers(x, param);
  const another = others.find((other) => other !== first);
  if (another !== undefined)
    refuseParameter(family, param, `${param} must be the same number for all elements, got ${first} and ${another}.`);
  return first as number;
}

/** For each parameter, the names that other books and libraries use for it. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  loc: ["mu", "mean", "median", "location"],
  scale: ["sigma", "std", "sd", "stddev", "b"],
  rate: ["lambda", "lam", "beta", "scale"],
  concentration: ["alpha", "shape", "kappa", "k"],
  concentration1: ["alpha", "a"],
  concentration0: ["beta", "b"],
  probs: ["p", "prob", "probability"],
  logits: ["logit", "eta"],
  totalCount: ["n", "count", "trials", "size"],
  df: ["nu", "dof"],
  low: ["min", "lower", "a"],
  high: ["max", "upper", "b"],
};

/** Whether two parameters hold the same numbers. Reads the numbers unless both are the same tensor. */
export function areSame(x: Tensor, y: Tensor): boolean {
  if (x === y) return true;
  if (x.batch !== null && y.batch !== null)
    return x.batch.level === y.batch.level && areSame(x.batch.value, y.batch.value);
  if (x.batch !== null || y.batch !== null || !sameShape(x.shape, y.shape)) return false;
  const [a, b] = [readNumbers(x, "a parameter"), readNumbers(y, "a parameter")];
  return a.every((element, i) => element === b[i]);
}
