/**
 * Functions that look up results which they have already computed. A density calls such a function for every element, often with the same
 * argument: a parameter that all observations share, or a small count.
 */
const PLACES = 256;

/** `f` with a table of results. Each whole number below `PLACES` has a place of its own. Other numbers share these places; the latest stays. */
export function remembering(f: (x: number) => number): (x: number) => number {
  let table: { readonly arguments: Float64Array; readonly results: Float64Array } | null = null;
  return (x) => {
    table ??= { arguments: new Float64Array(PLACES).fill(NaN), results: new Float64Array(PLACES) };
    const place = x & (PLACES - 1);
    if (table.arguments[place] !== x) {
      table.results[place] = f(x);
      table.arguments[place] = x;
    }
    return table.results[place] as number;
  };
}
