/**
 * Where a page or process forbids code generation, programs give the same numbers without it: the tests of jit and some examples, bundled
 * like the package, run under Node's flag.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { library } from "../tsup.config.js";
import { times } from "./deep.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "no-code-"));
test.after(() => rmSync(folder, { recursive: true }));

const FORBID = "--disallow-code-generation-from-strings";

/** Bundles a program into one file, and returns its path. */
async function bundled(program: string): Promise<string> {
  const outfile = join(folder, program.replaceAll("/", "-").replace(/ts$/, "mjs"));
  await build({
    entryPoints: [join(root, program)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "bundle",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    plugins: library.esbuildPlugins as Plugin[],
    logLevel: "error",
  });
  return outfile;
}
const run = (file: string, ...flags: string[]) =>
  spawnSync(process.execPath, [...flags, file, "--steps", "12"], { encoding: "utf8", timeout: times(60_000, 300_000) });

for (const name of ["jitCalls", "jit"].slice(0, times(1, 2)))
  test(`${name} without code generation`, async () => {
    const { stdout, status } = run(await bundled(`test/autodiff/transforms/${name}.test.ts`), FORBID);
    assert.is(status, 0, stdout);
    assert.match(stdout, /Total:\s+[1-9]/);
  });

const PROGRAMS = ["test/bundlers/coin.ts", "examples/eightSchools.ts", "examples/gaussianMixture.ts"];
for (const program of PROGRAMS.slice(0, times(1, 3)))
  test(`${program}: the same output`, async () => {
    const file = await bundled(program);
    const [free, forbidden] = [run(file), run(file, FORBID)];
    assert.is(forbidden.status, 0, forbidden.stderr);
    assert.is(forbidden.stdout, free.stdout);
  });

test.run();
