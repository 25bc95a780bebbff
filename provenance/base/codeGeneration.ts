/**
 * Whether code may be generated here. A page under a strict Content-Security-Policy, some edge runtimes and
 * `node --disallow-code-generation-from-strings` forbid it; a slower path with the same bits then replaces all generated code.
 */
let isAllowed: boolean | null = null;

/** Tried once, at the first call. */
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
