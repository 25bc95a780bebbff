/** Handlers that give values: which handler's value counts, which of its elements a run uses, and values that would have no effect. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoDelta,
  AutoNormal,
  adam,
  Categorical,
  condition,
  Delta,
  deterministic,
  factor,
  initToValue,
  intervene,
  LocScaleReparam,
  lift,
  logLikelihood,
  type Model,
  MultivariateNormal,
  module,
  Normal,
  nn,
  Predictive,
  param,
  plate,
  random,
  reparam,
  replay,
  type SampleSite,
  SVI,
  sample,
  scope,
  seed,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  tensor,
  trace,
  uncondition,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const run = (f: Model, ...args: unknown[]) => trace(seed(f, key)).getTrace(...args);
const numbers = (x: Tensor | undefined) => [...(x as Tensor).toFloat64Array()];
const valuesOf = (f: Model, name: string) => numbers((run(f).get(name) as SampleSite).value);

const orders = [[2, 0, 1], [0, 1, 2], [1, 1, 0], [2, 0], [2, 2], [1]];
const at = [10, 20, 30];
const pick = (order: readonly number[]) => order.map((i) => at[i] as number);

test("a value for all elements is in the order of the plate, for every handler, whichever elements the plate visits", () => {
  for (const order of orders) {
    const inPlate =
      (body: () => void): Model =>
      () =>
        plate("d", 3, { subsample: order }, body);
    const latent = inPlate(() => void sample("z", new Normal(0, 1)));
    const used = (give: (f: Model) => Model) =>
      valuesOf(give(inPlate(() => sample("x", new Delta(sample("z", new Normal(0, 1)))))), "x");
    const by: Record<string, () => number[]> = {
      param: () =>
        valuesOf(
          inPlate(() => sample("x", new Delta(param("w", at)))),
          "x",
        ),
      subsample: () =>
        valuesOf(
          inPlate(() => sample("x", new Delta(subsample(at)))),
          "x",
        ),
      substitute: () => used((f) => substitute(f, { z: at })),
      condition: () => used((f) => condition(f, { z: at })),
      intervene: () => used((f) => intervene(f, { z: at })),
      "substituted param": () =>
        valuesOf(
          substitute(
            inPlate(() => sample("x", new Delta(param("w", zeros([3]))))),
            { w: at },
          ),
          "x",
        ),
      lift: () =>
        valuesOf(
          lift(
            inPlate(() => sample("x", new Delta(param("w", zeros([3]))))),
            { w: new Delta(at) },
          ),
          "x",
        ),
      initToValue: () => {
        const guide = new AutoDelta(latent, { initLocFn: initToValue({ z: at }) });
        const svi = new SVI(latent, guide, adam(0.1), new TraceELBO());
        return valuesOf(substitute(guide, svi.getParams(svi.init(key))), "z");
      },
      posteriorSamples: () =>
        numbers(
          new Predictive(
            inPlate(() => sample("x", new Delta(sample("z", new Normal(0, 1))))),
            { posteriorSamples: { z: [at] } },
          ).run(key).x,
        ),
    };
    for (const [name, values] of Object.entries(by)) assert.equal(values(), pick(order), `${name} ${order}`);
    const observed = inPlate(() => sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: subsample(at) }));
    const logs = logLikelihood(observed, { z: [at, [0, 0, 0]] }).x as Tensor;
    const [same, other] = logs.toArray<number[][]>() as [number[], number[]];
    same.forEach((log, i) => {
      const { length } = order;
      assert.ok(Math.abs(log + 0.5 * Math.log(2 * Math.PI)) < 1e-12, `${log} for ${order}`);
      assert.ok(
        Math.abs((other[i] as number) - log + 0.5 * (at[order[i] as number] as number) ** 2) < 1e-9,
        `${length}`,
      );
    });
  }
});

test("inside a plate, values are those of the visited elements, for every handler; inner plates select from theirs", () => {
  const handlers = { substitute, condition, intervene } as Record<string, (f: Model, data: object) => Model>;
  // For element i of the inner plate and the jth visited element of the outer one, the value is at[i] + j.
  const [outer, inner] = [
    [2, 0, 1],
    [1, 2, 0],
  ];
  const drawn = (z: Tensor) => sample("x", new Delta(z.mul(1)));
  for (const [outerDim, innerDim] of [
    [-1, -2],
    [-2, -1],
  ] as const) {
    const isInnerFirst = innerDim === -2;
    const value = isInnerFirst ? at.map((x) => [x, x + 1, x + 2]) : [0, 1, 2].map((j) => at.map((x) => x + j));
    const expected = isInnerFirst
      ? inner.flatMap((i) => [0, 1, 2].map((j) => (at[i] as number) + j))
      : [0, 1, 2].flatMap((j) => inner.map((i) => (at[i] as number) + j));
    for (const [name, give] of Object.entries(handlers))
      for (const isComputed of [false, true]) {
        if (isComputed && name === "condition") continue;
        const f = (make: () => Tensor) => () =>
          plate("inner", 3, { dim: innerDim, subsample: inner }, () => drawn(make()));
        const statement = isComputed ? () => deterministic("z", zeros([3, 3])) : () => sample("z", new Normal(0, 1));
        const model = () => plate("outer", 3, { dim: outerDim, subsample: outer }, give(f(statement), { z: value }));
        assert.equal(valuesOf(model, "x"), expected, `${name} ${outerDim} ${isComputed}`);
      }
  }
});

test("draws that pass from one run to another stay in the order in which the first run visited the elements", () => {
  for (const order of orders) {
    const visited = pick(order);
    const guide = () => plate("d", 3, { subsample: order }, () => sample("z", new Delta(subsample(at))));
    const model: Model = () =>
      plate("d", 3, { subsample: order }, () => {
        const z = sample("z", new Normal(0, 100));
        const k = sample("k", new Categorical({ logits: zOf(z) }), { infer: { enumerate: "parallel" } });
        deterministic("seen", z);
        deterministic("kSeen", k);
      });
    // With these logits k is 1 where z is 20, and 0 elsewhere.
    const zOf = (z: Tensor) =>
      z
        .sub(20)
        .abs()
        .mul(-50)
        .add(250)
        .expandDims(-1)
        .mul(tensor([0, 1]));
    const options = { guide, params: {}, numSamples: 2, inferDiscrete: true };
    const { seen, kSeen } = new Predictive(model, options).run(key);
    assert.equal(numbers(seen), [...visited, ...visited], `${order}`);
    assert.equal(
      numbers(kSeen),
      [...visited, ...visited].map((z) => (z === 20 ? 1 : 0)),
      `${order}`,
    );
    const first = run(guide);
    assert.equal(valuesOf(replay(model, first), "z"), visited);
  }
});

test("substitute chooses the elements that a plate visits, as the plate's option does", () => {
  const model = () => plate("d", 3, () => sample("x", new Delta(subsample(at))));
  assert.equal(valuesOf(substitute(model, { d: [2, 0] }), "x"), [30, 10]);
  for (const [indices, code] of [
    [[0, 3], "bad-parameter"],
    [[0.5], "bad-parameter"],
    [[], "plate-size"],
    [[0, 1, 2, 0], "plate-size"],
    [[[0]], "bad-option"],
  ] as const) {
    assert.is(refusal(() => run(substitute(model, { d: indices as unknown as number[] }))).code, code);
    const predict = () =>
      new Predictive(() => plate("d", 3, () => sample("x", new Delta(sample("z", new Normal(0, 1))))), {
        posteriorSamples: { z: [[1, 2, 3]], d: tensor(indices as unknown as number[]).expandDims(0) },
      }).run(key);
    assert.is(refusal(predict).code, code);
  }
  assert.is(run(substitute(model, () => 1)).get("d")?.value.length, 3);
  const scaled = run(substitute(model, { d: [2, 0] })).get("x") as SampleSite;
  assert.is(Number(scaled.scale), 1.5);
});

const z = (options: object = {}) => sample("z", new Normal(0, 1), options);
const noncentred = { z: LocScaleReparam() };

test("of several values for a site the outermost counts, as in Pyro and NumPyro; only condition replaces observed data", () => {
  const value = (f: Model) => valuesOf(f, "z")[0];
  assert.is(value(substitute(substitute(z, { z: 1 }), { z: 2 })), 2);
  assert.is(value(condition(condition(z, { z: 1 }), { z: 2 })), 2);
  assert.is(value(condition(substitute(z, { z: 1 }), { z: 2 })), 2);
  assert.is(value(replay(substitute(z, { z: 1 }), run(condition(z, { z: 2 })))), 2);
  const observed = () => z({ obs: 1 });
  assert.is(value(condition(observed, { z: 2 })), 2);
  assert.is(value(substitute(observed, { z: 2 })), 1);
  assert.is(value(condition(uncondition(observed), { z: 2 })), 2);
  const set = (m: number) => substitute(() => sample("x", new Delta(param("m", 0))), { m });
  assert.equal(valuesOf(substitute(set(1), { m: 2 }), "x"), [2]);
  // The draws of a guide replace what the model substitutes, so both densities are of one value.
  const loss = (p: Model, q: Model) => new TraceELBO().loss(key, {}, p, q).item();
  assert.ok(Math.abs(loss(substitute(z, { z: 1 }), z)) < 1e-12);
});

test("a partly observed site has the values that handlers give to its observed part", () => {
  const partly = () => z({ obs: [1, 2], obsMask: [1, 0] });
  assert.equal(valuesOf(condition(partly, { z_observed: [3, 4], z_unobserved: [5, 6] }), "z"), [3, 6]);
  assert.equal(valuesOf(intervene(partly, { z_observed: 3 }), "z")[0], 3);
  const drawn = run(uncondition(partly));
  assert.is(valuesOf(uncondition(partly), "z")[0], numbers(drawn.get("z_observed")?.value)[0]);
});

test("a value for a site that is computed instead of drawn is refused, with the order of handlers that works", () => {
  const partly = () => z({ obs: [1, 2], obsMask: [1, 0] });
  for (const f of [reparam(z, noncentred), partly])
    for (const [op, give] of [
      ["condition", condition],
      ["substitute", substitute],
    ] as const)
      for (const data of [{ z: 3 }, new Map([["z", 3]]), (name: string) => (name === "z" ? 3 : undefined)]) {
        const error = refusal(() => run(give(f, data)));
        assert.equal([error.code, error.site, error.op], ["no-effect", "z", op]);
        assert.ok(error.message.includes(`reparam(${op}(f, data), config)`));
      }
  // The edit that the message proposes, and two other programs with a value for z.
  assert.is(valuesOf(reparam(condition(z, { z: 3 }), noncentred), "z")[0], 3);
  assert.is(valuesOf(reparam(substitute(z, { z: 3 }), noncentred), "z")[0], 3);
  const decentred = run(substitute(reparam(z, noncentred), { z_decentered: 3, z: 3 }));
  assert.equal([decentred.get("z")?.type, numbers(decentred.get("z")?.value)], ["deterministic", [3]]);
  // A value that the program itself computes can be replaced, but not observed.
  const doubled = () => sample("x", new Delta(deterministic("twice", z().mul(2))));
  assert.equal(valuesOf(substitute(doubled, { twice: 7 }), "x"), [7]);
  assert.is(refusal(() => run(condition(doubled, { twice: 7 }))).code, "no-effect");
  assert.equal(refusal(() => run(condition(() => factor("f", 1), { f: 2 }))).code, "no-effect");
});

test("names that the program does not have are refused by condition, intervene and lift, in records and Maps", () => {
  const model = () => sample("x", new Normal(z().add(param("m", 0)), 1));
  for (const [op, give] of [
    ["condition", condition],
    ["intervene", intervene],
  ] as const)
    for (const data of [{ zz: 1 }, { z: 1, zz: 1 }, new Map([["zz", 1]])]) {
      const error = refusal(() => run(give(model, data)));
      assert.equal([error.code, error.site, error.op], ["unknown-site", "zz", op]);
      assert.match(error.message, /It has "z", "x"\. Did you mean "z"\?/);
    }
  const error = refusal(() => run(lift(model, { n: new Normal(0, 1) })));
  assert.equal([error.code, error.site], ["unknown-param", "n"]);
  // A function has no list of names to check. Outside a `scope`, a site has its name with the prefix.
  run(condition(model, () => undefined));
  assert.is(valuesOf(condition(scope(z, { prefix: "a" }), { "a/z": 2 }), "a/z")[0], 2);
});

test("a lifted param has the param's shape, whatever the shape of its prior", () => {
  const normal = new Normal(0, 1);
  const lifted = (shape: number[], prior: Normal | MultivariateNormal, options: object = {}, inPlate = false) => {
    const program = () => param("w", zeros(shape), options);
    const t = run(lift(inPlate ? () => plate("d", 5, program) : program, { w: prior } as Record<string, Normal>));
    return t.get("w") as SampleSite;
  };
  const eye = (n: number) =>
    tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j))));
  const mvn = new MultivariateNormal({ loc: zeros([3]), covarianceMatrix: eye(3) });
  for (const [shape, prior, batch] of [
    [[], normal, []],
    [[3], normal, []],
    [[1], normal, []],
    [[1, 1], new Normal([0], 1), []],
    [[2, 3], normal, []],
    [[2, 3], new Normal(zeros([3]), 1), []],
    [[2, 3], new Normal(zeros([2, 1]), 1), []],
    [[2, 3], new Normal(zeros([2, 3]), 1), [2, 3]],
    [[2, 3], mvn, []],
    [[3], mvn, []],
  ] as const) {
    const site = lifted([...shape], prior);
    assert.equal([site.value.shape, site.fn.batchShape], [[...shape], [...batch]]);
    const log = numbers(site.value).reduce((sum, x) => sum - 0.5 * x * x - 0.5 * Math.log(2 * Math.PI), 0);
    assert.ok(Math.abs(site.scaledLogProb().sum().item() - log) < 1e-12);
    assert.is(new Set(numbers(site.value)).size, site.value.size, "every element has a draw of its own");
  }
  // In a plate of five elements, all axes but the plate's belong to one element.
  for (const [shape, options, event] of [
    [[5], {}, []],
    [[5, 3], { eventDim: 1 }, [3]],
    [[5, 1], { eventDim: 1 }, [1]],
    [[5, 2, 3], { eventDim: 2 }, [2, 3]],
  ] as const) {
    const site = lifted([...shape], normal, options, true);
    assert.equal([site.value.shape, site.fn.batchShape, site.fn.eventShape], [[...shape], [5], [...event]]);
    assert.is(site.plates.length, 1);
  }
  assert.is(lifted([3], normal, {}, true).plates.length, 0);
  assert.equal(lifted([5, 3], mvn, {}, true).fn.batchShape, [5]);
  for (const [shape, prior] of [
    [[], new Normal(zeros([2]), 1)],
    [[3], new Normal(zeros([2]), 1)],
    [[2], mvn],
    [[], mvn],
  ] as const) {
    const error = refusal(() => lifted([...shape], prior));
    assert.equal([error.code, error.site], ["shape-mismatch", "w"]);
  }
});

test("reparam names its new sites with the inner scope once, and gives them the options and the key of the old site", () => {
  const names = (f: Model) => [...run(f).keys()];
  for (const prefix of ["a", "a/b"])
    assert.equal(names(reparam(scope(z, { prefix }), { [`${prefix}/z`]: LocScaleReparam() })), [
      `${prefix}/z_decentered`,
      `${prefix}/z`,
    ]);
  assert.equal(names(scope(reparam(z, noncentred), { prefix: "a" })), ["a/z_decentered", "a/z"]);
  const infer = { gradient: "score", baseline: { useDecayingAvgBaseline: true } } as const;
  const site = run(reparam(() => z({ infer }), noncentred)).get("z_decentered") as SampleSite;
  assert.equal(site.infer, infer);
  assert.not.ok(site.fn.hasRsample);
  const drawn = (seedOfRun: number) =>
    numbers(
      (
        trace(
          seed(
            reparam(() => z({ key }), noncentred),
            seedOfRun,
          ),
        )
          .getTrace()
          .get("z") as SampleSite
      ).value,
    );
  assert.equal(drawn(1), drawn(2));
});

test("the params of a network can be lifted and fitted", () => {
  const model = lift(() => {
    const y = module("net", nn.mlp([2, 3, 1]))(tensor([[1, 2]]));
    sample("x", new Normal(y, 0.1).toEvent(2), { obs: [[1.5]] });
  }, new Normal(0, 1));
  const shapes = { "net/0/weight": [2, 3], "net/0/bias": [3], "net/1/weight": [3, 1], "net/1/bias": [1] };
  for (const jit of [true, false]) {
    const svi = new SVI(model, new AutoNormal(model), adam(0.05), new TraceELBO(), { jit });
    const { params, losses } = svi.run(key, 200);
    for (const [name, shape] of Object.entries(shapes)) assert.equal(params[`${name}_auto_loc`]?.shape, shape);
    const mean = (from: number) => losses.slice(from, from + 50).reduce((a, b) => a + b / 50, 0);
    assert.ok(mean(150) < mean(0) - 5, `${mean(0)} to ${mean(150)}`);
  }
});

test("a lifted param that is declared twice is one latent, also inside a plate", () => {
  const twice = () => {
    const outside = [param("a", 0), param("a")];
    const inside = plate("p", 3, { subsample: [0, 2] }, () => [1, 2].map(() => param("b", [0, 0, 0], { eventDim: 0 })));
    return [...outside, ...inside];
  };
  const priors = { a: new Normal(0, 1), b: new Normal(0, 1) };
  const lifted = seed(lift(twice, priors), random.key(0));
  const [a1, a2, b1, b2] = lifted() as [Tensor, Tensor, Tensor, Tensor];
  assert.is(a1, a2);
  assert.is(b1, b2);
  assert.equal(b1.shape, [2]);
  assert.equal([...trace(lifted).getTrace().keys()].sort(), ["a", "b", "p"]);
});

test("a value that is not a tensor, such as a trace, is refused with the names of the handler and the site", () => {
  const program = () => sample("z", new Normal(0, 1));
  const run = trace(seed(program, random.key(0))).getTrace();
  const error = refusal(() => seed(condition(program, run as never), random.key(0))());
  assert.equal([error.code, error.site], ["not-a-tensor", "z"]);
  assert.match(error.message, 'condition: the value of "z"');
});

test("a plate that a run opens twice has the same elements both times, so that its trace can be replayed", () => {
  const model = () => {
    const half = { subsampleSize: 2 };
    for (const name of ["x", "y"])
      plate("d", 6, half, (i) => sample(name, new Delta(sample(`i_${name}`, new Delta(i)))));
    for (const name of ["u", "v"]) for (const i of plate("loop", 6, half)) sample(`${name}${i}`, new Normal(0, 1));
  };
  for (let k = 0; k < 5; k++) {
    const first = trace(seed(model, random.key(k))).getTrace();
    const indices = numbers(first.get("d")?.value);
    for (const name of ["x", "y"]) assert.equal(numbers(first.get(name)?.value), indices);
    const visited = (name: string) => [...first.keys()].filter((site) => site.startsWith(name)).map((site) => site[1]);
    assert.equal(visited("u"), visited("v"));
    assert.equal(
      numbers(
        trace(seed(replay(model, first), key))
          .getTrace()
          .get("d")?.value,
      ),
      indices,
    );
  }
  const given = () => {
    for (const subsample of [
      [0, 1],
      [2, 3],
    ])
      plate("d", 6, { subsample }, () => {});
  };
  assert.equal(refusal(() => run(given)).code, "plate-subsample");
});

test("replay refuses a trace in which a latent of the program is computed", () => {
  const computed = run(reparam(z, noncentred));
  const error = refusal(() => run(replay(z, computed)));
  assert.equal([error.code, error.site, error.op], ["no-effect", "z", "replay"]);
  assert.is(valuesOf(replay(reparam(z, noncentred), computed), "z")[0], numbers(computed.get("z")?.value)[0]);
});

test("elbo.loss refuses a misspelt param if a param has no value, and takes initial values otherwise", () => {
  const guide = () => sample("z", new Normal(param("loc", 2), param("spread", 1)));
  const elbo = new TraceELBO();
  const loss = (params: Record<string, Tensor>) => elbo.loss(key, params, z, guide).item();
  for (const call of ["loss", "lossAndGrads", "lossWithMutableState"] as const) {
    const error = refusal(() => elbo[call](key, { lok: tensor(0), spread: tensor(1) }, z, guide));
    assert.equal([error.code, error.site], ["unknown-param", "lok"]);
    assert.match(error.message, /Did you mean "loc"/);
  }
  assert.is(loss({ loc: tensor(2) }), loss({}));
  // Params of other programs do not matter if all params of guide and model have values.
  assert.is(loss({ loc: tensor(2), spread: tensor(1), other: tensor(0) }), loss({}));
});

test.run();
