/**
 * Runs the tutorials: the ```ts blocks of a page of docs/tutorials, put together, are one program, it passes the
 * compiler's strictest flags, and what it prints must contain the text of the page's ```text blocks, line by line and in order.
 *
 *     npm run tutorials                       all of them, as they stand: minutes
 *     npm run tutorials -- --small            with STEPS and DRAWS cut down, only to see that they run: seconds
 *     npm run tutorials -- mixture            those whose name contains this
 *     npm run tutorials -- --write mixture    prints what the program prints, for the page
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { typeErrors } from "./typeErrors.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = join(root, "docs/tutorials");
const words = process.argv.slice(2);
const [isSmall, isWriting] = [words.includes("--small"), words.includes("--write")];
const patterns = words.filter((word) => !word.startsWith("--"));
const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, block]) => block as string);

/** `const STEPS = 2000;` and `const DRAWS = 10_000;` with the small numbers that show no more than that a program runs. */
const cutDown = (code: string): string =>
  code
    .replace(/^const (\w*STEPS) = [\d_]+;/gm, "const $1 = 20;")
    .replace(/^const (\w*DRAWS) = [\d_]+;/gm, "const $1 = 50;");

const folder = mkdtempSync(join(root, "test", ".blocks-"));
const failures: string[] = [];
let passed = 0;
try {
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const programs = readdirSync(pages)
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .filter((name) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)))
    .map((name) => {
      const text = readFileSync(join(pages, name), "utf8");
      const code = blocksOf(text, "ts").join("\n").replaceAll('from "pedigrad"', 'from "../../index.js"');
      const file = join(folder, name.replace(/\.md$/, ".ts"));
      writeFileSync(file, isSmall ? cutDown(code) : code);
      return { name, text, file };
    });
  for (const line of typeErrors(programs.map(({ file }) => file))) {
    console.log(`TYPE ${line.replace(/^.*?\.blocks-[^/]*\//, "")}`);
    if (!failures.includes("types")) failures.push("types");
  }
  for (const { name, text, file } of programs) {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", file], {
      cwd: root,
      encoding: "utf8",
    });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (isWriting) console.log(stdout);
    const printed = stdout.split("\n").map((line) => line.trimEnd());
    const missing: string[] = [];
    if (!isSmall)
      for (const expected of blocksOf(text, "text")
        .join("")
        .split("\n")
        .map((line) => line.trimEnd())) {
        const at = printed.indexOf(expected);
        if (at < 0) missing.push(expected);
        else printed.splice(0, at + 1);
      }
    const ok = status === 0 && missing.length === 0;
    if (ok) passed++;
    else failures.push(name);
    console.log(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
    if (status !== 0) console.log(stderr);
    for (const line of missing) console.log(`     the page says, and the program does not: ${line}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`tutorials: ${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
