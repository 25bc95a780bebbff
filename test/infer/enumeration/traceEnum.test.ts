/** TraceEnumELBO compared with the sum over all configurations (golden/elbo.json): values and gradients to 1e-9. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  BetaBinomial,
  Categorical,
  configEnumerate,
  constraints,
  type Distribution,
  grad,
  type InferOptions,
  inferConfig,
  jit,
  Mixture,
  type Model,
  markov,
  mask,
  Normal,
  Poisson,
  param,
  plate,
  random,
  sample,
  type Tensor,
  TraceEnumELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { flatten } from "../draws.js";
import { categorical, type GoldenModel, golden, type Pair, p, pairs, paramsOf } from "../elbo/exact/goldenModels.js";

const nothing: Model = () => {};

function assertExact(
  label: string,
  loss: Tensor,
  grads: Record<string, Tensor>,
  elbo: number,
  gradElbo: Record<string, unknown>,
): void {
  assert.ok(Math.abs(-loss.item() - elbo) <= 1e-9, `${label}: elbo ${-loss.item()}, want ${elbo}`);
  for (const [name, want] of Object.entries(gradElbo)) {
    const got = flatten((grads[name] as Tensor).toArray());
    flatten(want).forEach((w, j) => {
      assert.ok(
        Math.abs(-(got[j] as number) - w) <= 1e-9,
        `${label}: d/d${name}[${j}] is ${-(got[j] as number)}, want ${w}`,
      );
    });
  }
}

for (const [name, { model, guide }] of Object.entries(pairs)) {
  if (name.startsWith("k1") || name.startsWith("e_")) continue;
  const exact = golden[name] as GoldenModel;
  for (const how of ["parallel", "sequential"] as const) {
    if (how === "sequential" && /^[bc]_/.test(name)) continue;
    test(`${name}: guide enumerated, ${how}`, () => {
      const [loss, grads] = new TraceEnumELBO().lossAndGrads(
        random.key(1),
        paramsOf(exact),
        model,
        configEnumerate(guide, how),
      );
      assertExact(name, loss, grads, exact.elbo, exact.gradElbo);
    });
  }
}

for (const name of ["a1_chain_independent_guide", "b_gmm_plate", "c_nested_plates", "d1_hmm_meanfield_guide"])
  test(`${name}: model enumerated, empty guide, eager and compiled`, () => {
    const exact = golden[name] as GoldenModel;
    const { model } = pairs[name] as Pair;
    const elbo = new TraceEnumELBO();
    const step = (key: Tensor, params: Record<string, Tensor>) =>
      elbo.lossAndGrads(key, params, configEnumerate(model), nothing);
    const compiled = jit(step);
    for (const run of [step, compiled, compiled, compiled]) {
      const [loss, grads] = run(random.key(1), paramsOf(exact));
      assertExact(name, loss, grads, exact.logEvidence as number, exact.gradLogEvidence as Record<string, unknown>);
    }
  });

test("k1, a branch on a read value: sequential enumeration of both sites", () => {
  const exact = golden.k1_branching_on_read_value as GoldenModel;
  const { model, guide } = pairs.k1_branching_on_read_value as Pair;
  const [loss, grads] = new TraceEnumELBO().lossAndGrads(
    random.key(1),
    paramsOf(exact),
    model,
    configEnumerate(guide, "sequential"),
  );
  assertExact("k1", loss, grads, exact.elbo, exact.gradElbo);
});

test("e, a subsampled plate: every subset to 1e-9", () => {
  const exact = golden.e_subsampled_plate as GoldenModel;
  const { model, guide } = pairs.e_subsampled_plate as Pair;
  const seen = new Set<string>();
  for (let seed = 0; seen.size < 10 && seed < 200; seed++) {
    const [loss, grads] = new TraceEnumELBO().lossAndGrads(
      random.key(seed),
      paramsOf(exact),
      model,
      configEnumerate(guide),
    );
    const visited = flatten((grads.q_logits as Tensor).toArray())
      .flatMap((g, i) => (g !== 0 ? [i] : []))
      .join();
    seen.add(visited);
    const want = exact.perSubset?.[visited];
    assert.ok(want !== undefined, `subset ${visited}`);
    assertExact(visited, loss, grads, want.elbo, want.gradElbo);
  }
  assert.is(seen.size, 10);
});

const hmm = golden.d1_hmm_meanfield_guide as GoldenModel;
const observations = hmm.observed?.x as number[];
test("markov reuses dims: the loss of a chain of 300 states equals the forward recursion", () => {
  const T = 300;
  const xs = Array.from({ length: T }, (_, t) => observations[t % 6] as number);
  const chain: Model = () => {
    let z: Tensor | null = null;
    for (const t of markov(xs.keys())) {
      z = sample(`z${t}`, categorical(z === null ? p("init_logits") : p("trans_logits").at(z)), {
        infer: { enumerate: "parallel" },
      });
      sample(`x${t}`, categorical(p("emit_logits").at(z)), { obs: xs[t] as number });
    }
  };
  const params = paramsOf(hmm);
  const loss = new TraceEnumELBO().loss(random.key(0), params, chain, nothing).item();
  const [init, trans, emit] = ["init_logits", "trans_logits", "emit_logits"].map((name) =>
    (params[name] as Tensor).logSoftmax(-1).toArray(),
  ) as [number[], number[][], number[][]];
  const logsum = (v: number[]) => Math.max(...v) + Math.log(v.reduce((s, x) => s + Math.exp(x - Math.max(...v)), 0));
  let alpha = init.map((v, k) => v + ((emit[k] as number[])[xs[0] as number] as number));
  for (const x of xs.slice(1))
    alpha = [0, 1, 2].map(
      (k) =>
        logsum(alpha.map((a, j) => a + ((trans[j] as number[])[k] as number))) + ((emit[k] as number[])[x] as number),
    );
  assert.ok(Math.abs(-loss - logsum(alpha)) < 1e-9, `${-loss} against ${logsum(alpha)}`);
});

test("a Mixture of discrete distributions is summed out like any other site", () => {
  const low = [0.1, 0.2, 0.7];
  const model = () => {
    const z = sample("z", new Mixture(new Categorical([0.3, 0.7]), [new Bernoulli(0.2), new Categorical(low)]));
    sample("x", new Normal(z, param("scale", 2, { constraint: constraints.positive })), { obs: 1.5 });
  };
  const elbo = new TraceEnumELBO();
  const [loss, grads] = elbo.lossAndGrads(random.key(0), { scale: tensor(2) }, configEnumerate(model), nothing);
  const evidence = (scale: Tensor) =>
    [0, 1, 2]
      .reduce((sum, z) => {
        const weight = 0.3 * ([0.8, 0.2, 0][z] as number) + 0.7 * (low[z] as number);
        return sum.add(new Normal(z, scale).logProb(1.5).exp().mul(weight));
      }, tensor(0))
      .log();
  assert.ok(Math.abs(loss.item() + evidence(tensor(2)).item()) < 1e-13);
  const slope = grad(evidence)(tensor(2));
  assert.ok(Math.abs((grads.scale as Tensor).item() + slope.item()) < 1e-12);
});

test("a BetaBinomial count is summed out; a family without a list of values is refused by its name, not by a wrapper's name", () => {
  const loss = (z: Distribution, loc = (x: Tensor) => x) =>
    new TraceEnumELBO().loss(
      random.key(0),
      {},
      () => {
        const x = loc(sample("z", z, { infer: { enumerate: "parallel" } }));
        sample("x", new Normal(x, 1), { obs: 1.5 });
      },
      nothing,
    );
  // A BetaBinomial of equal concentrations 1 is uniform on 0..3.
  const evidence = [0, 1, 2, 3].reduce((sum, z) => sum + 0.25 * Math.exp(-0.5 * (1.5 - z) ** 2), 0);
  const want = -Math.log(evidence / Math.sqrt(2 * Math.PI));
  assert.ok(Math.abs(loss(new BetaBinomial(1, 1, 3)).item() - want) < 1e-12);
  for (const [z, label] of [
    [new Poisson(1).mask(0), "Poisson"],
    [new Bernoulli([0.2, 0.3]).toEvent(1), "Bernoulli.toEvent(1)"],
  ] as const) {
    const error = refusal(() => loss(z, (x) => (z.eventDim === 0 ? x : x.sum(-1))));
    assert.is(error.code, "enumeration");
    assert.ok(error.message.includes(`${label} has no list of its values`), error.message);
  }
});

test("a product over the plate of a site that the guide enumerates is refused, naming this plate", () => {
  const model: Model = () => {
    const a = sample("a", new Bernoulli(0.4), { infer: { enumerate: "parallel" } });
    plate("outer", 2, () => {
      const b = sample("b", new Bernoulli(0.3));
      plate("inner", 3, () => sample("c", new Normal(a.add(b), 1), { obs: 1 }));
    });
  };
  const guide = configEnumerate(() => plate("outer", 2, () => sample("b", new Bernoulli(0.6))));
  const error = refusal(() => new TraceEnumELBO().loss(random.key(0), {}, model, guide));
  assert.is(error.code, "intractable");
  assert.match(error.message, 'site "b" is enumerated in the guide inside plate "outer"');
});

test("data along a dim that no plate declares are refused, though they have as many elements as a site has values", () => {
  // The values 0 and 1 of z would lie along the dim of the two data, and each value would be combined with one datum.
  const twoData: Model = () => {
    const z = sample("z", new Bernoulli(0.4), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(z, 1), { obs: [1, 2] });
  };
  const twoMasks: Model = () => {
    const z = sample("z", new Bernoulli(0.4), { infer: { enumerate: "parallel" } });
    mask(() => sample("x", new Normal(z, 1), { obs: 1 }), [1, 0])();
  };
  for (const model of [twoData, twoMasks]) {
    const error = refusal(() => new TraceEnumELBO().loss(random.key(0), {}, model, nothing));
    assert.equal([error.code, error.site], ["undeclared-dim", "x"]);
  }
});

test("a table indexed by one enumerated site after the other is refused with the edit", () => {
  const model = (index: (table: Tensor, z: Tensor, w: Tensor) => Tensor) => () => {
    const [z, w] = ["z", "w"].map((name) => sample(name, new Bernoulli(0.4), { infer: { enumerate: "parallel" } }));
    sample(
      "x",
      new Normal(
        index(
          tensor([
            [1, 2],
            [3, 4],
          ]),
          z as Tensor,
          w as Tensor,
        ),
        1,
      ),
      { obs: 1 },
    );
  };
  const loss = (f: Model) => new TraceEnumELBO().loss(random.key(0), {}, f, nothing);
  const error = refusal(() => loss(model((table, z, w) => table.at(z).at(w))));
  assert.equal([error.code, error.site], ["enumerated-dim-lost", "x"]);
  assert.match(error.message, "T.at(z, w)");
  loss(model((table, z, w) => table.at(z, w)));
});

test("maxPlateNesting may reserve dims, but takes none from the plates", () => {
  const model: Model = () =>
    plate("rows", 2, { dim: -2 }, () => {
      const z = sample("z", new Bernoulli(0.4), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(z, 1), { obs: 1 });
    });
  const [want, ...others] = [undefined, 0, 1, 2, 3].map((maxPlateNesting) =>
    new TraceEnumELBO({ maxPlateNesting }).loss(random.key(0), {}, model, nothing).item(),
  );
  for (const loss of others) assert.is(loss, want);
});

test("a batch dim that no plate declares is refused with the edit for both programs", () => {
  const model: Model = () => {
    const k = sample("k", new Bernoulli(0.3), { infer: { enumerate: "parallel" } });
    plate("d", 3, () => sample("z", new Normal(k, 1)));
  };
  const guide: Model = () => void sample("z", new Normal([0, 0, 0], 1));
  const error = refusal(() => new TraceEnumELBO().loss(random.key(0), {}, model, guide));
  assert.equal([error.code, error.site], ["undeclared-dim", "z"]);
  assert.match(
    error.message,
    /Put the statement into plate\(…, 3\), or use .toEvent\(1\), both in the model and in the guide/,
  );
});

test("a program without enumerated sites gives one warning, unless strictEnumerationWarning is false", () => {
  const { model, guide } = pairs.a1_chain_independent_guide as Pair;
  const params = paramsOf(golden.a1_chain_independent_guide as GoldenModel);
  const said: unknown[] = [];
  const { warn } = console;
  console.warn = (text) => said.push(text);
  try {
    for (const elbo of [new TraceEnumELBO({ strictEnumerationWarning: false }), new TraceEnumELBO()])
      for (let i = 0; i < 3; i++) elbo.loss(random.key(i), params, model, guide);
    new TraceEnumELBO().loss(random.key(0), params, model, configEnumerate(guide));
  } finally {
    console.warn = warn;
  }
  assert.is(said.length, 1);
  assert.match(said[0] as string, /no site to enumerate/);
});

test("a site of the model that is enumerated sequentially is refused, and the error says to enumerate it in parallel", () => {
  const model: Model = () => sample("z", new Bernoulli(0.3), { infer: { enumerate: "sequential" } });
  const { code, site, message } = refusal(() => new TraceEnumELBO().loss(random.key(0), {}, model, () => {}));
  assert.equal([code, site], ["model-only-site", "z"]);
  assert.match(message, /Only sites of the guide are enumerated sequentially\..*infer: \{ enumerate: "parallel" \}/);
});

test("the option gradient has no effect at an enumerated site", () => {
  const z = (probs: Tensor | number) => sample("z", new Bernoulli(probs));
  const model: Model = () => sample("x", new Normal(z(0.3).mul(2), 1), { obs: 1.5 });
  const guide: Model = () => z(param("q", 0.4));
  const loss = (f: Model) =>
    grad((q: Tensor) => new TraceEnumELBO().loss(random.key(0), { q }, model, configEnumerate(f)))(tensor(0.4)).item();
  const options: InferOptions[] = [
    { gradient: "disarm" },
    { gradient: "score", baseline: { useDecayingAvgBaseline: false } },
    { gradient: "straightThrough" },
  ];
  for (const infer of options) assert.is(loss(inferConfig(guide, () => infer)), loss(guide), infer.gradient);
});

test.run();
