/**
 * Runs whose state stays in the memory of the compiled program: the same bits as single steps, copied and overwritten states, and checks at
 * the end and before saving.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { jit } from "../../../autodiff/index.js";
import {
  adam,
  Bernoulli,
  constraints,
  mutable,
  Normal,
  param,
  random,
  SVI,
  type SVIState,
  sample,
  saveState,
  sgd,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  tensor,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const data = tensor([1.1, 0.3, 2, 0.9]);
const model = (y: Tensor) => {
  const z = sample("z", new Bernoulli(0.4));
  const seen = mutable("seen", tensor(0));
  seen.value = seen.value.add(1);
  sample("y", new Normal(z.mul(2), 1).expand([y.length]).toEvent(1), { obs: y });
};
const guide = () => {
  sample("z", new Bernoulli({ logits: param("q", 0.1) }), { infer: { baseline: { useDecayingAvgBaseline: true } } });
};
const make = () => new SVI(model, guide, adam(0.05), new TraceGraphELBO());
const key = random.key(3);

/** The losses and states of n single steps. */
function byHand(n: number): { losses: number[]; states: SVIState[] } {
  const svi = make();
  let state = svi.init(key, data);
  const [losses, states]: [number[], SVIState[]] = [[], []];
  for (let i = 0; i < n; i++) {
    const [next, loss] = svi.update(state, data);
    state = next;
    losses.push(loss);
    states.push(state);
  }
  return { losses, states };
}
const bits = (state: SVIState): string => saveState(state);

test("a run has the losses and the state of single steps, bit for bit", () => {
  const { losses, states } = byHand(40);
  const run = make().run(key, 40, data);
  assert.equal([...run.losses], losses);
  assert.is(bits(run.state), bits(states.at(-1) as SVIState));
});

test("states that are read in the loop stay valid; after the loop has moved on, other states are refused", () => {
  const { states } = byHand(30);
  const steps = [...make().steps(key, 30, data)];
  assert.is(bits((steps.at(-1) as { state: SVIState }).state), bits(states.at(-1) as SVIState));
  assert.is(refusal(() => steps[20]?.state).code, "stale-state");
  assert.is(refusal(() => steps[0]?.state).code, "stale-state");
  const kept: SVIState[] = [];
  for (const { step, state } of make().steps(key, 30, data)) if (step % 7 === 0) kept.push(state);
  kept.forEach((state, i) => {
    assert.is(bits(state), bits(states[7 * i] as SVIState));
  });
});

test("single steps between the steps of a run, two runs at once, and other data do not overwrite each other's states", () => {
  const { losses, states } = byHand(30);
  const svi = make();
  const [left, right] = [svi.steps(key, 30, data), svi.steps(key, 30, data)].map((steps) => steps[Symbol.iterator]());
  const start = svi.init(random.key(9), data);
  for (let i = 0; i < 30; i++) {
    assert.is(left?.next().value.loss, losses[i]);
    svi.update(start, data);
    const step = right?.next().value;
    assert.is(step.loss, losses[i]);
    if (i % 5 === 0) svi.update(start, tensor([1, 2]));
    assert.is(bits(step.state), bits(states[i] as SVIState));
  }
});

test("a run continues from the state that the loop body changed", () => {
  const svi = make();
  let [seen, last] = [0, 0];
  svi.run(
    key,
    {
      numSteps: 30,
      onStep: ({ step, state }) => {
        if (step === 20) (state.mutableState as Record<string, Tensor>).seen = tensor(100);
        if (step === 29) [seen, last] = [state.mutableState.seen?.item() as number, step];
      },
    },
    data,
  );
  assert.equal([seen, last], [109, 29]);
});

test("a change to the state of an earlier step does not affect the run", () => {
  const { losses } = byHand(40);
  let kept: SVIState | null = null;
  for (const now of make().steps(key, 40, data)) {
    assert.is(now.loss, losses[now.step]);
    if (now.step % 4 === 1) kept = now.state;
    if (now.step % 4 === 2) (kept as unknown as { params: unknown }).params = {};
  }
});

test("the error for a loss that is not finite names the parameters before the step", () => {
  const svi = new SVI(
    () => sample("x", new Normal(param("m", 0), 1), { obs: 1e300 }),
    () => {},
    sgd(1e-290),
    new TraceELBO(),
  );
  assert.match(refusal(() => svi.run(key, 50)).message, /loss of step 0 is Infinity/);
  // Each step overwrites the previous state in memory, but not if the loss of the step is not finite.
  for (const length of [1, 100]) {
    let size = 1;
    const growing = new SVI(
      (y: Tensor) =>
        sample("x", new Normal(param("m", zeros([length])), 1).toEvent(1), {
          obs: y.expandDims(0).broadcastTo([length]),
        }),
      () => {},
      sgd(0.1),
      new TraceELBO(),
    );
    const means: number[] = [];
    const error = refusal(() => {
      for (const { state } of growing.steps(key, {
        numSteps: 50,
        batches: Array.from({ length: 50 }, (_, i) => tensor(i < 20 ? size++ : 1e200)),
      }))
        means.push(state.params.m?.toFloat64Array()[0] as number);
    });
    assert.match(error.message, /loss of step 20 is Infinity/);
    const named = Number(/parameters were m = (?:\w+\[100\] )?\[([^,\]]+)/.exec(error.message)?.[1]);
    const last = means.at(-1) as number;
    assert.ok(Math.abs(named - last) <= 1e-5 * last, `${error.message} does not say ${last}`);
  }
});

test("the program is checked after the last step, whatever the spacing of checks, and before a state is saved", () => {
  let scale = 1;
  const make = () =>
    new SVI(
      () => sample("z", new Normal(0, scale)),
      () => sample("z", new Normal(param("m", 0), param("s", 1, { constraint: constraints.positive }))),
      adam(0.01),
      new TraceELBO(),
    );
  const changing = (numSteps: number, at: number) => () => {
    scale = 1;
    const onStep = ({ step }: { step: number }) => {
      if (step === at) scale = 2;
    };
    return make().run(key, { numSteps, onStep });
  };
  for (const at of [2, 6, 11, 20]) assert.is(refusal(changing(22, at)).code, "jit-changed", `after step ${at}`);
  assert.is(changing(22, 21)().losses.length, 22, "after the last step");
  scale = 1;
  const error = refusal(() => {
    for (const { step, state } of make().steps(key, Infinity)) {
      saveState(state);
      if (step === 12) scale = 3;
      assert.ok(step < 14);
    }
  });
  assert.is(error.code, "jit-changed");
});

test("in a loop of svi.update, the program is checked when parameters are read or the state is saved", () => {
  class Settings {
    scale = 1;
  }
  const fit = (numSteps: number, at: number) => {
    const settings = new Settings();
    const svi = new SVI(
      ({ scale }: Settings) => sample("x", new Normal(param("m", 0), scale), { obs: 2 }),
      () => {},
      adam(0.01),
      new TraceELBO(),
    );
    let state = svi.init(key, settings);
    for (let step = 0; step < numSteps; step++) {
      if (step === at) settings.scale = 2;
      [state] = svi.update(state, settings);
    }
    return { svi, state };
  };
  for (const use of ["getParams", "saveState"] as const)
    for (const at of [9, 100, 299, 400]) {
      const { svi, state } = fit(300, at);
      const read = () => (use === "saveState" ? saveState(state) : svi.getParams(state));
      if (at < 300) assert.is(refusal(read).code, "jit-changed", `${use} after a change at step ${at}`);
      // The error is thrown only once, and the state does not change.
      read();
    }
});

test("a compiled program that exchanges two fields of its state gives the right state", () => {
  const f = jit(({ a, b }: { a: Tensor; b: Tensor }, x: Tensor): [{ a: Tensor; b: Tensor }, Tensor] => [
    { a: b, b: a.add(x) },
    a.sum().sub(b.sum()),
  ]);
  let state = { a: tensor([1, 2]), b: tensor([10, 20]) };
  for (let call = 0; call < 3; call++) [state] = f(state, tensor([1, 1]));
  const resident = f.resident(state) as NonNullable<ReturnType<typeof f.resident>>;
  for (let call = 0; call < 5; call++) {
    const x = tensor([call, 1]);
    const [before, last] = [{ ...state }, state.a.sum().sub(state.b.sum()).item()];
    state = { a: state.b, b: state.a.add(x) };
    assert.ok(resident.next([x]));
    assert.is(resident.number(0), last);
    const [now] = resident.result() as [typeof state, Tensor];
    assert.equal([now.a.toArray(), now.b.toArray()], [state.a.toArray(), state.b.toArray()]);
    const [then] = resident.resultBefore() as [typeof state, Tensor];
    assert.equal([then.a.toArray(), then.b.toArray()], [before.a.toArray(), before.b.toArray()]);
  }
});

test.run();
