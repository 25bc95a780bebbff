/** KL divergences between families that can all be expressed by the parameters of one of them. */
import type { Tensor } from "../../autodiff/index.js";
import type { Divergence } from "../core/divergence.js";

/** Expresses a distribution by the parameters of another family; null where it is not a member of that family. */
export type Conversion<T> = (d: never) => T | null;
export const paramsOf = <T>({ params }: { readonly params: T }): T => params;

/**
 * Divergences from a family to each of `others`, after conversion of q by `own` and of p by its entry. The divergence is null if either
 * conversion is null.
 */
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
