/**
 * Sequential enumeration: the program runs once for every combination of the sites' values; the value of the last site
 * changes fastest. In each run a site has a single value, so control flow may depend on this value.
 */
import { refuseSite } from "../checks.js";
import type { Handler } from "../program/messages.js";
import { MAX_TABLE, refuseTooLarge } from "./factors.js";

/** The value of a site in one run, as an index into its support of `size` values. */
export interface SequentialChoice {
  readonly name: string;
  readonly index: number;
  readonly size: number;
}

/** The result of one run, and the values of its sequential sites. */
export interface SequentialRun<T> {
  readonly result: T;
  readonly choices: readonly SequentialChoice[];
}

/** Run `body` once for every combination of the sites' values. */
export function runSequentially<T>(body: (handler: Handler) => T): [SequentialRun<T>, ...SequentialRun<T>[]] {
  const results: SequentialRun<T>[] = [];
  let prefix: number[] = [];
  for (;;) {
    const choices: SequentialChoice[] = [];
    results.push({ result: body(choiceHandler(prefix, choices)), choices });
    const runs = choices.reduce((product, { size }) => product * size, 1);
    if (runs > MAX_TABLE)
      refuseTooLarge(
        choices.map(({ name }) => name),
        runs,
      );
    const next = [...choices];
    while (next.length > 0 && (next.at(-1) as SequentialChoice).index + 1 === (next.at(-1) as SequentialChoice).size)
      next.pop();
    const last = next.pop();
    if (last === undefined) return results as [SequentialRun<T>, ...SequentialRun<T>[]];
    prefix = [...next.map(({ index }) => index), last.index + 1];
  }
}

const choiceHandler = (prefix: readonly number[], choices: SequentialChoice[]): Handler => ({
  process: {
    sample(message) {
      if (message.isObserved || message.value !== null || message.infer.enumerate !== "sequential") return;
      const { name, fn } = message;
      if (fn.batchShape.some((n) => n > 1))
        refuseSite(
          "enumeration",
          name,
          `site "${name}" has batch shape [${fn.batchShape}], but sequential enumeration handles one choice at a time. Use infer: { enumerate: "parallel" }, or a sequential plate.`,
        );
      const support = fn.enumerateSupport(true);
      // `body` may run the guide several times. The site has the same value in all runs of one call of `body`.
      const index = choices.find((choice) => choice.name === name)?.index ?? prefix[choices.length] ?? 0;
      if (choices.every((choice) => choice.name !== name)) choices.push({ name, index, size: support.length });
      message.value = support.at(index);
    },
  },
});
