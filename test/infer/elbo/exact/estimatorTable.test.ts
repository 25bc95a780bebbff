/**
 * For every model and every estimator of the ELBO that applies to it, the mean of loss and gradient is the sum in golden/elbo.json,
 * within 4.5 standard errors, n = 20,000. On every golden model, compiled estimators equal eager estimators.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  configEnumerate,
  type Elbo,
  jit,
  type Model,
  random,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  vmap,
} from "../../../../index.js";
import { assertMean, drawsOf, estimates, type Rows } from "../../draws.js";
import { type GoldenModel, golden, mixed, pairs, paramsOf } from "./goldenModels.js";

const N = 20_000;
interface Entry {
  readonly elbo: Elbo;
  readonly guide?: (guide: Model) => Model;
}
const TABLE: Readonly<Record<string, Entry>> = {
  TraceELBO: { elbo: new TraceELBO() },
  "TraceELBO, sticking the landing": { elbo: new TraceELBO({ stickingTheLanding: true }) },
  "TraceELBO, second order": { elbo: new TraceELBO({ order: 2 }) },
  "TraceELBO, 3 particles": { elbo: new TraceELBO({ numParticles: 3 }) },
  TraceGraphELBO: { elbo: new TraceGraphELBO() },
  "TraceGraphELBO, second order": { elbo: new TraceGraphELBO({ order: 2 }) },
  TraceMeanFieldELBO: { elbo: new TraceMeanFieldELBO() },
  "TraceEnumELBO, nothing enumerated": { elbo: new TraceEnumELBO({ strictEnumerationWarning: false }) },
  "TraceEnumELBO, guide enumerated": {
    elbo: new TraceEnumELBO({ strictEnumerationWarning: false }),
    guide: configEnumerate,
  },
};

for (const [name, { golden: entry, model, guide }] of Object.entries(mixed))
  for (const [label, { elbo, guide: change = (g: Model) => g }] of Object.entries(TABLE))
    test(`${label} estimates the ELBO of ${name} and its gradient`, () => {
      const exact = golden[entry] as GoldenModel;
      const columns = drawsOf(estimates(elbo, model, change(guide), paramsOf(exact)), N);
      assertMean("elbo", columns.loss as Rows, exact.elbo, -1);
      for (const [param, want] of Object.entries(exact.gradElbo)) assertMean(param, columns[param] as Rows, want, -1);
    });

const everything = {
  ...Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, { ...pair, golden: name }])),
  ...mixed,
};
const bits = (x: Tensor): string => [...x.toFloat64Array()].join();
for (const [name, { golden: entry, model, guide }] of Object.entries(everything))
  test(`${name}: compiled equals eager under every estimator`, () => {
    // A program that reads its draws is not compiled.
    if (name.startsWith("k1")) return;
    for (const [label, { elbo, guide: change = (g: Model) => g }] of Object.entries(TABLE)) {
      const one = estimates(elbo, model, change(guide), paramsOf(golden[entry] as GoldenModel));
      const batch = (keys: Tensor) => vmap(one)(keys) as Record<string, Tensor>;
      const compiled = jit(batch);
      for (let call = 0; call < 3; call++) {
        const keys = random.split(random.key(call), 5);
        const [got, want] = [compiled(keys), batch(keys)];
        for (const key of Object.keys(want))
          assert.is(bits(got[key] as Tensor), bits(want[key] as Tensor), `${label}: ${key}`);
      }
    }
  });

test.run();
