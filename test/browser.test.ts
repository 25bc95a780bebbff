/** The coin, fitted in a browser: the library as one bundle in headless Chromium. Passes with a word where none is installed. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("..", import.meta.url));
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

const PAGE = `
import { adam, Bernoulli, Beta, constraints, jit, matmul, param, plate, random, sample, SVI, TraceGraphELBO, tensor } from "./index.ts";
const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const model = (data) => {
  const f = sample("f", new Beta(10, 10));
  plate("flips", data.length, () => sample("obs", new Bernoulli(f), { obs: data }));
};
const guide = () => {
  const positive = { constraint: constraints.positive };
  sample("f", new Beta(param("a", 30, positive), param("b", 5, positive)));
};
const { params, losses } = new SVI(model, guide, adam(0.02), new TraceGraphELBO({ numParticles: 8 })).run(random.key(0), 1500, flips);
const long = (x) => matmul(x, x).mul(0.1).tanh().sum();
const compiled = jit(long);
const x = random.normal(random.key(1), [40, 40]);
for (let call = 0; call < 2; call++) compiled(x);
globalThis.simd = { same: compiled(x).item() === long(x).item(), source: compiled.source(x) };
globalThis.fitted = { a: params.a.item(), b: params.b.item(), first: losses[0] };
`;

test("the coin is fitted in headless Chromium, and long arrays are SIMD code there", async () => {
  if (executablePath === undefined) {
    console.log("no Chromium is installed: the browser test is left out");
    return;
  }
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "iife",
    write: false,
    platform: "browser",
  });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: outputFiles[0]?.text as string });
    const { a, b } = (await page.evaluate("globalThis.fitted")) as { a: number; b: number };
    const { same, source } = (await page.evaluate("globalThis.simd")) as { same: boolean; source: string };
    assert.ok(same && source.includes("simd.loop0()"), source);
    // The posterior is Beta(16, 14): its mean is 0.533, and 30 is the sum of its parameters.
    assert.ok(Math.abs(a / (a + b) - 16 / 30) < 0.03, `mean ${a / (a + b)}`);
    assert.ok(Math.abs(a + b - 30) < 8, `sum ${a + b}`);
  } finally {
    await browser.close();
  }
});

test.run();
