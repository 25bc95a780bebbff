/** The command `pedigrad`. `pedigrad bench` benchmarks the package to which it belongs. */
import { createRequire } from "node:module";
import { changes, isSlower, readReport } from "./compare.js";
import { cases as compiled } from "./compiled.js";
import { cases as distributions } from "./distributions.js";
import { cases as floors } from "./floors.js";
import { type Case, measure, type Report, type Row, surroundings } from "./harness.js";
import { type LoopRow, loopNames, loopRows } from "./loops.js";
import { cases as mlp } from "./mlp.js";
import { cases as ops } from "./ops.js";
import { HELP, Misuse, matching, type Options, optionsOf } from "./options.js";
import { type PeerRow, peerRows } from "./peers.js";
import { quantities as others } from "./quantities.js";
import { cases as recording } from "./recording.js";
import { cases as svi } from "./svi.js";
import { timesToResult } from "./timeToResult.js";

const quantities = [...others, ...timesToResult];
const { version } = createRequire(import.meta.url)("pedigrad/package.json") as { version: string };

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

/** With this filter, other libraries run too. */
const PEERS = "peers";
function printPeers(rows: readonly PeerRow[]): void {
  for (const { work, peer, ns, ours, ratio } of rows) {
    const time = typeof ns === "string" ? ns : nanoseconds(ns);
    const beside = ratio === null ? "" : `  ours ${nanoseconds(ours)}, ${ratio.toFixed(ratio < 0.01 ? 5 : 2)}x`;
    console.log(`peers/${work}\n  ${peer.padEnd(16)} ${time}${beside}`);
  }
}

/** With this filter, NumPyro's compiled loop runs too: `loops` selects all its rows, and `loops/HMM`, for example, some of them. */
const LOOPS = "loops";
function printLoop({ work, ours, theirs, ratio, target, failure }: LoopRow): void {
  const goal = `(to reach ${target.toFixed(2)}x: ${ratio <= target ? "reached" : "missed"})`;
  const times = `NumPyro ${nanoseconds(theirs)}  ours ${nanoseconds(ours)}  ${ratio.toFixed(2)}x  ${goal}`;
  console.log(`loops/${work}\n  ${failure ?? times}`);
}

/** Prints how rows have changed since an earlier report. Returns whether all changes are within the tolerance. */
function compare(before: Report, after: Report, { compare: file, tolerance }: Options): boolean {
  let isFine = true;
  for (const change of changes(before, after)) {
    const { row, variant, byMedian, byMinimum } = change;
    const slower = isSlower(change, tolerance);
    if (slower) isFine = false;
    const times = `${byMedian.toFixed(2)}x of ${file} by median, ${byMinimum.toFixed(2)}x by minimum`;
    console.error(`${row}, ${variant}: ${times}${slower ? "  SLOWER" : ""}`);
  }
  return isFine;
}

async function bench(options: Options): Promise<void> {
  const { filter, quick, json } = options;
  const all: readonly Case[] = [...ops, ...compiled, ...mlp, ...distributions, ...svi, ...floors, ...recording];
  const selected = matching<Case | (typeof quantities)[number]>([...all, ...quantities], filter);
  const selectedCases = all.filter((one) => selected.includes(one) && !(quick && one.isLong));
  const selectedQuantities = quantities.filter((one) => selected.includes(one));
  const withPeers = filter === PEERS;
  const withLoops = filter === LOOPS || filter.startsWith(`${LOOPS}/`);
  const names = [...selectedCases, ...selectedQuantities].map(({ name }) => name);
  const listed = withLoops ? loopNames(filter) : withPeers ? [PEERS] : names;
  if (listed.length === 0)
    throw new Misuse(
      `no row matches --filter "${filter}"${selected.length > 0 ? " with --quick, which leaves out long rows" : ""}. --list prints the names.`,
    );
  if (options.list) {
    for (const name of listed) console.log(name);
    return;
  }
  const before = options.compare === undefined ? null : readReport(options.compare, names);
  const where = surroundings();
  if (!json) console.log(`${where.machine.cpu}, ${where.machine.cores} cores, Node ${where.node}\n`);
  const rows = selectedCases.map((benchCase) => {
    const row = measure(benchCase, { quick });
    if (!json) print(row);
    return row;
  });
  const measured: Report["quantities"][number][] = [];
  for (const { name, unit, target, measure: measureValue } of selectedQuantities) {
    const quantity = { name, unit, value: await measureValue({ quick }), target };
    if (!json) printQuantity(quantity);
    measured.push(quantity);
  }
  const peers = withPeers ? peerRows(all, console.error) : [];
  if (!json) printPeers(peers);
  const loops: LoopRow[] = [];
  for await (const row of withLoops ? loopRows(filter) : []) {
    if (!json) printLoop(row);
    loops.push(row);
  }
  const report: Report = { schema: 1, version, ...where, quick, rows, quantities: measured, peers, loops };
  if (json) console.log(JSON.stringify(report, null, 2));
  if (before !== null && !compare(before, report, options)) process.exitCode = 1;
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else if (options.version) console.log(version);
  else await bench(options);
} catch (error) {
  if (!(error instanceof Misuse)) throw error;
  console.error(`pedigrad: ${error.message}\npedigrad bench --help lists the options.`);
  process.exitCode = 2;
}
