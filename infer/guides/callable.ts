/** A class whose instances are functions: calling an instance calls `run`. */
export class Callable {
  constructor(run: (args: unknown[]) => unknown) {
    // biome-ignore lint/correctness/noConstructorReturn: a guide must be callable
    return Object.setPrototypeOf((...args: unknown[]) => run(args), new.target.prototype);
  }
}
