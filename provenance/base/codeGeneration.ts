/**
 * Whether code may be generated here. A page under a strict Content-Security-Policy, some edge runtimes and
 * `node --disallow-code-generation-from-strings` forbid it. Then a slower path that gives bit-identical results
 * replaces all generated code.
 */
let isAllowed: boolean | null = null;

/** Whether code may be generated; found out at the first call. */
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
