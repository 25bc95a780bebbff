/** The KL divergences, KL(q | p) = E_q[log q - log p], that a family declares. kl/kl.ts looks them up. */
import type { Tensor } from "../../autodiff/index.js";
import type { Distribution } from "./distribution.js";
import type { Tensors } from "./family.js";

/** KL(q | p); null where it has no closed form for these parameters. */
export type Divergence = (q: Distribution, p: Distribution) => Tensor | null;
/** Turns a function of a Q and a P, two particular classes of distribution, into a Divergence. */
export const divergence = <Q extends Distribution, P extends Distribution>(f: (q: Q, p: P) => Tensor | null) =>
  f as unknown as Divergence;
/** A distribution with these parameters. */
export type Of<Names extends string> = Distribution<Tensors<Names>>;

/**
 * The divergences in which a family takes part, keyed by the name of the other family; `*` stands for any. Each family carries its own
 * divergences, so that a program contains only those of the families that it uses.
 */
export interface Divergences {
  /** This family is q. */
  readonly to?: Readonly<Record<string, Divergence>>;
  /** This family is p. */
  readonly from?: Readonly<Record<string, Divergence>>;
  /** E log x, used like the next two by kl/moments.ts. Each is absent in families for which it is not known. */
  meanLog?(q: Distribution): Tensor;
  /** E log(1 - x). */
  meanLogRest?(q: Distribution): Tensor;
  /** -H(q), in families with a formula for it that keeps more digits than `entropy`. */
  negativeEntropy?(q: Distribution): Tensor;
}
