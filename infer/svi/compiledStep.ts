/**
 * Compiles steps (autodiff/transforms/jit) if the model allows it. A model whose control flow depends on its draws runs eagerly, and
 * one warning names the site.
 */
import { mapTree, PedigradError, type Tensor } from "../../autodiff/index.js";
import { arrayInput } from "../../autodiff/transforms/jit/arrayInputs.js";
import { jitWith } from "../../autodiff/transforms/jit/jit.js";
import { refuse } from "../../provenance/base/error.js";
import type { JitMode } from "./options.js";
import { noteLastStep, type ResidentSteps, type StepResult, type SVIState } from "./state.js";

export class CompiledStep {
  /** Whether to try compiling steps. */
  isOn: boolean;
  readonly #compiled;
  /** For `noteLastStep`. */
  readonly #reference = new WeakRef(this);
  /** The key in the state after the last step, and the step's arguments. Null once `checkLast` has checked the step. */
  #last: { readonly key: Tensor; readonly args: unknown[] } | null = null;

  constructor(
    /** The eager step, from which the compiled step is made. */
    readonly eager: (state: SVIState, args: unknown[]) => StepResult,
    readonly mode: JitMode,
  ) {
    this.#compiled = jitWith((state: SVIState, ...args: unknown[]) => {
      const before = leavesByPath(args);
      const result = withoutClones(() => eager(state, args));
      requireUnchanged(before, leavesByPath(args));
      return result;
    }, arrayInput);
    this.isOn = mode !== false;
  }

  step(state: SVIState, args: unknown[]): StepResult {
    try {
      const result = this.#compiled(state, ...args);
      this.#last = { key: result[0].key, args };
      noteLastStep(this.#reference);
      return result;
    } catch (error) {
      if (this.mode === true || !(error instanceof PedigradError && error.code === "read-in-jit")) throw error;
      this.isOn = false;
      const cause =
        error.site === undefined
          ? "a value that depends on its arguments or params"
          : `a value sampled at {${error.site}}`;
      console.warn(
        `pedigrad: steps run without compilation, because the program reads ${cause} (by ${error.op}). Read data before the fit. jit: false silences this; jit: true makes it an error.`,
      );
      return this.eager(state, args);
    }
  }

  /**
   * The steps after the step that returned `state`, with their state in the memory of the compiled program; null if the
   * state cannot stay there.
   */
  resident(state: SVIState): ResidentSteps | null {
    return this.isOn ? this.#compiled.resident(state) : null;
  }

  /**
   * If `state` comes from the last step, refuse the program if it has changed since it was compiled. A loop that calls `update` does
   * not say which step is its last, so getParams and saveState ask for this check. To save time, only some of these calls run it.
   */
  checkLast(state: SVIState): void {
    const last = this.#last;
    if (last?.key !== state.key || !this.isOn) return;
    this.#last = null;
    this.#compiled.checkSometimes(state, ...last.args);
  }

  /** Refuse the program if it has changed since it was compiled for a state and arguments like these. */
  check(state: SVIState, args: unknown[]): void {
    if (this.isOn) this.#compiled.check(state, ...args);
  }
}

/** Run `body`, in which typed arrays are proxies (arrayInputs.ts). No proxy can be cloned, so `structuredClone` counts as a read. */
function withoutClones<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if ((error as Error | null)?.name !== "DataCloneError") throw error;
    return refuse(
      "read-in-jit",
      "structuredClone",
      "a compiled step cannot clone its arguments. Clone them before the fit.",
    );
  }
}

function leavesByPath(args: unknown[]): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>();
  mapTree(args, (leaf, path) => leaves.set(path, leaf));
  return leaves;
}

/** Refuse a program that changes a record, list or Map among its arguments: compiled steps get copies of these, and would lose the change. */
function requireUnchanged(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): void {
  for (const path of [...before.keys(), ...after.keys()])
    if (!(before.has(path) && after.has(path) && Object.is(before.get(path), after.get(path))))
      refuse(
        "jit-changed",
        "svi.update",
        `model or guide changes "${path.replace(/^\d+\./, "")}" in its arguments, which a compiled step would lose. Use mutable(name, init), or do not compile ({ jit: false }).`,
      );
}
