/**
 * Runs other libraries on the same work, if they are installed: libraries in JavaScript (peers/peers.mjs) and in Python (peers/peers.py).
 * These programs are in the repository, but not in the package.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Case, measure } from "./harness.js";
import { Misuse } from "./options.js";

interface Line {
  readonly peer: string;
  readonly work?: string;
  readonly ns?: number;
  readonly error?: string;
  readonly missing?: boolean | string;
}
/**
 * `ns` and `ours` are the times of another library and of pedigrad, in nanoseconds per call. If `ns` could not be measured, it is the
 * reason.
 */
export interface PeerRow {
  readonly work: string;
  readonly peer: string;
  readonly ns: number | string;
  readonly ours: number;
  readonly ratio: number | null;
}

const FOLDER = "bench/peers";
const PROGRAMS: readonly (readonly [command: string, file: string, install: string])[] = [
  [process.execPath, "peers.mjs", `npm install --prefix ${FOLDER}`],
  [process.env.PYTHON ?? "python3", "peers.py", `pip install -r ${FOLDER}/requirements.txt`],
];

/** The lines that the programs print. A library that is missing is reported with `say`. */
function* linesOf(say: (text: string) => void): Generator<Line> {
  if (!existsSync(FOLDER)) throw new Misuse(`peers: run this in a clone of the repository, where ${FOLDER} is.`);
  for (const [command, file, install] of PROGRAMS) {
    const { stdout, error } = spawnSync(command, [join(FOLDER, file)], { encoding: "utf8", maxBuffer: 2 ** 26 });
    if (error !== undefined) say(`peers: ${command} is missing (${error.message}).`);
    for (const text of (stdout ?? "").split("\n")) {
      if (!text.startsWith("{")) continue;
      const line = JSON.parse(text) as Line;
      if (line.missing) say(`peers: ${line.peer} is not installed: ${install}`);
      else yield line;
    }
  }
}

/** The rows of other libraries, with the compiled times of this library, each of which is measured once. */
export function peerRows(cases: readonly Case[], say: (text: string) => void): PeerRow[] {
  const ours = new Map<string, number>();
  const rows: PeerRow[] = [];
  for (const { peer, work = "", ns, error } of linesOf(say)) {
    const sameWork = cases.find(({ name }) => name.slice(name.indexOf("/") + 1) === work);
    if (sameWork === undefined) continue;
    if (!ours.has(work)) ours.set(work, measure(sameWork, { quick: false }).timings[0]?.median as number);
    const time = ours.get(work) as number;
    const row = { work, peer, ns: ns ?? (error as string), ours: time, ratio: ns === undefined ? null : time / ns };
    rows.push(row);
  }
  return rows;
}
