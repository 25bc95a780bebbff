/**
 * For programs of many small ops: the time to record a step, and the time to compare a step with its recording, relative to an eager step.
 */
import * as pedigrad from "../index.js";
import type { Case } from "./harness.js";
import { chain, hmm } from "./timeToResult.js";

export const cases: readonly Case[] = (
  [
    ["chain T=80", chain],
    ["HMM T=200 K=2, enumerated", hmm],
  ] as const
).map(([name, fit]): Case => {
  const make = () => {
    const { svi, args = [] } = fit(pedigrad);
    const { jit, random } = pedigrad;
    const state = svi.init(random.key(0), ...args);
    const step = (from: typeof state) => svi.step(from, ...args);
    const compiled = jit(step);
    compiled(state);
    return {
      recorded: () => jit(step)(state)[1],
      compared: () => compiled.check(state),
      eager: () => step(state)[1],
    };
  };
  return { name: `recording/${name}`, isLong: true, isRandom: true, targets: { recorded: 2, compared: 2 }, make };
});
