/**
 * TraceMeanFieldELBO: -KL(q_z || p_z) in closed form for every latent that has one (closedForms.ts). All other terms are sampled as in
 * TraceGraphELBO.
 */
import { withClosedForms } from "./costs/closedForms.js";
import type { Cost, PathPair } from "./particles/pair.js";
import { TraceGraphELBO } from "./scoreElbo.js";

/**
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
