/**
 * Models with `scan`: noise is drawn outside the loop, and results are observed after it. Statements inside the loop are refused, and so are
 * statements inside functions that the model compiles or maps.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AutoNormal,
  adam,
  deterministic,
  factor,
  jit,
  type Model,
  mutable,
  Normal,
  param,
  plate,
  prngKey,
  random,
  type SampleSite,
  SVI,
  sample,
  scan,
  seed,
  stack,
  type Tensor,
  TraceELBO,
  tensor,
  trace,
  vmap,
} from "../../../index.js";
import { refusal, refuses } from "../../refusals.js";

const obs = [0.3, -0.1, 0.8, 1.1, 0.4, 0.9];
const T = obs.length;
/** x_t = rho · x_(t-1) + 0.3 · noise_t, observed with further noise; `path` computes x from rho and the noise. */
const autoregression =
  (path: (rho: Tensor, noise: Tensor) => Tensor): Model =>
  () => {
    const rho = sample("rho", new Normal(0.5, 0.2));
    const noise = sample("noise", new Normal(0, 1).expand([T]).toEvent(1));
    const x = deterministic("x", path(rho, noise));
    plate("time", T, () => sample("y", new Normal(x, 0.5), { obs }));
  };
const asScan = autoregression(
  (rho, noise) =>
    scan(
      (x: Tensor, e) => {
        const next = x.mul(rho).add(e.mul(0.3));
        return [next, next];
      },
      param("start", 0.1),
      noise,
    )[1],
);
const byHand = autoregression((rho, noise) => {
  const xs: Tensor[] = [];
  for (const e of noise) xs.push((xs.at(-1) ?? param("start", 0.1)).mul(rho).add(e.mul(0.3)));
  return stack(xs);
});

test("a model with scan has the same losses as the model with a for loop: one and three particles, eager and compiled", () => {
  for (const numParticles of [1, 3]) {
    const losses = [asScan, byHand].flatMap((model) =>
      [true, false].map((jit) => {
        const svi = new SVI(model, new AutoNormal(model), adam(0.05), new TraceELBO({ numParticles }));
        return [...svi.run(random.key(0), { numSteps: 20, jit }).losses];
      }),
    ) as [number[], number[], number[], number[]];
    assert.equal(losses[0], losses[1], "compiled and eager");
    losses[0].forEach((loss, i) => {
      assert.ok(Math.abs(loss / (losses[3][i] as number) - 1) < 1e-12, `step ${i}: ${loss} against ${losses[3][i]}`);
    });
  }
});

test("statements inside the body are refused, and errors say what to do instead; params are allowed", () => {
  const inside =
    (statement: () => unknown): Model =>
    () => {
      scan(
        (s: Tensor, x) => {
          statement();
          return [s.add(x), null];
        },
        0,
        [1, 2],
      );
    };
  const statements: Record<string, [type: string, statement: () => unknown]> = {
    z: ["sample", () => sample("z", new Normal(0, 1))],
    y: ["sample", () => sample("y", new Normal(0, 1), { obs: 1 })],
    f: ["sample", () => factor("f", 1)],
    p: ["plate", () => plate("p", 2, () => {})],
    d: ["deterministic", () => deterministic("d", 1)],
    m: ["mutable", () => mutable("m", 1)],
  };
  for (const [name, [type, statement]] of Object.entries(statements)) {
    const { code, site, message } = refusal(seed(inside(statement), random.key(0)));
    assert.equal([code, site], ["site-in-scan", name], message);
    assert.ok(message.startsWith(`${type} site "${name}" is inside the body of scan`), message);
    assert.match(
      message,
      type === "sample" || type === "plate" ? /give it to scan as xs/ : /write the statement after the loop/,
    );
  }
  assert.is(refusal(seed(inside(prngKey), random.key(0))).code, "site-in-scan");
  seed(
    inside(() => param("a", 1)),
    random.key(0),
  )();
});

test("a statement inside a function that the model compiles or maps is refused", () => {
  const statements: Record<string, () => unknown> = {
    z: () => sample("z", new Normal(0, 1)),
    y: () => sample("y", new Normal(0, 1), { obs: 1 }),
    f: () => factor("f", 1),
    p: () => plate("p", 2, () => {}),
    d: () => deterministic("d", 1),
    w: () => param("w", 1),
  };
  const svi = (model: Model) => new SVI(model, () => {}, adam(0.1), new TraceELBO(), { jit: false });
  for (const [site, statement] of Object.entries(statements)) {
    const inside = (x: Tensor): Tensor => {
      statement();
      return x;
    };
    const compiled = jit(inside);
    const mapped: Model = () => void vmap(inside)(tensor([1, 2]));
    const error = refusal(() => trace(seed(() => compiled(tensor(1)), 0)).getTrace());
    assert.equal([error.code, error.site], ["site-in-jit", site]);
    const inBatch = () => trace(seed(mapped, 0)).getTrace();
    if (site === "w") assert.ok(inBatch().has("w"));
    else assert.equal([refusal(inBatch).code, refusal(inBatch).site], ["site-in-vmap", site]);
    if (site === "z" || site === "w") continue;
    refuses(() => svi(() => compiled(tensor(1))).init(random.key(0)), /under jit/);
  }
  // Compiling or mapping a whole program is allowed.
  const density = (key: Tensor) =>
    (
      trace(seed(statements.z as Model, key))
        .getTrace()
        .get("z") as SampleSite
    ).logProb();
  assert.equal(vmap(density)(random.split(random.key(0))).shape, [2]);
  assert.is(jit(density)(random.key(0)).item(), density(random.key(0)).item());
});

test.run();
