/** The command `pedigrad`: `pedigrad bench` measures the package it belongs to. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { cases as compiled } from "./compiled.js";
import { cases as distributions } from "./distributions.js";
import { type Case, measure, type Report, type Row, surroundings } from "./harness.js";
import { cases as mlp } from "./mlp.js";
import { cases as ops } from "./ops.js";
import { type PeerRow, peerRows } from "./peers.js";
import { quantities } from "./quantities.js";
import { cases as svi } from "./svi.js";

const HELP = `pedigrad bench [options]

Measures what an op, a gradient, a compiled program and an SVI step cost on this machine.
Every row stands beside its yardstick; ratios are taken within one run.

  --filter <text>     only rows whose name contains the text; "peers" runs other libraries (docs/bench.md)
  --list              print the names of the rows and stop
  --quick             fewer rounds, and no long rows
  --json              a report as JSON (schema: docs/bench.md)
  --compare <file>    ratios to an earlier --json report; exit code 1 where a row is slower by more than --tolerance
  --tolerance <x>     1.5 by default
  --help              this text
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    filter: { type: "string", default: "" },
    list: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    compare: { type: "string" },
    tolerance: { type: "string", default: "1.5" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [command = "bench"] = positionals;

const nanoseconds = (t: number): string =>
  t < 1e3 ? `${t.toFixed(t < 10 ? 1 : 0)} ns` : t < 1e6 ? `${(t / 1e3).toFixed(2)} µs` : `${(t / 1e6).toFixed(2)} ms`;

function print(row: Row): void {
  console.log(row.name);
  for (const { variant, min, median, spread, ratio, target, gflops } of row.timings) {
    const goal = target === null ? "" : `  (to reach ${target.toFixed(2)}x: ${ratio <= target ? "reached" : "missed"})`;
    const speed = gflops === null ? "" : `  ${gflops.toFixed(1)} GFLOP/s`;
    const beside = variant === row.yardstick ? "  yardstick" : `  ${ratio.toFixed(2)}x`;
    console.log(
      `  ${variant.padEnd(16)} median ${nanoseconds(median).padStart(10)}  min ${nanoseconds(min).padStart(10)}  ±${(50 * spread).toFixed(0)}%${beside}${goal}${speed}`,
    );
  }
}

function printQuantity({ name, unit, value, target }: Report["quantities"][number]): void {
  const goal =
    typeof value === "string" ? "" : `  (to reach ${target} ${unit}: ${value <= target ? "reached" : "missed"})`;
  console.log(`${name}\n  ${typeof value === "string" ? value : `${value.toFixed(2)} ${unit}`}${goal}`);
}

/** The topic of the other libraries: run when asked for by name. */
const PEERS = "peers";
function printPeers(rows: readonly PeerRow[]): void {
  for (const { work, peer, ns, ours, ratio } of rows) {
    const time = typeof ns === "string" ? ns : nanoseconds(ns);
    const beside = ratio === null ? "" : `  ours ${nanoseconds(ours)}, ${ratio.toFixed(ratio < 0.01 ? 5 : 2)}x`;
    console.log(`peers/${work}\n  ${peer.padEnd(16)} ${time}${beside}`);
  }
}

/** Ratios of medians to those of an earlier report; whether all are within the tolerance. */
function compare(report: Report, file: string, tolerance: number): boolean {
  const before = JSON.parse(readFileSync(file, "utf8")) as Report;
  let isFine = true;
  for (const row of report.rows)
    for (const { variant, median } of row.timings) {
      const old = before.rows.find((r) => r.name === row.name)?.timings.find((t) => t.variant === variant);
      if (old === undefined || variant === row.yardstick) continue;
      const ratio = median / old.median;
      if (ratio > tolerance) isFine = false;
      console.error(`${row.name}, ${variant}: ${ratio.toFixed(2)}x of ${file}${ratio > tolerance ? "  SLOWER" : ""}`);
    }
  return isFine;
}

async function bench(): Promise<void> {
  const all: readonly Case[] = [...ops, ...compiled, ...mlp, ...distributions, ...svi];
  const chosen = all.filter(({ name, isLong }) => name.includes(values.filter) && !(values.quick && isLong));
  const asked = quantities.filter(({ name }) => name.includes(values.filter));
  if (values.list) {
    for (const { name } of [...chosen, ...asked]) console.log(name);
    return;
  }
  const where = surroundings();
  if (!values.json) console.log(`${where.machine.cpu}, ${where.machine.cores} cores, Node ${where.node}\n`);
  const rows = chosen.map((one) => {
    const row = measure(one, { quick: values.quick });
    if (!values.json) print(row);
    return row;
  });
  const found: Report["quantities"][number][] = [];
  for (const one of asked) {
    const value = await one.measure({ quick: values.quick });
    const quantity = { name: one.name, unit: one.unit, value, target: one.target };
    if (!values.json) printQuantity(quantity);
    found.push(quantity);
  }
  const peers = PEERS.includes(values.filter) && values.filter !== "" ? peerRows(all, console.error) : [];
  if (!values.json) printPeers(peers);
  const report: Report = { schema: 1, version: "0.1.0", ...where, quick: values.quick, rows, quantities: found, peers };
  if (values.json) console.log(JSON.stringify(report, null, 2));
  if (values.compare !== undefined && !compare(report, values.compare, Number(values.tolerance))) process.exitCode = 1;
}

if (values.help) console.log(HELP);
else if (command === "bench") await bench();
else {
  console.error(`pedigrad: unknown command "${command}". There is one: pedigrad bench.`);
  process.exitCode = 1;
}
