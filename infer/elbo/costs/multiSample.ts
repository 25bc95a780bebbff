/**
 * The loss with the option `multiSampleGuide`. One run of the guide draws several samples, along a leading axis of every latent. The
 * model runs as a batch over this axis, and the loss is the mean over the samples.
 */
import { emptyRecord, mapTree, neg, type Tensor, tensor, vmap } from "../../../autodiff/index.js";
import * as random from "../../../autodiff/ops/random/random.js";
import { refuseSite } from "../../checks.js";
import { type Model, withHandler } from "../../program/messages.js";
import { visitedValuesHandler } from "../../program/subsamples.js";
import { isScoreSite, SampleSite, sampleSites, type Trace } from "../../program/trace.js";
import { withDraws } from "../../program/values.js";
import { checkSamples } from "../particles/match.js";
import type { Outcome, Task } from "../particles/pair.js";
import { hostReadsOf, mutableOf, mutablesHandler, tracedRun, withSharedPlates } from "../particles/particles.js";
import { checkOptions } from "../particles/siteOptions.js";
import { sumOfAll } from "./costs.js";

/** The estimator for the checks of site options. It has neither closed forms nor baselines: every term is sampled and pathwise. */
const ESTIMATOR = { name: "TraceELBO (multiSampleGuide)" };

/** The loss of one run of the guide, averaged over its samples. */
export function multiSampleEstimate(task: Task): Outcome {
  return withSharedPlates(task.key, () => estimateOf(task));
}

function estimateOf(task: Task): Outcome {
  const guide = tracedRun(task.guide, random.foldIn(task.key, 1), task);
  const latents = [...sampleSites(guide)].filter((site) => !site.isObserved);
  const [readSite] = hostReadsOf(guide);
  if (readSite !== undefined)
    refuse(
      readSite,
      `the guide reads the value of "${readSite}", where a pathwise gradient ends. Use numParticles instead, or compute with ops on the tensor.`,
    );
  const count = countSamples(latents);
  const values = emptyRecord<Tensor>();
  for (const site of latents) values[site.name] = site.value;
  const keys = random.split(random.foldIn(task.key, 2), count);
  const { logp, mutable }: { logp: Tensor; mutable: Record<string, Tensor> } = vmap(
    (key: Tensor, sample: Record<string, Tensor>) => {
      const program = withDraws(task.model, sample);
      const afterGuide: Model = (...args) => withHandler(mutablesHandler(guide), () => program(...args));
      const model = tracedRun(afterGuide, key, task, visitedValuesHandler);
      checkSamples(guide, model);
      checkOptions(ESTIMATOR, { guide, model }, task.isMeasured);
      const logp = sumOfAll([...sampleSites(model)].map((site) => site.scaledLogProb()));
      return { logp, mutable: mutableOf({ guide, model }) };
    },
  )(keys, values);
  const logq = [...sampleSites(guide)].map((site) => logqOfSamples(site, count)).reduce((a, b) => a.add(b), tensor(0));
  const mutableState = mapTree(mutable, (leaf) => (leaf as Tensor).at(0)) as Record<string, Tensor>;
  return { loss: neg(logp.sub(logq).mean()), mutableState };
}

/** The guide's trace with the first sample of each latent. */
export function firstSamples(guide: Trace): Trace {
  const first: Trace = new Map(guide);
  for (const site of sampleSites(guide))
    if (!site.isObserved && site.value.shape.length > 0)
      first.set(site.name, new SampleSite({ ...site, value: site.value.at(0) }));
  return first;
}

const refuse = (site: string | undefined, message: string): never => {
  refuseSite("multi-sample", site, `multiSampleGuide: ${message}`, { op: "TraceELBO" });
};

/** log q of a site of the guide, one number for each sample. */
function logqOfSamples(site: SampleSite, count: number): Tensor {
  const logq = site.scaledLogProb();
  if (logq.shape[0] !== count)
    refuse(
      site.name,
      `the log density of "${site.name}" has shape [${logq.shape}], but needs ${count} elements along its first axis, one for each sample.`,
    );
  return logq.reshape([count, -1]).sum(1);
}

/** The number of samples: the length of the first axis, which must be the same for all latents. */
function countSamples(latents: readonly SampleSite[]): number {
  const [first] = latents;
  if (first === undefined) return refuse(undefined, "the guide has no latent site. Leave the option out.");
  const count = first.value.shape[0];
  for (const site of latents) {
    const { name, value } = site;
    if (isScoreSite(site)) refuse(name, `site "${name}" has no pathwise sampler. Use numParticles instead.`);
    if (value.shape[0] !== count || count === undefined)
      refuse(
        name,
        `site "${name}" has shape [${value.shape}], and the first latent has shape [${first.value.shape}]. All latents must have a first axis with one element for each sample.`,
      );
  }
  return count as number;
}
