/** Plates: their effect on shapes, scales, params and indices, and the programs that they refuse. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Model,
  markov,
  module,
  Normal,
  nn,
  param,
  plate,
  random,
  type SampleSite,
  sample,
  scale,
  scope,
  seed,
  subsample,
  substitute,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  tensor,
  trace,
  zeros,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

const run = (f: Model, key = 0) => trace(seed(f, random.key(key))).getTrace();
const site = (t: ReturnType<typeof run>, name: string) => t.get(name) as SampleSite;

test("distributions inside a plate have the plate's size along its dim; nested plates use dim -1, then -2", () => {
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

test("a subsampled plate selects indices, data and params of the visited elements, and scales log densities up", () => {
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

test("subsample refuses data in which the axis of the plate is at another dim, and accepts data that all elements share", () => {
  const inRows = (body: () => unknown) => () =>
    run(() => plate("columns", 3, () => plate("rows", 6, { subsample: [4, 1] }, body)));
  const { code, site: name, message } = refusal(inRows(() => subsample(zeros([6, 3]), { eventDim: 1 })));
  assert.equal([code, name], ["plate-size", "rows"]);
  assert.match(message, /no axis at dim -2 of plate "rows"\. Their axis at dim -1 has the size of the plate \(6\)/);
  const shapeOf = (shape: number[], eventDim: number): number[] => {
    let actual: readonly number[] = [];
    inRows(() => {
      actual = subsample(zeros(shape), { eventDim }).shape;
    })();
    return [...actual];
  };
  assert.equal(shapeOf([6, 3], 0), [2, 3]);
  assert.equal(shapeOf([6, 3, 5], 1), [2, 3, 5]);
  // Data of the columns, an event of six numbers, and an axis that no plate declares.
  assert.equal(shapeOf([3], 0), [3]);
  assert.equal(shapeOf([6], 1), [6]);
  assert.equal(shapeOf([1, 6], 0), [1, 6]);
  // Data of another plate of the same size.
  run(() =>
    plate("columns", 6, () =>
      plate("rows", 6, { subsample: [4, 1] }, () => assert.equal(subsample(zeros([6])).shape, [6])),
    ),
  );
});

test("guide, model and all particles visit the same subsample", () => {
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

test("a sequential plate visits the same elements and has the same scale", () => {
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

test("the plate of a loop that a program abandons is closed when the program ends", () => {
  run(() => plate("data", 3)[Symbol.iterator]().next());
  const t = run(() => plate("data", 3, () => sample("x", new Normal(0, 1))));
  assert.equal(
    site(t, "x").plates.map(({ name, dim }) => [name, dim]),
    [["data", -1]],
  );
});

test("an iterator that is advanced by hand across the start or the end of a handler is refused", () => {
  const byHand =
    (startsInside: boolean): Model =>
    () => {
      const elements = plate("data", 3, { subsampleSize: 2 })[Symbol.iterator]();
      const next = () => sample(`x${elements.next().value}`, new Normal(0, 1), { obs: 1 });
      if (!startsInside) next();
      scale(next, 2)();
      if (startsInside) next();
    };
  for (const model of [byHand(false), byHand(true)]) {
    const { code, message } = refusal(() => run(model));
    assert.is(code, "no-effect");
    assert.match(message, /^plate: the iterator .* was advanced by hand, across .* a handler such as scale/);
  }
  // Two loops side by side enclose all statements, in either order.
  const t = run(() => {
    const [steps, elements] = [markov([0, 1]), plate("data", 4, { subsampleSize: 2 })[Symbol.iterator]()];
    for (;;) {
      const [step, element] = [steps.next(), elements.next()];
      if (step.done || element.done) break;
      sample(`x${step.value}`, new Normal(0, 1), { obs: 1 });
    }
  });
  for (const name of ["x0", "x1"]) assert.is(tensor(site(t, name).scale).item(), 2);
});

test("the plate of a loop is closed if the loop ends early", () => {
  run(() => {
    for (const i of plate("data", 3)) {
      sample(`x${i}`, new Normal(0, 1));
      break;
    }
    plate("other", 2, () => sample("y", new Normal(0, 1)));
  });
});

test("a plate without a size takes the size of its first site", () => {
  const t = run(() => plate("data", () => sample("x", new Normal(0, 1), { obs: [1, 2, 3] })));
  assert.equal(site(t, "x").logProb().shape, [3]);
  assert.match(
    refusal(() => run(() => plate("data", () => sample("x", new Normal(0, 1))))).message,
    /plate "data" has no size/,
  );
});

test("clashing dims, sizes that do not match and impossible subsamples are refused", () => {
  const clash = refusal(() =>
    run(() => plate("a", 3, { dim: -1 }, () => plate("b", 4, { dim: -1 }, () => sample("x", new Normal(0, 1))))),
  );
  assert.match(clash.message, /plates "a" \(size 3\) and "b" \(size 4\) both use dim -1/);
  const size = refusal(() => run(() => plate("d", 5, () => sample("x", new Normal(zeros([4]), 1)))));
  assert.is(size.site, "x");
  assert.match(size.message, /site "x" in plate "d": dim -1 has size 4, but the plate has size 5/);
  for (const subsampleSize of [6, 0, -1, 2.5, "2"])
    refuses(
      () =>
        run(() => plate("d", 5, { subsampleSize } as { subsampleSize: number }, () => sample("x", new Normal(0, 1)))),
      new RegExp(`subsampleSize must be an integer in 1..5, got ${JSON.stringify(subsampleSize)}`),
    );
  refuses(() => run(() => plate("d", 5, { dim: "-1" as never }, () => 0)), /dim must be a negative integer, got "-1"/);
  assert.is(refusal(() => run(() => plate("d", 5, { subsamplesize: 2 } as never, () => 0))).code, "unknown-option");
  assert.is(refusal(() => run(() => plate("d", 5, () => plate("d", 5, () => 0)))).code, "duplicate-name");
});

test("a plate has the same size and the same subsample wherever it is opened", () => {
  const twice = () => {
    plate("d", 5, () => sample("x", new Normal(0, 1)));
    plate("d", 4, () => sample("y", new Normal(0, 1)));
  };
  assert.match(refusal(() => run(twice)).message, /plate "d" has size 5 in one place and 4 in another/);
  const over =
    (size: number, subsampleSize: number): Model =>
    () =>
      plate("d", size, { subsampleSize }, (i) => sample("y", new Normal(0, 1), { obs: i }));
  const loss = (model: Model, guide: Model) => refusal(() => new TraceELBO().loss(random.key(0), {}, model, guide));
  assert.match(loss(over(10, 2), over(4, 2)).message, /plate "d" has size 4 in the guide and 10 in the model/);
  assert.match(loss(over(10, 3), over(10, 2)).message, /visits 3 of 10 elements here, but 2 where/);
  for (const size of [undefined, "5", 2.5, -1, Number.NaN])
    assert.is(refusal(() => run(() => plate("d", size as number, () => 0))).code, "bad-option");
});

test("inside a scope, the names of plates get the prefix too, so two scoped halves of a model have separate plates", () => {
  const half = () => plate("d", 3, () => sample("x", new Normal(0, 1)));
  const unsized = () => plate("d", () => sample("x", new Normal(zeros([2]), 1)));
  const t = run(() => {
    scope(half, { prefix: "left" })();
    scope(unsized, { prefix: "right" })();
  });
  assert.equal([...t.keys()], ["left/d", "left/x", "right/d", "right/x"]);
  assert.equal(
    ["left/x", "right/x"].map((name) =>
      site(t, name)
        .plates.map((frame) => frame.name)
        .join(),
    ),
    ["left/d", "right/d"],
  );
});

test("a param with one element per visited element is refused; the axes of networks belong to no plate", () => {
  const short = () => plate("d", 5, { subsampleSize: 2 }, () => param("w", [1, 2]));
  assert.match(refusal(() => run(short)).message, /param "w" has 2 elements along dim -1.*the plate has 5/);
  run(() => plate("d", 5, { subsampleSize: 2 }, () => param("w", [1, 2], { eventDim: 1 })));
  run(() =>
    plate("d", 16, { subsampleSize: 4 }, () => {
      assert.equal(module("net", nn.linear(2, 16))(zeros([3, 2])).shape, [3, 16]);
    }),
  );
});

test("data that would broadcast against the distribution are refused, and the error has both shapes", () => {
  const error = refusal(() =>
    site(
      run(() => plate("N", 4, { dim: -1 }, () => sample("y", new Normal(zeros([4]), 1), { obs: zeros([4, 1]) }))),
      "y",
    ).logProb(),
  );
  assert.is(error.site, "y");
  assert.match(error.message, /\[4,4\].*N\(4, dim -1\).*\[4\].*\[4,1\]/);
});

test("a value with more elements than its plate is refused, also if it would broadcast, and the error names the plate", () => {
  const scored = (size: number, options: { subsampleSize?: number }, obs: number[] | null, at?: number[]) => {
    const model = () => plate("d", size, options, () => sample("x", new Normal(0, 1), { obs }));
    return refusal(() => site(run(at ? substitute(model, { x: at }) : model), "x").logProb());
  };
  for (const error of [scored(1, {}, [1, 2, 3]), scored(4, {}, [1, 2, 3])]) {
    assert.is(error.site, "x");
    assert.match(error.message, /observed site "x" in plate "d": the value has 3 elements along dim -1/);
  }
  assert.match(scored(4, {}, [1, 2, 3]).message, /the plate has size 4/);
  assert.match(
    scored(6, { subsampleSize: 2 }, [1, 2, 3, 4, 5, 6]).message,
    /visits 2 of 6 elements.*subsample\(data\)/,
  );
  assert.match(scored(1, {}, null, [1, 2]).message, /^site "x" in plate "d"/);
});

const z =
  (name = "z", loc: Tensor | number = 0): Model =>
  () => {
    sample(name, new Normal(loc, 1));
  };
const empty: Model = () => {};
test("guides and models that do not fit each other are refused", () => {
  const loss = (model: Model, guide: Model) =>
    refusal(() => new TraceGraphELBO().loss(random.key(0), {}, model, guide));
  assert.match(loss(empty, z("w")).message, /guide site "w" is not in the model/);
  assert.match(loss(z("theta"), z("thet")).message, /guide site "thet" .*Did you mean "theta"\?/);
  const seen: Model = () => sample("y", new Normal(0, 1), { obs: 1 });
  assert.match(loss(seen, seen).message, /site "y" is observed both in the model and in the guide/);
  assert.match(loss(z("v"), empty).message, /model site "v" is latent, but the guide does not sample it/);
  assert.match(
    loss(z("z", zeros([3])), z("z", zeros([4]))).message,
    /site "z" has batch shape \[3\] .* in the model, but batch shape \[4\]/,
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

test("NaN in observed data is refused by site, but ignored where masked; an impossible observation has loss Infinity", () => {
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

test("substitute gives params their values outside SVI", () => {
  const t = run(substitute(() => sample("x", new Normal(param("m"), 1)), { m: 100 }));
  assert.ok(site(t, "x").value.item() > 50);
});

test.run();
