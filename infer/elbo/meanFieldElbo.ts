/**
 * TraceMeanFieldELBO: -KL(q_z || p_z) in closed form at every latent where there is one (closedForms.ts), the rest sampled as in
 * TraceGraphELBO.
 */
import { withClosedForms } from "./costs/closedForms.js";
import type { Cost, PathPair } from "./particles/pair.js";
import { TraceGraphELBO } from "./scoreElbo.js";

export class TraceMeanFieldELBO extends TraceGraphELBO {
  override readonly name = "TraceMeanFieldELBO";

  override costs(pair: PathPair): Cost[] {
    return withClosedForms(this.name, pair, super.costs(pair), () => true);
  }
}
