/**
 * If a program catches an error that depends on a value, this is a branch, and the enclosing run refuses it. Catching errors that depend
 * only on data is allowed.
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  inFreshRun,
  jit,
  outsideRuns,
  PedigradError,
  random,
  type Tensor,
  take,
  tensor,
  trackProvenance,
  vmap,
} from "../../autodiff/index.js";
import { Exponential, Normal, Uniform } from "../../distributions/index.js";
import { refusal } from "../refusals.js";

const z = trackProvenance(tensor(3), "z");

/** The result of `body`, or -1 if the library refuses it. */
const attempt = (body: () => unknown): Tensor => {
  try {
    body();
    return tensor(1);
  } catch (error) {
    if (error instanceof PedigradError) return tensor(-1);
    throw error;
  }
};

const REFUSED: Record<string, (x: Tensor) => unknown> = {
  "an index": (x) => tensor([1, 2]).at(x),
  "an index behind another": (x) => take([[1, 2]], x, 1),
  "a parameter": (x) => new Normal(0, x.neg()),
  "a value outside a support": (x) => new Exponential(1).logProb(x.neg()),
  "a value beyond a bound": (x) => new Uniform(0, x.sub(1)).logProb(2.5),
  "the data of random.foldIn": (x) => random.foldIn(random.key(0), x.neg()),
  "a bound of random.randint": (x) => random.randint(random.key(0), [], 0, x.add(0.5)),
};

for (const [what, f] of Object.entries(REFUSED)) {
  test(`a run throws at its end if the program caught an error from ${what} that depends on a site`, () => {
    const error = refusal(() => inFreshRun(() => attempt(() => f(z))));
    assert.is(error.code, "caught-refusal");
    assert.is(error.site, "z");
    assert.match(error.message, /depends on the sampled value of \{z\}/);
  });

  test(`in a run, the program may catch an error from ${what} that depends on data only`, () => {
    assert.is(inFreshRun(() => attempt(() => f(tensor(3)))).item(), -1);
  });

  test(`jit refuses a caught error from ${what} that depends on an input, and allows one that depends on constants`, () => {
    const error = refusal(() => jit((x: Tensor) => attempt(() => f(x)).mul(x))(tensor(3)));
    assert.is(error.code, "read-in-jit");
    const honest = jit((x: Tensor) => attempt(() => f(tensor(3))).mul(x));
    for (let call = 1; call < 5; call++) assert.is(honest(tensor(call)).item(), -call);
  });

  test(`vmap refuses a caught error from ${what} that depends on an example, and allows one that depends on shared values`, () => {
    assert.is(refusal(() => vmap((x: Tensor) => attempt(() => f(x)))([3, 3])).code, "read-in-vmap");
    assert.equal(vmap((x: Tensor) => attempt(() => f(tensor(3))).mul(x))([3, 4]).toArray(), [-3, -4]);
  });
}

test("an error that the program does not catch is the error that the run throws", () => {
  assert.is(refusal(() => inFreshRun(() => new Normal(0, z.neg()))).code, "bad-parameter");
});

test("after the program has read the value, it may catch an error that depends on it", () => {
  const set = inFreshRun(() => {
    const isPositive = z.item() > 0;
    return attempt(() => new Normal(0, isPositive ? z.neg() : z)).add(0).provenance;
  });
  assert.ok(set.has("z"));
});

test("an outer run may not catch the refusal of an inner run either", () => {
  const inner = () => inFreshRun(() => new Normal(0, z.neg()));
  assert.is(refusal(() => inFreshRun(() => attempt(inner))).code, "caught-refusal");
  assert.is(attempt(inner).item(), -1, "outside a run");
  assert.is(outsideRuns(() => attempt(() => new Normal(0, z.neg()))).item(), -1);
});

test("a program may catch the refusal of a read outside vmap, but not inside it", () => {
  const f = (x: Tensor) => x.mul(x.item());
  const loops = vmap((row: Tensor) => {
    assert.is(refusal(() => vmap(f)(row)).code, "read-in-vmap");
    return row;
  });
  assert.equal(loops([[1, 2]]).toArray(), [[1, 2]]);
  assert.is(refusal(() => vmap((x: Tensor) => attempt(() => x.item()))([1, 2])).code, "read-in-vmap");
});

test("to convert a tensor to text counts as a read, in jit, in vmap and in a run", () => {
  for (const text of [(x: Tensor) => `${x}`, (x: Tensor) => [x.expandDims(0)].join(), (x: Tensor) => String(x)]) {
    assert.is(refusal(() => jit((x: Tensor) => x.mul(text(x).length))(tensor([1, 2]))).code, "read-in-jit");
    assert.is(refusal(() => vmap((x: Tensor) => x.mul(text(x).length))([[1, 2]])).code, "read-in-vmap");
    assert.ok(
      inFreshRun(() => {
        text(z);
        return tensor(1).add(1).provenance.has("z");
      }),
    );
  }
});

test("writing into data or view does not change the tensor", () => {
  const x = tensor([1, 2, 3]);
  x.data.set(0, 9);
  x.data.data[1] = 9;
  x.transpose().view.set(2, 9);
  assert.equal(x.toArray(), [1, 2, 3]);
});

test.run();
