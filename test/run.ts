/**
 * Runs every test/**\/*.test.ts (uvu), each in its own process, two at a time. Prints one line per file and a summary. Fails if a test fails,
 * if a file runs no test, or if a file takes longer than LIMIT.
 *
 *     npm test                      everything
 *     npm test -- autodiff svi      the files whose path contains one of these
 *     npm run test:deep             property tests with more cases (deep.ts)
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Outcome {
  file: string;
  ok: boolean;
  tests: number;
  seconds: number;
  output: string;
}

const WORKERS = 2;
const root = fileURLToPath(new URL("..", import.meta.url));
const isDeep = process.argv.includes("--deep");
const LIMIT = isDeep ? 3_600_000 : 120_000;
const env = isDeep ? { ...process.env, PEDIGRAD_DEEP: "1" } : process.env;

function run(file: string): Promise<Outcome> {
  const start = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  return new Promise((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const tests = Number(/^\s*Total:\s+(\d+)/m.exec(output)?.[1] ?? 0);
      if (signal) output += `\nended by ${signal} (limit ${LIMIT / 1000} s)\n`;
      else if (code === 0 && tests === 0) output += "\nno test ran: is `test.run()` at the end of the file?\n";
      resolve({ file, ok: code === 0 && tests > 0, tests, seconds: (performance.now() - start) / 1000, output });
    }),
  );
}

const patterns = process.argv.slice(2).filter((word) => word !== "--deep");
const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .map((file) => join("test", file))
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => !isDeep || /\/deep\.js"/.test(readFileSync(join(root, file), "utf8")))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort();

const outcomes: Outcome[] = [];
const start = performance.now();
const queue = [...files];
const work = async (): Promise<void> => {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const outcome = await run(file);
    outcomes.push(outcome);
    const { ok, tests, seconds, output } = outcome;
    console.log(`${ok ? "ok  " : "FAIL"} ${file} (${tests} tests, ${seconds.toFixed(1)} s)`);
    if (!ok) console.log(output.replace(/^/gm, "     "));
  }
};
await Promise.all(Array.from({ length: WORKERS }, work));

const failed = outcomes.filter(({ ok }) => !ok).map(({ file }) => file);
const tests = outcomes.reduce((sum, outcome) => sum + outcome.tests, 0);
console.log(
  `\n${outcomes.length} files, ${tests} tests, ${failed.length} files failed, ${((performance.now() - start) / 1000).toFixed(1)} s`,
);
for (const file of failed) console.log(`  failed: ${file}`);
if (files.length === 0) console.log(`no test file matches ${patterns.join(", ")}`);
process.exitCode = failed.length > 0 || files.length === 0 ? 1 : 0;
