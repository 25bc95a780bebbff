/** Params: initial values, params in plates, without a value, declared twice or lifted; and params and plates without elements. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  Bernoulli,
  type Constraint,
  constraints,
  type Distribution,
  detachProvenance,
  type Elbo,
  lift,
  type Model,
  module,
  mutable,
  Normal,
  nn,
  Predictive,
  param,
  plate,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  type SampleSite,
  SVI,
  sample,
  seed,
  sgd,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
  trace,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const near = (got: number, want: number) => assert.ok(Math.abs(got - want) < 1e-10, `got ${got}, want ${want}`);
const logNormal = (x: number, loc: number) => -0.5 * (x - loc) ** 2 - 0.5 * Math.log(2 * Math.PI);
const empty: Model = () => {};
const start = (model: Model, guide: Model, initParams = {}) =>
  new SVI(model, guide, adam(0.1), new TraceELBO()).init({ key, initParams });

test("a param without a value, in one plate or in two, starts at its value in initParams", () => {
  const y = [1, 2, 3];
  const one: Model = () => plate("d", 3, () => sample("y", new Normal(param("loc"), 1), { obs: y }));
  const two: Model = () =>
    plate("g", 2, () =>
      plate("d", 3, () =>
        sample("y", new Normal(param("loc", undefined, {}), param("s", 1)), { obs: [[1], [2], [3]] }),
      ),
    );
  const elbo = new TraceELBO();
  for (const [model, times] of [
    [one, 1],
    [two, 2],
  ] as const) {
    const svi = new SVI(model, empty, sgd(1), elbo);
    near(
      svi.evaluate(svi.init({ key, initParams: { loc: 0.5 } })),
      -times * y.reduce((sum, x) => sum + logNormal(x, 0.5), 0),
    );
  }
  // If the guide declares the param inside a plate without a value, the model's value is used.
  const z = () => sample("z", new Normal(param("m", undefined), 1));
  const model: Model = () => {
    param("m", 3);
    plate("d", 2, z);
  };
  assert.is(start(model, () => plate("d", 2, z)).params.m?.item(), 3);
});

test("when the model runs to find a param's initial value, plates and loops of the guide are not open around it", () => {
  const withStart =
    (program: Model): Model =>
    () => {
      param("m", 3);
      program();
    };
  const site = (i: number | string = "") => void sample(`z${i}`, new Normal(param("m"), 1));
  const inLoop = () => {
    for (const i of plate("d", 4, { subsampleSize: 2 })) site(i);
  };
  const left = () => {
    for (const i of plate("d", 4)) {
      site(i);
      if (i === 1) break;
    }
  };
  const nested = () => plate("o", 3, () => plate("d", 4, { subsampleSize: 2 }, () => site()));
  for (const program of [inLoop, left, nested]) assert.is(start(withStart(program), program).params.m?.item(), 3);
});

test("a param whose value the program keeps from its first run is refused, since no step would train it", () => {
  const model: Model = () => sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: 2 });
  const keeping: Record<string, () => () => Distribution> = {
    value: () => {
      let kept: Tensor | undefined;
      return () => {
        kept ??= param("q", 0.4);
        return new Normal(kept, 1);
      };
    },
    distribution: () => {
      let kept: Distribution | undefined;
      return () => {
        kept ??= new Normal(param("q", 0.4).mul(2), 1);
        return kept;
      };
    },
    "computed value": () => {
      let kept: Tensor | undefined;
      return () => {
        const q = param("q", 0.4);
        kept ??= q.mul(2);
        return new Normal(kept, 1);
      };
    },
    network: () => {
      let kept: ((x: Tensor) => Tensor) | undefined;
      return () => {
        kept ??= module("q", nn.mlp([1, 1]));
        return new Normal(kept(zeros([1])).squeeze(0), 1);
      };
    },
  };
  for (const [what, keep] of Object.entries(keeping)) {
    const distribution = keep();
    const { code, param } = refusal(() => start(model, () => sample("z", distribution())));
    assert.is(code, "unknown-param", what);
    assert.match(param as string, /^q/);
  }
  // Also in the model, under every kind of loss; but a constant may be kept, and a mutable.
  const kinds = [new TraceELBO(), new TraceEnumELBO(), new RenyiELBO(), new ReweightedWakeSleep()];
  for (const elbo of kinds)
    for (const isConstant of [false, true]) {
      let kept: Tensor | undefined;
      const scaled: Model = () => {
        const q = param("q", 0.4);
        kept ??= isConstant ? detachProvenance(q.mul(2)) : q.mul(2);
        const cell = mutable("last", q);
        sample("x", new Normal(kept.add(cell.value), 1), { obs: 2 });
        cell.value = q.mul(3);
      };
      const svi = new SVI(scaled, () => {}, sgd(0.1), elbo);
      if (isConstant) assert.is(svi.run(random.key(0), 3).losses.length, 3);
      else
        assert.match(refusal(() => svi.init(random.key(0))).message, /"q" is used with its value from the first run/);
    }
  // A param in a branch that only some draws take.
  const branching: Model = () => {
    const q = sample("z", new Normal(param("p", 0), 1)).item() > 0 ? param("q", 0.4) : 0;
    sample("w", new Normal(q, 1));
  };
  const both: Model = () => {
    sample("z", new Normal(0, 1));
    sample("w", new Normal(0, 1));
  };
  for (let i = 0; i < 20; i++)
    try {
      new SVI(both, branching, sgd(1), new TraceELBO()).init(random.key(i));
    } catch (error) {
      assert.match((error as Error).message, /"q" is not in the state/);
    }
});

test("values of params must have the shapes of their declarations, and a state must have all mutables", () => {
  const y = [1, 2, 3];
  const model: Model = () => plate("d", 3, () => sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: y }));
  const guide: Model = () => {
    const width = param("s", 0.5, { constraint: constraints.interval([0, 0, 0], [1, 2, 3]) });
    plate("d", 3, () => sample("z", new Normal(param("q", y), width)));
  };
  const calls: Record<string, (params: Record<string, Tensor>) => unknown> = {
    "TraceELBO.loss": (params) => new TraceELBO().loss(key, params, model, guide),
    "TraceELBO.perSite": (params) => new TraceELBO().perSite(key, params, model, guide),
    Predictive: (params) => new Predictive(model, { guide, params, numSamples: 2 }).run(key),
  };
  for (const [name, call] of Object.entries(calls)) {
    // The bounds give s three numbers, although its initial value is one number.
    call({ q: tensor(y), s: tensor([0.5, 0.5, 0.5]) });
    for (const q of [tensor(1), tensor([1]), tensor([y])]) {
      const { code, param, message } = refusal(() => call({ q, s: tensor([0.5, 0.5, 0.5]) }));
      assert.equal([code, param], ["shape-mismatch", "q"]);
      assert.ok(message.startsWith(`${name}: the value of param "q" has shape [${q.shape}], but`), message);
    }
  }
  const counting: Model = () => {
    const count = mutable("count", 0);
    count.value = count.value.add(1);
    guide();
  };
  const svi = new SVI(model, counting, adam(0.1), new TraceELBO());
  const state = { ...svi.init(key), mutableState: {} };
  for (const call of [
    () => svi.update(state),
    () => svi.evaluate(state),
    () => svi.run(key, { numSteps: 1, initState: state }),
  ])
    assert.match(refusal(call).message, /the state has no mutable "count"/);
});

test("a reference to a param has the value of its declaration before, also in a trace and in the first run of an autoguide", () => {
  const model: Model = () => {
    param("w", [1, 3]);
    const z = sample("z", new Normal(param("w").at(1), 1));
    plate("d", 2, { subsample: [1] }, () => sample("x", new Normal(param("w").add(z), 1), { obs: [5] }));
  };
  const x = trace(seed(model, key)).getTrace().get("x") as SampleSite;
  assert.equal(x.fn.batchShape, [1]);
  assert.equal(start(model, new AutoNormal(model)).params.w?.toArray(), [1, 3]);
  assert.match(refusal(() => trace(() => param("w")).getTrace()).message, /declared without an initial value/);
});

test("a second declaration of a param with another constraint is refused, in guide and model", () => {
  const { interval, positive, real, unitInterval, greaterThan, simplex } = constraints;
  const declare =
    (constraint: Constraint | undefined, init: number | number[] | undefined = 0.5): Model =>
    () => {
      param("w", init, constraint && { constraint });
    };
  const both = (a: Model, b: Model) => () => {
    a();
    b();
  };
  const pairs: [Constraint | undefined, Constraint | undefined][] = [
    [undefined, positive],
    [positive, real],
    [interval(0, 3), interval(0, 2)],
    [interval(0, 1), unitInterval],
    [greaterThan(0), greaterThan(-1)],
  ];
  for (const [a, b] of pairs)
    for (const [model, guide] of [
      [both(declare(a), declare(b)), empty],
      [declare(a), declare(b)],
      [empty, both(declare(b), declare(a))],
    ] as const) {
      const error = refusal(() => start(model, guide));
      assert.is(error.code, "constraint-mismatch");
      assert.match(error.message, /param "w" is declared twice: with the constraint/);
    }
  const bounds = () => interval(zeros([2]), [1, 2]);
  start(declare(bounds()), declare(bounds()));
  start(declare(simplex, [0.5, 0.5]), declare(simplex, [0.5, 0.5]));
  // A declaration without value and constraint gets both from the other declaration.
  const reference: Model = () => {
    param("w");
  };
  for (const [model, guide] of [
    [reference, declare(positive)],
    [declare(positive), reference],
  ] as const)
    near((start(model, guide).params.w as Tensor).item(), Math.log(0.5));
});

test("a lifted param is one latent outside the plate, or has one element for each visited plate element", () => {
  const prior = new Normal(0, 1);
  const program =
    (init: number | number[]): Model =>
    () =>
      plate("d", 5, { subsample: [4, 1] }, () => {
        const w = param("w", init);
        sample("x", new Normal(w, 1), { obs: subsample(zeros([5])) });
      });
  const lifted = (init: number | number[], by: Normal = prior) => {
    const t = trace(seed(lift(program(init), { w: by }), key)).getTrace();
    return [t.get("w"), t.get("x")] as [SampleSite, SampleSite];
  };
  const [shared, x] = lifted(1);
  assert.equal([shared.value.shape, shared.plates.length, shared.scale], [[], 0, 1]);
  assert.equal(x.value.shape, [2]);
  const [local] = lifted([0, 0, 0, 0, 0]);
  assert.equal(local.value.shape, [2]);
  near(local.scaledLogProb().sum().item(), (5 / 2) * local.logProb().sum().item());
  // A prior with a row for each element draws all five elements, of which the plate visits two.
  const own = new Normal([10, 20, 30, 40, 50], 1e-6);
  const [whole, y] = lifted([0, 0, 0, 0, 0], own);
  assert.equal([whole.value.shape, whole.plates.length, whole.scale], [[5], 0, 1]);
  assert.equal((y.fn as Normal).mean.round().toArray(), [50, 20]);
  const model = lift(program([0, 0, 0, 0, 0]), { w: prior });
  const svi = new SVI(model, new AutoNormal(model), adam(0.1), new TraceGraphELBO());
  assert.equal((svi.init(key).params.w_auto_loc as Tensor).shape, [5]);
  assert.ok(Number.isFinite(svi.run(key, 3).losses[2] as number));
});

test("programs with params and plates without elements run, eagerly and compiled", () => {
  const model: Model = () => {
    const w = param("w", zeros([0]), { constraint: constraints.positive });
    plate("none", 0, () => {
      const z = sample("z", new Normal(w, 1));
      sample("x", new Normal(z, 1), { obs: zeros([0]) });
    });
    const mu = sample("mu", new Normal(0, 1));
    sample("y", new Normal(mu, 1), { obs: 1 });
  };
  const guide = new AutoNormal(model);
  const losses = [true, false].map((jit) => {
    const svi = new SVI(model, guide, adam(0.1), new TraceELBO(), { jit });
    const { params, losses } = svi.run(key, 4);
    assert.equal([params.w?.shape, params.z_auto_loc?.shape], [[0], [0]]);
    return [...losses];
  });
  assert.equal(losses[0], losses[1]);
  assert.ok(losses[0]?.every(Number.isFinite));
});

test("a subsampled loop that ends before its statements run, as with [...plate(…)], is refused", () => {
  const site = (i: number) => sample(`x${i}`, new Normal(0, 1), { obs: 0 });
  const half = { subsampleSize: 2 };
  const run = (f: Model) => trace(seed(f, key)).getTrace();
  const taken: Model[] = [
    () => [...plate("d", 4, half)].map(site),
    () => Array.from(plate("d", 4, half)).forEach(site),
    () => {
      const [a, b] = plate("d", 4, half) as Iterable<number> as unknown as [number, number];
      site(a);
      site(b);
    },
  ];
  for (const f of taken)
    assert.match(refusal(() => run(f)).message, /plate "d": the loop over its 2 of 4 elements contains no statement/);
  // Loops with statements in the body, and plates that visit all elements, are accepted.
  const scales = (f: Model) => [...run(f).values()].flatMap((s) => (s.type === "sample" ? [s.scale] : []));
  assert.equal(
    scales(() => {
      Array.from(plate("d", 4, half), site);
    }).map(String),
    ["2", "2"],
  );
  assert.equal(
    scales(() => [...plate("d", 2)].map(site)),
    [1, 1],
  );
  assert.throws(
    () =>
      run(() => {
        for (const _ of plate("d", 4, half)) throw new Error("of the body");
      }),
    /of the body/,
  );
});

test("a latent or mutable with the name of a param of the other program is refused: its value would be that of the param", () => {
  const summed = { infer: { enumerate: "parallel" } } as const;
  const auxiliary = () => {
    const a = sample("a", new Normal(0, 1), { infer: { isAuxiliary: true } });
    sample("z", new Normal(a, 1));
  };
  const withParam = () => sample("z", new Normal(param("a", 0.3), 1));
  const mixture = () => sample("z", new Normal(sample("a", new Bernoulli(0.2), summed), 1));
  const programs: [Model, Model, Elbo][] = [
    [withParam, auxiliary, new TraceELBO()],
    [mixture, withParam, new TraceEnumELBO()],
  ];
  for (const [model, guide, elbo] of programs) {
    const svi = new SVI(model, guide, adam(0.1), elbo);
    const errors = [() => svi.init(key), () => elbo.loss(key, { a: tensor(1) }, model, guide)].map((f) => refusal(f));
    assert.equal(
      errors.map(({ code, site }) => [code, site]),
      [
        ["duplicate-name", "a"],
        ["duplicate-name", "a"],
      ],
    );
  }
  // Both values are in one record, so no step changed either of them.
  const counter = () => {
    const count = mutable("a", 0);
    count.value = count.value.add(1);
    sample("z", new Normal(0, 1));
  };
  for (const [model, guide] of [
    [counter, withParam],
    [withParam, counter],
  ] as const)
    assert.is(refusal(() => start(model, guide)).code, "duplicate-name");
  const predictive = new Predictive(mixture, { guide: withParam, params: { a: 1 }, numSamples: 2 });
  assert.is(refusal(() => predictive.run(key)).code, "duplicate-name");
});

test("a network gets its parameters in the structure that init made, or is refused when it is declared", () => {
  const modelOf =
    (init: () => unknown, apply: (params: never) => Tensor): Model =>
    () =>
      sample("x", new Normal(module("net", { init, apply })(), 1), { obs: 0 });
  const [two, five] = [tensor(2), tensor(5)];
  for (const model of [
    modelOf(
      () => [{ w: two }, { w: five }],
      (layers: { w: Tensor }[]) => layers.reduce((y, { w }) => y.mul(w), tensor(1)),
    ),
    modelOf(
      () => tensor(10),
      (w: Tensor) => w,
    ),
  ]) {
    const svi = new SVI(model, empty, sgd(1), new TraceELBO());
    near(svi.evaluate(svi.init(key)), -logNormal(0, 10));
  }
  // A user may fix a part of a network.
  const line = modelOf(
    () => ({ w: two, b: five }),
    ({ w, b }: { w: Tensor; b: Tensor }) => w.add(b),
  );
  const svi = new SVI(substitute(line, { "net/w": 3 }), empty, sgd(1), new TraceELBO());
  near(svi.evaluate(svi.init(key)), -logNormal(0, 8));
  const noApply = () => tensor(0);
  for (const tree of [[{ w: two }, {}, { w: five }], { hidden: [], w: two }, { "a.b": two }, new Map([["w", two]])])
    assert.match(
      refusal(() =>
        start(
          modelOf(() => tree, noApply),
          empty,
        ),
      ).message,
      /module "net": init returned/,
    );
});

test.run();
