/**
 * Every estimator on random programs: the mean of loss and gradients is exact to 1e-9, or the estimator refuses the program. 40 programs; 300
 * with PEDIGRAD_DEEP. Compiled estimators give the same bits.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoDiagonalNormal,
  AutoNormal,
  adam,
  arange,
  configEnumerate,
  type Elbo,
  type ElboOptions,
  inferConfig,
  jit,
  type Model,
  mask,
  Normal,
  PedigradError,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
} from "../../../index.js";
import { times } from "../../deep.js";
import { choicesIn, exactBound, exactLoss, exactMean, exactWake } from "./exactMean.js";
import { type RandomProgram, randomProgram } from "./randomModels.js";

interface Entry {
  readonly make: (options: ElboOptions) => Elbo;
  readonly guide?: (guide: Model) => Model;
  /** Whether the estimator sums out latents of the model. */
  readonly sums?: boolean;
  readonly exact?: (program: RandomProgram) => Record<string, Float64Array>;
}
/** The guide with the discrete sites enumerated whose names match `which`; the others are sampled. */
const everySecond =
  (which: RegExp) =>
  (guide: Model): Model =>
    inferConfig(guide, ({ name, fn }) => (which.test(name) && fn.hasEnumerateSupport ? { enumerate: "parallel" } : {}));
/** The guide with a baseline at each score site: a number for each element. */
const withBaselines = (guide: Model): Model =>
  inferConfig(guide, ({ fn, isObserved }) => {
    if (isObserved || fn.hasRsample) return {};
    const elements = fn.batchShape.reduce((a, b) => a * b, 1);
    return {
      baseline: {
        baselineValue: arange(elements)
          .mul(0.3)
          .sub(1)
          .reshape([...fn.batchShape]),
      },
    };
  });
const withClosedForms = (guide: Model): Model =>
  inferConfig(everySecond(/[02]/)(guide), ({ name }) => (/[01]/.test(name) ? { kl: "analytic" } : {}));
const enumerating = (options: ElboOptions) => new TraceEnumELBO({ ...options, strictEnumerationWarning: false });
const TABLE: Readonly<Record<string, Entry>> = {
  TraceELBO: { make: (options) => new TraceELBO(options) },
  "TraceELBO, sticking the landing": { make: (options) => new TraceELBO({ ...options, stickingTheLanding: true }) },
  "TraceELBO, second order": { make: (options) => new TraceELBO({ ...options, order: 2 }) },
  TraceGraphELBO: { make: (options) => new TraceGraphELBO(options) },
  "TraceGraphELBO, second order": { make: (options) => new TraceGraphELBO({ ...options, order: 2 }) },
  "TraceGraphELBO, a baseline for each element": {
    make: (options) => new TraceGraphELBO(options),
    guide: withBaselines,
  },
  TraceMeanFieldELBO: { make: (options) => new TraceMeanFieldELBO(options) },
  "TraceEnumELBO, guide sampled": { make: enumerating, sums: true },
  "TraceEnumELBO, guide enumerated": { make: enumerating, guide: configEnumerate, sums: true },
  "TraceEnumELBO, even sites enumerated": { make: enumerating, guide: everySecond(/[02]/), sums: true },
  "TraceEnumELBO, odd sites enumerated": { make: enumerating, guide: everySecond(/[13]|aux/), sums: true },
  "TraceEnumELBO, even sites enumerated, closed forms": { make: enumerating, guide: withClosedForms, sums: true },
  RenyiELBO: { make: (options) => new RenyiELBO(options), exact: (program) => exactBound(program.exact, 0) },
  "RenyiELBO, alpha 1/2": {
    make: (options) => new RenyiELBO({ ...options, alpha: 0.5 }),
    exact: (program) => exactBound(program.exact, 0.5),
  },
  "RenyiELBO, alpha 2, vimco": {
    make: (options) => new RenyiELBO({ ...options, alpha: 2, estimator: "vimco" }),
    exact: (program) => exactBound(program.exact, 2),
  },
  ReweightedWakeSleep: {
    make: (options) => new ReweightedWakeSleep(options),
    exact: (program) => exactWake(program.exact),
  },
};

const programs: RandomProgram[] = [];
for (let seed = 0; programs.length < times(40, 300); seed++) {
  const program = randomProgram(seed);
  // If all elements of a subsampled plate are visited, a sum over all configurations may be too large.
  if (choicesIn(program.exact) <= 6000) programs.push(program);
}

const losses = new Map<RandomProgram, Record<string, Float64Array>>();
function lossOf(program: RandomProgram): Record<string, Float64Array> {
  const loss = losses.get(program) ?? exactLoss(program.exact);
  losses.set(program, loss);
  return loss;
}

/** Whether an estimator is exact on a program, refuses it, or has too many configurations to sum over. A wrong mean throws. */
function check(
  program: RandomProgram,
  { make, guide = (g) => g, exact = lossOf }: Entry,
): "right" | "refused" | "skipped" {
  try {
    const got = exactMean(make, { ...program, guide: guide(program.guide) }, times(600, 1500));
    if (got === null) return "skipped";
    for (const [name, want] of Object.entries(exact(program)))
      want.forEach((w, i) => {
        const g = (got[name] as Float64Array)[i] as number;
        assert.ok(
          Math.abs(g - w) <= 1e-9 * (1 + Math.abs(w)),
          `${name}[${i}]: mean ${g}, exact ${w}; ${program.description}`,
        );
      });
    return "right";
  } catch (error) {
    if (error instanceof PedigradError) return "refused";
    throw error;
  }
}

for (const [label, entry] of Object.entries(TABLE))
  test(`${label}: the mean over all choices is exact, or the program is refused`, () => {
    const found = { right: 0, refused: 0, skipped: 0 };
    for (const program of programs) {
      if (program.hasSummed && !entry.sums) continue;
      if (entry.exact !== undefined && !(program.isFinite && choicesIn(program.exact) <= 64)) continue;
      found[check(program, entry)]++;
    }
    // Most programs must not be refused.
    const least = entry.exact === undefined ? programs.length * 0.4 : programs.length / 20;
    assert.ok(found.right > 2 * found.refused && found.right >= least, JSON.stringify(found));
  });

const linear = Object.entries(TABLE).filter(([, { exact }]) => exact === undefined);
for (const Guide of [AutoNormal, AutoDiagonalNormal, AutoDelta])
  test(`${Guide.name}: the mean of every estimator that is linear in the costs is exact`, () => {
    const model: Model = () => {
      const a = sample("a", new Normal(0.3, 1.2));
      plate("rows", 2, () => {
        const draw = () => sample("b", new Normal(a.mul(0.5), 1));
        const b = (Guide === AutoDelta ? mask(draw, [1, 0]) : draw)();
        mask(() => sample("x", new Normal(b.add(a), 0.8), { obs: [0.5, -1] }), [1, 0])();
      });
    };
    const guide = new Guide(model);
    const svi = new SVI(model, guide, adam(0.05), new TraceELBO());
    const { params } = svi.run(random.key(2), 20);
    const program = { model, guide: guide as unknown as Model, params, subsets: [{}] };
    const want = exactLoss(program);
    for (const [label, { make }] of linear) {
      const got = exactMean(make, program) as Record<string, Float64Array>;
      for (const [name, values] of Object.entries(want))
        values.forEach((w, i) => {
          const g = (got[name] as Float64Array)[i] as number;
          assert.ok(Math.abs(g - w) <= 1e-9 * (1 + Math.abs(w)), `${label}, ${name}[${i}]: mean ${g}, exact ${w}`);
        });
    }
  });

const bits = (x: Tensor): string => [...x.toFloat64Array()].join();
test("compiled equals eager, bit for bit", () => {
  const entries = Object.values(TABLE);
  programs.slice(0, times(24, 300)).forEach((program, i) => {
    const { make, guide = (g: Model) => g } = entries[i % entries.length] as Entry;
    const elbo = make({});
    const one = (key: Tensor) => elbo.lossAndGrads(key, program.params, program.model, guide(program.guide));
    const compiled = jit(one);
    try {
      for (let call = 0; call < 3; call++) {
        const [[a, as], [b, bs]] = [compiled(random.key(call)), one(random.key(call))];
        assert.is(bits(a), bits(b), program.description);
        for (const name of Object.keys(bs))
          assert.is(bits(as[name] as Tensor), bits(bs[name] as Tensor), `${name}: ${program.description}`);
      }
    } catch (error) {
      if (!(error instanceof PedigradError)) throw error;
    }
  });
});

test.run();
