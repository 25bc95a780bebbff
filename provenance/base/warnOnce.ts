/** Warnings that are printed once, however often their cause occurs. */

const printed = /* @__PURE__ */ new Set<string>();

/** Print a warning, unless a warning of the same `kind` has been printed. The text is made only if it is printed. */
export function warnOnce(kind: string, text: () => string): void {
  if (printed.has(kind)) return;
  printed.add(kind);
  console.warn(`pedigrad: ${text()}`);
}
