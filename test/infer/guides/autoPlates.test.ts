/** Autoguides keep the plates of their model, for all dims, and accept models without latents. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoDiagonalNormal,
  AutoDiscreteParallel,
  AutoGuideList,
  AutoIAFNormal,
  AutoLaplaceApproximation,
  AutoLowRankMultivariateNormal,
  AutoMultivariateNormal,
  AutoNormal,
  adam,
  block,
  Categorical,
  Dirichlet,
  LogNormal,
  type Model,
  Normal,
  plate,
  random,
  SVI,
  sample,
  seed,
  sgd,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  tensor,
  trace,
} from "../../../index.js";
import { sampleSites } from "../../../infer/program/trace.js";
import { refusal } from "../../refusals.js";

const JOINT = [
  AutoDiagonalNormal,
  AutoMultivariateNormal,
  AutoLowRankMultivariateNormal,
  AutoLaplaceApproximation,
  AutoIAFNormal,
];
const ALL = [AutoNormal, AutoDelta, ...JOINT];

/** The plates of each latent in a run, as "name dim size", outermost first; loops have no dim. */
const platesOf = (f: Model, params: Record<string, Tensor>): string =>
  [...sampleSites(trace(substitute(seed(f, random.key(0)), params)).getTrace())]
    .filter(({ isObserved, infer }) => !isObserved && !infer.isAuxiliary)
    .map(({ name, plates }) => `${name}: ${plates.map((p) => `${p.name} ${p.dim} ${p.size}`).reverse()}`)
    .join("; ");

const gaps: Model = () => {
  plate("far", 2, { dim: -4 }, () => {
    sample("w", new Dirichlet([1, 2, 3]));
    plate("near", 3, { dim: -2 }, () => sample("x", new LogNormal(0, 1)));
  });
};
const loops: Model = () => {
  for (const i of plate("outer", 2)) {
    sample(`a_${i}`, new Normal(0, 1));
    plate("inner", 3, () => {
      for (const j of plate("last", 2)) sample(`b_${i}_${j}`, new Normal(0, 1));
    });
  }
};
for (const Guide of ALL)
  test(`${Guide.name} has the plates of its model, also if their dims leave a gap, and also loops`, () => {
    for (const model of [gaps, loops]) {
      const guide = new Guide(model);
      const { params } = new SVI(model, guide, adam(0.01), new TraceELBO()).run(random.key(0), 2);
      assert.is(platesOf(guide, params), platesOf(model, {}));
      const draws = guide.samplePosterior(random.key(1), params, { sampleShape: [4] });
      if (model === gaps)
        assert.equal(
          [draws.w?.shape, draws.x?.shape],
          [
            [4, 2, 1, 1, 1, 3],
            [4, 2, 1, 3, 1],
          ],
        );
    }
  });

test("AutoDiscreteParallel has a row of probabilities for each plate element, also if the dims of the plates leave a gap", () => {
  const model: Model = () => {
    plate("far", 2, { dim: -3 }, () =>
      plate("near", 4, () => {
        sample("z", new Categorical({ probs: [0.2, 0.3, 0.5] }), { infer: { enumerate: "parallel" } });
      }),
    );
  };
  const guide = new AutoDiscreteParallel(model);
  const svi = new SVI(model, guide, sgd(0), new TraceEnumELBO());
  const { params, losses } = svi.run(random.key(0), 1);
  assert.equal(params.z_auto_probs?.shape, [2, 1, 4, 3]);
  // KL(uniform guide || prior), for each of 8 elements.
  const kl = [0.2, 0.3, 0.5].reduce((sum, p) => sum + Math.log(1 / 3 / p) / 3, 0);
  assert.ok(Math.abs((losses[0] as number) - 8 * kl) < 1e-12);
});

test("latents in a loop over a subsampled plate are refused, since their names change from step to step", () => {
  const model: Model = () => {
    for (const i of plate("d", 4, { subsampleSize: 2 })) sample(`x_${i}`, new Normal(0, 1));
  };
  for (const Guide of ALL) {
    const { code, message } = refusal(() =>
      new SVI(model, new Guide(model), adam(0.1), new TraceELBO()).init(random.key(0)),
    );
    assert.is(code, "subsampled-latent", message);
    assert.match(message, new RegExp(`^${Guide.name}: latent site "x_\\d" is inside the for loop over plate "d"`));
  }
});

test("guides of models without continuous latents, or with plates of size 0, run and have no draws", () => {
  const discrete: Model = () => {
    plate("d", 2, () => {
      const z = sample("z", new Categorical({ probs: [0.5, 0.5] }), { infer: { enumerate: "parallel" } });
      sample("x", new Normal(z.mul(3), 1), { obs: [0, 3] });
    });
  };
  // Each of the two data has log density log(½ N(0; 0, 1) + ½ N(3; 0, 1)).
  const loss = -2 * Math.log((0.5 * (1 + Math.exp(-4.5))) / Math.sqrt(2 * Math.PI));
  const empty: Model = () => {
    plate("d", 0, () => sample("x", new Normal(0, 1)));
  };
  for (const Guide of ALL) {
    const guide = new Guide(discrete);
    const { losses, params } = new SVI(discrete, guide, adam(0.1), new TraceEnumELBO()).run(random.key(0), 2);
    assert.ok(Math.abs((losses[1] as number) - loss) < 1e-12, Guide.name);
    assert.equal(Object.keys(guide.samplePosterior(random.key(1), params, { sampleShape: [3] })), []);
    const none = new Guide(empty);
    const fit = new SVI(empty, none, adam(0.1), new TraceELBO()).run(random.key(0), 2);
    assert.equal(none.samplePosterior(random.key(1), fit.params, { sampleShape: [3] }).x?.shape, [3, 0], Guide.name);
    if (none instanceof AutoIAFNormal) continue;
    assert.equal(none.median(fit.params).x?.shape, [0], Guide.name);
    assert.equal(none.quantiles(fit.params, [0.1, 0.9]).x?.shape, [2, 0], Guide.name);
  }
  assert.match(
    refusal(() => new AutoLaplaceApproximation(discrete).laplaceApproximation({})).message,
    /the model has no continuous latents/,
  );
});

test("a list has the quantiles of its parts, unless a part has no quantiles", () => {
  const model: Model = () => {
    sample("a", new Normal(0, 1));
    sample("b", new LogNormal(0, 1));
    sample("c", new Normal(0, 1).expand([2]).toEvent(1));
  };
  const only = (name: string): Model => block(model, { expose: [name] });
  const list = new AutoGuideList(model)
    .append(new AutoDiagonalNormal(only("a")))
    .append(new AutoGuideList(only("b")).append(new AutoNormal(only("b"))))
    .append(new AutoDelta(only("c")));
  const params = {
    auto_loc: tensor([2]),
    auto_scale: tensor([3]),
    b_auto_loc: tensor(-1),
    b_auto_scale: tensor(0.5),
    c_auto_loc: tensor([4, 5]),
  };
  new SVI(model, list, adam(0.1), new TraceELBO()).init(random.key(0));
  const { a, b, c } = list.quantiles(params, [0.5, 0.8413447460685429]) as Record<string, Tensor>;
  const near = (x: Tensor | undefined, want: number[]): void =>
    [...(x as Tensor).toFloat64Array()].forEach((got, i) => {
      assert.ok(Math.abs(got - (want[i] as number)) < 1e-9, `${x} against ${want}`);
    });
  near(a, [2, 5]);
  near(b, [Math.exp(-1), Math.exp(-0.5)]);
  near(c, [4, 5, 4, 5]);
  assert.match(
    refusal(() => new AutoGuideList(model).append(new AutoIAFNormal(only("a"))).quantiles(params, 0.5)).message,
    /AutoIAFNormal has no quantiles in closed form/,
  );
  assert.match(
    refusal(() => new AutoGuideList(model).append(() => {}).quantiles(params, 0.5)).message,
    /part 0 is a plain function, which has no quantiles/,
  );
});

test("a model may give a plate the elements that another plate drew in the same step", () => {
  // The log posterior of an element is -m²/2 - (y - m)²/2, so its mode is y / 2. Steps see squares of 4 by 4 elements.
  const y = random.normal(random.key(0), [6, 6]);
  const model: Model = () =>
    plate("row", 6, { subsampleSize: 4, dim: -2 }, (rows) =>
      plate("column", 6, { subsample: rows, dim: -1 }, () => {
        const m = sample("m", new Normal(0, 1));
        sample("y", new Normal(m, 1), { obs: subsample(y) });
      }),
    );
  for (const jit of [true, false]) {
    const guide = new AutoDelta(model);
    const { params } = new SVI(model, guide, sgd(0.1), new TraceELBO()).run(random.key(1), { numSteps: 200, jit });
    const gap = (params.m_auto_loc as Tensor).sub(y.div(2)).abs().max().item();
    assert.ok(gap < 1e-6, `${gap}`);
    assert.equal(guide.samplePosterior(random.key(2), params).m?.shape, [6, 6]);
  }
});

test.run();
