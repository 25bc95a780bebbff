/** Guesses which name a misspelt name was meant to be, so that error messages can suggest it. */

const normalise = (name: string): string => name.toLowerCase().replace(/[^\p{L}\d]/gu, "");
const sortLetters = (name: string): string => [...name].sort().join("");

/** The name itself, and every string made from it by leaving out one letter. */
const deletions = (x: string): string[] => [x, ...[...x].map((_, i) => x.slice(0, i) + x.slice(i + 1))];

/**
 * The name in `names` that was probably meant by `name`: a name that differs from `name` only in case and punctuation, else
 * a name that has `name` as a synonym, else a name that differs by a single typing mistake (a letter missing, added or
 * changed, or two letters swapped), else a name with the same letters in another order.
 */
export function nearestName(
  name: string,
  names: Iterable<string>,
  synonyms: (known: string) => readonly string[] = () => [],
): string | undefined {
  const target = normalise(name);
  if (target === "") return undefined;
  const candidates = [...names];
  const near = new Set(deletions(target).filter((cut) => cut !== ""));
  return (
    candidates.find((known) => normalise(known) === target) ??
    candidates.find((known) => synonyms(known).includes(target)) ??
    candidates.find((known) => deletions(normalise(known)).some((cut) => near.has(cut))) ??
    candidates.find((known) => sortLetters(normalise(known)) === sortLetters(target))
  );
}
