/** The options of `new SVI` and of `svi.init`. */
import { isContainer, Tensor, type TensorLike } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { type Kind, refuseOption, requireKey, requireOptions, requireProgram } from "../checks.js";
import { Elbo } from "../elbo/elbo.js";
import type { Optimizer } from "./chain.js";

/** Whether to compile steps: "auto" compiles if the model allows it, true throws an error if the model does not, and false never compiles. */
export type JitMode = "auto" | boolean;

export interface SVIOptions {
  /** Constant arguments of the programs. If the last argument is a record, they are merged into it; else they become a further argument. */
  staticArgs?: Record<string, unknown> | undefined;
  /** Whether to compile steps. By default ("auto"), a model whose control flow depends on its draws runs eagerly, with one warning. */
  jit?: JitMode | undefined;
  /** Take gradients by forward mode, one derivative for each coordinate. This suits models with few parameters. */
  forwardModeDifferentiation?: boolean | undefined;
}
const SVI_OPTIONS = {
  staticArgs: kinds.record,
  jit: [(x) => x === "auto" || typeof x === "boolean", '"auto", true or false'],
  forwardModeDifferentiation: kinds.flag,
} satisfies Record<string, Kind>;

/** The options with `changes`, after a check of the changes. If all changes are undefined, the result is `options` itself. */
export function changedOptions(options: SVIOptions, changes: SVIOptions): SVIOptions {
  requireOptions("svi.with", changes, SVI_OPTIONS);
  const defined = Object.entries(changes).filter(([, value]) => value !== undefined);
  return defined.length === 0 ? options : { ...options, ...Object.fromEntries(defined) };
}

/** Options that `svi.init` takes in place of a key. */
export interface InitOptions {
  /** The key from which all randomness of the run comes. */
  key: Tensor;
  /** Constrained initial values by name. They take precedence over the initial values in the programs. */
  initParams?: Record<string, TensorLike> | undefined;
}

/** The options of `svi.init`, whose first argument is a key or a record of options. */
export function initOptions(keyOrOptions: Tensor | InitOptions): InitOptions {
  if (keyOrOptions instanceof Tensor || !isContainer(keyOrOptions)) {
    requireKey("svi.init", keyOrOptions);
    return { key: keyOrOptions };
  }
  requireOptions("svi.init", keyOrOptions, { key: kinds.any, initParams: kinds.record });
  requireKey("svi.init", keyOrOptions.key);
  return keyOrOptions;
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
