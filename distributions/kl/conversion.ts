/** KL divergences between families that can all be written as one of them: a Chi2 and an Exponential are both a Gamma. */
import type { Tensor } from "../../autodiff/index.js";
import type { Divergence } from "../core/divergence.js";

/** Returns the parameters of a distribution as a member of another family, or null if it is not a member of that family. */
export type Conversion<T> = (d: never) => T | null;
export const paramsOf = <T>({ params }: { readonly params: T }): T => params;

/**
 * Divergences from a family to each family named in `conversions`. `convertQ` converts q, the entry of p's family in `conversions` converts
 * p, and `f` returns the divergence of the results. The divergence is null if either conversion returns null.
 */
export const byConversion = <T>(
  convertQ: Conversion<T>,
  conversions: Readonly<Record<string, Conversion<T>>>,
  f: (q: T, p: T) => Tensor,
): Record<string, Divergence> =>
  Object.fromEntries(
    Object.entries(conversions).map(([name, convertP]) => [
      name,
      (q, p) => {
        const [x, y] = [convertQ(q as never), convertP(p as never)];
        return x && y ? f(x, y) : null;
      },
    ]),
  );
