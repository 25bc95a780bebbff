/**
 * `markov` declares a loop in which each step depends only on the few steps before it, so that enumerated sites of later
 * steps can reuse the dims of earlier ones.
 */
import * as kinds from "../../provenance/base/kinds.js";
import { requireKind, requireOptions } from "../checks.js";
import { loopInHandlers, type MarkovPosition } from "../program/messages.js";

/**
 * Loop over the items of `iterable`. A site of one step may depend on sites of the same step and of the `history` steps
 * before it (1 by default).
 */
export function markov<T>(iterable: Iterable<T>, options: { history?: number | undefined } = {}): Generator<T> {
  const isIterable = (x: unknown) => typeof (x as Iterable<T> | null)?.[Symbol.iterator] === "function";
  requireKind("markov", "the first argument", iterable, [isIterable, "something to loop over, such as [0, 1, 2]"]);
  requireOptions("markov", options, { history: kinds.size });
  const { history = 1 } = options;
  const loop = {};
  let step = 0;
  return loopInHandlers(iterable, () => {
    const position: MarkovPosition = { loop, step: step++, history };
    return [{ process: { sample: ({ markov: positions }) => void positions.push(position) } }];
  });
}
