/** Minibatches: one item of `batches` for each step; after the last item, iteration starts again. */

/** Something that can be looped over repeatedly: an array, a generator function. */
export type Batches = Iterable<unknown> | (() => Iterable<unknown>);

/**
 * Options with minibatches. Each minibatch is appended to the arguments of the run, whose last arguments may then be
 * left out.
 */
export interface WithBatches {
  batches: Batches;
}

/** The arguments of every step, without those of the first `skipped` minibatches. */
export function* argumentsOf(
  args: unknown[],
  batches: Batches | undefined,
  skipped: number,
  op: string,
): Generator<unknown[]> {
  if (batches === undefined) for (;;) yield args;
  // A one-time iterator continues after the items that earlier steps have taken.
  const start = isOneTimeIterator(batches)
    ? 0
    : Array.isArray(batches)
      ? skipped % Math.max(1, batches.length)
      : skipped;
  for (let count = 0; ; ) {
    const before = count;
    for (const batch of typeof batches === "function" ? batches() : batches)
      if (count++ >= start) yield [...args, batch];
    if (count > before) continue;
    if (count > 0)
      console.warn(
        `pedigrad: ${op} ends after ${count} steps, because batches can be iterated only once. Give an array, or the generator function itself instead of a generator.`,
      );
    return;
  }
}

const isOneTimeIterator = (batches: unknown): boolean =>
  typeof batches === "object" && (batches as Iterable<unknown>)[Symbol.iterator]() === batches;
