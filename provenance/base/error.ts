/**
 * The one error class of the library. Wrong input is refused before any state changes. The error has a stable `code`, which
 * programs can test, and, where known, the site, parameter or op that it concerns.
 */
import type { ErrorCode } from "./codes.js";

export interface Refusal {
  /** Short and stable, in kebab-case: "shape-mismatch", "unknown-option", … */
  code: ErrorCode;
  /** Says what was given, what was expected, and how to fix the input. */
  message: string;
  site?: string | undefined;
  param?: string | undefined;
  op?: string | undefined;
}

/**
 * Thrown for every misuse of the library.
 *
 * @example
 * try {
 *   new Normal(0, -1);
 * } catch (error) {
 *   console.log((error as PedigradError).code);
 * }
 */
export class PedigradError extends Error {
  readonly code: ErrorCode;
  readonly site: string | undefined;
  readonly param: string | undefined;
  readonly op: string | undefined;

  constructor({ code, message, site, param, op }: Refusal) {
    super(message);
    this.name = "PedigradError";
    this.code = code;
    this.site = site;
    this.param = param;
    this.op = op;
  }
}

/** Refuse the input of `op`; `message` says what was expected, what was given, and how to fix it. */
export function refuse(code: ErrorCode, op: string, message: string): never {
  throw new PedigradError({ code, op, message: `${op}: ${message}` });
}
