/** Every option is documented and tested. This file tests the options that no other test uses. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  adam,
  Bernoulli,
  block,
  detachProvenance,
  factor,
  type Message,
  mask,
  Normal,
  param,
  plate,
  random,
  SVI,
  sample,
  seed,
  type Tensor,
  TraceELBO,
  TraceGraphELBO,
  type Tree,
  tensor,
  toInferenceData,
  trace,
  type Vectorize,
  vmap,
} from "../../index.js";
import { refusal } from "../refusals.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(root, folder, file));

test("every option has a doc comment, a test that names it, and a mention in the docs", () => {
  const tests = filesBelow("test")
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const pages = ["README.md", "docs/guide.md", "docs/engine.md", "docs/subsampling.md", "docs/elements.md"]
    .map((page) => readFileSync(join(root, page), "utf8"))
    .join("\n");
  const complaints: string[] = [];
  for (const file of ["autodiff", "distributions", "infer"].flatMap(filesBelow)) {
    const text = readFileSync(file, "utf8");
    for (const [, name, body] of text.matchAll(/^export interface (\w*Options)\b[^{]*\{\n([\s\S]*?)^\}/gm)) {
      let isTold = false;
      for (const line of (body as string).split("\n")) {
        const option = /^ {2}(?:readonly )?(\w+)\??[:(]/.exec(line)?.[1];
        if (option !== undefined) {
          if (!isTold) complaints.push(`${name}.${option}: give it a doc comment`);
          if (!new RegExp(`\\b${option}\\b`).test(tests))
            complaints.push(`${name}.${option}: write a test that uses it`);
          if (!new RegExp(`\\b${option}\\b`).test(pages))
            complaints.push(`${name}.${option}: tell of it in docs/guide.md, or in docs/engine.md`);
        }
        isTold = /\*\/\s*$/.test(line);
      }
    }
  }
  assert.ok(complaints.length === 0, `\n${complaints.join("\n")}`);
});

test("block with both hide and expose is refused, since it would ignore one of the two", () => {
  const error = refusal(() => block(() => {}, { hide: ["a"], expose: ["b"] }));
  assert.equal([error.code, error.op, error.param], ["bad-option", "block", "expose"]);
});

test("block, hideIf: the messages for which hideIf returns true are hidden", () => {
  const program = () => {
    sample("z", new Normal(0, 1));
    sample("x", new Normal(0, 1), { obs: 1 });
  };
  const isObserved = { hideIf: (message: Message) => message.type === "sample" && message.isObserved };
  const seen = trace(block(seed(program, random.key(0)), isObserved)).getTrace();
  assert.equal([...seen.keys()], ["z"]);
});

test("baselineBeta: with costs of -10 and a decay of 0.5, the baselines are 0, -5, -7.5", () => {
  const model = () => {
    sample("z", new Bernoulli(0.5));
    factor("ten", -10);
  };
  const guide = () => {
    const baseline = { useDecayingAvgBaseline: true, baselineBeta: 0.5 };
    sample("z", new Bernoulli({ logits: param("l", 0) }), { infer: { baseline } });
  };
  const svi = new SVI(model, guide, adam(0), new TraceELBO());
  let state = svi.init(random.key(0));
  const averages = [state.averages?.z as Tensor];
  for (let step = 0; step < 2; step++) {
    [state] = svi.update(state);
    averages.push(state.averages?.z as Tensor);
  }
  assert.equal(
    averages.map((x) => x.item()),
    [0, -5, -7.5],
  );
});

test("sharesMask: log q counts only where the model's log p counts", () => {
  const keep = tensor([1, 0]);
  const model = () => plate("i", 2, () => mask(() => sample("z", new Normal(0, 1)), keep)());
  const drawn: Tensor[] = [];
  const guide = () => plate("i", 2, () => drawn.push(sample("z", new Normal(3, 1), { infer: { sharesMask: true } })));
  const loss = new TraceGraphELBO().loss(random.key(0), {}, model, guide).item();
  const [z] = [...detachProvenance(drawn[0] as Tensor).toFloat64Array()] as [number];
  // log q - log p of the first element only.
  assert.ok(Math.abs(loss - (z ** 2 - (z - 3) ** 2) / 2) < 1e-13, `${loss}`);
});

test("adam, eps: for small gradients the first step is smaller than the rate", () => {
  // The first step is rate · g / (|g| + eps).
  const step = (eps: number): number => {
    const optimiser = adam(1, { eps });
    const [updates] = optimiser.update({ x: tensor(1e-3) }, optimiser.init({ x: tensor(0) }), { x: tensor(0) });
    return ((updates as Record<string, Tensor>).x as Tensor).item();
  };
  assert.ok(Math.abs(step(1e-3) + 0.5) < 1e-9);
  assert.ok(Math.abs(step(0) + 1) < 1e-9);
});

test("progressBar: a function receives the text", () => {
  const model = () => sample("z", new Normal(0, 1));
  const guide = () => sample("z", new Normal(param("l", 0), 1));
  const said: string[] = [];
  new SVI(model, guide, adam(0.1), new TraceELBO()).run(random.key(0), {
    numSteps: 5,
    progressBar: (text) => said.push(text),
  });
  assert.ok(said.length > 0 && said.some((text) => text.includes("5")), said.join("|"));
});

test("retainGraph is accepted and has no effect", () => {
  const model = () => sample("z", new Normal(0, 1));
  const guide = () => sample("z", new Normal(1, 1));
  const loss = (options: object) => new TraceELBO(options).loss(random.key(0), {}, model, guide).item();
  assert.is(loss({ retainGraph: true }), loss({}));
});

test("toInferenceData, coords: the labels of an axis are written", () => {
  const text = toInferenceData(
    { posterior: { theta: tensor([[1, 2]]) } },
    { dims: { theta: ["school"] }, coords: { school: ["A", "B"] } },
  );
  assert.equal(JSON.parse(text).coords, { school: ["A", "B"] });
});

test("in minified code, errors call estimators and guides by their original names", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { AutoNormal, RenyiELBO, TraceELBO, TraceEnumELBO } from "./infer/index.ts";
        export const said = [() => new TraceELBO({ numParticles: 0 }), () => new TraceEnumELBO({ particles: 2 }),
          () => new RenyiELBO({ alpha: 1 }), () => new AutoNormal(() => {}, { scale: 1 })].map((f) => {
          try { f(); } catch (error) { return error.message; }
        });`,
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const { said } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? "")}`);
  for (const [i, name] of ["TraceELBO", "TraceEnumELBO", "RenyiELBO", "AutoNormal"].entries())
    assert.ok(said[i].startsWith(name), `${said[i]} begins with ${name}`);
});

test("an option that is undefined has its default, also in the types", () => {
  const run = (omit: boolean) => {
    const given = <T extends object>(options: T): Partial<T> => (omit ? {} : options);
    const absent: { subsampleSize?: number | undefined } = given({ subsampleSize: undefined });
    const model = () => {
      const b = sample("b", new Bernoulli(0.4), given({ obs: undefined, obsMask: undefined, infer: undefined }));
      plate("N", 3, absent, () => sample("x", new Normal(b, 1), { obs: tensor([1, 2, 3]) }));
    };
    const infer = given({ baseline: undefined, enumerate: undefined, gradient: undefined, kl: undefined });
    const guide = () => sample("b", new Bernoulli(param("p", 0.5, given({ constraint: undefined }))), { infer });
    const elbo = new TraceGraphELBO(given({ numParticles: undefined, order: undefined, maxPlateNesting: undefined }));
    const svi = new SVI(
      model,
      guide,
      adam(0.01, given({ b1: undefined, eps: undefined })),
      elbo,
      given({ jit: undefined }),
    );
    const options = given({ initState: undefined, initParams: undefined, onStep: undefined, batches: undefined });
    return [...svi.run(random.key(0), { numSteps: 4, ...options }).losses];
  };
  assert.equal(run(false), run(true));
});

test("svi.with: an option that is undefined keeps its value", () => {
  const program = () => void sample("z", new Normal(0, 1));
  const svi = new SVI(program, program, adam(0.1), new TraceELBO(), { jit: false });
  assert.is(svi.with({ jit: undefined, staticArgs: undefined }), svi);
  assert.equal(svi.with({ jit: undefined, forwardModeDifferentiation: true }).options, {
    jit: false,
    forwardModeDifferentiation: true,
  });
});

test("a function vectorizeParticles that does not return the results of all particles is refused", () => {
  const model = () => sample("z", new Normal(0, 1));
  const guide = () => sample("z", new Normal(param("loc", 0), 1));
  const lossWith = (vectorizeParticles: Vectorize) =>
    new TraceELBO({ numParticles: 3, vectorizeParticles })
      .loss(random.key(0), { loc: tensor(0.3) }, model, guide)
      .item();
  assert.ok(Math.abs(lossWith((f, keys) => vmap(f)(keys)) - lossWith(true)) < 1e-14);
  for (const wrong of [
    () => 5,
    () => undefined,
    (f: Run, keys: Tensor) => vmap(f)(keys.slice(1, 3)),
    (f: Run, keys: Tensor) => f(keys.at(0)),
  ])
    assert.is(refusal(() => lossWith(wrong as Vectorize)).param, "vectorizeParticles");
});
type Run = (key: Tensor) => Tree;

test.run();
