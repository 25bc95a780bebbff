/**
 * Sequential enumeration: the program runs once for every combination of values; the last site changes fastest. Control flow may depend
 * on the values, since in each run a site has one ordinary value.
 */
import { PedigradError } from "../../autodiff/index.js";
import type { Handler } from "../program/messages.js";
import { MAX_TABLE, tooLarge } from "./factors.js";

/** The value of a site in one run, as an index into its support of `size` values. */
export interface SequentialChoice {
  readonly name: string;
  readonly index: number;
  readonly size: number;
}

/** The result of one run, and the values that its sequential sites took. */
export interface InSequence<T> {
  readonly result: T;
  readonly choices: readonly SequentialChoice[];
}

/** Run `body` once for every combination of values. */
export function inSequence<T>(body: (handler: Handler) => T): [InSequence<T>, ...InSequence<T>[]] {
  const results: InSequence<T>[] = [];
  let fixed: number[] = [];
  for (;;) {
    const made: SequentialChoice[] = [];
    results.push({ result: body(chooser(fixed, made)), choices: made });
    const runs = made.reduce((product, { size }) => product * size, 1);
    if (runs > MAX_TABLE)
      throw tooLarge(
        made.map(({ name }) => name),
        runs,
      );
    const next = [...made];
    while (next.length > 0 && (next.at(-1) as SequentialChoice).index + 1 === (next.at(-1) as SequentialChoice).size)
      next.pop();
    const last = next.pop();
    if (last === undefined) return results as [InSequence<T>, ...InSequence<T>[]];
    fixed = [...next.map(({ index }) => index), last.index + 1];
  }
}

const chooser = (fixed: readonly number[], made: SequentialChoice[]): Handler => ({
  process: {
    sample(message) {
      if (message.isObserved || message.value !== null || message.infer.enumerate !== "sequential") return;
      const { name, fn } = message;
      if (fn.batchShape.some((n) => n > 1))
        throw new PedigradError({
          code: "enumeration",
          site: name,
          message: `site "${name}" has batch shape [${fn.batchShape}]: sequential enumeration takes one value at a time. Use infer: { enumerate: "parallel" }, or a sequential plate.`,
        });
      const support = fn.enumerateSupport(true);
      // `body` may run the guide more than once: a site keeps its value throughout one call of `body`.
      const index = made.find((choice) => choice.name === name)?.index ?? fixed[made.length] ?? 0;
      if (made.every((choice) => choice.name !== name)) made.push({ name, index, size: support.length });
      message.value = support.at(index);
    },
  },
});
