/** The KL divergences, KL(q | p) = E_q[log q - log p], that a family declares. kl/kl.ts looks them up. */
import type { Tensor } from "../../autodiff/index.js";
import type { Distribution } from "./distribution.js";
import type { Tensors } from "./family.js";

/** KL(q | p); null where it has no closed form for these parameters. */
export type Divergence = (q: Distribution, p: Distribution) => Tensor | null;
/** A divergence from a function of two classes of distributions. */
export const divergence = <Q extends Distribution, P extends Distribution>(f: (q: Q, p: P) => Tensor | null) =>
  f as unknown as Divergence;
/** A distribution with these parameters. */
export type Of<Names extends string> = Distribution<Tensors<Names>>;

/**
 * The divergences in which a family takes part, by the name of the other family, `*` standing for any. A family carries its own, so that
 * a program contains those of the families that it uses.
 */
export interface Divergences {
  /** This family is q. */
  readonly to?: Readonly<Record<string, Divergence>>;
  /** This family is p. */
  readonly from?: Readonly<Record<string, Divergence>>;
  /** For kl/moments.ts, in addition to mean and variance: E log x, */
  meanLog?(q: Distribution): Tensor;
  /** E log(1 - x), */
  meanLogRest?(q: Distribution): Tensor;
  /** and -H(q), where a formula has more digits than `entropy`. */
  negativeEntropy?(q: Distribution): Tensor;
}
