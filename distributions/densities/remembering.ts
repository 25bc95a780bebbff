/**
 * Functions that keep their latest results in a table. A density calls such a function for every element, often with the same
 * argument: a parameter that all observations share, or a small count.
 */
const SIZE = 256;

/** `f` with a table of its latest results. A result stays until `f` is called with an argument whose whole part is the same modulo `SIZE`. */
export function remembering(f: (x: number) => number): (x: number) => number {
  const keys = new Float64Array(SIZE).fill(NaN);
  const results = new Float64Array(SIZE);
  return (x) => {
    const entry = x & (SIZE - 1);
    if (keys[entry] !== x) {
      results[entry] = f(x);
      keys[entry] = x;
    }
    return results[entry] as number;
  };
}
