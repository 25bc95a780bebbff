/**
 * The bars of variances are compared with exact numbers for three forms of a mixture: in a plate, as one event, and as one event of which
 * provenance has only the name. The page draws n = 4,000 gradients with fixed keys; 4.5 standard errors of the estimated variance are allowed.
 */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { bars, check, open, run, type } from "./browser.js";

const N = 4000;

/** The mean of D, the squared distance of a gradient from its mean (this is the sum of the variances), and its standard error for n draws. */
interface Exact {
  readonly total: number;
  readonly standardError: number;
}

interface Outcome {
  readonly probability: number;
  readonly gradient: readonly number[];
}
function exactOf(outcomes: readonly Outcome[]): { mean: number; variance: number } {
  const size = outcomes[0]?.gradient.length ?? 0;
  const center = Array.from({ length: size }, (_, j) =>
    outcomes.reduce((sum, { probability, gradient }) => sum + probability * (gradient[j] as number), 0),
  );
  const distance = ({ gradient }: Outcome): number =>
    gradient.reduce((sum, g, j) => sum + (g - (center[j] as number)) ** 2, 0);
  const mean = outcomes.reduce((sum, one) => sum + one.probability * distance(one), 0);
  const variance = outcomes.reduce((sum, one) => sum + one.probability * (distance(one) - mean) ** 2, 0);
  return { mean, variance };
}

const logNormal = (x: number, loc: number, sd: number): number =>
  -0.5 * ((x - loc) / sd) ** 2 - Math.log(sd) - 0.5 * Math.log(2 * Math.PI);
const logSoftmax = (logits: readonly number[]): number[] => {
  const total = Math.log(logits.reduce((sum, l) => sum + Math.exp(l), 0));
  return logits.map((l) => l - total);
};

const golden = JSON.parse(readFileSync(new URL("../../../test/golden/axes.json", import.meta.url), "utf8")).models
  .b1_mixture_to_event;
const { q, locs } = golden.params as { q: number[][]; locs: number[] };
const { x, w, sd } = golden.observed as { x: number[]; w: number[]; sd: number };

/** Every assignment of the four data to three classes, with the gradient for q and locs that follows from the costs. */
function outcomesOf(costOf: (logp: number[], logq: number[], logx: number[], i: number) => number): Outcome[] {
  const [prior, posterior] = [logSoftmax(w), q.map(logSoftmax)];
  return Array.from({ length: 81 }, (_, code) => {
    const z = x.map((_, i) => Math.floor(code / 3 ** i) % 3);
    const logp = z.map((k) => prior[k] as number);
    const logq = z.map((k, i) => posterior[i]?.[k] as number);
    const logx = z.map((k, i) => logNormal(x[i] as number, locs[k] as number, sd));
    const scores = z.flatMap((k, i) =>
      locs.map((_, j) => ((j === k ? 1 : 0) - Math.exp(posterior[i]?.[j] as number)) * costOf(logp, logq, logx, i)),
    );
    const slopes = locs.map((loc, j) =>
      z.reduce((sum, k, i) => sum + (k === j ? ((x[i] as number) - loc) / sd ** 2 : 0), 0),
    );
    return { probability: Math.exp(logq.reduce((a, b) => a + b, 0)), gradient: [...scores, ...slopes] };
  });
}
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const at = (values: readonly number[], i: number): number => values[i] as number;
const charges = {
  /** Each element is charged with its own costs. */
  own: outcomesOf((logp, logq, logx, i) => at(logp, i) + at(logx, i) - at(logq, i)),
  /** Each element is charged with its own log p and log q, and with all data. */
  allData: outcomesOf((logp, logq, logx, i) => at(logp, i) + sum(logx) - at(logq, i)),
};

const HEAD = `import { Categorical, Normal, param, plate, sample, TraceGraphELBO, tensor, trackProvenance } from "pedigrad";
const data = ${JSON.stringify(x)};
const prior = new Categorical({ logits: ${JSON.stringify(w)} });
const observe = (z) => new Normal(param("locs", ${JSON.stringify(locs)}).at(z), ${sd});
const assignment = () => new Categorical({ logits: param("q", ${JSON.stringify(q)}) });
export const elbo = new TraceGraphELBO();
export const steps = 50;
`;
const FORMS = {
  "as a plate": `export const model = () => plate("data", 4, () => sample("x", observe(sample("z", prior)), { obs: data }));
export const guide = () => plate("data", 4, () => sample("z", assignment()));
`,
  "as one event": `export const model = () => sample("x", observe(sample("z", prior.expand([4]).toEvent(1))).toEvent(1), { obs: data });
export const guide = () => sample("z", assignment().toEvent(1));
`,
  "as one event, its name alone": `export const model = () => {
  const z = trackProvenance(sample("z", prior.expand([4]).toEvent(1)), "z");
  sample("x", observe(z).toEvent(1), { obs: data });
};
export const guide = () => sample("z", assignment().toEvent(1));
`,
};

const agrees = (what: string, shown: number | undefined, { total, standardError }: Exact): void =>
  check(
    `${what}: ${shown?.toPrecision(4)} for exactly ${total.toPrecision(4)} ± ${standardError.toPrecision(2)}`,
    Math.abs((shown ?? Number.NaN) - total) < 4.5 * standardError,
  );
const exact = (outcomes: readonly Outcome[]): Exact => {
  const { mean, variance } = exactOf(outcomes);
  return { total: mean, standardError: Math.sqrt(variance / N) };
};

export async function variances(browser: Browser): Promise<void> {
  const { ideal } = golden.scoreFunctionEstimatorVariance as { ideal: { q: number[][]; locs: number[] } };
  const listed = sum(ideal.q.flat()) + sum(ideal.locs);
  const own = exact(charges.own);
  check("the sum over all 81 assignments is the number in the file", Math.abs(own.total - listed) < 1e-9 * listed, [
    own,
    listed,
  ]);
  const allData = exact(charges.allData);
  check(
    "with the name alone, the variance is far larger",
    allData.total - own.total > 20 * (allData.standardError + own.standardError),
  );

  const { page } = await open(browser, "playground/index.html");
  for (const [form, text] of Object.entries(FORMS)) {
    await type(page, HEAD + text);
    await run(page);
    const shown = await bars(page);
    const want = form.endsWith("alone") ? allData : own;
    for (const estimator of ["TraceGraphELBO", "TraceELBO"])
      agrees(`the mixture ${form}, ${estimator}`, shown[estimator], want);
    if (form === "as a plate") {
      const enumerated = shown["TraceEnumELBO, guide enumerated"];
      check("if the site is summed out, the gradient has no noise", enumerated === 0, enumerated);
    }
  }
  await page.close();
}

/** A starting mixture, whose sixty elements are independent: their variances add up, and those of D too. */
export async function checkMixture(name: string, shown: Record<string, number>): Promise<void> {
  const { random } = await import("../../../dist/index.js");
  const noise = random.normal(random.key(1), [60]).toFloat64Array();
  const centres = [-5, 0, 5];
  let [total, variance] = [0, 0];
  noise.forEach((e, i) => {
    const datum = at(centres, i % 3) + e;
    const one = exactOf(
      centres.map((centre, k) => ({
        probability: 1 / 3,
        gradient: centres.map((_, j) => ((j === k ? 1 : 0) - 1 / 3) * logNormal(datum, centre, 1)),
      })),
    );
    total += one.mean;
    variance += one.variance;
  });
  for (const estimator of ["TraceGraphELBO", "TraceELBO"])
    agrees(`${name}, ${estimator}`, shown[estimator], { total, standardError: Math.sqrt(variance / N) });
}
