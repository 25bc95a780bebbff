/**
 * Arguments and options in the wrong place or of the wrong kind: each call is refused at once, the error names the argument, and nothing is ignored.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as P from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = P.random.key(0);
// biome-ignore lint/suspicious/noExplicitAny: the arguments are wrong on purpose
const any = (x: unknown): any => x;
const { Normal, sample } = P;
const z: P.Model = () => {
  sample("z", new Normal(0, 1));
};
const run = (f: P.Model) => P.trace(P.seed(f, key)).getTrace();
const svi = () => new P.SVI(z, z, P.adam(0.1), new P.TraceELBO());
const steps = (options: object) => () => svi().run(key, any({ numSteps: 1, progressBar: false, ...options }));
const predict = (options: object) => () => new P.Predictive(z, any({ numSamples: 2, ...options })).run(key);

const baseline = (options: object) => () =>
  run(() => sample("x", new Normal(0, 1), { infer: { baseline: any(options) } }));

/** Wrong calls, each with a part of the error message. */
const wrong: Record<string, [call: () => unknown, words: RegExp][]> = {
  plates: [
    [() => run(() => P.plate("d", any(4), any(z), any({ subsampleSize: 2 }))), /with the body last/],
    [() => run(() => P.plate("d", 4, any(2))), /plate "d": expected options/],
    [() => run(() => P.plate("d", 4, any(-1), z)), /plate "d": expected options/],
    [() => run(() => P.plate("d", 4, any(null), z)), /got null/],
    [() => run(() => P.plate("d", 4, {}, any(undefined))), /with the body last/],
    [() => run(() => P.plate("d", 4, any({ dim: -1 }))), /unknown option "dim"/],
    [() => run(() => P.plate(any(4), z)), /plate 4: the name must be a string/],
  ],
  statements: [
    [() => run(() => sample("x", new Normal(0, 1), any(3))), /expected options/],
    [() => run(() => sample(any(3), new Normal(0, 1))), /sample 3: the name must be a string/],
    [() => run(() => P.param(any(undefined), 1)), /param undefined: the name must be a string/],
    [() => run(() => P.mutable(any(Symbol("a")), 1)), /mutable .*: the name must be a string/],
    [() => run(() => sample("x", new Normal(0, 1), any(null))), /got null/],
    [() => run(() => P.param("a", 1, any(P.constraints.positive))), /\{ constraint: … \}/],
    [() => run(() => P.param("a", 1, any("positive"))), /expected options/],
    [() => run(() => P.param("a", [1], { eventDim: -1 })), /eventDim must be a non-negative integer/],
    [() => run(() => P.subsample([1, 2], any(1))), /subsample: expected options/],
    [baseline({ useDecayingAvgBaseline: "no" }), /useDecayingAvgBaseline must be true or false/],
    [baseline({ leaveOneOut: 0 }), /leaveOneOut must be true or false/],
    [baseline({ nnBaseline: 3, nnBaselineInput: 1 }), /nnBaseline must be a function/],
    [baseline({ baselineBeta: "0.5" }), /baselineBeta must be a finite number/],
    [() => run(() => sample("x", new Normal(0, 1), { infer: { kl: any(true) } })), /kl must be "analytic", got true/],
    [
      () => run(() => sample("x", new Normal(0, 1), { infer: { isAuxiliary: any(1) } })),
      /isAuxiliary must be true or false/,
    ],
    [() => P.markov([1, 2], any(2)), /markov: expected options/],
    [() => P.markov([1, 2], { history: 1.5 }), /history must be a non-negative integer/],
    [() => P.markov(any(3)), /markov: the first argument must be something to loop over/],
    [() => run(() => P.module("net", any({}))), /must be a network/],
    [() => P.nn.mlp([2, 3, 1], any("relu")), /nn: activation must be a function/],
    [() => P.nn.autoregressive(3, [4], any(2)), /nn: activation must be a function/],
  ],
  handlers: [
    [() => P.seed(any(3), key), /seed: the first argument must be a function/],
    [() => P.condition(z, any(3))(), /condition: the second argument must be values by name/],
    [() => P.substitute(z, any([1]))(), /substitute: the second argument must be values by name/],
    [() => P.intervene(z, any(3))(), /intervene: the second argument must be values by name/],
    [() => P.replay(z, any({ z: 1 })), /replay: the second argument must be a trace/],
    [() => P.block(z, any(["z"])), /block: expected options/],
    [() => P.block(z, any({ hide: "z" })), /hide must be an array of names/],
    [() => P.block(z, any({ hid: ["z"] })), /Did you mean "hide"/],
    [() => run(P.block(z, any({ hideIf: () => P.tensor(0) }))), /the result of hideIf must be true or false/],
    [() => P.lift(z, any(3)), /lift: the second argument must be a distribution/],
    [() => P.lift(z, any({ a: 3 })), /distributions by the names of params/],
    [() => P.scope(z, any("pre")), /scope: expected options/],
    [() => P.scope(z, any({})), /prefix must be a string/],
    [() => P.reparam(z, any(P.LocScaleReparam())), /reparam: the second argument must be strategies by site/],
    [() => P.LocScaleReparam({ centered: [0.1, -2] }), /LocScaleReparam: centered must be in \[0, 1\], but element/],
    [() => P.inferConfig(z, any({ enumerate: "parallel" })), /must be a function of the site/],
    [() => P.configEnumerate(z, any({ default: "parallel" })), /must be "parallel", "sequential" or null/],
    [() => P.trace(any(3)), /trace: the first argument must be a function/],
  ],
  estimators: [
    ...[
      P.TraceELBO,
      P.TraceGraphELBO,
      P.TraceMeanFieldELBO,
      P.TraceEnumELBO,
      P.RenyiELBO,
      P.ReweightedWakeSleep,
    ].flatMap((Loss): [() => unknown, RegExp][] => [
      [() => new Loss(any(10)), new RegExp(`${Loss.name}: expected options`)],
      [() => new Loss(any(null)), /got null/],
      [() => new Loss({ numParticles: 1e9 }), /numParticles must be at most 2\^26, got 1000000000/],
      [() => new Loss(any({ numParticles: "10" })), /numParticles must be a positive integer, got "10"/],
      [() => new Loss(any({ strictEnumerationWarning: "no" })), /must be true or false/],
    ]),
    [
      () => new P.TraceELBO().loss(key, any(z), any(z), any(undefined)),
      /The order is TraceELBO.loss\(key, params, model, guide\)/,
    ],
    [() => new P.TraceELBO().loss(any({}), any(z), z, z), /TraceELBO.loss: the first argument must be a key/],
  ],
  svi: [
    [() => new P.SVI(z, z, P.adam(0.1), new P.TraceELBO(), any(3)), /SVI: expected options/],
    [() => new P.SVI(z, z, P.adam(0.1), new P.TraceELBO(), any({ jit: "yes" })), /jit must be "auto", true or false/],
    [() => new P.SVI(z, z, P.adam(0.1), new P.TraceELBO(), any({ staticArgs: 3 })), /staticArgs must be a record/],
    [() => svi().init(any({ key, initParams: 3 })), /initParams must be a record/],
    [() => svi().getParams(any(svi().run(key, 1))), /svi.getParams: .*Pass its \.state/],
    [() => svi().evaluate(any(undefined)), /svi.evaluate: the first argument must be a state/],
    [steps({ batches: 3 }), /batches must be an array, an iterable or a generator function/],
    [steps({ onStep: 3 }), /onStep must be a function/],
    [steps({ stopWhen: true }), /stopWhen must be a function/],
    [steps({ stopWhen: () => P.tensor(0) }), /the result of stopWhen must be true or false, got a tensor/],
    [steps({ stopWhen: async () => false }), /the result of stopWhen must be true or false, got a promise/],
    [
      steps({ onStep: () => Promise.reject(new Error("later")) }),
      /the result of onStep must be a plain value, got a promise/,
    ],
    [steps({ stableUpdate: "no" }), /stableUpdate must be true or false/],
    [steps({ signal: 3 }), /signal must be an AbortSignal/],
    [steps({ initParams: 3 }), /initParams must be a record/],
  ],
  optimisers: [
    [() => P.adam(0.1, any(0.9)), /adam: expected options/],
    [() => P.adamw(0.1, any(0.01)), /adamw: expected options/],
    [() => P.clippedAdam(0.1, any(10)), /clippedAdam: expected options/],
    [() => P.clippedAdam(0.1, any(null)), /got null/],
    [() => any(P.sgd)(0.1, 0.9), /sgd: the learning rate is the only argument, got 0.9/],
    [() => P.chain(any([P.adam(0.1)])), /chain: each part must be an optimiser/],
    [() => P.perParam(any({ a: P.adam(0.1) })), /perParam: the first argument must be a function/],
    [() => any(P.exponentialDecay)(1, 10), /exponentialDecay: decayRate must be a positive number/],
    [() => P.cosineDecay(1, 10, any({ alpha: 0.1 })), /cosineDecay: alpha must be a finite number/],
    [() => any(P.linearSchedule)(1, 10), /linearSchedule: transitionSteps must be a positive number/],
    [() => P.piecewiseConstant(1, any([[10, 0.5]])), /piecewiseConstant: boundaries must be factors by step/],
  ],
  draws: [
    [() => new P.Predictive(z, any(3)), /Predictive: expected options/],
    [predict({ returnSites: "z" }), /returnSites must be an array of names/],
    [predict({ parallel: "no" }), /parallel must be true or false/],
    [predict({ params: 3 }), /params must be a record/],
    [predict({ numSamples: 1e9 }), /numSamples must be at most 2\^26/],
    [predict({ numSamples: undefined, posteriorSamples: { z: [1] }, batchNdims: 2 }), /fewer axes than batchNdims 2/],
    [() => new P.AutoNormal(z, any(0.1)), /AutoNormal: expected options/],
    [() => new P.AutoNormal(z, { initScale: -1 }), /initScale must be a positive number/],
    [() => new P.AutoNormal(z, any({ initLocFn: 3 })), /initLocFn must be a strategy/],
    [() => P.initToMedian(any(15)), /initToMedian: expected options/],
    [() => P.initToValue(any({ values: { z: 1 } })), /values by the names of their sites/],
    [() => new P.AutoNormal(z).samplePosterior(key, {}, any([3])), /AutoNormal.samplePosterior: expected options/],
  ],
};

for (const [what, calls] of Object.entries(wrong))
  test(`${what} refuses wrong arguments`, () => {
    for (const [call, words] of calls) assert.match(refusal(call).message, words);
  });

/** Programs that are written for a typed array, and whether their steps can be compiled. */
const forArrays: Record<string, [canCompile: boolean, program: (x: Float64Array) => void]> = {
  whole: [true, (x) => P.plate("d", x.length, () => sample("x", new Normal(P.param("m", 0.5), 1), { obs: x }))],
  "as a tensor": [true, (x) => sample("x", new Normal(P.param("m", 0.5), 1), { obs: P.tensor(x).at(2) })],
  slice: [true, (x) => sample("x", new Normal(P.param("m", 0.5), 1).expand([2]).toEvent(1), { obs: x.slice(1, 3) })],
  "slice of all": [
    true,
    (x) => sample("x", new Normal(P.param("m", 0.5), 1).expand([3]).toEvent(1), { obs: x.slice() }),
  ],
  equal: [false, (x) => sample("x", new Normal(P.param("m", 0.5), x[0] === 1 ? 1 : 2), { obs: 3 })],
  at: [false, (x) => sample("x", new Normal(P.param("m", 0.5), x.at(-1) === 3 ? 1 : 2), { obs: 3 })],
  optional: [false, (x) => sample("x", new Normal(P.param("m", 0.5), 1), { obs: x[1] ?? 7 })],
  map: [false, (x) => sample("x", new Normal(P.param("m", 0.5), 1).expand([3]), { obs: x.map((y) => 2 * y) })],
  bytes: [false, (x) => sample("x", new Normal(P.param("m", 0.5), 1), { obs: x.byteLength })],
  "element of a slice": [false, (x) => sample("x", new Normal(P.param("m", 0.5), 1), { obs: x.slice(1)[0] })],
  branch: [
    false,
    (x) => {
      for (let i = 0; i < x.length; i++)
        if ((x[i] as number) > 1.5) sample(`x${i}`, new Normal(P.param("m", 0.5), 1), { obs: i });
    },
  ],
  truth: [
    false,
    (x) => {
      let i = 0;
      for (const y of x) if (y - 1) sample(`x${i++}`, new Normal(P.param("m", 0.5), 1), { obs: y });
    },
  ],
  class: [true, (x) => sample("x", new Normal(P.param("m", 0.5), x instanceof Float64Array ? 1 : 2), { obs: 3 })],
  "class of tensors": [
    true,
    (x) => sample("x", new Normal(P.param("m", 0.5), any(x) instanceof P.Tensor ? 1 : 2), { obs: 3 }),
  ],
  "name of the class": [true, (x) => sample("x", new Normal(P.param("m", 0.5), x.constructor.name.length), { obs: 3 })],
  "a tensor's member": [true, (x) => sample("x", new Normal(P.param("m", 0.5), any(x).size ?? 7), { obs: 3 })],
  "a tensor's method": [true, (x) => sample("x", new Normal(P.param("m", 0.5), any(x).sum ? 1 : 2), { obs: 3 })],
  in: [true, (x) => sample("x", new Normal(P.param("m", 0.5), "shape" in x ? 1 : 2), { obs: 3 })],
  keys: [false, (x) => sample("x", new Normal(P.param("m", 0.5), Object.keys(x).length), { obs: 3 })],
  own: [false, (x) => sample("x", new Normal(P.param("m", 0.5), Object.hasOwn(x, 1) ? 1 : 2), { obs: 3 })],
  "a loop over names": [
    false,
    (x) => {
      for (const i in x) sample(`x${i}`, new Normal(P.param("m", 0.5), 1), { obs: 3 });
    },
  ],
  clone: [false, (x) => sample("x", new Normal(P.param("m", 0.5), 1), { obs: structuredClone(x)[1] })],
  destructured: [false, ([first]) => sample("x", new Normal(P.param("m", 0.5), first === 1 ? 1 : 2), { obs: 3 })],
};
for (const [name, [canCompile, program]] of Object.entries(forArrays))
  test(`a compiled step of a program whose argument is a typed array equals its eager step: ${name}`, () => {
    const losses = (jit: boolean | "auto", wrap: (x: Float64Array) => unknown, read: (arg: never) => Float64Array) => {
      const model = (arg: never) => {
        P.param("m", 0.5);
        program(read(arg));
      };
      const fit = new P.SVI(model as P.Model, () => {}, P.sgd(0.1), new P.TraceELBO(), { jit });
      const x = wrap(Float64Array.of(1, 2, 3));
      return [...fit.run(key, { numSteps: 12, progressBar: false }, x).losses];
    };
    const plain = [(x: Float64Array) => x, (x: Float64Array) => x] as const;
    const inRecord = [(x: Float64Array) => ({ data: [x] }), ({ data }: { data: Float64Array[] }) => data[0]] as const;
    for (const [wrap, read] of [plain, inRecord]) {
      const want = losses(false, wrap, any(read));
      assert.equal(losses("auto", wrap, any(read)), want);
      if (canCompile) assert.equal(losses(true, wrap, any(read)), want);
      else assert.is(refusal(() => losses(true, wrap, any(read))).code, "read-in-jit");
    }
  });

test("each class of array has its own program, and a stand-in of an array is refused after the step", () => {
  let kept: Float64Array | null = null;
  const model = (x: Float64Array) => {
    sample("x", new Normal(P.param("m", 0.5), x instanceof Float32Array ? 1 : 2), { obs: x });
    kept ??= x;
  };
  const losses = (jit: boolean) => {
    const fit = new P.SVI(model as P.Model, () => {}, P.sgd(0.1), new P.TraceELBO(), { jit });
    let state = fit.init(key, Float64Array.of(1));
    kept = null;
    return [Float64Array, Float32Array, Float64Array, Float32Array].map((Class) => {
      const [next, loss] = fit.update(state, any(Class.of(3)));
      state = next;
      return loss;
    });
  };
  const want = losses(false);
  assert.equal(losses(true), want);
  assert.is(refusal(() => any(kept)[0]).code, "read-in-jit");
});

test("a record among the arguments of a compiled step has the methods of the caller's record", () => {
  const record = { k: 2, w: P.tensor(1), ["__proto__" as string]: 1 };
  const bare = Object.assign(Object.create(null), { k: 2 });
  const model = (a: object, b: object) => {
    const facts = [Object.hasOwn(a, "k"), a instanceof Object, a.constructor === Object, `${a}`, "toString" in b];
    sample("x", new Normal(P.param("m", 0.5), 1 + facts.filter((x) => x).length), { obs: 3 });
  };
  const losses = (jit: boolean) =>
    new P.SVI(model, () => {}, P.sgd(0.1), new P.TraceELBO(), { jit }).run(key, 5, record, bare).losses;
  assert.equal([...losses(true)], [...losses(false)]);
});

test("an argument that has another value each time it is read is refused by jit", () => {
  let n = 0;
  const counting = {
    get value() {
      return n++;
    },
  };
  assert.is(refusal(() => P.jit((x: { value: number }) => P.tensor(x.value))(counting)).code, "jit-changed");
});

test("a compiled step of a program whose argument is an ndarray equals its eager step", () => {
  type NdArray = P.Tensor["data"];
  const programs: Record<string, [canCompile: boolean, scale: (x: NdArray) => number]> = {
    shape: [true, (x) => x.shape[0] as number],
    get: [false, (x) => (x.get(0) === 1 ? 1 : 2)],
    pick: [false, (x) => x.pick(2).get() as number],
    dtype: [false, (x) => (x.dtype === "float64" ? 1 : 2)],
    offset: [false, (x) => (x.offset === 0 ? 1 : 2)],
  };
  for (const [canCompile, scale] of Object.values(programs)) {
    const model = (x: NdArray) => sample("x", new Normal(P.param("m", 0.5), scale(x)), { obs: 3 });
    const losses = (jit: boolean | "auto") =>
      new P.SVI(model, () => {}, P.sgd(0.1), new P.TraceELBO(), { jit }).run(
        key,
        { numSteps: 12, progressBar: false },
        P.tensor([1, 2, 3]).data,
      ).losses;
    assert.equal([...losses("auto")], [...losses(false)]);
    if (canCompile) losses(true);
    else assert.is(refusal(() => losses(true)).code, "read-in-jit");
  }
});

test("a program that changes its arguments is refused by compiled steps, which would lose the change", () => {
  type Arg = { n: number; t: P.Tensor; u: P.Tensor; list: string[]; map: Map<string, number>; numbers: number[] };
  const changes: Record<string, (arg: Arg) => number | P.Tensor> = {
    "0.n": (arg) => ++arg.n,
    "0.t": (arg) => {
      [arg.t, arg.u] = [arg.u, arg.t];
      return arg.u;
    },
    "0.list": (arg) => arg.list.push("b"),
    "0.map.k": (arg) => arg.map.set("k", 1 + (arg.map.get("k") as number)).get("k") as number,
    // An array of numbers is not copied: each step sees the numbers of the step before.
    numbers: (arg) => arg.numbers.push(1),
    copies: (arg) => {
      const copy = { ...arg, list: [...arg.list, "b"] };
      copy.n++;
      return copy.n + copy.list.length;
    },
  };
  for (const [path, change] of Object.entries(changes)) {
    const losses = (jit: boolean | "auto") => {
      const model = (arg: Arg) => sample("x", new Normal(P.param("m", 0.5), 1), { obs: change(arg) });
      const fit = new P.SVI(model, () => {}, P.sgd(0.1), new P.TraceELBO(), { jit });
      const arg = { n: 0, t: P.tensor(1), u: P.tensor(2), list: ["a"], map: new Map([["k", 1]]), numbers: [1] };
      return [...fit.run(key, { numSteps: 5, progressBar: false }, arg).losses];
    };
    const want = losses(false);
    if (!path.startsWith("0.")) {
      assert.equal(losses("auto"), want);
      continue;
    }
    const error = refusal(() => losses("auto"));
    assert.is(error.code, "jit-changed");
    assert.match(error.message, new RegExp(`changes "${path.slice(2)}`));
  }
});

test("jit gives a function tensors for typed arrays, even if the function reads elements by methods", () => {
  const f = P.jit(
    any((x: P.Tensor) =>
      x
        .at(0)
        .add(P.stack([...x]).sum())
        .add(x.slice(1, 3).sum()),
    ),
  ) as P.Model;
  for (let call = 0; call < 4; call++) assert.is((f(Float64Array.of(call, 2, 3)) as P.Tensor).item(), 2 * call + 10);
  const wrong = P.jit(any((x: Float64Array) => P.tensor(x[0] as number))) as P.Model;
  assert.is(refusal(() => wrong(Float64Array.of(1))).code, "bad-index");
});

test.run();
