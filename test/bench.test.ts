/**
 * The command `pedigrad bench`: which calls it refuses before it measures, which rows a filter selects, and when a row counts as slower.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { changes, isSlower } from "../bench/compare.js";
import { matching, optionsOf } from "../bench/options.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pedigrad-bench-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const pedigrad = (...args: string[]) =>
  spawnSync(process.execPath, ["--import", "tsx", join(root, "bench/cli.ts"), ...args], {
    cwd: root,
    encoding: "utf8",
  });

const refused: [args: string[], says: RegExp][] = [
  [["bench", "--fliter", "mul"], /Unknown option '--fliter'/],
  [["--tolerance", "abc"], /--tolerance must be a positive number such as 1\.5, got "abc"/],
  [["--tolerance="], /got ""/],
  [["benhc"], /unknown command "benhc"/],
  [["--filter", "mul", "--filter", "sum"], /--filter is given twice/],
  [["bench", "mul"], /did not expect "mul".*--filter "mul"/],
];
for (const [args, says] of refused)
  test(`optionsOf refuses ${args.join(" ")}`, () => {
    assert.throws(() => optionsOf(args), says);
  });

test("without arguments the command prints its help and measures nothing", () => {
  assert.ok(optionsOf([]).help);
  assert.not(optionsOf(["bench"]).help);
});

test("a misuse prints a message and a hint but no stack trace, and the exit code is 2", () => {
  const { status, stderr, stdout } = pedigrad("bench", "--fliter", "mul");
  assert.is(status, 2);
  assert.is(stdout, "");
  assert.is(stderr, "pedigrad: Unknown option '--fliter'.\npedigrad bench --help lists the options.\n");
});

test("an earlier report that cannot be compared with is refused before anything is measured", () => {
  const reports: [path: string, says: RegExp][] = [
    [join(folder, "missing.json"), /missing\.json cannot be read \(ENOENT/],
    [file("words.json", "once upon a time"), /is not JSON/],
    [file("other.json", '{ "name": "pedigrad" }'), /is not a report of schema 1/],
    [file("null.json", "null"), /is not a report of schema 1/],
    [file("empty.json", '{ "schema": 1, "rows": [] }'), /has none of the rows that would be measured/],
  ];
  for (const [path, says] of reports) {
    const { status, stderr, stdout } = pedigrad("--filter", "ops/mul n=1", "--compare", path);
    assert.is(status, 2);
    assert.match(stderr, says);
    assert.is(stdout, "");
  }
});

test("a build that is not there cannot be compared with", () => {
  const args = ["--import", "tsx", join(root, "bench/oldAndNew.ts"), folder];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.is(status, 2);
  assert.match(stderr, /index\.js is missing\. Build that checkout first/);
});

test("a filter that selects nothing says so", () => {
  for (const filter of ["mull", "loops/HMN"]) {
    const { status, stderr } = pedigrad("--filter", filter);
    assert.is(status, 2);
    assert.match(stderr, `no row matches --filter "${filter}". --list prints the names.`);
  }
});

test("the rows beside NumPyro are selected by their topic and a part of their names", () => {
  const { stdout, status } = pedigrad("--filter", "loops/HMM K=10 T=50", "--list");
  assert.is(status, 0);
  assert.equal(stdout.trim().split("\n"), ["loops/HMM K=10 T=50, enumerated", "loops/HMM K=10 T=50, DiscreteHMM"]);
});

test("--version prints the version of package.json, and --help names every option", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.is(pedigrad("--version").stdout, `${version}\n`);
  const { stdout, status } = pedigrad("--help");
  assert.is(status, 0);
  for (const option of ["filter", "list", "quick", "json", "compare", "tolerance", "version", "help"])
    assert.match(stdout, `--${option} `);
});

test("a text selects the names that contain it, but a complete name selects only itself", () => {
  const rows = ["ops/mul n=1", "ops/mul n=10", "ops/sum n=1"].map((name) => ({ name }));
  const names = (text: string) => matching(rows, text).map(({ name }) => name);
  assert.equal(names("mul n=1"), ["ops/mul n=1", "ops/mul n=10"]);
  assert.equal(names("ops/mul n=1"), ["ops/mul n=1"]);
  assert.equal(
    names(""),
    rows.map(({ name }) => name),
  );
});

const report = (min: number, median: number, machine = 1) => {
  const timing = (variant: string, low: number, middle: number, ratio: number) => {
    return { variant, min: low * machine, median: middle * machine, spread: 0, ratio, target: null, gflops: null };
  };
  const timings = [timing("ours", min, median, median / 4), timing("loop", 2, 4, 1)];
  return { rows: [{ name: "ops/mul n=1", yardstick: "loop", rounds: 9, timings }] };
};
test("a row is slower if its median and its minimum have grown relative to the yardstick", () => {
  const slower = (min: number, median: number, machine = 1) => {
    const [change, ...others] = changes(report(1, 8), report(min, median, machine));
    assert.equal(others, []);
    return isSlower(change as NonNullable<typeof change>, 1.5);
  };
  assert.is(slower(2, 16), true);
  assert.is(slower(2, 11), false); // the median is within the tolerance
  assert.is(slower(1.4, 16), false); // the minimum is
  assert.is(slower(1, 8, 3), false); // all of the machine is three times slower
  assert.equal(changes(report(1, 8), report(3, 16)), [
    { row: "ops/mul n=1", variant: "ours", byMedian: 2, byMinimum: 3 },
  ]);
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
