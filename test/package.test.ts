/** The published package: one handler stack for all sub-paths, methods that survive tree-shaking, its size. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formulas, simdPrimitives } from "../autodiff/kernels/formulas/index.js";
import { parse } from "../autodiff/kernels/formulas/language.js";
import { scalarPrimitives } from "../autodiff/kernels/formulas/primitives.js";
import { kernelText } from "../autodiff/kernels/wasm/kernels.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "pedigrad-"));

/** The package as it is published, built once. */
let building: Promise<void> | null = null;
const built = (): Promise<void> => {
  building ??= (async () => {
    const { build: tsup } = await import("tsup");
    const { library } = await import("../tsup.config.js");
    await tsup({ ...library, dts: false, silent: true, outDir: join(out, "dist"), clean: false, config: false });
    writeFileSync(join(out, "package.json"), '{ "sideEffects": false }');
  })();
  return building;
};

test("import { tensor } alone, bundled and tree-shaken, still has its methods", async () => {
  const result = await build({
    stdin: {
      contents: 'import { tensor } from "./index.ts"; export const y = tensor([1, 2, 3]).mul(2).add(1).sum().item();',
      resolveDir: root,
    },
    bundle: true,
    format: "esm",
    outfile: join(out, "one.mjs"),
    write: true,
  });
  assert.is(result.errors.length, 0);
  const { y } = await import(pathToFileURL(join(out, "one.mjs")).href);
  assert.is(y, 15);
});

test("CommonJS sub-paths share one handler stack and one Tensor, and make no tensor at import", async () => {
  await built();
  const require = createRequire(join(out, "x.cjs"));
  const main = require("./dist/index.cjs");
  const infer = require("./dist/infer.cjs");
  const { Tensor } = require("./dist/autodiff.cjs");
  const { Normal } = require("./dist/distributions.cjs");
  assert.not.ok("mul" in Tensor.prototype, "a tensor is made at import: the first one brings the methods");
  const run = infer.trace(() => main.sample("x", new Normal(0, 1), { obs: 1 })).getTrace();
  assert.equal([...run.keys()], ["x"]);
  assert.ok(run.get("x").value instanceof Tensor);
  assert.ok(main.tensor(1) instanceof Tensor);
});

test("a program that is loaded by require has the same fits as one that imports, also the second", async () => {
  await built();
  const losses = ({
    AutoNormal,
    adam,
    Normal,
    plate,
    random,
    SVI,
    sample,
    TraceELBO,
  }: typeof import("../index.js")) => {
    const model = () => {
      const loc = plate("locs", 3, () => sample("loc", new Normal(0, 1)));
      sample("x", new Normal(loc.sum(), 1), { obs: 2 });
    };
    const elbo = new TraceELBO({ numParticles: 2 });
    const fit = () => new SVI(model, new AutoNormal(model), adam(0.01), elbo).run(random.key(0), 20).losses;
    return [fit(), fit()];
  };
  const required = losses(createRequire(join(out, "x.cjs"))("./dist/index.cjs"));
  assert.equal(required, losses(await import(pathToFileURL(join(out, "dist/index.js")).href)));
});

test("kernel text without white space parses to the same kernels as the sources", async () => {
  const { library } = await import("../tsup.config.js");
  const outfile = join(out, "kernels.mjs");
  await build({
    stdin: {
      contents: `
        export { formulas, simdPrimitives } from "./autodiff/kernels/formulas/index.ts";
        export { scalarPrimitives } from "./autodiff/kernels/formulas/primitives.ts";
        import { kernelText } from "./autodiff/kernels/wasm/kernels.ts";
        export const kernels = kernelText();`,
      resolveDir: root,
    },
    bundle: true,
    format: "esm",
    outfile,
    plugins: library.esbuildPlugins ?? [],
  });
  const built: Record<string, string> = await import(pathToFileURL(outfile).href);
  for (const [name, text] of Object.entries({ formulas, simdPrimitives, scalarPrimitives, kernels: kernelText() })) {
    assert.equal(parse(built[name] as string), parse(text), name);
    assert.ok((built[name] as string).length < 0.95 * text.length, `${name} is as long as in the sources`);
  }
});

test("compiled programs of the built package call its kernels: products, sums, triangles, draws, rows in blocks", async () => {
  await built();
  const P: typeof import("../index.js") = await import(pathToFileURL(join(out, "dist/index.js")).href);
  type Tensor = import("../index.js").Tensor;
  const regression = P.grad((w: Tensor, x: Tensor) =>
    P.softplus(P.matmul(x, w)).sum().add(P.matmul(x, w).mean(0).sum()),
  );
  const several = (w: Tensor, x: Tensor): Tensor[] => {
    const square = P.matmul(x.transpose(), x).add(P.eye(x.shape[1] as number));
    const root = P.cholesky(square);
    const half = P.triangularSolve(root, x.transpose().slice(0, 40, { axis: 1 }));
    return [regression(w, x), root, half, x.logsumexp(0), P.random.normal(P.random.key(w.length), [200]).mul(x.mean())];
  };
  for (const columns of [[], [3]] as number[][]) {
    const [w, x] = [
      [20, ...columns],
      [600, 20],
    ].map((shape, i) => P.random.normal(P.random.key(i), shape)) as [Tensor, Tensor];
    const compiled = P.jit(several);
    for (let call = 0; call < 3; call++)
      assert.equal(
        compiled(w, x).map((y) => y.toArray()),
        several(w, x).map((y) => y.toArray()),
      );
    assert.match(compiled.source(w, x), /simd\.rows/);
  }
});

test("where code generation is forbidden, the same numbers come out", async () => {
  const { library } = await import("../tsup.config.js");
  const outfile = join(out, "strict.mjs");
  await build({
    entryPoints: [join(root, "test/strictPage.ts")],
    bundle: true,
    format: "esm",
    platform: "browser",
    outfile,
    plugins: library.esbuildPlugins ?? [],
  });
  const script = `import(${JSON.stringify(pathToFileURL(outfile).href)}).then((m) => console.log(JSON.stringify(m.numbers())))`;
  const run = (...flags: string[]): string =>
    execFileSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
  const strict = run("--disallow-code-generation-from-strings");
  assert.is(strict, run());
  assert.ok((JSON.parse(strict) as number[]).every(Number.isFinite));
});

/**
 * The largest allowed sizes of programs, in kilobytes, bundled with the published package, minified and gzipped. In the package all files are
 * one, and a bundler drops only code whose evaluation has no effects. So calls at the top of a file are marked `/* @__PURE__ *\/`, unless every
 * program needs them. A commit that exceeds a budget on purpose raises the budget.
 */
const BUDGETS: Readonly<Record<string, { program: string; most: number }>> = {
  "tensors and gradients": {
    most: 41.7,
    program: 'import { grad, tensor } from "./dist/index.js"; console.log(grad((x) => x.mul(x))(tensor(3)).item());',
  },
  "a density": {
    most: 48.0,
    program: 'import { Normal } from "./dist/index.js"; console.log(new Normal(0, 1).logProb(1).item());',
  },
  "the coin": {
    most: 114.1,
    program: `
      import { adam, Bernoulli, Beta, constraints, param, plate, random, SVI, sample, TraceGraphELBO, tensor } from "./dist/index.js";
      const model = (flips) => {
        const fairness = sample("fairness", new Beta(10, 10));
        plate("flips", flips.length, () => sample("obs", new Bernoulli(fairness), { obs: flips }));
      };
      const guide = () => {
        const positive = { constraint: constraints.positive };
        sample("fairness", new Beta(param("a", 15, positive), param("b", 15, positive)));
      };
      console.log(new SVI(model, guide, adam(5e-3), new TraceGraphELBO()).run(random.key(0), 200, tensor([1, 1, 0])).losses);`,
  },
  everything: { most: 182.4, program: 'export * from "./dist/index.js";' },
};
for (const [name, { program, most }] of Object.entries(BUDGETS))
  test(`size of ${name}: at most ${most} kB`, async () => {
    await built();
    const { outputFiles } = await build({
      stdin: { contents: program, resolveDir: out },
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    });
    const size = gzipSync(outputFiles[0]?.contents as Uint8Array).length / 1000;
    console.log(`${name}: ${size.toFixed(1)} kB`);
    assert.ok(size <= most, `${name} is ${size} kB: find what was added (esbuild --analyze), or raise its budget here`);
  });

test.after(() => rmSync(out, { recursive: true }));
test.run();
