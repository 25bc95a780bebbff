/** Elementwise provenance: the exact mean and variance of the gradients of the models in golden/axes.json. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import {
  Bernoulli,
  Categorical,
  type Elbo,
  type Model,
  Normal,
  param,
  plate,
  sample,
  softmax,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";
import { assertClose, exactMoments, type Latent } from "../exact.js";

interface Golden {
  readonly params: Record<string, number[]>;
  readonly observed: Record<string, number[] & number>;
  readonly elbo: number;
  readonly gradElbo: Record<string, unknown>;
  readonly scoreFunctionEstimatorVariance: { ideal: Record<string, unknown>; full: Record<string, unknown> };
}
const golden: Record<string, Golden> = JSON.parse(
  readFileSync(new URL("../../golden/axes.json", import.meta.url), "utf8"),
).models;

interface Form {
  readonly model: Model;
  readonly guide: Model;
}
interface Case {
  readonly latents: Record<string, Latent>;
  readonly forms: (data: Golden["observed"]) => Record<string, Form>;
  /** Whether the elements of plates are mixed, so that charging every element with all costs is also right. */
  readonly isBroken?: boolean;
}
const p = (name: string): Tensor => param(name);
const bernoulli = (logits: Tensor): Bernoulli => new Bernoulli({ logits });
const rows = <T>(body: () => T): T => plate("rows", 2, { dim: -2 }, () => plate("cols", 3, { dim: -1 }, body));

const cases: Record<string, Case> = {
  a1_sum_in_plate: {
    latents: { z: { shape: [3] } },
    isBroken: true,
    forms: ({ x, sd, prior }) => ({
      plates: {
        model: () => {
          const z = plate("d", 3, () => sample("z", new Bernoulli(prior as number)));
          plate("d", 3, () => sample("x", new Normal(z.sum(), sd as number), { obs: x as number[] }));
        },
        guide: () => plate("d", 3, () => sample("z", bernoulli(p("l")))),
      },
    }),
  },
  a2_softmax_in_plate: {
    latents: { z: { shape: [3] } },
    isBroken: true,
    forms: ({ x, sd, prior }) => ({
      plates: {
        model: () =>
          plate("d", 3, () => {
            const z = sample("z", new Bernoulli(prior as number));
            sample("x", new Normal(softmax(z.mul(3)).mul(2), sd as number), { obs: x as number[] });
          }),
        guide: () => plate("d", 3, () => sample("z", bernoulli(p("l")))),
      },
    }),
  },
  a3_guide_mixes: {
    latents: { z: { shape: [2] }, w: { shape: [2] } },
    isBroken: true,
    forms: ({ x, sd, prior }) => ({
      plates: {
        model: () =>
          plate("d", 2, () => {
            const z = sample("z", new Bernoulli(prior as number));
            const w = sample("w", bernoulli(z.mul(1.5).sub(0.8)));
            sample("x", new Normal(w.mul(2.5), sd as number), { obs: x as number[] });
          }),
        guide: () => {
          const z = plate("d", 2, () => sample("z", bernoulli(p("l"))));
          plate("d", 2, () => sample("w", bernoulli(p("c").add(p("e").mul(z.sum())))));
        },
      },
    }),
  },
  a4_nested_inner_mixed: {
    latents: { z: { shape: [2, 3] } },
    forms: ({ x, sd, prior }) => ({
      plates: {
        model: () =>
          rows(() => {
            const z = sample("z", new Bernoulli(prior as number));
            sample("x", new Normal(z.sum(-1, { keepDims: true }), sd as number), { obs: x as number[] });
          }),
        guide: () => rows(() => sample("z", bernoulli(p("l")))),
      },
    }),
  },
  b1_mixture_to_event: {
    latents: { z: { shape: [4], count: 3 } },
    forms: ({ x, w, sd }) => {
      const prior = new Categorical({ logits: w as number[] }).expand([4]);
      const guide = () => new Categorical({ logits: p("q") });
      const observe = (z: Tensor) => new Normal(p("locs").at(z), sd as number);
      return {
        event: {
          model: () => sample("x", observe(sample("z", prior.toEvent(1))).toEvent(1), { obs: x as number[] }),
          guide: () => sample("z", guide().toEvent(1)),
        },
        "undeclared dims": {
          model: () => sample("x", observe(sample("z", prior)), { obs: x as number[] }),
          guide: () => sample("z", guide()),
        },
        plate: {
          model: () => plate("d", 4, () => sample("x", observe(sample("z", prior)), { obs: x as number[] })),
          guide: () => plate("d", 4, () => sample("z", guide())),
        },
      };
    },
  },
  b2_chain_to_event: {
    latents: { z: { shape: [3] }, w: { shape: [3] } },
    forms: ({ x, sd, prior }) => {
      const model =
        (n: number): Model =>
        () => {
          const z = sample("z", new Bernoulli(prior as number).expand([3]).toEvent(n));
          const w = sample("w", bernoulli(z.sub(0.5)).toEvent(n));
          sample("x", new Normal(w.mul(3).sub(z), sd as number).toEvent(n), { obs: x as number[] });
        };
      const guide =
        (n: number): Model =>
        () => {
          const z = sample("z", bernoulli(p("l")).toEvent(n));
          sample("w", bernoulli(p("a").add(p("t").mul(z))).toEvent(n));
        };
      return {
        event: { model: model(1), guide: guide(1) },
        "undeclared dims": { model: model(0), guide: guide(0) },
        plate: { model: () => plate("d", 3, model(0)), guide: () => plate("d", 3, guide(0)) },
      };
    },
  },
  b3_row_effects: {
    latents: { z: { shape: [3, 2] } },
    forms: ({ x, sd, prior }) => {
      const model =
        (n: number): Model =>
        () => {
          const z = sample("z", new Bernoulli(prior as number).expand([3, 2]).toEvent(2 * n));
          sample("x", new Normal(z.sum(1), sd as number).toEvent(n), { obs: x as number[] });
        };
      return {
        event: { model: model(1), guide: () => sample("z", bernoulli(p("l")).toEvent(2)) },
        "undeclared dims": { model: model(0), guide: () => sample("z", bernoulli(p("l"))) },
        plate: {
          model: () =>
            plate("d", 3, () => {
              const z = sample("z", new Bernoulli(prior as number).expand([3, 2]).toEvent(1));
              sample("x", new Normal(z.sum(-1), sd as number), { obs: x as number[] });
            }),
          guide: () => plate("d", 3, () => sample("z", bernoulli(p("l")).toEvent(1))),
        },
      };
    },
  },
  b4_rows_against_columns: {
    latents: { a: { shape: [2] }, b: { shape: [3] } },
    forms: ({ x, sd, prior }) => {
      const form = (n: number): Form => ({
        model: () => {
          const a = sample("a", new Bernoulli(prior as number).expand([2]).toEvent(n));
          const b = sample("b", new Bernoulli(prior as number).expand([3]).toEvent(n));
          sample("x", new Normal(a.expandDims(1).mul(2).sub(b), sd as number).toEvent(2 * n), { obs: x as number[] });
        },
        guide: () => {
          sample("a", bernoulli(p("qa")).toEvent(n));
          sample("b", bernoulli(p("qb")).toEvent(n));
        },
      });
      const inPlates = (row: () => Tensor, column: () => Tensor, both: (a: Tensor, b: Tensor) => void) => () => {
        const a = plate("rows", 2, { dim: -2 }, row);
        const b = plate("cols", 3, { dim: -1 }, column);
        plate("rows", 2, { dim: -2 }, () => plate("cols", 3, { dim: -1 }, () => both(a, b)));
      };
      return {
        event: form(1),
        "undeclared dims": form(0),
        plate: {
          model: inPlates(
            () => sample("a", new Bernoulli(prior as number).expand([2, 1])),
            () => sample("b", new Bernoulli(prior as number)),
            (a, b) => sample("x", new Normal(a.mul(2).sub(b), sd as number), { obs: x as number[] }),
          ),
          guide: inPlates(
            () => sample("a", bernoulli(p("qa").expandDims(1))),
            () => sample("b", bernoulli(p("qb"))),
            () => {},
          ),
        },
      };
    },
  },
};

/** The shapes of the latents in one form of a model. In one case they differ from the shapes in the event form. */
const shapesIn = (name: string, form: string, latents: Record<string, Latent>): Record<string, Latent> =>
  name === "b4_rows_against_columns" && form === "plate" ? { ...latents, a: { shape: [2, 1] } } : latents;

const estimators: [string, () => Elbo][] = [
  ["TraceGraphELBO", () => new TraceGraphELBO()],
  ["TraceELBO", () => new TraceELBO()],
  ["TraceGraphELBO of order 2", () => new TraceGraphELBO({ order: 2 })],
  ["TraceELBO of order 2", () => new TraceELBO({ order: 2 })],
];
for (const [name, { latents, forms, isBroken = false }] of Object.entries(cases)) {
  const exact = golden[name] as Golden;
  const params = Object.fromEntries(Object.entries(exact.params).map(([key, value]) => [key, tensor(value)]));
  for (const [form, { model, guide }] of Object.entries(forms(exact.observed)))
    for (const [estimator, make] of estimators)
      test(`${estimator} on ${name} with ${form}`, () => {
        const { mean, variance } = exactMoments({
          elbo: make(),
          model,
          guide,
          params,
          latents: shapesIn(name, form, latents),
        });
        assertClose(mean.loss as number[], exact.elbo, 1e-10, "ELBO");
        for (const [key, want] of Object.entries(exact.gradElbo)) assertClose(mean[key] as number[], want, 1e-9, key);
        if (estimator !== "TraceGraphELBO") return;
        const { ideal, full } = exact.scoreFunctionEstimatorVariance;
        for (const [key, want] of Object.entries(ideal))
          try {
            assertClose(variance[key] as number[], want, 1e-9, `variance of ${key}`);
          } catch (error) {
            if (!isBroken) throw error;
            assertClose(variance[key] as number[], full[key], 1e-9, `variance of ${key}, all costs charged`);
          }
      });
}

test.run();
