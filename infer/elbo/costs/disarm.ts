/**
 * DisARM (Dong, Mnih and Tucker 2020), an unbiased gradient of Bernoulli sites by antithetic runs. One particle consists of two runs.
 * At a site with gradient: "disarm", the first run draws b from a uniform number u, and the second run draws b' from 1 - u. With the
 * logits α,
 *
 *     gradient += 1/2 (cost_d(b)[i] - cost_d(b')[i]) (b[i] - b'[i]) σ(|α[i]|) ∇ α[i],
 *
 * where cost_d includes only the costs that depend on element i (charge.ts). The number u need not be known: given b, and with p = σ(α),
 * b' is 1 with probability max(0, 2 - 1/p) if b is 1, and with probability min(1, p/(1 - p)) if b is 0.
 *
 * Other sites have the same value in both runs, unless they depend on an antithetic site; then each run draws its own value.
 */
import { broadcastTo, sigmoid, stopGradient, type Tensor, tensor, where } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import type { Bernoulli } from "../../../distributions/index.js";
import { refuseSite } from "../../checks.js";
import { familyOf } from "../../program/inferOptions.js";
import type { Handler } from "../../program/messages.js";
import { type SampleSite, sampleSites } from "../../program/trace.js";
import { scoreSitesThatWereRead } from "../particles/hostReads.js";
import type { Pair, Task } from "../particles/pair.js";
import { pairWithGuide, tracedRun } from "../particles/particles.js";
import type { ScoreSite } from "./costs.js";
import { sumToAxes } from "./meetings.js";

/** Whether a guide site asks for gradient: "disarm". */
export const usesDisarm = ({ infer, isObserved }: SampleSite): boolean => infer.gradient === "disarm" && !isObserved;

const bernoulliOf = (site: SampleSite): Bernoulli => familyOf(site.fn) as Bernoulli;

/** Guide and model in the second, antithetic run of a particle; null if no site asks for gradient: "disarm". */
export function antitheticPair({ guide }: Pair, key: Tensor, task: Task): Pair | null {
  const disarmed = [...sampleSites(guide)].filter(usesDisarm);
  if (disarmed.length === 0) return null;
  const names = new Set(disarmed.map(({ name }) => name));
  for (const site of disarmed) refuseUnequalLogits(site, names);
  const drawKey = random.foldIn(key, 2);
  const antithetic: Handler = {
    process: {
      sample(message) {
        const site = guide.get(message.name);
        if (message.isObserved || site?.type !== "sample") return;
        // If host code read this site in the first run, the site got a score-function gradient there (hostReads.ts). Do the same here.
        if (message.fn.hasRsample && !site.fn.hasRsample) message.fn = message.fn.nonreparameterized();
        if (names.has(site.name))
          message.value = antitheticDraw(site, random.foldIn(drawKey, [...names].indexOf(site.name)));
        else if (![...site.value.provenance].some((name) => names.has(name)))
          message.value = message.fn.hasRsample ? site.value : stopGradient(site.value);
      },
    },
  };
  const run = (...handlers: Handler[]): Pair => {
    const antitheticGuide = tracedRun(task.guide, random.foldIn(key, 0), task, antithetic, ...handlers);
    return pairWithGuide(antitheticGuide, key, task, ...handlers);
  };
  // A branch on an antithetic draw may lead to reads that the first run has not made.
  return scoreSitesThatWereRead(run(), run);
}

/** Refuse `leaveOneOut`: it would subtract the costs of all other runs, but the two runs of one particle are not independent. */
export function refuseLeaveOneOut(site: string): never {
  refuseSite(
    "bad-option",
    site,
    `sample site "${site}": leaveOneOut cannot be combined with gradient: "disarm" at any site, because the two runs of a particle are not independent. Use useDecayingAvgBaseline instead.`,
    { param: "leaveOneOut" },
  );
}

/** The draw b' of the second run, given the draw b of the first run, which is the value of `site`. */
function antitheticDraw(site: SampleSite, key: Tensor): Tensor {
  const { value } = site;
  const p = stopGradient(broadcastTo(bernoulliOf(site).probs, value.shape));
  const whereOne = p.reciprocal().neg().add(2).maximum(0);
  const whereZero = p.div(p.neg().add(1)).minimum(1);
  return stopGradient(random.bernoulli(key, where(value, whereOne, whereZero), value.shape));
}

/** Refuse logits that depend on another antithetic site, since the two runs would then have different logits. */
function refuseUnequalLogits(site: SampleSite, disarmed: ReadonlySet<string>): void {
  const other = [...site.value.provenance].find((name) => name !== site.name && disarmed.has(name));
  if (other === undefined) return;
  refuseSite(
    "bad-option",
    site.name,
    `sample site "${site.name}": gradient: "disarm" needs the same logits in both of its runs, but they depend on "${other}", which the runs draw differently. Take gradient: "score" for one of the two.`,
    { param: "gradient" },
  );
}

/** A site with the cost that it is charged with in one run. */
export interface ChargedSite {
  readonly site: ScoreSite;
  readonly cost: Tensor;
}

/** A term whose gradient is the formula above, summed over the sites that occur in both runs. */
export function surrogateOfRuns(first: readonly ChargedSite[], second: readonly ChargedSite[]): Tensor {
  let total = tensor(0);
  for (const { site: d, cost } of first) {
    const { site, axes } = d;
    const partner = second.find((other) => other.site.name === d.name);
    if (partner === undefined) continue;
    const logits = broadcastTo(bernoulliOf(site).logits, site.value.shape);
    const slope = stopGradient(site.value.sub(partner.site.site.value).mul(sigmoid(logits.abs())));
    // All elements along other axes have the same cost, so sum over these axes before multiplying by the cost.
    const scaledLogits = sumToAxes(slope.mul(logits), axes);
    total = total.add(stopGradient(cost.sub(partner.cost)).mul(0.5).mul(scaledLogits).sum());
  }
  return total;
}
