/**
 * The hashes under Bun and Deno, whose versions package.json pins: npx tsx test/engines/everywhere.ts. Where they cannot be installed or
 * started it says so and passes.
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

function canRun(engine: string): boolean {
  try {
    console.log(`${engine}: ${run(join(here, "node_modules/.bin", engine), ["--version"]).split("\n")[0]}`);
    return true;
  } catch {
    console.log(`${engine}: skipped, as it cannot be installed or started here`);
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
for (const [engine, args] of Object.entries({ bun: ["run"], deno: ["run"] })) {
  if (!canRun(engine)) continue;
  const hashes: Record<string, string> = JSON.parse(run(join(here, "node_modules/.bin", engine), [...args, program]));
  const others = Object.keys(expected).filter((name) => hashes[name] !== expected[name]);
  console.log(
    `${Object.keys(expected).length - others.length} of ${Object.keys(expected).length} results are the same${others.map((name) => `\n  not ${name}`).join("")}`,
  );
  if (others.length > 0) process.exitCode = 1;
}
rmSync(folder, { recursive: true });
