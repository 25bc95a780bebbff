/** `markov`: a loop whose steps depend on the few before them only, so that enumerated dims can be used again. */
import { pushMessenger } from "./messages.js";

/** Where in a markov loop a site was met. */
export interface MarkovPosition {
  /** The loop's identity. */
  readonly loop: object;
  readonly step: number;
  readonly history: number;
}

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
