/**
 * Types that users rely on: the compiler refuses arguments that the model does not take. Only some of the code runs; the rest is checked by
 * `tsc`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Normal,
  param,
  plate,
  random,
  SVI,
  sample,
  type Tensor,
  TraceELBO,
  tensor,
  valueAndGrad,
} from "../../../index.js";
import { refusal } from "../../refusals.js";
import { typeErrors } from "../../typeErrors.js";

const key = random.key(0);
const model = (data: Tensor, { scale = 1 }: { scale?: number } = {}) => {
  const mu = sample("mu", new Normal(0, 3));
  plate("N", data.length, () => sample("y", new Normal(mu, scale), { obs: data }));
};
const guide = () => {
  sample("mu", new Normal(param("loc", 5), 0.5));
};
const data = tensor([1, 2]);

test("the methods of SVI accept only the arguments of the model", () => {
  const svi = new SVI(model, guide, adam(0.1), new TraceELBO());
  const state = svi.init(key, data);
  svi.update(state, data, { scale: 2 });
  svi.run(key, 1, data);
  svi.run(key, { numSteps: 1, batches: [data] });
  svi.run(key, {
    numSteps: 1,
    batches: function* () {
      yield data;
    },
  });
  for (const _ of svi.steps(key, { numSteps: 1 }, data)) break;
  const wrong = () => {
    // @ts-expect-error the data are missing
    svi.init(key);
    // @ts-expect-error scale is a number
    svi.update(state, data, { scale: "2" });
    // @ts-expect-error the data are a tensor
    svi.evaluate(state, [1, 2]);
    // @ts-expect-error the data are missing, and no minibatches replace them
    svi.run(key, { numSteps: 1 });
  };
  assert.type(wrong, "function");
  // With staticArgs, and for models without types, the compiler accepts all arguments.
  new SVI(model, guide, adam(0.1), new TraceELBO(), { staticArgs: { scale: 2 } }).init(key, data);
  // biome-ignore lint/suspicious/noExplicitAny: a model without types
  new SVI((...args: any[]) => model(args[0]), guide, adam(0.1), new TraceELBO()).init(key, data, 3);
});

test("the type error for forgotten arguments of the model names both ways to mend the call", () => {
  const folder = mkdtempSync(join(fileURLToPath(new URL("../../..", import.meta.url)), ".blocks-types-"));
  const file = join(folder, "forgotten.ts");
  try {
    writeFileSync(
      file,
      `import { adam, Normal, random, SVI, sample, type Tensor, TraceELBO } from "../index.js";
       const model = (data: Tensor) => sample("y", new Normal(0, 1), { obs: data });
       new SVI(model, () => {}, adam(0.1), new TraceELBO()).run(random.key(0), 100);`,
    );
    const [error = "none", ...others] = typeErrors([file]);
    assert.match(error, /'number' is not assignable to parameter of type 'BatchesOrAllArguments<RunOptions>'/);
    assert.equal(others, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("toArray accepts the type that its caller expects, and a signal is any object with aborted", () => {
  const rows: number[][] = tensor([[1, 2]]).toArray<number[][]>();
  assert.equal(rows, [[1, 2]]);
  const { losses } = new SVI(model, guide, adam(0.1), new TraceELBO()).run(
    key,
    { numSteps: 3, signal: { aborted: true } },
    data,
  );
  assert.is(losses.length, 0);
});

test("valueAndGrad with hasAux returns the auxiliary result unchanged", () => {
  const f = (x: Tensor, by: number) => [x.mul(x).sum(), { doubled: x.mul(2), by }] as const;
  const [[value, aux], gradient] = valueAndGrad(f, { hasAux: true })(tensor([1, 3]), 4);
  assert.equal([value.item(), gradient.toArray(), aux.doubled.toArray(), aux.by], [10, [2, 6], [2, 6], 4]);
  // A second derivative passes through the first derivative, but not through aux.
  const slope = (x: Tensor) => {
    const [, g] = valueAndGrad((z: Tensor) => [z.mul(z).mul(z), "aside"] as const, { hasAux: true })(x);
    return g;
  };
  assert.is(valueAndGrad(slope)(tensor(2))[1].item(), 12);
  assert.is(refusal(() => valueAndGrad(((x: Tensor) => x) as never, { hasAux: true })(tensor(1))).code, "bad-result");
  assert.is(refusal(() => valueAndGrad((x: Tensor) => x, { hasAxu: true } as never)).code, "unknown-option");
});

test.run();
