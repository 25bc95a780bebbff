/** The models of golden/elbo.json as programs. Parameters are declared with `param`, so that estimators return their gradients. */
import { readFileSync } from "node:fs";
import {
  Bernoulli,
  Beta,
  Categorical,
  constraints,
  factor,
  type Model,
  mask,
  Normal,
  param,
  plate,
  sample,
  scale,
  subsample,
  type Tensor,
  tensor,
} from "../../../../index.js";

export interface GoldenModel {
  params: Record<string, unknown>;
  modelParams: string[];
  guideParams: string[];
  elbo: number;
  gradElbo: Record<string, unknown>;
  observed?: Record<string, unknown>;
  logEvidence?: number;
  gradLogEvidence?: Record<string, unknown>;
  scoreFunctionEstimatorVariance?: { graph: Record<string, unknown>; graphKurtosis: Record<string, unknown> };
  perSubset?: Record<string, { elbo: number; gradElbo: Record<string, unknown> }>;
}

export const golden = JSON.parse(readFileSync(new URL("../../../golden/elbo.json", import.meta.url), "utf8"))
  .models as Record<string, GoldenModel>;

export const p = (name: string): Tensor => param(name, undefined, { constraint: constraints.real });
export const categorical = (logits: Tensor): Categorical => new Categorical({ logits });

export interface Pair {
  model: Model;
  guide: Model;
}

const hmm = golden.d1_hmm_meanfield_guide?.observed?.x as number[];

export const pairs: Record<string, Pair> = {
  a1_chain_independent_guide: {
    model: () => {
      const a = sample("a", categorical(p("a_logits")));
      const b = sample("b", categorical(p("b_logits").at(a)));
      const c = sample("c", categorical(p("c_logits").at(b)));
      sample("x", new Normal(p("x_loc").at(c), p("x_logscale").exp()), { obs: 0.8 });
    },
    guide: () => {
      for (const name of ["a", "b", "c"]) sample(name, categorical(p(`q${name}`)));
    },
  },
  b_gmm_plate: {
    model: () =>
      plate("data", 6, () => {
        const z = sample("z", categorical(p("weights_logits")));
        sample("x", new Normal(p("locs").at(z), p("logscale").exp()), { obs: [-2.1, -1.7, 0.2, 0.4, 2.3, 3.1] });
      }),
    guide: () => plate("data", 6, () => sample("z", categorical(p("z_logits")))),
  },
  c_nested_plates: {
    model: () => {
      const g = sample("g", categorical(p("g_logits")));
      plate("outer", 3, { dim: -2 }, () => {
        const a = sample("a", categorical(p("a_logits").at(g)));
        plate("inner", 2, { dim: -1 }, () => {
          const b = sample("b", categorical(p("b_logits").at(a)));
          const loc = p("mu").at(b).add(p("nu").at(g));
          sample("y", new Normal(loc, p("logscale").exp()), { obs: golden.c_nested_plates?.observed?.y as number[][] });
        });
      });
    },
    guide: () => {
      const g = sample("g", categorical(p("qg")));
      plate("outer", 3, { dim: -2 }, (i) => {
        const a = sample("a", categorical(p("qa").at(i.expandDims(1), g)));
        plate("inner", 2, { dim: -1 }, (j) => sample("b", categorical(p("qb").at(i.expandDims(1), j, a))));
      });
    },
  },
  d1_hmm_meanfield_guide: {
    model: () => {
      let z: Tensor | null = null;
      hmm.forEach((x, t) => {
        z = sample(`z${t}`, categorical(z === null ? p("init_logits") : p("trans_logits").at(z)));
        sample(`x${t}`, categorical(p("emit_logits").at(z)), { obs: x });
      });
    },
    guide: () => {
      hmm.forEach((_, t) => {
        sample(`z${t}`, categorical(p("z_logits").at(t)));
      });
    },
  },
  e_subsampled_plate: {
    model: () =>
      plate("data", 5, { subsampleSize: 2 }, () => {
        const z = sample("z", new Bernoulli({ logits: p("theta_logit") }));
        const logits = z.mul(p("loc1")).add(tensor(1).sub(z).mul(p("loc0")));
        sample("y", new Bernoulli({ logits }), { obs: subsample([1, 0, 1, 1, 0]) });
      }),
    guide: () => plate("data", 5, { subsampleSize: 2 }, () => sample("z", new Bernoulli({ logits: p("q_logits") }))),
  },
  j1_mask_scale_factor: {
    model: () => {
      const z = sample("z", new Bernoulli({ logits: p("prior") }));
      factor("f", z.mul(0.25));
      const observe = () =>
        plate("y", 3, () => {
          const logits = z.mul(p("l1")).add(tensor(1).sub(z).mul(p("l0")));
          sample("obs", new Bernoulli({ logits }), { obs: [1, 0, 1] });
        });
      scale(mask(observe, [1, 0, 1]), 3)();
    },
    guide: () => {
      sample("z", new Bernoulli({ logits: p("q") }));
    },
  },
  k1_branching_on_read_value: {
    model: () => {
      const z = sample("z", categorical(p("z_logits")));
      let loc = p("m0");
      if (z.item() === 1) loc = p("m1").at(sample("w", new Bernoulli({ logits: p("w_logit") })));
      sample("x", new Normal(loc, p("x_logscale").exp()), { obs: 0.9 });
    },
    guide: () => {
      const z = sample("z", categorical(p("qz")));
      if (z.item() === 1) sample("w", new Bernoulli({ logits: p("qw") }));
    },
  },
};

/** f1 and f3: a continuous and a discrete latent, on both of which one observation depends. */
const mixedModel: Model = () => {
  const mu = sample("mu", new Normal(p("prior_loc"), p("prior_logscale").exp()));
  const c = p("c").at(sample("z", categorical(p("z_logits"))));
  sample("x", new Normal(mu.add(c), p("x_logscale").exp()), { obs: 0.6 });
  sample("y", new Bernoulli({ logits: p("w").mul(mu).mul(c) }), { obs: 1 });
};
const betaBernoulli: Model = () => {
  const probability = sample("p", new Beta(2, 2));
  plate("data", 8, () => sample("y", new Bernoulli(probability), { obs: [1, 1, 0, 1, 0, 1, 1, 0] }));
};
const betaGuide = (): Beta => new Beta(p("log_a").exp(), p("log_b").exp());

/** Models with latents that cannot be enumerated, by the name of the golden entry and, where several models share it, a remark. */
export const mixed: Record<string, Pair & { golden: string }> = {
  f1_mixed_independent: {
    golden: "f1_mixed_independent",
    model: mixedModel,
    guide: () => {
      sample("mu", new Normal(p("q_loc"), p("q_logscale").exp()));
      sample("z", categorical(p("qz")));
    },
  },
  f3_mixed_mu_given_z: {
    golden: "f3_mixed_mu_given_z",
    model: mixedModel,
    guide: () => {
      const z = sample("z", categorical(p("qz")));
      sample("mu", new Normal(p("q_loc").at(z), p("q_logscale").at(z).exp()));
    },
  },
  "i1_beta_bernoulli, pathwise": {
    golden: "i1_beta_bernoulli",
    model: betaBernoulli,
    guide: () => sample("p", betaGuide()),
  },
  "i1_beta_bernoulli, score function": {
    golden: "i1_beta_bernoulli",
    model: betaBernoulli,
    guide: () => sample("p", betaGuide().nonreparameterized()),
  },
  i5_normal_normal: {
    golden: "i5_normal_normal",
    model: () => {
      const mu = sample("mu", new Normal(0, 3));
      plate("data", 3, () => sample("y", new Normal(mu, 1), { obs: [1.1, 0.3, 2] }));
    },
    guide: () => sample("mu", new Normal(p("loc"), p("logscale").exp())),
  },
};

/** The parameters of a model as tensors. */
export const paramsOf = ({ params, modelParams, guideParams }: GoldenModel): Record<string, Tensor> =>
  Object.fromEntries([...modelParams, ...guideParams].map((name) => [name, tensor(params[name] as number[])]));
