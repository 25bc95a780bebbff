/**
 * Functions made from text, where the platform allows that. A page with a strict Content-Security-Policy, or an edge runtime, does not:
 * what asks here for a function has a slower twin without one, which gives the same bits.
 */
let isForbidden = false;

/** The function with these parameters and this body; null where code generation is forbidden. */
export function generated<F>(parameters: readonly string[], body: string): F | null {
  return whereAllowed(() => new Function(...parameters, body) as F);
}

/** What `make` makes by generating code; null where that is forbidden. */
export function whereAllowed<T>(make: () => T): T | null {
  if (isForbidden) return null;
  try {
    return make();
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    isForbidden = true;
    return null;
  }
}
