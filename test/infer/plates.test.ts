/** Plates: what they do to shapes, scales, params and indices, and what they refuse (badinputs BI-49 to BI-57). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Model,
  Normal,
  PedigradError,
  param,
  plate,
  random,
  type SampleSite,
  sample,
  seed,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  tensor,
  trace,
  zeros,
} from "../../index.js";

const run = (f: Model, key = 0) => trace(seed(f, random.key(key))).getTrace();
const site = (t: ReturnType<typeof run>, name: string) => t.get(name) as SampleSite;
const refusal = (f: () => unknown): PedigradError => {
  try {
    f();
  } catch (error) {
    if (error instanceof PedigradError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

test("inside a plate distributions have its size along its dim; nested plates take -1, then -2", () => {
  const t = run(() => {
    plate("outer", 3, () => {
      sample("a", new Normal(0, 1));
      plate("inner", 2, () => sample("b", new Normal(0, 1)));
    });
    plate("left", 4, { dim: -3 }, () => sample("c", new Normal(zeros([2]), 1).toEvent(1)));
  });
  assert.equal(site(t, "a").value.shape, [3]);
  assert.equal(site(t, "b").value.shape, [2, 3]);
  assert.equal(site(t, "c").value.shape, [4, 1, 1, 2]);
});

test("a subsample: indices, data and params of the visited elements, log densities scaled up", () => {
  const data = tensor([10, 20, 30, 40, 50]);
  let visited: number[] = [];
  const model = () =>
    plate("data", 5, { subsampleSize: 2 }, (indices) => {
      visited = [...indices.toFloat64Array()];
      const loc = param("loc", [1, 2, 3, 4, 5]);
      assert.equal(
        loc.toArray(),
        visited.map((i) => i + 1),
      );
      assert.equal(
        subsample(data).toArray(),
        visited.map((i) => 10 * (i + 1)),
      );
      sample("x", new Normal(loc, 1), { obs: subsample(data) });
    });
  const t = run(model);
  assert.is(new Set(visited).size, 2);
  const x = site(t, "x");
  assert.ok(Math.abs(x.scaledLogProb().sum().item() - 2.5 * x.logProb().sum().item()) < 1e-10);
  const rows = run(() =>
    plate("data", 5, { subsample: [4, 1] }, () =>
      sample("y", new Normal(subsample(zeros([5, 3]), { eventDim: 1 }), 1).toEvent(1)),
    ),
  );
  assert.equal(site(rows, "y").value.shape, [2, 3]);
});

test("guide, model and all particles see the same subsample", () => {
  const seen: string[] = [];
  const note = (indices: Tensor) => seen.push(`${indices.toArray()}`);
  const model = () =>
    plate("data", 10, { subsampleSize: 3 }, (i) => {
      note(i);
      sample("z", new Normal(0, 1));
    });
  const guide = () =>
    plate("data", 10, { subsampleSize: 3 }, (i) => {
      note(i);
      sample("z", new Normal(param("m", 0), 1));
    });
  new TraceELBO({ numParticles: 3, vectorizeParticles: false }).loss(random.key(0), {}, model, guide);
  assert.is(seen.length, 6);
  assert.is(new Set(seen).size, 1);
});

test("the sequential form visits the same elements and scales the same", () => {
  const data = [0.3, -1, 2];
  const t = run(() => {
    for (const i of plate("data", 3)) sample(`x${i}`, new Normal(0, 1), { obs: data[i] as number });
  });
  assert.equal(
    [...t.keys()].filter((name) => name.startsWith("x")),
    ["x0", "x1", "x2"],
  );
  const half = run(() => {
    for (const i of plate("data", 4, { subsampleSize: 2 })) sample(`x${i}`, new Normal(0, 1));
  });
  for (const s of half.values()) if (s.type === "sample") assert.is(tensor(s.scale).item(), 2);
});

test("a loop that is left early closes its plate", () => {
  run(() => {
    for (const i of plate("data", 3)) {
      sample(`x${i}`, new Normal(0, 1));
      break;
    }
    plate("data", 2, () => sample("y", new Normal(0, 1)));
  });
});

test("a plate without a size takes that of its first site", () => {
  const t = run(() => plate("data", () => sample("x", new Normal(0, 1), { obs: [1, 2, 3] })));
  assert.equal(site(t, "x").logProb().shape, [3]);
  assert.match(
    refusal(() => run(() => plate("data", () => sample("x", new Normal(0, 1))))).message,
    /plate "data" has no size/,
  );
});

test("BI-49, BI-51, BI-53: clashing dims, sizes that do not match, impossible subsamples", () => {
  const clash = refusal(() =>
    run(() => plate("a", 3, { dim: -1 }, () => plate("b", 4, { dim: -1 }, () => sample("x", new Normal(0, 1))))),
  );
  assert.match(clash.message, /plates "a" \(3\) and "b" \(4\) both use dim -1/);
  const size = refusal(() => run(() => plate("d", 5, () => sample("x", new Normal(zeros([4]), 1)))));
  assert.is(size.site, "x");
  assert.match(size.message, /site "x" in plate "d": dim -1 has size 4 but the plate has size 5/);
  for (const subsampleSize of [6, 0, -1, 2.5])
    assert.match(
      refusal(() => run(() => plate("d", 5, { subsampleSize }, () => sample("x", new Normal(0, 1))))).message,
      new RegExp(`subsampleSize must be an integer in 1..5, got ${subsampleSize}`),
    );
  assert.is(refusal(() => run(() => plate("d", 5, { subsamplesize: 2 } as never, () => 0))).code, "unknown-option");
  assert.is(refusal(() => run(() => plate("d", 5, () => plate("d", 2, () => 0)))).code, "duplicate-name");
});

test("BI-27: data that broadcasts silently is refused, with both shapes", () => {
  const error = refusal(() =>
    site(
      run(() => plate("N", 4, { dim: -1 }, () => sample("y", new Normal(zeros([4]), 1), { obs: zeros([4, 1]) }))),
      "y",
    ).logProb(),
  );
  assert.is(error.site, "y");
  assert.match(error.message, /\[4,4\].*N\(4, dim -1\).*\[4\].*\[4,1\]/);
});

const z =
  (name = "z", loc: Tensor | number = 0): Model =>
  () => {
    sample(name, new Normal(loc, 1));
  };
const empty: Model = () => {};
test("BI-35, BI-37, BI-57, BI-33: guides and models that do not fit each other", () => {
  const loss = (model: Model, guide: Model) =>
    refusal(() => new TraceGraphELBO().loss(random.key(0), {}, model, guide));
  assert.match(loss(empty, z("w")).message, /guide site "w" has no counterpart in the model/);
  assert.match(loss(z("v"), empty).message, /model site "v" is latent but the guide has no such site/);
  assert.match(
    loss(z("z", zeros([3])), z("z", zeros([4]))).message,
    /site "z": model batch \[3\] event \[\] but guide batch \[4\] event \[\]/,
  );
  const inPlate: Model = () => plate("d", 3, z());
  assert.match(loss(z("z", zeros([3])), inPlate).message, /guide plate "d" is not in the model/);
  const aux: Model = () => {
    sample("u", new Normal(0, 1), { infer: { isAuxiliary: true } });
  };
  assert.ok(Number.isFinite(new TraceGraphELBO().loss(random.key(0), {}, empty, aux).item()));
  assert.match(
    refusal(() => run(() => ["x", "x"].map((name) => sample(name, new Normal(0, 1))))).message,
    /"x" appears twice/,
  );
});

test("BI-19, BI-21: NaN in observed data names the site; masked it counts for nothing; an impossible observation costs Infinity", () => {
  const observed =
    (obs: number[]): Model =>
    () =>
      plate("N", 3, () => sample("x", new Normal(param("m", 0), 1), { obs }));
  const error = refusal(() => new TraceELBO().loss(random.key(0), {}, observed([1, Number.NaN, 2]), empty));
  assert.is(error.site, "x");
  assert.match(error.message, /observed site "x".*\[1\].*NaN/);
  const impossible: Model = () => {
    sample("b", new Bernoulli(0), { obs: 1 });
  };
  assert.is(new TraceELBO().loss(random.key(0), {}, impossible, empty).item(), Infinity);
});

test("baseline options that make no sense are refused at their site", () => {
  const at = (baseline: object, fn = new Bernoulli(0.3)): PedigradError =>
    refusal(() =>
      new TraceGraphELBO().loss(
        random.key(0),
        {},
        () => sample("z", new Bernoulli(0.5)),
        () => sample("z", fn, { infer: { baseline } as never }),
      ),
    );
  const nn = { nnBaseline: (x: Tensor) => x, nnBaselineInput: 1 };
  assert.match(at({ decay: 0.5 }).message, /unknown baseline option "decay"/);
  assert.match(at({ ...nn, baselineValue: 1 }).message, /either nnBaseline or baselineValue/);
  assert.match(at({ useDecayingAvgBaseline: true, baselineBeta: 2 }).message, /baselineBeta must be in \[0, 1\)/);
  assert.match(at({ baselineValue: [1, 2] }).message, /baseline has shape \[2\]/);
  assert.match(at({ leaveOneOut: true }).message, /at least 2 particles/);
  const pathwise = refusal(() =>
    new TraceGraphELBO().loss(random.key(0), {}, z(), () =>
      sample("z", new Normal(0, 1), { infer: { baseline: { baselineValue: 0 } } }),
    ),
  );
  assert.is(pathwise.site, "z");
  assert.match(pathwise.message, /takes no score term/);
});

test("the decaying average: costs 10, 10, 10 use 0, 1, 1.9", () => {
  const guide: Model = () => {
    sample("z", new Bernoulli(0.5), { infer: { baseline: { useDecayingAvgBaseline: true } } });
  };
  const costly: Model = () => {
    const value = sample("z", new Bernoulli(0.5));
    sample("c", new Normal(0, 1).expand([]), { obs: value.mul(0).add(1) });
  };
  const elbo = new TraceGraphELBO();
  let state: Record<string, Tensor> = {};
  const averages: number[] = [];
  // log p - log q = 0 for z, and the observation's log density, always the same, is the cost.
  const cost = -0.5 - 0.5 * Math.log(2 * Math.PI);
  for (let i = 0; i < 3; i++) {
    averages.push((state["baseline/z"]?.item() ?? 0) / cost);
    state = elbo.lossWithMutableState(random.key(i), state, costly, guide).mutableState;
  }
  [0, 0.1, 0.19].forEach((want, i) => {
    assert.ok(Math.abs((averages[i] as number) - want) < 1e-12);
  });
});

test("substitute gives params their values outside SVI", () => {
  const t = run(substitute(() => sample("x", new Normal(param("m"), 1)), { m: 100 }));
  assert.ok(site(t, "x").value.item() > 50);
});

test.run();
