/**
 * The loss with the option `multiSampleGuide`. One run of the guide draws several samples, along a leading axis of every latent. The
 * model runs as a batch over this axis, and the loss is the mean over the samples.
 */
import { emptyRecord, neg, PedigradError, type Tensor, tensor, vmap } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { substitute } from "../../program/handlers.js";
import { withHandler } from "../../program/messages.js";
import { sharedPlatesHandler } from "../../program/subsamples.js";
import { isScoreSite, type SampleSite, sampleSites } from "../../program/trace.js";
import { checkPlates } from "../particles/match.js";
import type { Outcome, Task } from "../particles/pair.js";
import { tracedRun } from "../particles/particles.js";

/** The loss of one run of the guide, averaged over its samples. */
export function multiSampleEstimate(task: Task): Outcome {
  const plates = sharedPlatesHandler(() => random.foldIn(task.key, 0));
  return withHandler(plates, () => estimateOf(task));
}

function estimateOf(task: Task): Outcome {
  const guide = tracedRun(task.guide, random.foldIn(task.key, 1), task);
  const latents = [...sampleSites(guide)].filter((site) => !site.isObserved);
  const count = samplesOf(latents);
  const values = emptyRecord<Tensor>();
  for (const site of latents) values[site.name] = site.value;
  const keys = random.split(random.foldIn(task.key, 2), count);
  const logp: Tensor = vmap((key: Tensor, one: Record<string, Tensor>) => {
    const model = tracedRun(substitute(task.model, one), key, task);
    checkPlates(guide, model);
    return sumOf([...sampleSites(model)].map((site) => site.scaledLogProb().sum()));
  })(keys, values);
  const logq = sumOf([...sampleSites(guide)].map((site) => site.scaledLogProb().reshape([count, -1]).sum(1)));
  return { loss: neg(logp.sub(logq).mean()), mutableState: emptyRecord() };
}

const sumOf = (terms: readonly Tensor[]): Tensor => terms.reduce((a, b) => a.add(b), tensor(0));

/** The length of the leading axis that all latents share. */
function samplesOf(latents: readonly SampleSite[]): number {
  const refuse = (site: string | undefined, message: string): never => {
    throw new PedigradError({ code: "multi-sample", op: "TraceELBO", site, message: `multiSampleGuide: ${message}` });
  };
  const [first] = latents;
  if (first === undefined) return refuse(undefined, "the guide has no latent site. Leave the option out.");
  const count = first.value.shape[0];
  for (const site of latents) {
    if (isScoreSite(site)) refuse(site.name, `site "${site.name}" has no pathwise sampler. Use numParticles instead.`);
    if (site.value.shape[0] !== count || count === undefined)
      refuse(
        site.name,
        `site "${site.name}" has shape [${site.value.shape}], and the first latent has shape [${first.value.shape}]. All latents must have the same leading axis, that of the samples.`,
      );
  }
  return count as number;
}
