/**
 * A tour of SVI: a step is a pure function of a state. The posterior is known: z ~ N(0, 1) and x ~ N(2z, 1), x = 5, give z ~ N(2, 1/5).
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  constraints,
  exponentialDecay,
  loadState,
  Normal,
  param,
  random,
  SVI,
  sample,
  saveState,
  type Tensor,
  TraceELBO,
} from "../../../index.js";

const model = () => {
  const z = sample("z", new Normal(0, 1));
  sample("x", new Normal(z.mul(2), 1), { obs: 5 });
};
const guide = () => sample("z", new Normal(param("loc", -1), param("scale", 2, { constraint: constraints.positive })));
const svi = (rate = 0.05) => new SVI(model, guide, adam(rate), new TraceELBO());
const numbers = (params: Record<string, Tensor>) => [params.loc, params.scale].map((x) => (x as Tensor).item());

test("init returns a state; update returns the next state and a loss, and changes nothing else", () => {
  const fit = svi();
  const start = fit.init(random.key(0));
  const [after, loss] = fit.update(start);
  assert.equal(numbers(fit.getParams(start)), [-1, 2], "the state before is as it was");
  assert.not.equal(numbers(fit.getParams(after)), [-1, 2]);
  assert.equal(fit.update(start)[1], loss, "the same state, the same step");
  assert.equal(fit.evaluate(start), loss);
});

test("run takes many steps, and finds the posterior", () => {
  const { params, losses } = new SVI(
    model,
    guide,
    adam(exponentialDecay(0.1, 500, 0.1)),
    new TraceELBO({ numParticles: 10 }),
  ).run(random.key(0), 1500);
  assert.is(losses.length, 1500);
  // At the optimum, the pathwise gradient for loc has a standard deviation of √(5 / 10) and the curvature is 5; the last rate is 1e-4.
  const [loc, scale] = numbers(params) as [number, number];
  assert.ok(Math.abs(loc - 2) < 0.05, `${loc}`);
  assert.ok(Math.abs(scale - Math.sqrt(0.2)) < 0.05, `${scale}`);
});

test("compiled and eager steps give the same bits", () => {
  const run = (jit: boolean) =>
    new SVI(model, guide, adam(0.05), new TraceELBO(), { jit }).run(random.key(3), 20).losses;
  assert.equal([...run(true)], [...run(false)]);
});

test("a state is a value: after saving and loading, a run continues as if it had not stopped", () => {
  const whole = svi().run(random.key(1), 30);
  const half = svi().run(random.key(1), 15);
  const rest = svi().run(random.key(1), { numSteps: 15, initState: loadState(saveState(half.state)) });
  assert.equal([...half.losses, ...rest.losses], [...whole.losses]);
});

test.run();
