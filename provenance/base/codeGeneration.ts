/**
 * Whether code may be generated here. A page under a strict Content-Security-Policy, some edge runtimes and
 * `node --disallow-code-generation-from-strings` forbid it; everything that generates code then has a slower twin with the same bits.
 */
let isAllowed: boolean | null = null;

/** Asked of the platform once, when it is first of interest. */
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
