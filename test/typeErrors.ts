/** The compiler's errors for programs taken from pages, with its strictest flags and the paths of this repository. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const STRICT = [
  "--strict",
  "--noUncheckedIndexedAccess",
  "--exactOptionalPropertyTypes",
  "--noImplicitOverride",
  "--noUnusedLocals",
  "--noImplicitReturns",
];
const BASICS = [
  "--noEmit",
  "--skipLibCheck",
  "--module",
  "nodenext",
  "--target",
  "es2022",
  "--verbatimModuleSyntax",
  "--types",
  "node",
];

/** One line for each complaint about `files`, all of which lie in a folder named `.blocks-…`. */
export function typeErrors(files: readonly string[]): string[] {
  const args = [join(root, "node_modules/typescript/bin/tsc"), ...STRICT, ...BASICS, ...files];
  const { stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return stdout.split("\n").filter((line) => line.includes(".blocks-"));
}
