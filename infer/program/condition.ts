/** Handlers that observe sites, or change what later statements get from them: condition, uncondition and intervene. */
import { handler, handlerOfNames, type Program } from "./handlers.js";
import type { DeterministicMessage, SampleMessage } from "./messages.js";
import { isFactor } from "./trace.js";
import { type Data, readData, refuseComputed, refuseNoEffect, selectComputed, selectVisited } from "./values.js";

/**
 * Make sites of `f` observed, with their values in `data`. They also replace the data of sites that are observed already. A
 * name that is not a site of `f` is refused, and so is a site that is computed.
 */
export function condition<A extends unknown[], R>(f: Program<A, R>, data: Data): Program<A, R> {
  const { names, of } = readData("condition", data);
  return handlerOfNames("condition", f, names, ["sample"], () => ({
    process: {
      sample(message) {
        const value = of(message.name);
        if (value === undefined) return;
        if (isFactor(message))
          refuseNoEffect("condition", message.name, "a factor, which has no value. Change its argument instead.");
        message.value = selectVisited(value, message);
        message.isObserved = true;
      },
      deterministic({ name }) {
        if (of(name) !== undefined) refuseComputed("condition", name);
      },
    },
  }));
}

/** Make the observed sites of `f` latent. */
export const uncondition = <A extends unknown[], R>(f: Program<A, R>): Program<A, R> =>
  handler("uncondition", f, () => ({
    process: {
      sample(message) {
        if (!message.isObserved || isFactor(message)) return;
        message.value = null;
        message.isObserved = false;
      },
    },
  }));

/**
 * Pyro's `do`: statements after a site get its value from `data`, but the site itself is still drawn (or observed) as before. A
 * name that is not a site of `f` is refused.
 */
export const intervene = <A extends unknown[], R>(f: Program<A, R>, data: Data): Program<A, R> => {
  const { names, of } = readData("intervene", data);
  // The message keeps the value on its way up: on its way down it may have another name, from a scope outside this handler.
  const find = (message: SampleMessage | DeterministicMessage): void => {
    const value = of(message.name);
    if (value === undefined) return;
    message.intervention = message.type === "sample" ? selectVisited(value, message) : selectComputed(value, message);
  };
  const replace = (message: SampleMessage | DeterministicMessage): void => {
    message.value = message.intervention ?? message.value;
  };
  return handlerOfNames("intervene", f, names, ["sample", "deterministic"], () => ({
    process: { sample: find, deterministic: find },
    postprocess: { sample: replace, deterministic: replace },
  }));
};
