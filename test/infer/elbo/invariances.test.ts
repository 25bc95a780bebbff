/**
 * Changes of a program that must not change the estimates (golden/elbo.json, l_invariances), and estimators that must agree with each other.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  condition,
  configEnumerate,
  deterministic,
  type Elbo,
  type Model,
  Normal,
  PedigradError,
  param,
  plate,
  RenyiELBO,
  random,
  sample,
  scale,
  type Tensor,
  type TensorLike,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
  valueAndGrad,
} from "../../../index.js";
import { assertMean, drawsOf, estimates, flatten, moments, type Rows } from "../draws.js";
import { categorical, type GoldenModel, golden, type Pair, p, pairs, paramsOf } from "./exact/goldenModels.js";

const exact = golden.a1_chain_independent_guide as GoldenModel;
const params = paramsOf(exact);
const { model, guide } = pairs.a1_chain_independent_guide as Pair;
const key = random.key(0);

/** The value and all gradients of TraceEnumELBO. */
const enumerated = (m: Model, q: Model, values = params): number[] => {
  const [loss, grads] = new TraceEnumELBO().lossAndGrads(key, values, m, configEnumerate(q));
  return [loss.item(), ...Object.keys(values).flatMap((name) => flatten((grads[name] as Tensor).toArray()))];
};
const assertClose = (got: number[], want: number[]) => {
  got.forEach((x, i) => {
    assert.ok(Math.abs(x - (want[i] as number)) <= 1e-12, `${i}: ${x} against ${want[i]}`);
  });
};

test("order of independent sites, an unused deterministic site, a plate of size 1: exact values to 1e-12", () => {
  const want = enumerated(model, guide);
  assertClose(
    enumerated(model, () => {
      for (const name of ["c", "a", "b"]) sample(name, categorical(p(`q${name}`)));
    }),
    want,
  );
  assertClose(
    enumerated(() => {
      deterministic("unused", 3);
      model();
    }, guide),
    want,
  );
  const inPlate =
    (f: Model): Model =>
    () =>
      plate("one", 1, f);
  assertClose(enumerated(inPlate(model), inPlate(guide)), want);
});

test("a plate vectorised or sequential: exact values to 1e-12", () => {
  const data = golden.b_gmm_plate as GoldenModel;
  const xs = data.observed?.x as number[];
  const values = paramsOf(data);
  const { model: vectorised, guide: q } = pairs.b_gmm_plate as Pair;
  const loopModel: Model = () => {
    for (const i of plate("data", 6)) {
      const z = sample(`z${i}`, categorical(p("weights_logits")));
      sample(`x${i}`, new Normal(p("locs").at(z), p("logscale").exp()), { obs: xs[i] as number });
    }
  };
  const loopGuide: Model = () => {
    for (const i of plate("data", 6)) sample(`z${i}`, new Categorical({ logits: p("z_logits").at(i) }));
  };
  assertClose(enumerated(loopModel, loopGuide, values), enumerated(vectorised, q, values));
});

test("scale(c) around a whole program multiplies value and gradient by c exactly once", () => {
  const columns = drawsOf(estimates(new TraceGraphELBO(), scale(model, 3), scale(guide, 3), params), 20_000);
  assertMean("elbo", columns.loss as Rows, 3 * exact.elbo, -1);
  for (const [name, want] of Object.entries(exact.gradElbo))
    assertMean(
      name,
      columns[name] as Rows,
      flatten(want).map((g) => 3 * g),
      -1,
    );
});

test("eight particles: the same mean, an eighth of the variance (n = 10,000); loop and batch give the same draw", () => {
  const variance = (elbo: Elbo, n: number) =>
    moments(drawsOf(estimates(elbo, model, guide, params), n).qa as Rows).variance[0] as number;
  const [one, eight] = [
    variance(new TraceGraphELBO(), 20_000),
    variance(new TraceGraphELBO({ numParticles: 8 }), 10_000),
  ];
  // Each variance has a relative standard error of about 2 %.
  assert.ok(Math.abs((8 * eight) / one - 1) < 0.13, `${8 * eight} against ${one}`);
  const grads = [true, false].map((vectorizeParticles) => {
    const [loss, g] = new TraceGraphELBO({ numParticles: 4, vectorizeParticles }).lossAndGrads(
      key,
      params,
      model,
      guide,
    );
    return [loss.item(), ...flatten((g.qb as Tensor).toArray())];
  }) as [number[], number[]];
  assertClose(grads[0], grads[1]);
});

test("loss and lossAndGrads agree, and the same key gives the same bits", () => {
  for (const elbo of [new TraceELBO(), new TraceGraphELBO(), new TraceMeanFieldELBO(), new RenyiELBO()]) {
    const [loss] = elbo.lossAndGrads(key, params, model, guide);
    assert.is(loss.item(), elbo.loss(key, params, model, guide).item());
    assert.is(elbo.loss(key, params, model, guide).item(), elbo.loss(key, params, model, guide).item());
  }
});

test("baselines that do not depend on the site do not change the mean gradient (n = 20,000, 4.5 standard errors)", () => {
  const variants: Record<string, () => object> = {
    "a given value": () => ({ baselineValue: -1.7 }),
    "a network": () => ({ nnBaseline: (x: Tensor) => x.mul(0.3).sub(1), nnBaselineInput: tensor(2) }),
    "a decaying average": () => ({ useDecayingAvgBaseline: true }),
  };
  for (const [name, baseline] of Object.entries(variants)) {
    const withBaseline: Model = () => {
      for (const site of ["a", "b", "c"]) sample(site, categorical(p(`q${site}`)), { infer: { baseline: baseline() } });
    };
    const averages = { a: tensor(-2), b: tensor(-1), c: tensor(0.4) };
    const columns = drawsOf((k) => {
      const task = { key: k, averages, model, guide: withBaseline, args: [] };
      const lossAt = (values: Record<string, Tensor>) => new TraceGraphELBO().estimate({ ...task, values }).loss;
      const [loss, grads] = valueAndGrad(lossAt)(params);
      return { ...grads, loss };
    }, 20_000);
    for (const [param, want] of Object.entries(exact.gradElbo))
      assertMean(`${name}: ${param}`, columns[param] as Rows, want, -1);
  }
  const many: Model = () => {
    for (const site of ["a", "b", "c"])
      sample(site, categorical(p(`q${site}`)), { infer: { baseline: { leaveOneOut: true } } });
  };
  const columns = drawsOf(estimates(new TraceGraphELBO({ numParticles: 3 }), model, many, params), 20_000);
  for (const [param, want] of Object.entries(exact.gradElbo))
    assertMean(`leave one out: ${param}`, columns[param] as Rows, want, -1);
});

test("one baseline value for all elements of a plate gives the same gradients as the value repeated for each element", () => {
  const gradients = (value: TensorLike) => {
    const given: Model = () =>
      plate("d", 3, () =>
        sample("z", new Bernoulli({ logits: param("l", 0) }), { infer: { baseline: { baselineValue: value } } }),
      );
    const plated: Model = () => plate("d", 3, () => sample("z", new Bernoulli(0.3)));
    const [, { l }] = new TraceGraphELBO().lossAndGrads(key, { l: tensor([0.1, -0.5, 1]) }, plated, given);
    return l?.toArray();
  };
  assert.equal(gradients(0.7), gradients([0.7, 0.7, 0.7]));
});

test("a site that asks for enumeration is refused by estimators that do not enumerate", () => {
  for (const elbo of [new TraceELBO(), new TraceGraphELBO()])
    try {
      elbo.loss(key, params, model, configEnumerate(guide));
      assert.unreachable();
    } catch (error) {
      assert.instance(error, PedigradError);
      assert.match((error as PedigradError).message, /site "a" asks for enumeration, but the loss is Trace/);
    }
  // An observed site is not enumerated.
  const coin = configEnumerate(() => void sample("c", new Bernoulli(0.3)));
  const loss = new TraceELBO().loss(key, {}, condition(coin, { c: 1 }), () => {}).item();
  assert.ok(Math.abs(loss + Math.log(0.3)) < 1e-12);
});

test("TraceEnumELBO refuses a batch dim that no plate declares, and the error gives both remedies", () => {
  const loose: Model = () => {
    const z = sample("z", new Categorical({ logits: [0, 0] }), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(z.add([1, 2, 3]), 1), { obs: [1, 2, 3] });
  };
  assert.throws(
    () => new TraceEnumELBO({ maxPlateNesting: 1 }).loss(key, {}, loose, () => {}),
    /no plate declares its dim -1 of size 3.*plate\(….*toEvent/s,
  );
});

test.run();
