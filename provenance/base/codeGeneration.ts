/**
 * Whether this JavaScript environment allows code generated from strings. A page under a strict Content-Security-Policy,
 * some edge runtimes and `node --disallow-code-generation-from-strings` forbid it. There, slower code that gives the same
 * bits replaces all generated code.
 */
let isAllowed: boolean | null = null;

/** Whether code may be generated; the first call tests it. */
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
