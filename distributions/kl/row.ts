/** The rows of the table of KL divergences. */
import type { Tensor } from "../../autodiff/index.js";
import type { Distribution } from "../core/distribution.js";

/** KL(q | p) for two families; null where it has no closed form for these parameters. */
export type Row = (q: Distribution, p: Distribution) => Tensor | null;
/** A row written for two classes. */
export const row = <Q extends Distribution, P extends Distribution>(f: (q: Q, p: P) => Tensor | null): Row =>
  f as unknown as Row;
