/** The loop of svi.run: minibatches, a promise that lets others run, a run that stops and goes on. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { adam, Normal, param, plate, random, SVI, sample, type Tensor, TraceELBO, tensor } from "../../index.js";

const model = (data: Tensor) => {
  const mu = sample("mu", new Normal(0, 3));
  plate("N", data.length, () => sample("y", new Normal(mu, 1), { obs: data }));
};
const guide = () => {
  sample("mu", new Normal(param("loc", 5), 0.5));
};
const inference = () => new SVI(model, guide, adam(0.1), new TraceELBO());
const data = tensor([1.1, 0.3, 2]);

test("minibatches from any iterable, begun again when it ends: the same steps by hand", () => {
  const batches = [tensor([1, 2]), tensor([3, 4]), tensor([5, 6])];
  const svi = inference();
  const { losses } = svi.run(random.key(0), { numSteps: 5, batches });
  let state = svi.init(random.key(0), batches[0]);
  const byHand = [0, 1, 2, 0, 1].map((i) => {
    const [next, loss] = svi.update(state, batches[i]);
    state = next;
    return loss;
  });
  assert.equal([...losses], byHand);
  assert.is(svi.run(random.key(0), { numSteps: 5, batches: [], initState: state }).losses.length, 0);
});

test("runAsync gives what run gives, and lets timers fire meanwhile", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  const result = await inference().runAsync(random.key(1), 200, data);
  clearInterval(timer);
  assert.equal([...result.losses], [...inference().run(random.key(1), 200, data).losses]);
  assert.ok(ticks > 0);
});

test("a signal stops the run before the next step, and the run goes on bit for bit from its state", () => {
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

test.run();
