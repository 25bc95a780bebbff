/** Minibatches. Each step takes one item of `batches`; after the last item, iteration starts again. */

/** A source of minibatches that can be iterated repeatedly, such as an array or a generator function. */
export type Batches = Iterable<unknown> | (() => Iterable<unknown>);

/**
 * Options with minibatches. Each minibatch is appended to the arguments of the run, so the call may leave out the last arguments of the
 * programs. For a call that has neither minibatches nor all arguments, TypeScript's error shows the name of this type.
 */
export type BatchesOrAllArguments<Options> = Options & { batches: Batches };

/** The arguments of each step in turn, beginning after the first `skipped` minibatches. */
export function* argumentsOf(
  args: unknown[],
  batches: Batches | undefined,
  skipped: number,
  op: string,
): Generator<unknown[]> {
  if (batches === undefined) for (;;) yield args;
  // An iterator that can be used only once does not skip items: earlier steps have already taken them.
  const start = isOneTimeIterator(batches)
    ? 0
    : Array.isArray(batches)
      ? skipped % Math.max(1, batches.length)
      : skipped;
  for (let count = 0; ; ) {
    const countBefore = count;
    for (const batch of typeof batches === "function" ? batches() : batches)
      if (count++ >= start) yield [...args, batch];
    if (count > countBefore) continue;
    if (count > 0)
      console.warn(
        `pedigrad: ${op} ends after ${count} steps, because batches can be iterated only once. Give an array, or the generator function itself.`,
      );
    return;
  }
}

const isOneTimeIterator = (batches: unknown): boolean =>
  typeof batches === "object" && (batches as Iterable<unknown>)[Symbol.iterator]() === batches;
