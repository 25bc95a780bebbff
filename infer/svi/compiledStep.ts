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
  /** The key after the last step, and its arguments, until the step is checked again. */
  #last: { readonly key: Tensor; readonly args: unknown[] } | null = null;

  constructor(
    /** The eager step, from which the compiled one is made. */
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
   * Refuse the program if it has changed since it was compiled, and `state` comes from the last step: in a loop that calls
   * `update`, no step is known to be the last. If this is called often, only some calls check.
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
