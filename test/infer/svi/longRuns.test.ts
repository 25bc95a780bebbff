/** Runs in several parts, and the errors of a step in the middle of a run. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  Bernoulli,
  type Constraint,
  constraints,
  factor,
  LogNormal,
  loadState,
  type Model,
  Normal,
  param,
  plate,
  ReweightedWakeSleep,
  random,
  SVI,
  sample,
  saveState,
  sgd,
  type Tensor,
  TraceELBO,
  tensor,
  Weibull,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const model: Model = (data: Tensor) => {
  const mu = sample("mu", new Normal(0, 3));
  plate("N", data.length, () => sample("y", new Normal(mu, 1), { obs: data }));
};
const guide: Model = () => {
  sample("mu", new Normal(param("loc", 5), 0.5));
};
const inference = (jit: boolean) => new SVI(model, guide, adam(0.1), new TraceELBO(), { jit });
const items = [
  [1, 2],
  [3, 4],
  [5, 6],
].map((batch) => tensor(batch));
function* again() {
  yield* items;
}

test("a run in two parts equals one long run, also if the first part ends in the middle of the minibatches", () => {
  for (const jit of [true, false])
    for (const batches of [items, again])
      for (const first of [1, 3, 5]) {
        const whole = inference(jit).run(key, { numSteps: 8, batches });
        const svi = inference(jit);
        const part = svi.run(key, { numSteps: first, batches });
        const saved = loadState(saveState(part.state));
        const rest = svi.run(key, { numSteps: 8 - first, batches, initState: saved });
        assert.equal([...part.losses, ...rest.losses], [...whole.losses], `${first} steps first`);
        assert.equal(rest.state.params.loc?.item(), whole.state.params.loc?.item());
        const third = svi.run(key, { numSteps: 1, batches, initState: rest.state });
        assert.is(third.losses[0], inference(jit).run(key, { numSteps: 9, batches }).losses[8]);
      }
  // A new iterator that can be used only once is read from its beginning.
  const { state } = inference(false).run(key, { numSteps: 2, batches: items });
  assert.is(inference(false).run(key, { numSteps: 5, batches: again(), initState: state }).losses.length, 3);
  const broken = { ...state, batchesTaken: tensor(Number.NaN) };
  assert.is(
    refusal(() => inference(false).run(key, { numSteps: 1, batches: items, initState: broken })).param,
    "initState",
  );
});

test("run returns the parts of the losses, which add up to the losses", () => {
  for (const jit of [true, false]) {
    const elbo = new ReweightedWakeSleep({ numParticles: 3 });
    const { losses, terms } = new SVI(model, guide, adam(0.1), elbo, { jit }).run(key, 4, items[0]);
    const { wakeTheta, phi } = terms as Record<string, Float64Array>;
    assert.equal(
      [...losses],
      [...losses].map((_, i) => (wakeTheta?.[i] as number) + (phi?.[i] as number)),
    );
    assert.ok(wakeTheta?.some((x, i) => x !== wakeTheta[i + 1]));
  }
  assert.is(inference(false).run(key, 2, items[0]).terms, undefined);
  const [step] = new SVI(model, guide, adam(0.1), new ReweightedWakeSleep()).steps(key, 1, items[0]);
  assert.equal(Object.keys(step?.terms ?? {}), ["wakeTheta", "phi"]);
});

test("an error in a step has the number of the step, the site and the name of the function", () => {
  let step = 0;
  const breaking: Model = () => {
    sample("z", new Normal(0, ++step > 3 ? -1 : 1), { obs: 0 });
  };
  const error = refusal(() => new SVI(breaking, () => {}, adam(0.1), new TraceELBO(), { jit: false }).run(key, 9));
  assert.equal([error.site, error.code], ["z", "bad-parameter"]);
  assert.match(error.message, /^svi.run: in step 1, at site "z": Normal: scale must be > 0.*got -1/);
});

test("if a parameter has become NaN, the error names site, step and parameters, eagerly and compiled", () => {
  // The gradient of the square root is NaN at 0.
  const root = (w: Tensor) => factor("root", w.sub(1).square().sqrt());
  const smooth: Model = () => {
    const w = param("w", 1);
    root(w);
    sample("x", new Normal(w, 1), { obs: 1 });
  };
  const reading: Model = () => {
    const w = param("w", 1);
    root(w);
    const names = ["x", "y"];
    sample((names[Math.round(w.item())] as string).toLowerCase(), new Normal(w, 1), { obs: 1 });
  };
  for (const [program, jit] of [
    [smooth, true],
    [smooth, false],
    [reading, false],
  ] as const) {
    const svi = new SVI(program, () => {}, sgd(1), new TraceELBO(), { jit });
    const error = refusal(() => svi.run(key, 5));
    assert.equal([error.code, error.op], ["nan-loss", "svi.run"]);
    if (program === smooth) assert.ok(error.site === "x" || error.site === "root", error.site);
    assert.match(error.message, /svi.run: the loss of step 1 is NaN.*w = NaN/);
    assert.is(svi.run(key, { numSteps: 5, stableUpdate: true }).refused, 5);
  }
});

test("a run is refused if the next step would be refused, since compiled steps do not check values", () => {
  // The loss is -log w, with gradient -1 / w, also where w is not a probability. Steps of size 0.1 lead to 0.7, 0.84, 0.96 and 1.07.
  const success: Model = () => void sample("x", new Bernoulli(param("w", 0.5)), { obs: 1 });
  // The loss is finite at 0, but its gradient is not.
  const root: Model = () => factor("root", param("w", 0).sqrt());
  const runs = { eager: { jit: false }, compiled: { jit: true } };
  for (const [name, options] of Object.entries(runs)) {
    const svi = (model: Model) => new SVI(model, () => {}, sgd(0.1), new TraceELBO(), options);
    const error = refusal(() => svi(success).run(key, 40));
    assert.is(error.code, "bad-parameter");
    assert.match(error.message, name === "eager" ? /in step 4: .*probs must be/ : /in step 40: .*probs must be/);
    assert.match(refusal(() => svi(success).run(key, 4)).message, /in step 4: .*probs must be .* got 1\.065/);
    assert.is(svi(success).run(key, 3).losses.length, 3);
    assert.match(refusal(() => svi(root).run(key, 1)).message, /the loss of step 1 is -Infinity.*w = Infinity/);
    assert.is(svi(success).run(key, { numSteps: 40, stableUpdate: true }).losses.length, 40);
  }
});

test("stableUpdate also applies to the dry run of init", () => {
  const start: Model = () => {
    const w = param("w", 0.5);
    sample("x", new Normal(0, w.sub(0.7)), { obs: 1 });
  };
  const svi = new SVI(start, () => {}, adam(0.1), new TraceELBO(), { jit: false });
  assert.is(refusal(() => svi.run(key, 2)).code, "bad-parameter");
  const { refused, losses } = svi.run(key, { numSteps: 3, stableUpdate: true });
  assert.is(refused, 3);
  assert.ok([...losses].every(Number.isNaN));
});

test("the error for an infinite loss shows the log factor, abridges long vectors, and in the first step advises another start", () => {
  const w = Array.from({ length: 40 }, (_, i) => i / 7);
  const model: Model = (start: number, rate: number) => {
    const x = param("x", start);
    factor(
      "lik",
      tensor([1, 1, 1])
        .sub(x.mul([0, 1, 0]))
        .log()
        .add(x.mul(rate)),
    );
    factor("still", param("w", w).sum().mul(0));
  };
  const svi = new SVI(model, () => {}, sgd(1), new TraceELBO());
  const first = refusal(() => svi.run(key, 5, 1, 0));
  assert.equal([first.code, first.site], ["infinite-loss", "lik"]);
  assert.match(first.message, /loss of step 0 is Infinity, caused by site "lik" \(value \[0,-Infinity,0\]\)/);
  assert.ok(first.message.includes("w = [0,0.142857,0.285714,…,5.28571,5.42857,5.57143] of shape [40]"), first.message);
  assert.match(
    first.message,
    /Start elsewhere: initLocFn: initToMedian\(\).*To skip such steps, set { stableUpdate: true }/,
  );

  // The gradient of the loss at x = 0 is 1 - 3 · 4/3 = -3, so the second step is at x = 1.
  const later = refusal(() => new SVI(model, () => {}, sgd(1 / 3), new TraceELBO()).run(key, 5, 0, 4 / 3));
  assert.match(later.message, /loss of step 1 is Infinity, caused by site "lik"/);
  assert.not.match(later.message, /Start elsewhere/);
});

test("an SVI that has not run gives the params of a loaded state, unless a constraint has bounds", () => {
  const { positive, simplex, interval, lowerCholesky } = constraints;
  const fitted = (constraint: Constraint) => {
    const program: Model = () => {
      param("free", [1, -2]);
      param("scale", [0.5, 3], { constraint: positive, eventDim: 1 });
      param("share", [0.2, 0.3, 0.5], { constraint: simplex });
      param(
        "root",
        [
          [1, 0],
          [2, 3],
        ],
        { constraint: lowerCholesky },
      );
      param("last", 1.5, { constraint });
      sample("x", new Normal(param("free").sum(), 1), { obs: 1 });
    };
    const svi = () => new SVI(program, () => {}, adam(0.1), new TraceELBO());
    const { state, params } = svi().run(key, 3);
    return { params, load: () => svi().getParams(loadState(saveState(state))) };
  };
  const { params, load } = fitted(positive);
  assert.equal(
    Object.entries(load()).map(([name, x]) => [name, x.toArray()]),
    Object.entries(params).map(([name, x]) => [name, x.toArray()]),
  );
  const error = refusal(fitted(interval(0, 2)).load);
  assert.equal([error.code, error.param], ["unknown-param", "last"]);
});

/** The warnings that `body` gives. */
async function warningsOf(body: () => unknown): Promise<string[]> {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  try {
    await body();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

test("a run of which stableUpdate refuses more than half of the steps gives one warning with their number, the site and the edit", async () => {
  // With a shape of about exp(5), F(6) of the Weibull rounds to 1, so that log(1 - F) is -Infinity.
  const model: Model = () => {
    const k = sample("k", new LogNormal(0, 1));
    factor("surv", new Weibull(0.5, k).cdf([6, 6.5, 7]).neg().log1p());
  };
  const svi = new SVI(model, new AutoNormal(model), adam(0.1), new TraceELBO());
  const options = { numSteps: 8, stableUpdate: true, initParams: { k_auto_loc: 5 } };
  for (const run of [
    () => svi.run(key, options),
    () => svi.runAsync(key, options),
    () => [...svi.steps(key, options)],
  ]) {
    const warnings = await warningsOf(run);
    assert.is(warnings.length, 1);
    assert.match(
      warnings[0] as string,
      /refused 8 of 8 steps.*site "surv".*initToMedian\(\).*learning rate.*leave stableUpdate out/,
    );
  }

  const losses = (bad: number): Model => {
    let count = 0;
    return () => {
      // `init` runs guide and model twice each.
      const isBad = count++ - 2 >= 6 - bad;
      sample("x", new Normal(param("w", 1), 1), { obs: isBad ? Number.NaN : 0 });
    };
  };
  const runWith = (bad: number) => () => {
    const { refused } = new SVI(losses(bad), () => {}, adam(0.1), new TraceELBO(), { jit: false }).run(key, {
      numSteps: 6,
      stableUpdate: true,
    });
    assert.is(refused, bad);
  };
  assert.equal(await warningsOf(runWith(3)), []);
  const [warning] = await warningsOf(runWith(4));
  assert.match(warning as string, /refused 4 of 6 steps, whose loss or parameters were not finite/);
});

test("the warning of refused steps does not count a step that threw an error", async () => {
  const data = [Number.NaN, Number.NaN, "no number" as unknown as number];
  const svi = new SVI(
    (x: number) => sample("x", new Normal(param("w", 1), 1), { obs: x }),
    () => {},
    adam(0.1),
    new TraceELBO(),
  );
  const warnings = await warningsOf(() =>
    assert.throws(() => svi.run(key, { numSteps: 3, batches: data, stableUpdate: true })),
  );
  assert.match(warnings.join(), /refused 2 of 2 steps/);
});

test.run();
