/** General properties of handlers, and the provenance of Pyro's small programs. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  block,
  condition,
  type Distribution,
  deterministic,
  getProvenance,
  inferConfig,
  intervene,
  LocScaleReparam,
  lift,
  mask,
  Normal,
  param,
  plate,
  random,
  reparam,
  replay,
  type SampleSite,
  sample,
  scale,
  scope,
  seed,
  substitute,
  type Tensor,
  tensor,
  trace,
  trackNonReparam,
  uncondition,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

const key = random.key(0);
const model = (shift = 0) => {
  const a = sample("a", new Normal(shift, 1));
  const b = sample("b", new Normal(a, 1));
  sample("x", new Normal(b, 1), { obs: 2 });
  return b;
};
const run = <A extends unknown[]>(f: (...args: A) => unknown, ...args: A) => trace(f).getTrace(...args);
const site = (t: ReturnType<typeof run>, name: string) => t.get(name) as SampleSite;
const valueOf = (t: ReturnType<typeof run>, name: string) => site(t, name).value.item();

test("seed twice gives the same trace; another key gives another", () => {
  const [first, again, other] = [run(seed(model, key)), run(seed(model, key)), run(seed(model, random.key(1)))];
  assert.is(valueOf(first, "b"), valueOf(again, "b"));
  assert.is.not(valueOf(first, "b"), valueOf(other, "b"));
});

test("replay(f, trace(f)) returns the tensors of the trace", () => {
  const first = run(seed(model, key));
  const again = run(seed(replay(model, first), random.key(7)));
  for (const name of ["a", "b"]) assert.is(site(again, name).value, site(first, name).value);
});

test("substitute leaves a site latent, condition makes it observed, uncondition draws what was observed", () => {
  assert.not.ok(site(run(seed(substitute(model, { a: 3 }), key)), "a").isObserved);
  const t = run(seed(condition(model, { a: 3 }), key));
  assert.ok(site(t, "a").isObserved);
  assert.is(valueOf(t, "a"), 3);
  const free = site(run(seed(uncondition(model), key)), "x");
  assert.not.ok(free.isObserved);
  assert.is.not(free.value.item(), 2);
});

test("block hides sites only from outer handlers; handlers inside still act", () => {
  assert.equal([...run(seed(block(model, { hide: ["a"] }), key)).keys()], ["b", "x"]);
  assert.equal([...run(seed(block(model, { expose: ["a"] }), key)).keys()], ["a"]);
  assert.equal([...run(block(seed(model, key))).keys()], []);
  assert.is(block(seed(substitute(model, { b: 5 }), key))().item(), 5);
});

test("mask and scale change the cost, not the score", () => {
  const t = run(seed(scale(mask(model, false), 3), key));
  assert.is(site(t, "b").scaledLogProb().item(), 0);
  assert.is.not(site(t, "b").logProb().item(), 0);
  const s = run(seed(scale(scale(model, 3), 2), key));
  assert.ok(Math.abs(site(s, "b").scaledLogProb().item() - 6 * site(s, "b").logProb().item()) < 1e-12);
  assert.throws(() => scale(model, 0), /must be positive/);
  const part = tensor([3, -1]).slice(0, 1).sum();
  assert.equal(run(seed(scale(model, part), key)).size, s.size, "a view counts without what lies beside it");
});

test("intervene changes the value that later statements get, not the site", () => {
  const t = run(seed(intervene(model, { a: 100 }), key));
  assert.ok(Math.abs(valueOf(t, "a")) < 10);
  assert.ok(valueOf(t, "b") > 50);
});

test("intervene also changes computed sites: deterministic sites, and the sites that reparam and obsMask compute", () => {
  const after = (name: string, f: () => unknown) => valueOf(run(seed(intervene(f, { [name]: 100 }), key)), "x");
  const use = (a: Tensor) => sample("x", new Normal(a, 1));
  const prior = new Normal(0, 1);
  assert.ok(after("a", () => use(deterministic("a", 1))) > 50);
  assert.ok(
    after(
      "a",
      reparam(() => use(sample("a", prior)), { a: LocScaleReparam() }),
    ) > 50,
  );
  assert.ok(after("a", () => use(sample("a", prior, { obs: 1, obsMask: 0 }))) > 50);
});

test("intervene and substitute work inside a scope, and the outermost of two decides", () => {
  const [inner, outer] = [
    { z: 2, d: 3 },
    { z: 20, d: 30 },
  ];
  const program = () => {
    const z = sample("z", new Normal(0, 1));
    const d = deterministic("d", z.mul(2));
    sample("x", new Normal(0, 1), { obs: z });
    sample("y", new Normal(0, 1), { obs: d });
  };
  const used = (f: () => unknown, prefix = "") => {
    const t = run(seed(f, key));
    return ["x", "y", "d"].map((name) => valueOf(t, prefix + name));
  };
  assert.equal(used(scope(intervene(program, inner), { prefix: "s" }), "s/").slice(0, 2), [2, 3]);
  assert.equal(used(intervene(intervene(program, inner), outer)).slice(0, 2), [20, 30]);
  // The trace has the substituted value of `deterministic`; intervene leaves the site as it is.
  assert.equal(used(scope(substitute(program, inner), { prefix: "s" }), "s/"), [2, 3, 3]);
  assert.equal(used(substitute(substitute(program, inner), outer)), [20, 30, 30]);
  assert.equal(used(intervene(substitute(program, { z: 1 }), outer)), [20, 30, 40]);
  const decentred = reparam(program, { z: LocScaleReparam() });
  assert.equal(used(scope(intervene(decentred, inner), { prefix: "s" }), "s/").slice(0, 2), [2, 3]);
  const both = intervene(reparam(intervene(program, inner), { z: LocScaleReparam() }), outer);
  assert.equal(used(both).slice(0, 2), [20, 30], "also if reparam is between them");
  assert.is(refusal(() => used(scope(substitute(decentred, inner), { prefix: "s" }), "s/")).code, "no-effect");
});

test("lift turns params into latents, scope puts a prefix before names, inferConfig sets options", () => {
  const withParam = () => sample("x", new Normal(param("m", 0), 1));
  assert.is(run(seed(lift(withParam, { m: new Normal(50, 1) }), key)).get("m")?.type, "sample");
  assert.equal([...run(seed(scope(model, { prefix: "left" }), key)).keys()], ["left/a", "left/b", "left/x"]);
  const t = run(
    seed(
      inferConfig(model, () => ({ isAuxiliary: true })),
      key,
    ),
  );
  assert.ok(site(t, "a").infer.isAuxiliary);
});

test("the stack of handlers is empty again after an error", () => {
  const failing = () => {
    plate("p", 2, () => {
      throw new Error("inside");
    });
  };
  assert.throws(() => run(seed(failing, key)), /inside/);
  assert.throws(() => sample("x", new Normal(0, 1)), /no random key/);
  plate("p", 2, () => undefined);
});

const sets = (t: ReturnType<typeof run>, names: string[]) =>
  names.map((name) => [...getProvenance(site(t, name).logProb())].sort().join());
test("trackNonReparam: the program a -> b -> c has the sets {a}, {a, b}, {a, b}", () => {
  const chain = (B: (p: Tensor | number) => Distribution) => () => {
    const a = sample("a", new Bernoulli(0.4));
    const b = sample("b", B(a.mul(0.5).add(0.2)));
    sample("c", new Bernoulli(b.mul(0).add(0.3)), { obs: 1 });
  };
  const discrete = chain((p) => new Bernoulli(p));
  for (const f of [trackNonReparam(seed(discrete, key)), seed(trackNonReparam(discrete), key)])
    assert.equal(sets(run(f), ["a", "b", "c"]), ["a", "a,b", "a,b"]);
  // A reparameterised draw has the provenance of its parameters.
  const pathwise = chain((p) => new Normal(p, 1));
  assert.equal(sets(run(trackNonReparam(seed(pathwise, key))), ["a", "b", "c"]), ["a", "a", "a"]);
});

const readers: Record<string, (z: Tensor) => unknown> = {
  item: (z) => z.item(),
  toArray: (z) => z.toArray(),
  comparison: (z) => (z as unknown as number) > 0,
  "list[z]": (z) => ["left", "right"][z as unknown as number],
  data: (z) => z.data,
  JSON: (z) => JSON.stringify(z),
};
for (const [name, read] of Object.entries(readers))
  test(`control flow counts: later values depend on the site that was read (${name}), earlier values do not`, () => {
    const t = run(
      trackNonReparam(
        seed(() => {
          const z = sample("z", new Bernoulli(0.5));
          sample("before", new Normal(0, 1), { obs: 1 });
          read(z);
          sample("after", new Normal(0, 1), { obs: 1 });
        }, key),
      ),
    );
    assert.equal(sets(t, ["before", "after"]), ["", "z"]);
    assert.equal(sets(run(trackNonReparam(seed(() => sample("x", new Normal(0, 1)), key))), ["x"]), [""]);
  });

test("inferConfig checks the options like the sample statement", () => {
  const run = (infer: object) =>
    trace(
      inferConfig(
        () => sample("z", new Normal(0, 1)),
        () => infer,
      ),
    ).getTrace();
  refuses(
    () => run({ enumrate: "parallel" }),
    /sample site "z": infer: unknown option "enumrate".*Did you mean "enumerate"/,
  );
  refuses(() => run({ enumerate: "all" }), /sample site "z": infer: enumerate must be/);
});

test.run();
