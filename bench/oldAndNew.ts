/**
 * Compares two builds on the same work: `npx tsx bench/oldAndNew.ts OLD_DIST [NEW_DIST] [--filter TEXT] [--rounds N] [--long]`, where
 * OLD_DIST and NEW_DIST are the folders `dist` of built checkouts. Both builds run every variant of every row. For each row, each build has
 * its own process, and the two processes take turns, so that a slow second of the machine affects both. CPU times are compared, including
 * the time of the garbage collector. Variants written by hand are the same code in both processes, so they show the noise.
 */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { cases as compiled } from "./compiled.js";
import { cases as distributions } from "./distributions.js";
import { type Case, calibrate, type Loop, loopOf, medianOf } from "./harness.js";
import { cases as mlp } from "./mlp.js";
import { cases as ops } from "./ops.js";
import { Misuse, matching } from "./options.js";
import { cases as svi } from "./svi.js";

const MILLISECONDS = 20;
const rows: readonly Case[] = [...ops, ...compiled, ...mlp, ...distributions, ...svi];

/** A request to a process: measure the CPU nanoseconds per operation of `count` calls of a variant, beginning with call number `from`. */
interface Question {
  readonly variant: string;
  readonly from: number;
  readonly count: number;
}

/** The process of one build: it makes a row, warms up, reports how many calls fill a round, and then answers requests. */
function serve(name: string): void {
  const { make, operations = 1 } = rows.find((row) => row.name === name) as Case;
  const loops = new Map<string, Loop>();
  for (const [variant, work] of Object.entries(make())) loops.set(variant, loopOf(work));
  process.on("message", ({ variant, from, count }: Question) => {
    const start = process.cpuUsage();
    (loops.get(variant) as Loop)(from, from + count);
    const { user, system } = process.cpuUsage(start);
    process.send?.(((user + system) * 1000) / count / operations);
  });
  process.send?.([...loops].map(([variant, loop]) => [variant, calibrate(loop, MILLISECONDS)]));
}

/** A bundle of the benchmarks with one build as `../index.js`, as a module that runs by itself. */
async function bundle(dist: string, outfile: string): Promise<void> {
  const main = resolve(dist, "index.js");
  if (!existsSync(main)) throw new Misuse(`${main} is missing. Build that checkout first: npm run build.`);
  const { build } = await import("esbuild");
  await build({
    entryPoints: [join(import.meta.dirname, "oldAndNew.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["esbuild"],
    plugins: [
      {
        name: "build",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: pathToFileURL(main).href, external: true })),
      },
    ],
  });
}

/** The next message of a process. */
function answer<T>(side: ChildProcess): Promise<T> {
  side.removeAllListeners();
  return new Promise((resolve, reject) => {
    side.once("message", (message) => resolve(message as T));
    side.once("exit", () => reject(new Error("a side ended before it had answered")));
  });
}
const nanoseconds = (t: number): string => (t < 1e4 ? `${t.toFixed(1)} ns` : `${(t / 1e3).toFixed(2)} µs`).padStart(12);

/** Measures one row in both builds, and prints a line per variant. */
async function compare(name: string, files: readonly string[], rounds: number): Promise<void> {
  const sides: ChildProcess[] = [];
  try {
    let variants: [name: string, count: number][] = [];
    // The processes start one after the other, because two that warm up at the same time would disturb each other.
    for (const file of files) {
      // One thread, because the CPU time of parallel garbage collection depends on the load of the machine.
      const side = fork(file, [name], { execArgv: ["--single-threaded-gc"] });
      sides.push(side);
      const counted = await answer<typeof variants>(side);
      if (variants.length === 0) variants = counted;
    }
    const times = variants.map((): [old: number[], now: number[]] => [[], []]);
    for (let round = 0; round < rounds; round++)
      for (const [at, [variant, count]] of variants.entries())
        for (const turn of [0, 1]) {
          const which = (round + turn) % 2;
          const side = sides[which] as ChildProcess;
          side.send({ variant, from: round * count, count } satisfies Question);
          times[at]?.[which]?.push(await answer<number>(side));
        }
    for (const [at, [variant]] of variants.entries()) {
      const [old, now] = times[at] as [number[], number[]];
      const ratio = medianOf(now.map((t, i) => t / (old[i] as number)));
      const least = Math.min(...now) / Math.min(...old);
      const moved = `${nanoseconds(medianOf(old))} -> ${nanoseconds(medianOf(now))}`;
      const label = `${name}, ${variant}`.padEnd(64);
      console.log(`${label} ${moved}  ${ratio.toFixed(2)}x by median, ${least.toFixed(2)}x by minimum`);
    }
  } finally {
    for (const side of sides) side.kill();
  }
}

const USAGE = "npx tsx bench/oldAndNew.ts OLD_DIST [NEW_DIST] [--filter TEXT] [--rounds N] [--long]";
const OPTIONS = {
  filter: { type: "string", default: "" },
  rounds: { type: "string", default: "15" },
  long: { type: "boolean", default: false },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
  const [old, now = "dist"] = positionals;
  if (old === undefined) throw new Misuse(USAGE);
  const folder = mkdtempSync(join(tmpdir(), "pedigrad-builds-"));
  try {
    const files = [join(folder, "old.mjs"), join(folder, "new.mjs")] as const;
    await bundle(old, files[0]);
    await bundle(now, files[1]);
    for (const { name, isLong = false } of matching(rows, values.filter))
      if (values.long || !isLong) await compare(name, files, Number(values.rounds));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  if (process.send === undefined) await main();
  else serve(process.argv[2] as string);
} catch (error) {
  if (!(error instanceof Misuse)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
