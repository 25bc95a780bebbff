/** Families that can be read as one. */
import type { Tensor } from "../../autodiff/index.js";
import type { Divergence } from "../core/divergence.js";

/** The parameters of a distribution in those of another family; null where it has none. */
export type Reader<T> = (d: never) => T | null;
export const ownParams = <T>({ params }: { readonly params: T }): T => params;

/** Divergences from a family that `mine` reads to each of `others`; null where what is given cannot be read. */
export const readAs = <T>(
  mine: Reader<T>,
  others: Readonly<Record<string, Reader<T>>>,
  f: (q: T, p: T) => Tensor,
): Record<string, Divergence> =>
  Object.fromEntries(
    Object.entries(others).map(([name, other]) => [
      name,
      (q, p) => {
        const [x, y] = [mine(q as never), other(p as never)];
        return x && y ? f(x, y) : null;
      },
    ]),
  );
