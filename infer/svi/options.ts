/** The options of `new SVI` and of `svi.init`. */
import { isContainer, Tensor, type TensorLike } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseOption, requireKey, requireOptions, requireProgram } from "../checks.js";
import { Elbo } from "../elbo/elbo.js";
import type { Optimizer } from "./optim.js";

/** Whether to compile steps. "auto": if the model allows it. true: always, with an error if the model does not allow it. false: never. */
export type JitMode = "auto" | boolean;

export interface SVIOptions {
  /** Constant arguments of the programs. They are merged into the last argument if that is a record, else appended to the arguments. */
  staticArgs?: Record<string, unknown> | undefined;
  /** Whether to compile steps. By default ("auto"), a model whose control flow depends on its draws runs eagerly, with one warning. */
  jit?: JitMode | undefined;
  /** Take gradients by forward mode, one derivative for each coordinate. This suits models with few parameters. */
  forwardModeDifferentiation?: boolean | undefined;
}
export const SVI_OPTIONS = {
  staticArgs: kinds.record,
  jit: [(x) => x === "auto" || typeof x === "boolean", '"auto", true or false'],
  forwardModeDifferentiation: kinds.flag,
} satisfies Record<string, Kind>;

/** Options that `svi.init` takes in place of a key. */
export interface InitOptions {
  /** The key from which all randomness of the run comes. */
  key: Tensor;
  /** Constrained initial values by name. They take precedence over the initial values in the programs. */
  initParams?: Record<string, TensorLike> | undefined;
}

/** The key and the options that `init` was given. */
export function initOptions(given: Tensor | InitOptions): InitOptions {
  if (given instanceof Tensor || !isContainer(given)) {
    requireKey("svi.init", given);
    return { key: given };
  }
  requireOptions("svi.init", given, { key: kinds.any, initParams: kinds.record });
  requireKey("svi.init", given.key);
  return given;
}

/** Refuse arguments of `new SVI` of the wrong kind. */
export function requireParts(
  model: unknown,
  guide: unknown,
  optimizer: Optimizer | undefined,
  elbo: unknown,
  options: unknown,
): void {
  requireOptions("SVI", options, SVI_OPTIONS);
  requireProgram("SVI", "model", model);
  requireProgram("SVI", "guide", guide);
  if (typeof optimizer?.init !== "function" || typeof optimizer.update !== "function")
    refuseOption(
      "SVI",
      "optimizer",
      "the third argument must be an optimiser with init and update, such as adam(1e-3).",
    );
  if (!(elbo instanceof Elbo))
    refuseOption("SVI", "elbo", "the fourth argument must be an estimator, such as new TraceELBO().");
}
