/** Misuse of models, guides and estimators that no other file tests: each case is refused with a helpful error. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoLaplaceApproximation,
  AutoNormal,
  adam,
  Bernoulli,
  Binomial,
  Categorical,
  clippedAdam,
  computeMarginals,
  constraints,
  DiscreteUniform,
  deterministic,
  explain,
  factor,
  loadState,
  type Model,
  mask,
  mutable,
  Normal,
  type Optimizer,
  Predictive,
  param,
  plate,
  psisDiagnostic,
  RenyiELBO,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  sampleDiscrete,
  saveState,
  seed,
  substitute,
  TraceELBO,
  TraceMeanFieldELBO,
  tensor,
  trace,
} from "../../../index.js";
import { refuses } from "../../refusals.js";

test("parameters that must be whole numbers are refused otherwise", () => {
  refuses(() => new Binomial(2.5, 0.5), /Binomial: totalCount must be a whole number >= 0, got 2.5/);
  refuses(() => new DiscreteUniform(0.5, 3), /DiscreteUniform: low must be a whole number, got 0.5/);
});

test("data and values that are not numbers are refused with the name of their statement and the place of the first", () => {
  const texts = [1, "2"] as unknown as number[];
  for (const [f, words] of [
    [() => sample("x", new Normal(0, 1), { obs: texts }), /^site "x": .*\[1\] is "2", expected a number/],
    [() => sample("x", new Normal(0, 1), { obs: 1, obsMask: texts }), /^site "x": /],
    [() => param("w", [Number.NaN, null] as number[]), /^site "w": .*\[1\] is null.*NaN if it is missing/],
    [() => deterministic("d", texts), /^site "d": /],
    [() => deterministic("d", { a: 1 } as never), /^site "d": .*got a record with a/],
    [() => mutable("m", { mean: 1 } as never), /^mutable "m": .*got a record with mean/],
    [() => trace(() => Object.assign(mutable("m", 1), { value: "2" })).getTrace(), /^mutable "m": .*got "2"/],
  ] as const)
    refuses(
      seed(() => void f(), 0),
      words,
    );
});

test("if the guide's b depends on a, the closed form is the KL of b given a", () => {
  const model: Model = () => {
    const a = sample("a", new Normal(0, 1));
    sample("b", new Normal(a, 1));
  };
  const guide: Model = () => {
    const a = sample("a", new Normal(0, 1));
    sample("b", new Normal(a.mul(0.5), 1));
  };
  // KL(b | a) = (a / 2)² / 2, of mean 1/8; its standard deviation is √2 / 8.
  const n = 20_000;
  const loss = new TraceMeanFieldELBO({ numParticles: n }).loss(random.key(1), {}, model, guide).item();
  assert.ok(Math.abs(loss - 1 / 8) < (4.5 * Math.SQRT2) / 8 / Math.sqrt(n));
});

test("a sleep phase is refused if the guide takes no observations", () => {
  const model: Model = () => sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: 1 });
  const guide: Model = () => sample("z", new Normal(param("m", 0), 1));
  refuses(
    () => new ReweightedWakeSleep({ insomnia: 0.5 }).loss(random.key(0), { m: tensor(0) }, model, guide),
    /insomnia 0.5.*observations/,
  );
});

test("an autoguide refuses a site that was not in the first run of the model", () => {
  const model: Model = (withMore: boolean) => {
    sample("z", new Normal(0, 1));
    if (withMore) sample("w", new Normal(0, 1));
  };
  const guide = new AutoNormal(model);
  const svi = new SVI(model, guide, adam(0.01), new TraceELBO(), { jit: false });
  const state = svi.init(random.key(0), false);
  refuses(() => svi.update(state, true), /model site "w" is latent, but the guide does not sample it/);
});

test("values of alpha and insomnia out of range are refused", () => {
  for (const alpha of [Number.NaN, Infinity, "0.5" as unknown as number])
    refuses(() => new RenyiELBO({ alpha }), /RenyiELBO: alpha must be a finite number, got/);
  for (const insomnia of [-0.1, 1.5, Number.NaN])
    refuses(() => new ReweightedWakeSleep({ insomnia }), /ReweightedWakeSleep: insomnia must be in \[0,1\], got/);
});

test("a guide that can draw values outside the model's support is refused", () => {
  const model: Model = () => sample("n", new Categorical([0.5, 0.5, 0, 0]));
  const guide: Model = () => sample("n", new Categorical({ logits: param("l", tensor([-9, -9, -9, 9])) }));
  const params = { l: tensor([-9, -9, -9, 9]) };
  assert.is(new TraceELBO().loss(random.key(0), params, model, guide).item(), Infinity);
  refuses(() => new SVI(model, guide, adam(0.01), new TraceELBO()).run(random.key(0), 3), /site "n" \(value 3\)/);
});

test("optimisers refuse impossible rates and unknown options", () => {
  for (const rate of [-1, Number.NaN]) refuses(() => adam(rate), /adam: the learning rate must be/);
  refuses(() => adam(0.1, { b1: 1 }), /b1/);
  refuses(() => adam(0.1, { learningRate: 0.1 } as object), /unknown option "learningRate"/);
  refuses(
    () =>
      new SVI(
        () => {},
        () => {},
        adam(0.1),
        new TraceELBO(),
      ).run(random.key(0), 0),
    /numSteps/,
  );
});

test("async models, guides and plates are refused, and their promises cause no later error", async () => {
  const late: Model = async () => sample("x", new Normal(0, 1));
  const failing: Model = async () => {
    throw new Error("later");
  };
  for (const f of [late, failing]) {
    refuses(() => trace(seed(f, 0)).getTrace(), /the model or guide returned a promise/);
    refuses(() => trace(() => plate("d", 2, () => f())).getTrace(), /the body of plate "d" returned a promise/);
  }
  const empty: Model = () => {};
  const loss = new TraceELBO();
  refuses(() => loss.loss(random.key(0), {}, late, empty), /promise/);
  refuses(() => loss.loss(random.key(0), {}, empty, late), /promise/);
  await new Promise((resolve) => setTimeout(resolve, 0));
});

test("generator functions are refused, since their statements would never run", () => {
  const lazy = function* () {
    yield sample("x", new Normal(0, 1), { obs: 1 });
  };
  const later = async function* () {
    yield sample("x", new Normal(0, 1), { obs: 1 });
  };
  const loss = new TraceELBO();
  for (const f of [lazy, later] as Model[]) {
    refuses(() => loss.loss(random.key(0), {}, f, () => {}), /the model or guide returned a generator/);
    refuses(() => trace(() => plate("d", 2, f)).getTrace(), /the body of plate "d" returned a generator/);
    refuses(() => trace(() => void mask(f, true)()).getTrace(), /returned a generator/);
  }
  const loop: Model = () => {
    for (const x of lazy()) deterministic("y", x);
  };
  assert.equal([...trace(loop).getTrace().keys()], ["x", "y"]);
});

test("states of another optimiser, of a fresh SVI, and incomplete states are refused", () => {
  const model: Model = () => sample("z", new Normal(0, 1));
  const guide: Model = () => sample("z", new Normal(param("m", 0), 1));
  const inference = (optimizer: Optimizer) => new SVI(model, guide, optimizer, new TraceELBO());
  const svi = inference(adam(0.1));
  const state = loadState(saveState(svi.init(random.key(0))));
  const clipped = inference(clippedAdam(0.1));
  clipped.init(random.key(0));
  refuses(() => clipped.update(state), /svi.update: this state was made by another optimiser: its optimState has/);
  refuses(() => clipped.run(random.key(0), { numSteps: 2, initState: state }), /another optimiser/);
  refuses(() => inference(adam(0.1)).update(state), /param "m": this SVI does not know.*Call svi.init\(key, ...args\)/);
  refuses(() => svi.update(random.key(0) as never), /svi.update: the first argument must be a state/);
  refuses(() => saveState({ params: {} } as never), /saveState: the state has no optimState/);
  assert.is(inference(adam(0.1)).run(random.key(1), { numSteps: 2, initState: state }).losses.length, 2);
});

test("a class in place of a guide is refused", () => {
  const model: Model = () => sample("z", new Normal(0, 1));
  refuses(
    () => new SVI(model, AutoNormal as never, adam(0.1), new TraceELBO()),
    /SVI: the guide is the class AutoNormal, not an instance. Call new AutoNormal\(model\)/,
  );
  refuses(() => new SVI(model, undefined as never, adam(0.1), new TraceELBO()), /SVI: the guide must be a function/);
});

test("keys, params, options and programs in the wrong place are refused", () => {
  const model: Model = () => {
    sample("z", new Normal(0, 1));
  };
  const guide = new AutoNormal(model);
  const key = random.key(0);
  const params = { z_auto_loc: tensor(0), z_auto_scale: tensor(1) };
  refuses(
    () => guide.samplePosterior(params as never, {}),
    /AutoNormal.samplePosterior: the first argument must be a key/,
  );
  refuses(() => guide.median([1, 2] as never), /AutoNormal: the params must contain "/);
  refuses(
    () => new Predictive(model, { numSamples: 2 }).run(undefined as never),
    /predictive.run: .* key .*got undefined/,
  );
  refuses(() => seed(model, undefined as never), /seed: the second argument must be a key/);
  refuses(() => tensor(undefined as never), /got undefined\.$/);
  const data = [1, 2, 3];
  refuses(() => psisDiagnostic(key, params, model, guide, data as never), /psisDiagnostic: expected options/);
  refuses(
    () => sampleDiscrete(key, params, model, guide, { temprature: 0 } as never),
    /sampleDiscrete: unknown option "temprature".*Did you mean "temperature"/,
  );
  refuses(
    () => new AutoLaplaceApproximation(model).laplaceApproximation(data as never),
    /AutoLaplaceApproximation: the params must contain "auto_loc"/,
  );
  refuses(() => explain(new TraceELBO(), model, data as never), /explain: the guide must be a function, got an array/);
  refuses(() => computeMarginals(key, model as never, guide as never, () => {}), /computeMarginals: .*params by name/);
  refuses(
    () => computeMarginals(key, params, model, undefined as never),
    /computeMarginals: the guide must be a function/,
  );
});

test("errors for constraints, factors and plates use the names in the call", () => {
  const run = (f: Model) => trace(seed(f, 0)).getTrace();
  for (const constraint of ["positive", constraints.interval])
    refuses(
      () => run(() => param("p", 1, { constraint: constraint as never })),
      /param "p": constraint must be one of constraints, such as constraints.positive/,
    );
  refuses(() => run(() => factor("f", Number.NaN)), /^factor "f": logFactor must be a number, got NaN/);
  refuses(
    () => run(() => plate("d", "3" as never, () => 0)),
    /plate "d": size must be a non-negative integer below 2\^32, got "3"/,
  );
});

test("a param that svi.init does not reach is refused, since no step would train it", () => {
  const model = () => {
    const b = sample("b", new Bernoulli(0.5));
    if (b.item() > 0) sample("x", new Normal(0, 1), { obs: 1 });
  };
  const guide = (first: boolean) => () => {
    if (first) param("m", 0);
    const b = sample("b", new Bernoulli(0.5));
    if (b.item() > 0) param("m", 0);
  };
  const run = (first: boolean, seed: number) =>
    new SVI(model, guide(first), adam(0.1), new TraceELBO(), { jit: false }).run(random.key(seed), 30).params;
  for (let seed = 0; seed < 6; seed++) {
    assert.equal(Object.keys(run(true, seed)), ["m"]);
    try {
      assert.equal(Object.keys(run(false, seed)), ["m"]);
    } catch (error) {
      assert.match((error as Error).message, /param "m" is not in the state.*Declare it before branches/);
    }
  }
});

test("a param starts at the value that substitute gives", () => {
  const model = () => {
    sample("z", new Normal(0, 1));
  };
  const guide = () => {
    sample("z", new Normal(param("m", 3), 1));
  };
  const svi = new SVI(model, substitute(guide, { m: 7 }), adam(0.1), new TraceELBO());
  assert.is(svi.getParams(svi.init(random.key(0))).m?.item(), 7);
});

test("psisDiagnostic of discrete draws with equal weights finds no tail", () => {
  const model = () =>
    plate("d", 3, () => {
      const z = sample("z", new Bernoulli(0.4));
      sample("x", new Bernoulli(z.mul(0.5).add(0.2)), { obs: [1, 0, 1] });
    });
  for (const probs of [0.5, [0.5, 0.4, 0.6]]) {
    const k = psisDiagnostic(random.key(0), {}, model, () => plate("d", 3, () => sample("z", new Bernoulli(probs))));
    assert.ok(k < 0.7, `k = ${k}`);
  }
});

test("psisDiagnostic refuses enumerated sites", () => {
  const model: Model = () => sample("z", new Categorical([0.5, 0.5]), { infer: { enumerate: "parallel" } });
  refuses(
    () => psisDiagnostic(random.key(0), {}, model, () => {}),
    /psisDiagnostic: site "z" is enumerated, .*not supported. Write the sum into the model/,
  );
});

test.run();
