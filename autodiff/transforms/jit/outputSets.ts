/**
 * The provenance sets of the results of a compiled function. They contain the sets of the call's arguments, propagated through the recorded
 * ops, and the sets that the function itself adds. Axes are not followed through the ops: every axis counts as mixed.
 */
import { MIX } from "../../../provenance/axes.js";
import { ambient, Provenance, union } from "../../../provenance/index.js";
import type { Tensor } from "../../core/tensor.js";
import type { Operand, Recording } from "./program/recording.js";

export class OutputSets {
  /** The sets that the outputs have when every argument's set is empty. */
  readonly ownSets: readonly Provenance[];
  /** The arguments' sets when `of` was last called, and the outputs' sets computed from them. */
  #lastInputSets: readonly Provenance[] = [];
  #lastOutputSets: readonly Provenance[] = [];

  /** `recordedOutputs` are the outputs of the recorded run, whose inputs had empty sets. */
  constructor(
    readonly recording: Recording,
    recordedOutputs: readonly Tensor[],
  ) {
    this.ownSets = recordedOutputs.map((x) => x.provenance);
  }

  /** The set of each output of a call with these inputs. */
  of(inputs: readonly Tensor[]): readonly Provenance[] {
    let hasNoSets = ambient === Provenance.empty;
    for (let i = 0; i < inputs.length; i++) hasNoSets &&= (inputs[i] as Tensor).provenance === Provenance.empty;
    if (hasNoSets) return this.ownSets;
    const inputSets = inputs.map((x) => x.provenance);
    if (!inputSets.every((set, i) => set === this.#lastInputSets[i])) {
      this.#lastInputSets = inputSets;
      this.#lastOutputSets = this.#propagate(inputSets.map((set) => set.moved(MIX, "jit")));
    }
    return this.#lastOutputSets.map((set) => union(set, ambient));
  }

  #propagate(inputSets: readonly Provenance[]): Provenance[] {
    const sets = [...inputSets];
    const setOf = (x: Operand): Provenance => (typeof x === "number" ? (sets[x] as Provenance) : x.provenance);
    const unionOf = (operands: readonly Operand[]): Provenance =>
      operands.reduce((set: Provenance, x) => union(set, setOf(x)), Provenance.empty);
    for (const { operands } of this.recording.ops) sets.push(unionOf(operands));
    return this.recording.outputs.map((x, k) => union(setOf(x), this.ownSets[k] as Provenance));
  }
}
