/**
 * Functions that keep their latest results in a table. A density calls such a function for every element, often with the same
 * argument: a parameter that all observations share, or a small count.
 */
const SIZE = 256;

/** `f` with a table of its latest results. A result stays until `f` is called with an argument whose whole part is the same modulo `SIZE`. */
export function remembering(f: (x: number) => number): (x: number) => number {
  let table: { readonly arguments: Float64Array; readonly results: Float64Array } | null = null;
  return (x) => {
    table ??= { arguments: new Float64Array(SIZE).fill(NaN), results: new Float64Array(SIZE) };
    const entry = x & (SIZE - 1);
    if (table.arguments[entry] !== x) {
      table.results[entry] = f(x);
      table.arguments[entry] = x;
    }
    return table.results[entry] as number;
  };
}
