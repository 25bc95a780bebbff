/** TraceMeanFieldELBO, the estimator with KL terms in closed form (closedForms.ts). */
import { withClosedForms } from "./costs/closedForms.js";
import type { Cost, PathPair } from "./particles/pair.js";
import { TraceGraphELBO } from "./scoreElbo.js";

/**
 * Estimates the negative ELBO, with the KL terms in closed form (Kingma and Welling 2014, section 2.3):
 *
 *     loss = Σ_z KL(q(z) || p(z)) - E_q[log p(x | z)]
 *
 * A latent has a closed form if `klDivergence` knows one for its distributions in guide and model, if their masks are the same, and if
 * the parameters of its prior do not depend on the latent itself. The KL terms of other latents, and the likelihood, are estimated from
 * draws, as in TraceGraphELBO.
 *
 * Choose this estimator in place of TraceELBO or TraceGraphELBO where most latents have a closed form: the mean is the same, and a
 * KL term in closed form adds no variance. Near the optimum, however, sampled KL terms can have less variance, because
 * they cancel against the likelihood; `explain` measures both.
 *
 * Refused: a closed form for a latent whose scales differ between guide and model (`mismatch`),
 * `kl: "analytic"` at a latent without a closed form, and `enumerate`.
 *
 * @example
 * const [model, guide] = [0, 1].map((loc) => () => sample("z", new Normal(loc, 1)));
 * new TraceMeanFieldELBO().loss(random.key(0), {}, model, guide).item() // 0.5
 */
export class TraceMeanFieldELBO extends TraceGraphELBO {
  override get name(): string {
    return "TraceMeanFieldELBO";
  }

  override costs(pair: PathPair): Cost[] {
    return withClosedForms(this.name, pair, super.costs(pair), () => true);
  }
}
