/**
 * Compares the hashes in other versions of Node, in Bun and in Deno, which package.json pins: npx tsx test/engines/everywhere.ts. If one
 * cannot be installed or started, it says so and passes, except under CI=true on Linux and x64, for which all are published.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const expected: Record<string, string> = JSON.parse(readFileSync(join(here, "hashes.json"), "utf8"));
const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { cwd: here, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 });

/** For each engine: the path of its command in node_modules, and the arguments with which it runs a file. */
const ENGINES: Readonly<Record<string, { command: string; args: readonly string[] }>> = {
  "Node 22": { command: "node-22/bin/node", args: [] },
  "Node 24": { command: "node-24/bin/node", args: [] },
  Bun: { command: ".bin/bun", args: ["run"] },
  Deno: { command: ".bin/deno", args: ["run"] },
};
const mustRun = process.env.CI === "true" && process.platform === "linux" && process.arch === "x64";

function canRun(engine: string, command: string): boolean {
  try {
    console.log(`${engine}: ${run(command, ["--version"]).split("\n")[0]}`);
    return true;
  } catch {
    console.log(`${engine}: skipped, as it cannot be installed or started here`);
    if (mustRun) process.exitCode = 1;
    return false;
  }
}

try {
  run("npm", ["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
} catch {
  console.log("npm ci failed below test/engines");
}
const folder = mkdtempSync(join(tmpdir(), "engines-"));
const program = join(folder, "print.mjs");
buildSync({
  entryPoints: [join(here, "print.ts")],
  outfile: program,
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  logLevel: "error",
});
for (const [engine, { command, args }] of Object.entries(ENGINES)) {
  const path = join(here, "node_modules", command);
  if (!canRun(engine, path)) continue;
  const hashes: Record<string, string> = JSON.parse(run(path, [...args, program]));
  const others = Object.keys(expected).filter((name) => hashes[name] !== expected[name]);
  console.log(
    `${Object.keys(expected).length - others.length} of ${Object.keys(expected).length} results are the same${others.map((name) => `\n  not ${name}`).join("")}`,
  );
  if (others.length > 0) process.exitCode = 1;
}
rmSync(folder, { recursive: true });
