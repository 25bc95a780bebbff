/**
 * The exact mean of the gradient on random models: the weighted sum of the estimates of all configurations, compared with the gradient of the exact
 * ELBO.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Elbo, flip, grad, keepAxes, type Tensor, TraceELBO, TraceGraphELBO } from "../../../index.js";
import { times } from "../../deep.js";
import { assertClose, exactElbo, exactMoments } from "../exact.js";
import { randomModel } from "./randomModels.js";

const estimators: Record<string, () => Elbo> = {
  TraceGraphELBO: () => new TraceGraphELBO(),
  TraceELBO: () => new TraceELBO(),
  "TraceGraphELBO of order 2": () => new TraceGraphELBO({ order: 2 }),
};

function check(seed: number): void {
  const { says, ...task } = randomModel(seed);
  const exact = exactElbo(task);
  for (const [name, make] of Object.entries(estimators)) {
    const { mean } = exactMoments({ ...task, elbo: make() });
    for (const [param, want] of Object.entries(exact))
      assertClose(mean[param] as number[], want, 1e-9, `${name}, model ${seed} (${says}), ${param}`);
  }
}

/** Run `body` without the warnings about plates that are mixed on purpose. */
function quietly(body: () => void): void {
  const { warn } = console;
  console.warn = () => {};
  try {
    body();
  } finally {
    console.warn = warn;
  }
}

const COUNT = times(60, 400);
test(`TraceGraphELBO, TraceELBO and DiCE on ${COUNT} random models`, () => {
  quietly(() => {
    for (let seed = 0; seed < COUNT; seed++) check(seed);
  });
});

test("a rule of flip that wrongly keeps the axis makes the check fail", () => {
  let op: { axes?: unknown } | undefined;
  grad((x: Tensor) => {
    const y = flip(x);
    op = y.node?.op as { axes?: unknown };
    return y.sum();
  })([1, 2]);
  const { axes } = op as { axes?: unknown };
  (op as { axes?: unknown }).axes = keepAxes;
  let found = 0;
  try {
    quietly(() => {
      for (let seed = 0; seed < COUNT && found === 0; seed++)
        try {
          check(seed);
        } catch {
          found++;
        }
    });
  } finally {
    (op as { axes?: unknown }).axes = axes;
  }
  assert.is(found, 1);
});

test.run();
