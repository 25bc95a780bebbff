/** SVI as a function of its state: steps, checkpoints, errors, and compiled steps equal to eager ones. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../index.js";
import {
  adam,
  Bernoulli,
  Beta,
  type Constraint,
  constraints,
  type Elbo,
  getProvenance,
  inFreshRun,
  loadState,
  module,
  mutable,
  Normal,
  nn,
  param,
  plate,
  RenyiELBO,
  random,
  SVI,
  type SVIState,
  sample,
  saveState,
  sgd,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
  trackProvenance,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const data = tensor([1.1, 0.3, 2, 0.9]);
const model = (y: Tensor) => {
  const mu = sample("mu", new Normal(0, 3));
  const seen = mutable("seen", tensor(0));
  seen.value = seen.value.add(1);
  plate("N", y.length, { subsampleSize: 2 }, () => sample("y", new Normal(mu, 1), { obs: subsample(y) }));
};
const guide = () => {
  sample("mu", new Normal(param("loc", 4), param("scale", 0.5, { constraint: constraints.positive })));
};
const discrete = (y: Tensor) => {
  const z = sample("z", new Bernoulli(0.4));
  plate("N", y.length, () => sample("y", new Normal(z.mul(2), 1), { obs: y }));
};
const discreteGuide = () => {
  const net = module("net", nn.mlp([1, 3, 1]));
  const infer = {
    baseline: {
      useDecayingAvgBaseline: true,
      nnBaseline: (x: Tensor) => net(x).squeeze(),
      nnBaselineInput: tensor([0.5]),
    },
  };
  sample("z", new Bernoulli({ logits: param("q", 0.2) }), { infer });
};
const bits = (x: unknown): string =>
  JSON.stringify(x, (_, v) => (v instanceof P.Tensor ? [...new Uint32Array(v.toFloat64Array().buffer)] : v));

test("update is pure, evaluate uses the same draw, and perSite adds up to the loss", () => {
  const svi = new SVI(model, guide, adam(0.1), new TraceELBO());
  const state = svi.init(random.key(0), data);
  const before = bits(state);
  const [next, loss] = svi.update(state, data);
  assert.is(bits(state), before);
  assert.is(svi.evaluate(state, data), loss);
  const total = Object.values(svi.perSite(state, data)).reduce((sum, x) => sum + x.item(), 0);
  assert.ok(Math.abs(total - loss) < 1e-12);
  assert.is(next.mutableState.seen?.item(), 1);
});

for (const [name, make] of Object.entries({
  "subsampling and mutable state": () => [model, guide, new TraceELBO()] as const,
  "a network and a decaying average as baseline": () =>
    [discrete, discreteGuide, new TraceGraphELBO({ numParticles: 3 })] as const,
}))
  test(`twenty compiled steps equal twenty eager ones bit for bit: ${name}`, () => {
    const run = (jit: boolean): [string, number[]] => {
      const [m, g, elbo] = make();
      const svi = new SVI(m, g, adam(0.05), elbo, { jit });
      const { losses, state } = svi.run(random.key(1), 20, data);
      return [bits(state), [...losses]];
    };
    assert.equal(run(true), run(false));
  });

test("a state saved as text is loaded unchanged, and a resumed run equals one long run", () => {
  const make = () => new SVI(discrete, discreteGuide, adam(0.05), new TraceGraphELBO());
  const whole = make().run(random.key(2), 30, data);
  const half = make().run(random.key(2), 12, data);
  const restored = loadState(saveState(half.state));
  assert.is(bits(restored), bits(half.state));
  const svi = make();
  svi.init(random.key(9), data);
  const rest = svi.run(random.key(9), { numSteps: 18, initState: restored }, data);
  assert.equal([...half.losses, ...rest.losses], [...whole.losses]);
  assert.is(bits(rest.state), bits(whole.state));
});

test("a state under another constraint is refused, loaded or passed on; a state without names of constraints is accepted", () => {
  const make = (constraint?: Constraint) =>
    new SVI(
      () => sample("z", new Normal(0, 1)),
      () => sample("z", new Normal(0, param("s", 0.5, constraint && { constraint }))),
      adam(0.01),
      new TraceELBO(),
    );
  const { state } = make(constraints.positive).run(random.key(0), 2);
  for (const initState of [state, loadState(saveState(state))]) {
    assert.is(make(constraints.positive).run(random.key(0), { numSteps: 1, initState }).losses.length, 1);
    const error = refusal(() => make(constraints.unitInterval).run(random.key(0), { numSteps: 1, initState }));
    assert.equal([error.code, error.param], ["bad-checkpoint", "s"]);
    const svi = make();
    svi.init(random.key(0));
    assert.is(refusal(() => svi.update(initState)).code, "bad-checkpoint");
  }
  const { constraints: _, ...unnamed } = state;
  assert.is(make(constraints.positive).run(random.key(0), { numSteps: 3, initState: unnamed }).losses.length, 3);
});

test("the result of a step inside a model has the provenance of the model's sites, not of the step's own sites", () => {
  const inner = new SVI(
    (y: Tensor) => sample("x", new Normal(sample("w", new Normal(0, 1)), 1), { obs: y }),
    () => sample("w", new Normal(param("q", 0), 1)),
    adam(0.1),
    new TraceELBO(),
    { jit: false },
  );
  const sets = inFreshRun(() => {
    const z = trackProvenance(tensor(2), "z");
    const start = inner.init(random.key(0), tensor(1));
    const [next, loss] = inner.step(start, z);
    return [getProvenance(next.params), getProvenance(loss), getProvenance(inner.step(start, tensor(2))[1])];
  });
  assert.equal(sets.map(String), ["{z}", "{z}", "{}"]);
});

test("NaN and infinities are saved and loaded; altered, truncated and malicious text is refused", () => {
  const state: SVIState = {
    params: { w: tensor([Number.NaN, Infinity, -0, 5e-324]) },
    optimState: {},
    mutableState: {},
    key: random.key(0),
  };
  const text = saveState(state);
  assert.is(bits(loadState(text)), bits(state));
  const forge = (body: unknown): string => {
    const inner = JSON.stringify(body);
    let hash = 0x811c9dc5;
    for (let i = 0; i < inner.length; i++) hash = Math.imul(hash ^ inner.charCodeAt(i), 0x01000193);
    return JSON.stringify({ pedigrad: 1, checksum: (hash >>> 0).toString(16).padStart(8, "0"), state: inner });
  };
  const rest = { optimState: {}, mutableState: {}, key: { shape: [0], bits: "" } };
  const cases: [string, RegExp][] = [
    [text.slice(0, -20), /truncated or altered/],
    [text.replace("f07f", "f07e"), /truncated or altered/],
    [JSON.stringify({ pedigrad: 99 }), /version 99/],
    ["[]", /not a state that saveState wrote/],
    [forge({ params: { w: { shape: [2], bits: "0".repeat(48) } }, ...rest }), /shape \[2\] needs 2 numbers, found 3/],
    [forge({ params: { w: { shape: [-1], bits: "" } }, ...rest }), /shape \[-1\]/],
    [forge({ params: { w: null }, ...rest }), /not a tensor/],
    [forge({ params: { constructor: { prototype: {} } }, ...rest }), /reserved key "constructor"/],
    [forge({ params: {} }), /lacks one of/],
    [forge({ params: {}, ...rest }), /key must be two whole numbers/],
    [forge({ params: {}, ...rest, key: { shape: [2], bits: "000000000000f07f".repeat(2) } }), /key must be two whole/],
    [forge({ params: {}, ...rest, constraints: 3 }), /constraints are not a list of names/],
    [forge({ params: {}, ...rest, constraints: '[["q", 1]]' }), /constraints are not a list of names/],
    [
      forge({ params: JSON.parse(`${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`), ...rest }),
      /nested more than 200 deep/,
    ],
  ];
  for (const [broken, message] of cases) {
    const error = refusal(() => loadState(broken));
    assert.is(error.code, "bad-checkpoint");
    assert.match(error.message, message);
  }
  assert.match(
    refusal(() => loadState('{"pedigrad":1,"checksum":"x","state":"{\\"__proto__\\":1}"}')).message,
    /checksum/,
  );
  assert.is(({} as Record<string, unknown>).polluted, undefined);
});

test("a state with a part that a user has changed is refused by the name of this part", () => {
  const svi = new SVI(model, guide, adam(0.1), new TraceELBO());
  const data = tensor([1, 2]);
  const state = svi.init(random.key(0), data);
  const wrong: [string, object][] = [
    ["constraints", { constraints: "not JSON" }],
    ["constraints", { constraints: '[["loc", 1]]' }],
    ["constraints", { constraints: ["[]"] }],
    ["key", { key: undefined }],
    ["mutableState", { mutableState: undefined }],
    ["averages.mu", { averages: { mu: 3 } }],
    ["batchesTaken", { batchesTaken: 5 }],
    ["params.m", { params: { ...state.params, m: 0 } }],
    ["optimState", { optimState: JSON.parse(JSON.stringify(state.optimState)) }],
  ];
  for (const [param, change] of wrong) {
    const initState = { ...state, ...change } as SVIState;
    const uses = [
      () => svi.update(initState, data),
      () => svi.run(random.key(0), { numSteps: 1, initState }, data),
      ...(param === "optimState" ? [] : [() => svi.evaluate(initState, data), () => svi.getParams(initState)]),
    ];
    for (const use of uses) {
      const error = refusal(use);
      assert.equal([error.code, error.param], ["bad-state", param], error.message);
    }
  }
});

test("a text of version 1, which has averages among the mutables, is loaded", () => {
  const state: SVIState = {
    params: {},
    optimState: {},
    mutableState: { "baseline/z": tensor(4), seen: tensor(2) },
    key: random.key(0),
  };
  const asVersion1 = JSON.stringify({ ...JSON.parse(saveState(state)), pedigrad: 1 });
  assert.is(loadState(asVersion1).averages?.z?.item(), 4);
  assert.equal(Object.keys(loadState(asVersion1).mutableState), ["baseline/z", "seen"]);
  assert.is(loadState(saveState(state)).averages, undefined, "in version 2 it is a mutable");
});

test("stableUpdate keeps parameters, optimiser and mutable state if the loss is not finite, and run counts such steps", () => {
  const cliff = (y: Tensor) => {
    sample("mu", new Normal(0, 3));
    P.factor("cliff", y.sum().mul(-1).maximum(0).log());
  };
  const svi = new SVI(cliff, guide, adam(0.1), new TraceELBO());
  const state = svi.init(random.key(0), tensor([-1]));
  const [next, loss] = svi.stableUpdate(state, tensor([1]));
  assert.not.ok(Number.isFinite(loss));
  assert.is(bits({ ...next, key: 0 }), bits({ ...state, key: 0 }));
  assert.is(svi.run(random.key(0), { numSteps: 3, stableUpdate: true, initState: state }, tensor([1])).refused, 3);
  const keeping = () => {
    mutable("lowest", tensor([Infinity, 2]));
    sample("z", new Normal(param("m", tensor([0.5, 1])), 1).toEvent(1));
  };
  const kept = new SVI(
    () => sample("z", new Normal(tensor([0, 0]), 1).toEvent(1)),
    keeping,
    adam(0.1),
    new TraceELBO(),
  );
  assert.is(kept.run(random.key(0), { numSteps: 5, stableUpdate: true }).refused, 0, "what is mutable may be infinite");
  const pit = () => P.factor("pit", Number.NaN);
  assert.is(refusal(() => new SVI(pit, () => {}, adam(0.1), new TraceELBO()).init(random.key(0))).site, "pit");
});

test("initParams take precedence, constraints hold, and staticArgs are passed to the program", () => {
  const withStatic = (y: Tensor, { extra }: { extra: number }) => {
    plate("N", y.length, () => sample("y", new Normal(sample("mu", new Normal(0, 3)).add(extra), 1), { obs: y }));
  };
  const broken = new SVI(withStatic, guide, sgd(0), new TraceELBO(), { staticArgs: { extra: 2 } });
  assert.throws(() => broken.init(random.key(0), data), /batch/);
  const svi = new SVI(model, guide, sgd(0), new TraceELBO());
  const state = svi.init({ key: random.key(0), initParams: { scale: 2 } }, data);
  const { scale, loc } = svi.getParams(state);
  assert.ok(Math.abs((scale as Tensor).item() - 2) < 1e-15);
  assert.is((loc as Tensor).item(), 4);
  assert.is(refusal(() => svi.init({ key: random.key(0), initParams: { scael: 2 } }, data)).param, "scael");
});

test("numSteps 0, unknown options, an initial value outside the constraint and sites with one name are refused", () => {
  const svi = new SVI(model, guide, adam(0.1), new TraceELBO());
  for (const numSteps of [0, -1, 1.5, Number.NaN])
    assert.is(refusal(() => svi.run(random.key(0), numSteps, data)).param, "numSteps");
  assert.is(refusal(() => svi.run(random.key(0), { numSteps: 1, onstep: () => {} } as never, data)).param, "onstep");
  const start = (value: number) => () => {
    sample("mu", new Normal(0, param("s", value, { constraint: constraints.positive })));
  };
  for (const value of [0, -1, Number.NaN])
    assert.is(
      refusal(() => new SVI(model, start(value), adam(0.1), new TraceELBO()).init(random.key(0), data)).code,
      "bad-initial-value",
    );
  const clash = () => {
    param("mu", 1);
    sample("mu", new Normal(0, 1));
  };
  assert.match(
    refusal(() => new SVI(model, clash, adam(0.1), new TraceELBO()).init(random.key(0), data)).message,
    /"mu" is already the name of a param/,
  );
  const twice = () => {
    sample("mu", new Normal(param("a", 1), 1));
    param("a", [1, 2]);
  };
  assert.match(
    refusal(() => new SVI(model, twice, adam(0.1), new TraceELBO()).init(random.key(0), data)).message,
    /declared twice/,
  );
  for (const bad of [
    () => adam(-1),
    () => adam(Number.NaN),
    () => adam(0.1, { b1: 1 }),
    () => adam(0.1, { learningRate: 1 } as never),
  ])
    assert.ok(refusal(bad));
  for (const bad of [{ numParticles: 0 }, { numParticles: -2 }, { numParticels: 2 }])
    assert.ok(refusal(() => new TraceELBO(bad as never)));
});

test("a site and a param may be named __proto__", () => {
  const odd = (y: Tensor) => {
    const mu = sample("__proto__", new Normal(0, 3));
    plate("N", y.length, () => sample("y", new Normal(mu, 1), { obs: y }));
  };
  const oddGuide = () => {
    sample("__proto__", new Normal(param("constructor", 4), 0.5));
  };
  const svi = new SVI(odd, oddGuide, adam(0.1), new TraceELBO());
  const { params, state } = svi.run(random.key(0), 5, data);
  assert.equal(Object.keys(params), ["constructor"]);
  assert.ok(Number.isFinite(svi.evaluate(state, data)));
  assert.ok(Object.keys(svi.perSite(state, data)).includes("__proto__"));
  const baseline = { useDecayingAvgBaseline: true };
  const coin = (infer: object) => () => void sample("constructor", new Bernoulli(0.4), { infer });
  assert.is(new TraceGraphELBO().loss(random.key(0), {}, coin({}), coin({ baseline })).item(), 0);
});

test("an error in the model does not affect the next run", () => {
  let isBroken = false;
  const flaky = (y: Tensor) => {
    const mu = sample("mu", new Normal(0, 3));
    plate("N", y.length, () => {
      if (isBroken) throw new Error("the model fails");
      sample("y", new Normal(mu, 1), { obs: y });
    });
  };
  const svi = new SVI(flaky, guide, adam(0.1), new TraceELBO(), { jit: false });
  const state = svi.init(random.key(0), data);
  const [, want] = svi.update(state, data);
  isBroken = true;
  assert.throws(() => svi.update(state, data), /the model fails/);
  isBroken = false;
  assert.is(svi.update(state, data)[1], want);
  assert.throws(() => sample("x", new Normal(0, 1)), /no random key/);
});

test("a reparameterised fit reaches the exact posterior Beta(16, 14) from a distant start", () => {
  const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  const coin = (y: Tensor) => {
    const f = sample("f", new Beta(10, 10));
    plate("flips", y.length, () => sample("obs", new Bernoulli(f), { obs: y }));
  };
  const q = () => {
    sample(
      "f",
      new Beta(
        param("a", 40, { constraint: constraints.positive }),
        param("b", 5, { constraint: constraints.positive }),
      ),
    );
  };
  const { params } = new SVI(
    coin,
    q,
    adam(P.exponentialDecay(0.05, 2000, 0.05)),
    new TraceELBO({ numParticles: 10 }),
  ).run(random.key(0), 2000, flips);
  assert.ok(Math.abs((params.a as Tensor).item() - 16) < 0.5);
  assert.ok(Math.abs((params.b as Tensor).item() - 14) < 0.5);
});

test("a mutable that guide and model declare passes from the guide to the model, and then to the next step", () => {
  // The guide adds 1 and the model doubles, so 0 becomes 2, 6, 14, 30, 62, and the model sees 1, 3, 7, 15, 31.
  const sees: number[] = [];
  const model = () => {
    const c = mutable("c", 0);
    sees.push(c.value.item());
    c.value = c.value.mul(2);
    sample("z", new Normal(0, 1));
  };
  const guide = (count = 1) => {
    const c = mutable("c", 0);
    c.value = c.value.add(1);
    sample("z", new Normal(param("l", 0), 1).expand(count === 1 ? [] : [count]));
  };
  const cases: [Elbo, guide: () => void][] = [
    [new TraceELBO(), guide],
    [new TraceELBO({ numParticles: 2 }), guide],
    [new RenyiELBO({ numParticles: 2, vectorizeParticles: false }), guide],
    [new TraceEnumELBO({ strictEnumerationWarning: false }), guide],
    [new TraceELBO({ multiSampleGuide: true }), () => guide(3)],
  ];
  for (const [elbo, guideOf] of cases) {
    const svi = new SVI(model, () => guideOf(), sgd(0.1), elbo, { jit: false });
    let state = svi.init(random.key(0));
    sees.length = 0;
    for (const [want, seen] of [
      [2, 1],
      [6, 3],
      [14, 7],
      [30, 15],
      [62, 31],
    ] as const) {
      [state] = svi.update(state);
      assert.is(state.mutableState.c?.item(), want, elbo.name);
      assert.ok(sees.splice(0).every((x) => x === seen));
    }
  }
});

test("two mutable statements of one name share their value within a run", () => {
  const model = () => {
    for (const [index, step] of [1, 10].entries()) {
      const c = mutable("c", 0);
      c.value = c.value.add(step);
      sample(`x${index}`, new Normal(c.value, 1), { obs: 0 });
    }
  };
  for (const jit of [true, false]) {
    const svi = new SVI(model, () => {}, sgd(0.1), new TraceELBO(), { jit });
    let state = svi.init(random.key(0));
    for (const after of [11, 22, 33]) {
      const [next, loss] = svi.update(state);
      assert.is(next.mutableState.c?.item(), after);
      const squares = (after - 10) ** 2 + after ** 2;
      assert.ok(Math.abs(loss - squares / 2 - Math.log(2 * Math.PI)) < 1e-9, `${loss}`);
      state = next;
    }
  }
});

test("a cost that depends on a draw through a mutable of the guide is charged to the draw's site", () => {
  // ELBO(q) = Σ_z q(z) (log p(z) - log q(z) + log N(1.5 | 2 z, 1)), so its slope is q (1 - q) (2 * 1.5 - 2 - logit q).
  const [logit, probs] = [0.3, 1 / (1 + Math.exp(-0.3))];
  const guide = () => {
    mutable("c", 0).value = sample("z", new Bernoulli({ logits: param("q") }));
  };
  const model = () => {
    sample("z", new Bernoulli(0.5));
    sample("x", new Normal(mutable("c", 0).value.mul(2), 1), { obs: 1.5 });
  };
  const values = { q: tensor(logit), c: tensor(0) };
  const slopes = [0, 1].map((z) => {
    const [, grads] = new TraceGraphELBO().lossAndGrads(random.key(0), values, model, substitute(guide, { z }));
    return (grads.q as Tensor).item() * (z === 1 ? probs : 1 - probs);
  });
  const slope = (slopes[0] as number) + (slopes[1] as number);
  assert.ok(Math.abs(slope + probs * (1 - probs) * (1 - logit)) < 1e-12, `${slope}`);
});

test("a state is refused where a param has other bounds, also after it was saved", () => {
  const make = (high: number) =>
    new SVI(
      () => {
        const p = param("p", 0.5, { constraint: constraints.interval(0, high) });
        sample("x", new Normal(p, 1), { obs: 0.7 });
      },
      () => {},
      adam(0.01),
      new TraceELBO(),
    );
  const state = make(1).init(random.key(0));
  for (const from of [state, loadState(saveState(state))]) {
    // Under bounds 0 and 10 the same unconstrained number would stand for 5.
    const error = refusal(() => make(10).run(random.key(0), { numSteps: 1, initState: from }));
    assert.equal([error.code, error.param], ["bad-checkpoint", "p"]);
    const next = make(1).run(random.key(0), { numSteps: 1, initState: from });
    assert.ok(Math.abs((next.params.p as Tensor).item() - 0.5) < 0.01);
    const other = make(10);
    other.init(random.key(0));
    for (const read of [() => other.getParams(from), () => other.evaluate(from), () => other.perSite(from)])
      assert.is(refusal(read).code, "bad-checkpoint");
  }
  // States that were saved by older versions name the constraint without its bounds.
  const older = { ...state, constraints: '[["p","interval"]]' };
  assert.is(make(1).run(random.key(0), { numSteps: 1, initState: older }).losses.length, 1);
});

test.run();
