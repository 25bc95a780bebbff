/**
 * The package must compute the same after bundlers and minifiers have made it into one file: npx tsx test/bundlers/everywhere.ts.
 * package.json pins their versions. If they cannot be installed, only esbuild is tested, on which the library itself depends for its build.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bundlers-"));
const at = (name: string): string => join(folder, name);
const require = createRequire(join(here, "package.json"));
const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { cwd: here, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });
const tool = (name: string, ...args: string[]): string => run(join(here, "node_modules/.bin", name), args);

/** Writes one file of JavaScript. It is the input of rollup, webpack and the minifiers, which do not read TypeScript. */
function esbuild(to: string, minify: boolean): void {
  buildSync({
    entryPoints: [join(here, "coin.ts")],
    outfile: at(to),
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    minify,
    logLevel: "error",
  });
}

const WAYS: Record<string, (to: string) => unknown> = {
  "esbuild, minified": (to) => esbuild(to, true),
  terser: (to) =>
    tool("terser", at("plain.mjs"), "--module", "--compress", "passes=3,unsafe_arrows", "--mangle", "--output", at(to)),
  rollup: (to) => tool("rollup", at("plain.mjs"), "--format", "es", "--file", at(to)),
  swc: (to) => {
    const { minifySync } = require("@swc/core");
    const options = { module: true, compress: { passes: 3, unsafe_arrows: true }, mangle: true };
    writeFileSync(at(to), minifySync(readFileSync(at("plain.mjs"), "utf8"), options).code);
  },
  "vite, from the sources, with its own minifier (oxc)": (to) => {
    const { build } = require("vite");
    return build({
      root: here,
      configFile: false,
      logLevel: "error",
      build: {
        outDir: folder,
        emptyOutDir: false,
        modulePreload: false,
        rollupOptions: { input: join(here, "coin.ts"), output: { entryFileNames: to } },
      },
    });
  },
  webpack: (to) => {
    // In production mode, whose minifier is terser.
    const webpack = require.resolve("webpack");
    const config = {
      mode: "production",
      target: "node20",
      entry: at("plain.mjs"),
      output: { path: folder, filename: to, module: true, chunkFormat: "module" },
      experiments: { outputModule: true },
    };
    const script = `require(${JSON.stringify(webpack)})(${JSON.stringify(config)}, (error, stats) => { if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); } });`;
    run(process.execPath, ["-e", script]);
  },
};

let canInstall = true;
try {
  run("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
} catch {
  canInstall = false;
  console.log("all but esbuild are left out: npm ci failed below test/bundlers");
}
try {
  const right = run(process.execPath, ["--import", "tsx", join(here, "coin.ts")]);
  esbuild("plain.mjs", false);
  const outcomes = { esbuild: run(process.execPath, [at("plain.mjs")]) };
  for (const [name, build] of Object.entries(WAYS)) {
    if (!canInstall && !name.startsWith("esbuild")) continue;
    const file = `${name.split(",")[0]}.mjs`;
    await build(file);
    Object.assign(outcomes, { [name]: run(process.execPath, [at(file)]) });
  }
  for (const [name, got] of Object.entries(outcomes)) {
    console.log(`${got === right ? "same     " : "DIFFERENT"} ${name}`);
    if (got !== right) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
