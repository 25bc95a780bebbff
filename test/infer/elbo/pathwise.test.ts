/** Sticking the landing and doubly reparameterised gradients: the same mean as the plain estimators, and less variance. n = 20,000. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  constraints,
  type Elbo,
  type Model,
  Normal,
  param,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  sample,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  TraceMeanFieldELBO,
  tensor,
} from "../../../index.js";
import { drawsOf, estimates, moments, type Rows } from "../draws.js";

// z ~ N(theta, 1), x = 1.5 ~ N(z, 1): the posterior is N((theta + 1.5) / 2, 1/2).
const model: Model = () => {
  const z = sample("z", new Normal(param("theta", 0.4), 1));
  sample("x", new Normal(z, 1), { obs: 1.5 });
};
const guide: Model = () => {
  sample("z", new Normal(param("m", 0), param("s", 1, { constraint: constraints.positive })));
};
const off = { theta: tensor(0.4), m: tensor(0.2), s: tensor(0.9) };
const exact = { theta: tensor(0.4), m: tensor(0.95), s: tensor(Math.SQRT1_2) };

const N = 20_000;
const scalar = (rows: Rows): [mean: number, variance: number] => {
  const { mean, variance } = moments(rows);
  return [mean[0] as number, variance[0] as number];
};
/** Check that both means agree within 4.5 standard errors of the difference. Return the variances of the second over the variances of the first. */
function compare(plain: Elbo, other: Elbo, args: unknown[] = []): Record<string, number> {
  const [a, b] = [plain, other].map((elbo) => drawsOf(estimates(elbo, model, guide, off, args), N)) as [
    Record<string, Rows>,
    Record<string, Rows>,
  ];
  const ratios: Record<string, number> = {};
  for (const name of ["loss", ...Object.keys(off)]) {
    const [[m, v], [k, w]] = [scalar(a[name] as Rows), scalar(b[name] as Rows)];
    assert.ok(Math.abs(m - k) <= 4.5 * Math.sqrt((v + w) / N), `${name}: mean ${k}, plain ${m}`);
    ratios[name] = w / v;
  }
  return ratios;
}

for (const Estimator of [TraceELBO, TraceGraphELBO])
  test(`${Estimator.name}: sticking the landing keeps the mean, and if the guide is the posterior, the gradient of every draw is 0`, () => {
    compare(new Estimator(), new Estimator({ stickingTheLanding: true }));
    for (let seed = 0; seed < 5; seed++) {
      const [, { m, s }] = new Estimator({ stickingTheLanding: true }).lossAndGrads(
        random.key(seed),
        exact,
        model,
        guide,
      );
      assert.ok(Math.abs((m as Tensor).item()) < 1e-14 && Math.abs((s as Tensor).item()) < 1e-14);
    }
  });

test("TraceMeanFieldELBO: closed forms keep their gradient with respect to the guide's parameters", () => {
  const [plain, stuck] = [{}, { stickingTheLanding: true }].map((options) =>
    new TraceMeanFieldELBO(options).lossAndGrads(random.key(1), off, model, guide),
  ) as [[Tensor, Record<string, Tensor>], [Tensor, Record<string, Tensor>]];
  for (const name of Object.keys(off)) assert.is(stuck[1][name]?.item(), plain[1][name]?.item());
});

for (const alpha of [0, 0.5, -1])
  test(`RenyiELBO, alpha ${alpha}: doubly reparameterised gradients have the mean of the total derivative`, () => {
    const options = { alpha, numParticles: 8 };
    const ratios = compare(new RenyiELBO(options), new RenyiELBO({ ...options, estimator: "dreg" }));
    assert.ok((ratios.m as number) < 1 && (ratios.s as number) < 1, `variances ${JSON.stringify(ratios)}`);
  });

test("ReweightedWakeSleep: wakePhi differentiated through the draws", () => {
  const ratios = compare(
    new ReweightedWakeSleep({ numParticles: 8 }),
    new ReweightedWakeSleep({ numParticles: 8, estimator: "dreg" }),
  );
  assert.ok((ratios.m as number) < 1 && (ratios.s as number) < 1, `variances ${JSON.stringify(ratios)}`);
});

test("score sites and second derivatives are refused, and errors name the site or the option", () => {
  const discrete: Model = () => sample("b", new Bernoulli(0.3));
  for (const elbo of [new RenyiELBO({ estimator: "dreg" }), new ReweightedWakeSleep({ estimator: "dreg" })])
    assert.throws(() => elbo.loss(random.key(0), {}, discrete, discrete), /guide site "b" \(Bernoulli\) has none/);
  assert.throws(() => new TraceELBO({ stickingTheLanding: true, order: 2 }), /Use order: 1/);
});

test.run();
