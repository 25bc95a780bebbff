/**
 * Whether this JavaScript environment allows code generated from strings. A page under a strict Content-Security-Policy,
 * some edge runtimes and `node --disallow-code-generation-from-strings` forbid such code. There the library runs slower
 * code that gives the same bits.
 */
let isAllowed: boolean | null = null;

/** Whether code may be generated. The first call tries it and stores the answer. */
export function canGenerateCode(): boolean {
  if (isAllowed === null)
    try {
      new Function("");
      isAllowed = true;
    } catch {
      isAllowed = false;
    }
  return isAllowed;
}

let count = 0;

/**
 * The value of `text`, a function that calls `f`; null if code may not be generated. Functions of equal text share one profile in V8. `f` would
 * be many functions in that profile, and V8 would not inline it. So no two texts are equal.
 */
export const codeAround = <T>(f: unknown, text: string): T | null =>
  canGenerateCode() ? new Function("f", `return ${text} // ${count++}`)(f) : null;
