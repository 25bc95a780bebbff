/** The loop of svi.run: minibatches, a promise that lets other tasks run, a run that stops and continues. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  Categorical,
  factor,
  loadState,
  type Model,
  Normal,
  Poisson,
  param,
  plate,
  random,
  SVI,
  type SVIOptions,
  sample,
  saveState,
  sgd,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  type Tree,
  tensor,
  zeros,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

const model = (data: Tensor) => {
  const mu = sample("mu", new Normal(0, 3));
  plate("N", data.length, () => sample("y", new Normal(mu, 1), { obs: data }));
};
const guide = () => {
  sample("mu", new Normal(param("loc", 5), 0.5));
};
const inference = () => new SVI(model, guide, adam(0.1), new TraceELBO());
const data = tensor([1.1, 0.3, 2]);

test("minibatches come from any iterable, which starts again at its end: same losses as single steps", () => {
  const batches = [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])];
  const svi = inference();
  const { losses } = svi.run(random.key(0), { numSteps: 5, batches });
  let state = svi.init(random.key(0), batches[0] as Tensor);
  const byHand = [0, 1, 2, 0, 1].map((i) => {
    const [next, loss] = svi.update(state, batches[i] as Tensor);
    state = next;
    return loss;
  });
  assert.equal([...losses], byHand);
  assert.is(svi.run(random.key(0), { numSteps: 5, batches: [], initState: state }).losses.length, 0);
});

test("a run aborted before the first step returns the initial state; a run without batches is refused", () => {
  const svi = inference();
  const batches = [tensor([1, 2]), tensor([3, 4])];
  const aborted = svi.run(random.key(0), { numSteps: 5, batches, signal: AbortSignal.abort() });
  assert.is(aborted.losses.length, 0);
  assert.is(aborted.params.loc?.item(), 5);
  refuses(() => svi.run(random.key(0), { numSteps: 5, batches: [] }), /svi.run: batches is empty/);
});

test("a generator that ends early gives a warning; a generator function is called again; a long generator gives no warning", () => {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  let taken = 0;
  function* source() {
    for (const batch of [tensor([1, 2]), tensor([3, 4])]) {
      taken++;
      yield batch;
    }
  }
  const stepsWith = (numSteps: number, batches: Iterable<unknown> | (() => Iterable<unknown>)) => {
    taken = 0;
    return inference().run(random.key(0), { numSteps, batches }).losses.length;
  };
  try {
    assert.is(stepsWith(2, source()), 2);
    assert.is(stepsWith(1, source()), 1);
    assert.is(taken, 1);
    assert.is(stepsWith(5, source), 5);
    assert.equal(warnings, []);
    assert.is(stepsWith(5, source()), 2);
  } finally {
    console.warn = warn;
  }
  assert.is(warnings.length, 1);
  assert.match(warnings[0] as string, /svi.run ends after 2 steps, because batches can be iterated only once/);
});

test("svi.steps accepts numSteps Infinity, and errors name the function that was called", () => {
  const svi = inference();
  let count = 0;
  for (const { step } of svi.steps(random.key(0), Infinity, data)) {
    count = step;
    if (step === 7) break;
  }
  assert.is(count, 7);
  refuses(
    () => svi.steps(random.key(0), -1, data),
    /svi.steps: numSteps must be a positive integer or Infinity, got -1/,
  );
  refuses(
    () => svi.run(random.key(0), { numSteps: "5" as never }, data),
    /numSteps must be a positive integer, got "5"/,
  );
  refuses(() => svi.run(random.key(0), Infinity, data), /svi.run: numSteps must be a positive integer, got Infinity/);
  refuses(
    () => svi.run(2 as never, 5, data),
    /svi.run: the first argument must be a key such as random.key\(0\), got 2/,
  );
  refuses(
    () => svi.run(random.key(0), { num_steps: 5 } as never),
    /unknown option "num_steps".*Did you mean "numSteps"/,
  );
});

test("runAsync returns the result of run, and timers can fire during the run", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const result = await inference().runAsync(random.key(1), 200, data);
  clearInterval(timer);
  assert.equal([...result.losses], [...inference().run(random.key(1), 200, data).losses]);
  assert.ok(ticks > 0);
});

test("a signal stops the run before the next step, and a run from the returned state continues bit for bit", () => {
  const whole = inference().run(random.key(2), 20, data);
  const control = new AbortController();
  const svi = inference();
  const first = svi.run(
    random.key(2),
    { numSteps: 20, signal: control.signal, onStep: ({ step }) => step === 6 && control.abort() },
    data,
  );
  assert.is(first.losses.length, 7);
  const rest = svi.run(random.key(9), { numSteps: 13, initState: first.state }, data);
  assert.equal([...first.losses, ...rest.losses], [...whole.losses]);
});

test("initState together with initParams is refused", () => {
  const svi = inference();
  const initState = svi.init(random.key(0), data);
  const options = { numSteps: 1, initState, initParams: { loc: 3 } };
  refuses(() => svi.run(random.key(0), options, data), /svi.run: .*give initState or initParams, not both/);
  refuses(() => [...svi.steps(random.key(0), options, data)], /svi.steps: .*initParams/);
});

test("the state of another program is refused, and the error has the params of both programs", () => {
  const other = new SVI(
    model,
    () => sample("mu", new Normal(param("m", 5), param("s", 1))),
    adam(0.1),
    new TraceELBO(),
  );
  const initState = other.init(random.key(0), data);
  const svi = inference();
  const words = /another program: it has the param "m", but this program has "loc"/;
  refuses(() => svi.run(random.key(0), { numSteps: 1, initState }, data), words);
  refuses(() => svi.update(initState, data), words);
  refuses(() => svi.getParams(initState), words);
  const larger = new SVI(model, () => sample("mu", new Normal(param("loc", 5), param("s", 1))), adam(0.1), svi.elbo);
  larger.init(random.key(0), data);
  const state = svi.init(random.key(0), data);
  refuses(() => larger.update(state, data), /param "s" is not in the state.*the state of another program/);
});

test("a state with a param or an optimiser state of another shape is refused, also after it was saved", () => {
  const withShape = (n: number) =>
    new SVI(model, () => sample("mu", new Normal(param("loc", zeros([n])).sum(), 1)), adam(0.1), new TraceELBO());
  const state = withShape(3).init(random.key(0), data);
  for (const initState of [state, loadState(saveState(state))]) {
    assert.is(withShape(3).run(random.key(0), { numSteps: 2, initState }, data).losses.length, 2);
    const words = /param "loc" has shape \[3\] in the state, but \[2\] in the program/;
    refuses(() => withShape(2).run(random.key(0), { numSteps: 1, initState }, data), words);
    const svi = withShape(2);
    svi.init(random.key(0), data);
    refuses(() => svi.update(initState, data), words);
    refuses(() => svi.evaluate(initState, data), words);
  }
  const optimState = { ...(state.optimState as Record<string, Tree>), mean: { loc: zeros([2, 3]) } };
  refuses(
    () => withShape(3).run(random.key(0), { numSteps: 1, initState: { ...state, optimState } }, data),
    /mean.loc: \[2,3\]/,
  );
});

test("the error for a state of another optimiser names the calls that accept initParams", () => {
  const initState = inference().init(random.key(0), data);
  const svi = new SVI(model, guide, sgd(0.1), new TraceELBO());
  refuses(() => svi.run(random.key(0), { numSteps: 1, initState }, data), /as initParams/);
});

test("a compiled step with a loss of NaN reports the error of the same step without compilation", () => {
  const rated = () => {
    const a = sample("a", new Normal(3, 1));
    sample("c", new Poisson(a), { obs: 2 });
  };
  const q = () => {
    sample("a", new Normal(param("m", 3), 1));
  };
  const fit = (jit: boolean) => () => new SVI(rated, q, adam(0.01), new TraceELBO(), { jit }).run(random.key(1), 2000);
  const why = /Poisson: rate must be >= 0 and finite, got (-[\d.]+)/;
  refuses(fit(true), why);
  const [compiled, eager] = [fit(true), fit(false)].map((run) => refusal(run).message);
  assert.is(why.exec(compiled as string)?.[1], why.exec(eager as string)?.[1]);
  assert.not.match(compiled as string, /learning rate/);
});

test("update warns once of a loss that is not finite, with its site and the params, and returns it; stableUpdate does not warn", () => {
  // The gradient of the square root is NaN at its first point.
  const root: Model = () => factor("root", param("w", 1).sub(1).square().sqrt());
  const impossible: Model = () => void sample("x", new Bernoulli(0), { obs: 1 });
  const said: string[] = [];
  const { warn } = console;
  console.warn = (text: string) => said.push(text);
  try {
    const lossesOf = (program: Model, options: SVIOptions, step: "update" | "stableUpdate" = "update") => {
      const svi = new SVI(program, () => {}, sgd(1), new TraceELBO(), options);
      let state = svi.init(random.key(0));
      return [0, 1, 2].map(() => {
        const [next, loss] = svi[step](state);
        state = next;
        return loss;
      });
    };
    assert.equal(lossesOf(root, { jit: true }).slice(1), [Number.NaN, Number.NaN]);
    assert.is(said.length, 1);
    assert.match(String(said), /svi.update: the loss is NaN, caused by site "root".*w = NaN.*call svi.stableUpdate/);
    for (const jit of [true, false]) assert.equal(lossesOf(impossible, { jit }), [Infinity, Infinity, Infinity]);
    assert.is(said.length, 3);
    assert.match(String(said[2]), /the loss is Infinity, caused by site "x"/);
    lossesOf(root, { jit: true }, "stableUpdate");
    assert.is(said.length, 3);
  } finally {
    console.warn = warn;
  }
});

test("the error for a loss of NaN names the enumerated site whose density is NaN, not the sites that depend on it", () => {
  const mixture = () => {
    const z = sample("z", new Categorical(param("w", [0.02, 0.98])), { infer: { enumerate: "parallel" } });
    sample("x", new Normal(z.mul(2), 1), { obs: 2 });
  };
  for (const jit of [true, false]) {
    const svi = new SVI(mixture, () => {}, adam(0.5), new TraceEnumELBO(), { jit });
    assert.is(refusal(() => svi.run(random.key(0), 30)).site, "z");
  }
});

test("the warning for a loop over a subsampled plate, which cannot be compiled, names the plate", () => {
  const looped = () => {
    sample("mu", new Normal(0, 3));
    for (const i of plate("rows", 4, { subsampleSize: 2 })) sample(`y${i}`, new Normal(0, 1), { obs: i });
  };
  refuses(
    () => new SVI(looped, guide, adam(0.1), new TraceELBO(), { jit: true }).run(random.key(0), 2),
    /loop over plate "rows"/,
  );
});

test.run();
