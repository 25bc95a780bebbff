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
