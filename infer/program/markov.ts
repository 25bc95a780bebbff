/** `markov`: a loop whose steps depend on the few before them only, so that enumerated dims can be used again. */
import { type MarkovPosition, pushMessenger } from "./messages.js";

/** The items of `iterable`; a site of one step may depend on sites of at most `history` steps before. */
export function* markov<T>(iterable: Iterable<T>, { history = 1 }: { history?: number } = {}): Generator<T> {
  const loop = {};
  let step = 0;
  for (const item of iterable) {
    const position: MarkovPosition = { loop, step: step++, history };
    const pop = pushMessenger({
      process(message) {
        if (message.type === "sample") message.markov.push(position);
      },
    });
    try {
      yield item;
    } finally {
      pop();
    }
  }
}
