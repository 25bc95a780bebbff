/** The KL divergences, KL(q | p) = E_q[log q - log p], that a family declares. kl/kl.ts looks them up. */
import type { Tensor } from "../../autodiff/index.js";
import type { Distribution } from "./distribution.js";
import type { Tensors } from "./family.js";
import type { Params } from "./parameters.js";

/** A function that returns KL(q | p), or null if it has no closed form for these parameters. */
export type Divergence = (q: Distribution, p: Distribution) => Tensor | null;
/** `f`, a function of two particular classes of distribution, as a Divergence. */
export const divergence = <Q extends Distribution, P extends Distribution>(f: (q: Q, p: P) => Tensor | null) =>
  f as unknown as Divergence;
/** A divergence as a function of the parameters of both distributions. */
export const byParams =
  <Q extends Params, P extends Params>(f: (q: Q, p: P) => Tensor | null): Divergence =>
  (q, p) =>
    f(q.params as Q, p.params as P);
/** A distribution that has these parameters. */
export type Having<Names extends string> = Distribution<Tensors<Names>>;

/**
 * The divergences in which a family takes part, by the name of the other family; `*` stands for every other family. Each family carries
 * its own divergences, so that a program contains only the divergences of the families that it uses.
 */
export interface Divergences {
  /** The divergences in which this family is q. */
  readonly to?: Readonly<Record<string, Divergence>>;
  /** The divergences in which this family is p. */
  readonly from?: Readonly<Record<string, Divergence>>;
  /** E log x. kl/moments.ts uses this method and the next two. A family leaves out each method for which it has no formula. */
  meanLog?(q: Distribution): Tensor;
  /** E log(1 - x). */
  meanLogRest?(q: Distribution): Tensor;
  /** Minus the entropy of q. A family defines it if it has a formula that keeps more digits than `entropy`. */
  negativeEntropy?(q: Distribution): Tensor;
}
