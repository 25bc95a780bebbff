/**
 * Variable elimination: sum variables out of a product of factors, one at a time. (A variable is an axis name of a factor.) Each step
 * multiplies only the factors that have the variable, and sums the variable out of this product. The first variable to go is the one whose
 * product has the fewest axes.
 */
import type { Tensor } from "../../autodiff/index.js";
import { type Combine, type Factor, multiply, reduceNames } from "./factors.js";

/** A reduction of a tensor over axes. */
export type SumOver = (x: Tensor, axes: number[]) => Tensor;

/** The factors that remain after every variable in `summedNames` is summed out. */
export function eliminate(
  allFactors: Iterable<Factor>,
  summedNames: ReadonlySet<string>,
  sum: SumOver,
  combine?: Combine,
): Factor[] {
  const factors = new Set(allFactors);
  const factorsByName = new Map<string, Set<Factor>>();
  const register = (factor: Factor) => {
    for (const name of factor.names)
      if (summedNames.has(name)) factorsByName.set(name, (factorsByName.get(name) ?? new Set()).add(factor));
  };
  for (const factor of factors) register(factor);
  const widthOf = (name: string): number =>
    new Set([...(factorsByName.get(name) as Set<Factor>)].flatMap((f) => f.names)).size;
  const widths = new Map([...factorsByName.keys()].map((name) => [name, widthOf(name)]));
  while (widths.size > 0) {
    const variable = smallest(widths);
    const factorsOfVariable = [...(factorsByName.get(variable) as Set<Factor>)];
    const reduced = reduceNames(multiply(factorsOfVariable, combine), [variable], sum);
    for (const factor of factorsOfVariable) {
      factors.delete(factor);
      for (const name of factor.names) factorsByName.get(name)?.delete(factor);
    }
    factors.add(reduced);
    register(reduced);
    widths.delete(variable);
    for (const name of reduced.names) if (widths.has(name)) widths.set(name, widthOf(name));
  }
  return [...factors];
}

function smallest(widths: ReadonlyMap<string, number>): string {
  let [best, smallestWidth] = ["", Infinity];
  widths.forEach((width, name) => {
    if (width >= smallestWidth) return;
    best = name;
    smallestWidth = width;
  });
  return best;
}
