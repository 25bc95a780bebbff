/** Families whose parameters can be converted into those of one. */
import type { Tensor } from "../../autodiff/index.js";
import type { Divergence } from "../core/divergence.js";

/** The parameters of a distribution in those of another family; null where it has none. */
export type Conversion<T> = (d: never) => T | null;
export const paramsOf = <T>({ params }: { readonly params: T }): T => params;

/** Divergences from a family to each of `others`, after conversion of q by `own` and of p by its entry. Null where a conversion is. */
export const byConversion = <T>(
  own: Conversion<T>,
  others: Readonly<Record<string, Conversion<T>>>,
  f: (q: T, p: T) => Tensor,
): Record<string, Divergence> =>
  Object.fromEntries(
    Object.entries(others).map(([name, other]) => [
      name,
      (q, p) => {
        const [x, y] = [own(q as never), other(p as never)];
        return x && y ? f(x, y) : null;
      },
    ]),
  );
