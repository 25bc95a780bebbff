/**
 * Compiles steps (autodiff/transforms/jit) if the model allows it. A model whose control flow depends on its draws runs eagerly, and
 * one warning names the site.
 */
import { jit, PedigradError, type Tensor, type Tree } from "../../autodiff/index.js";
import { forArrays } from "../../autodiff/transforms/jit/typedInputs.js";
import type { JitMode } from "./options.js";
import {
  type Advance,
  noteLastStep,
  type ResidentSteps,
  residentSteps,
  type StepResult,
  type SVIState,
} from "./state.js";

export class CompiledStep {
  /** Whether to try compiling steps. */
  isOn: boolean;
  readonly #compiled;
  readonly #reference = new WeakRef(this);
  /** The key in the state after the last step, and the step's arguments. Null once `checkLast` has checked the step. */
  #last: { readonly key: Tensor; readonly args: unknown[] } | null = null;

  constructor(
    /** The eager step, from which the compiled step is made. */
    readonly eager: (state: SVIState, args: unknown[]) => StepResult,
    readonly mode: JitMode,
  ) {
    this.#compiled = jit((state: SVIState, ...args: unknown[]) => forArrays(() => eager(state, args)));
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
        `pedigrad: steps run without compilation, because the program reads ${cause} (by ${error.op}). Set jit: false to silence this warning, or jit: true to make it an error.`,
      );
      return this.eager(state, args);
    }
  }

  /**
   * The steps after the step that returned `state`, with their state in the memory of the compiled program; null if the
   * state cannot stay there. `onCopy` is called with every state that is copied out of this memory.
   */
  resident({ state, terms }: Advance, onCopy: (optimState: Tree) => void): ResidentSteps | null {
    const steps = this.isOn ? this.#compiled.resident(state) : null;
    return steps && residentSteps(steps, Object.keys(terms), ({ optimState }) => onCopy(optimState));
  }

  /**
   * If `state` comes from the last step, refuse the program if it has changed since it was compiled. A loop that calls `update` does
   * not say which step is its last, so getParams and saveState call this. To save time, not every call checks.
   */
  checkLast(state: SVIState): void {
    const last = this.#last;
    if (last?.key !== state.key || !this.isOn) return;
    this.#last = null;
    this.#compiled.checkSometimes(state, ...last.args);
  }

  /** Refuse the program if it has changed since steps like this one were compiled. */
  check(state: SVIState, args: unknown[]): void {
    if (this.isOn) this.#compiled.check(state, ...args);
  }
}
