/**
 * Functions that look up what they have computed. A density calls them for every element, often with the same argument: a parameter that
 * all observations share, or a small count.
 */
const PLACES = 256;

/** `f`, with a place for the result of each whole number below `PLACES`; other numbers share these places, and the last one keeps it. */
export function remembering(f: (x: number) => number): (x: number) => number {
  let known: { readonly arguments: Float64Array; readonly results: Float64Array } | null = null;
  return (x) => {
    known ??= { arguments: new Float64Array(PLACES).fill(NaN), results: new Float64Array(PLACES) };
    const place = x & (PLACES - 1);
    if (known.arguments[place] !== x) {
      known.results[place] = f(x);
      known.arguments[place] = x;
    }
    return known.results[place] as number;
  };
}
