/**
 * Variable elimination: sum names out of a product of factors one at a time. Each step multiplies only the factors that have the name. The
 * next name is the one whose product of factors has the fewest names.
 */
import type { Tensor } from "../../autodiff/index.js";
import { type Combine, type Factor, multiply, reduceNames } from "./factors.js";

/** A reduction of a tensor over axes. */
export type SumOver = (x: Tensor, axes: number[]) => Tensor;

/** The factors that remain after summing out every name in `gone`. */
export function eliminate(
  given: Iterable<Factor>,
  gone: ReadonlySet<string>,
  sum: SumOver,
  combine?: Combine,
): Factor[] {
  const factors = new Set(given);
  const touching = new Map<string, Set<Factor>>();
  const join = (factor: Factor) => {
    for (const name of factor.names)
      if (gone.has(name)) touching.set(name, (touching.get(name) ?? new Set()).add(factor));
  };
  for (const factor of factors) join(factor);
  const widthOf = (name: string): number =>
    new Set([...(touching.get(name) as Set<Factor>)].flatMap((f) => f.names)).size;
  const widths = new Map([...touching.keys()].map((name) => [name, widthOf(name)]));
  while (widths.size > 0) {
    const variable = smallest(widths);
    const old = [...(touching.get(variable) as Set<Factor>)];
    const reduced = reduceNames(multiply(old, combine), [variable], sum);
    for (const factor of old) {
      factors.delete(factor);
      for (const name of factor.names) touching.get(name)?.delete(factor);
    }
    factors.add(reduced);
    join(reduced);
    widths.delete(variable);
    for (const name of reduced.names) if (widths.has(name)) widths.set(name, widthOf(name));
  }
  return [...factors];
}

function smallest(widths: ReadonlyMap<string, number>): string {
  let [best, least] = ["", Infinity];
  widths.forEach((width, name) => {
    if (width >= least) return;
    best = name;
    least = width;
  });
  return best;
}
