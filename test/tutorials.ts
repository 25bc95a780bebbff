/**
 * Runs the tutorials. The ```ts blocks of a page below docs/tutorials together are one program. It must compile with the strictest flags, and its
 * output must contain the lines of the page's ```text blocks in order. If a page compares its figures with Pyro's, the difference must be
 * within the tolerance that the page states (or larger than it: "> 0.5"); Pyro's figures must be those that its script wrote, and ours must be
 * in the output.
 *
 *     npm run tutorials                       all of them: minutes
 *     npm run tutorials -- --small            with fewer STEPS and DRAWS, only to check that they run: seconds
 *     npm run tutorials -- mixture            those whose name contains this
 *     npm run tutorials -- --write mixture    prints what the program prints, for the page
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { typeErrors } from "./typeErrors.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = join(root, "docs/tutorials");
const words = process.argv.slice(2);
const [isSmall, isWriting] = [words.includes("--small"), words.includes("--write")];
const patterns = words.filter((word) => !word.startsWith("--"));
const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, block]) => block as string);

/** The code with small numbers in `const STEPS = 2000;` and `const DRAWS = 10_000;`, which are enough to see that a program runs. */
const cutDown = (code: string): string =>
  code
    .replace(/^const (\w*STEPS) = [\d_]+;/gm, "const $1 = 20;")
    .replace(/^const (\w*DRAWS) = [\d_]+;/gm, "const $1 = 50;");

/** A figure of Pyro: the result of one fit, or the mean of several fits and the standard deviation of a single fit. */
type Figure = number | { readonly value: number; readonly sd: number; readonly seeds: number };
const scripts: Record<string, Record<string, Figure>> = JSON.parse(
  readFileSync(join(pages, "pyro/figures.json"), "utf8"),
);

/** What is wrong with the rows of a page's table `| | here | Pyro | tolerance |`. */
function wrongFigures(page: string, text: string): string[] {
  const table = /^\| \| here \| Pyro \| tolerance \|\n.*\n((?:\|.*\n)*)/m.exec(text)?.[1] ?? "";
  const rows = table.split("\n").filter((line) => line !== "");
  const names = Object.keys(scripts[page] ?? {}).filter((name) => !rows.some((row) => row.startsWith(`| ${name} |`)));
  const printed = blocksOf(text, "text").join("");
  return [
    ...names.map((name) => `the page has no row for Pyro's "${name}"`),
    ...rows.flatMap((row) => {
      const [name, here, pyro, tolerance] = row
        .split("|")
        .slice(1)
        .map((cell) => cell.trim()) as [string, string, string, string];
      const apart = Math.abs(Number(here) - Number(pyro));
      const holds = tolerance.startsWith(">") ? apart > Number(tolerance.slice(1)) : apart <= Number(tolerance);
      const figure = scripts[page]?.[name] ?? Number.NaN;
      const { value: measured, sd, seeds } = typeof figure === "number" ? { value: figure, sd: 0, seeds: 1 } : figure;
      const least = (4.5 * sd) / Math.sqrt(seeds);
      return [
        ...(holds ? [] : [`${name}: ${here} and ${pyro} are ${apart.toFixed(4)} apart, not ${tolerance}`]),
        ...(measured.toFixed(pyro.split(".")[1]?.length ?? 0) === pyro
          ? []
          : [`${name}: Pyro's figure is ${measured}, not ${pyro}`]),
        ...(Number(tolerance.replace(">", "")) >= least
          ? []
          : [`${name}: ${tolerance} is less than 4.5 standard errors of Pyro's mean, ${least.toFixed(4)}`]),
        ...(printed.includes(here) ? [] : [`${name}: ${here} is not in what the program prints`]),
      ];
    }),
  ];
}

const folder = mkdtempSync(join(root, "test", ".blocks-"));
const failures: string[] = [];
let passed = 0;
try {
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const programs = readdirSync(pages, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md") && !path.endsWith("README.md"))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort()
    .map((path) => {
      const name = basename(path);
      const text = readFileSync(join(pages, path), "utf8");
      const code = blocksOf(text, "ts")
        .join("\n")
        .replaceAll('from "pedigrad"', 'from "../../index.js"')
        .replaceAll('from "./', 'from "../../examples/');
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
    const wrong = wrongFigures(name.replace(/\.md$/, ""), text);
    const ok = status === 0 && missing.length === 0 && wrong.length === 0;
    if (ok) passed++;
    else failures.push(name);
    console.log(`${ok ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
    if (status !== 0) console.log(stderr);
    for (const line of wrong) console.log(`     ${line}`);
    for (const line of missing) console.log(`     the page says, and the program does not: ${line}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`tutorials: ${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
