/** `lift`: learnable constants turned into random choices. */
import { Distribution } from "../../distributions/index.js";
import { withMessenger } from "./messages.js";
import { sample } from "./primitives.js";

/** Params of `f` that have a prior in `priors` (one distribution: all of them) are sampled from it instead. */
export const lift =
  <A extends unknown[], R>(
    f: (...args: A) => R,
    priors: Distribution | Record<string, Distribution>,
  ): ((...args: A) => R) =>
  (...args) =>
    withMessenger(
      {
        process(message) {
          if (message.type !== "param") return;
          const prior =
            priors instanceof Distribution
              ? priors
              : Object.hasOwn(priors, message.name)
                ? priors[message.name]
                : undefined;
          if (prior === undefined) return;
          // The new site comes up the whole stack: a scope on the way renames it as it renamed the param.
          message.value = sample(message.declared, prior);
          message.stop = true;
        },
      },
      () => f(...args),
    );
