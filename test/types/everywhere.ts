/**
 * Checks the package's declarations with the compilers that package.json pins, in every mode of module resolution, without the types of
 * browsers or Node: npx tsx test/types/everywhere.ts TARBALL. The declarations themselves are checked too (skipLibCheck is off). Without an
 * argument, the package is packed as it is built.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const run = (command: string, args: readonly string[], cwd = here): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });

const PROGRAM = ["program.ts", "program.mts", "program.cts"];
/** For each mode of module resolution: the other options that it needs, and the last major version of TypeScript that has it. */
const WAYS: Readonly<Record<string, { options: object; until?: number }>> = {
  node16: { options: { module: "node16" } },
  nodenext: { options: { module: "nodenext" } },
  bundler: { options: { module: "esnext" } },
  node10: { options: { module: "commonjs" }, until: 5 },
};

run("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
const folder = mkdtempSync(join(tmpdir(), "types-"));
try {
  const given = process.argv[2];
  const packed =
    given ??
    join(folder, run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], root).trim());
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@types"), { recursive: true });
  run("tar", ["-xzf", packed, "-C", folder]);
  cpSync(join(folder, "package"), join(modules, "pedigrad"), { recursive: true });
  // The one dependency: NdArray, the type of a tensor's data.
  cpSync(join(root, "node_modules/@types/ndarray"), join(modules, "@types/ndarray"), { recursive: true });
  for (const name of PROGRAM) cpSync(join(here, "program.ts"), join(folder, name));
  for (const compiler of readdirSync(join(here, "node_modules")).filter((name) => name.startsWith("typescript-"))) {
    const major = Number(/^typescript-(\d+)/.exec(compiler)?.[1]);
    for (const [moduleResolution, { options, until = Infinity }] of Object.entries(WAYS)) {
      if (major > until) continue;
      const compilerOptions = {
        ...{ target: "es2022", lib: ["es2022"], types: [], strict: true, skipLibCheck: false, noEmit: true },
        ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, moduleResolution },
        ...options,
      };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: PROGRAM }));
      const what = `${compiler}, ${moduleResolution}`;
      try {
        run(process.execPath, [join(here, "node_modules", compiler, "bin/tsc"), "-p", folder]);
        console.log(`no errors  ${what}`);
      } catch (error) {
        process.exitCode = 1;
        console.log(`ERRORS     ${what}\n${(error as { stdout: string }).stdout.slice(0, 4000)}`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
