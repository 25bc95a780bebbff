/** Fits the coin in a browser: the library as one bundle in headless Chromium. If none is installed, the test says so and passes. */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { library } from "../tsup.config.js";
import { numbers } from "./strictPage.js";

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

test("a page whose policy forbids code generation fits the coin and a mixture with the numbers of Node", async () => {
  if (executablePath === undefined) return;
  const { outputFiles } = await build({
    stdin: {
      contents: `import { numbers } from "./test/strictPage.ts";
        let mayGenerate = true;
        try { new Function(""); } catch { mayGenerate = false; }
        globalThis.found = { mayGenerate, numbers: numbers() };`,
      resolveDir: root,
    },
    bundle: true,
    format: "esm",
    write: false,
    platform: "browser",
    plugins: library.esbuildPlugins ?? [],
  });
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const server = createServer(({ url }, response) => {
    const isScript = url === "/strict.js";
    response.writeHead(200, {
      "content-type": isScript ? "text/javascript" : "text/html",
      "content-security-policy": policy,
    });
    response.end(
      isScript
        ? outputFiles[0]?.text
        : '<!doctype html><title>Strict</title><script type="module" src="/strict.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.found !== undefined");
    assert.equal(await page.evaluate("globalThis.found"), { mayGenerate: false, numbers: numbers() });
  } finally {
    await browser.close();
    server.close();
  }
});

test.run();
