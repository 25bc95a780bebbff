/**
 * Compiled SVI steps compared with NumPyro's own loop (`lax.fori_loop` over `svi.update`, float64, one thread). First both libraries
 * average losses at the same parameters, and the averages must agree. Then they take turns in running many steps. The ratio is the median,
 * over the rounds, of the ratio of their CPU times. This needs a clone and NumPyro: `pip install -r bench/peers/requirements.txt`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { adam, random, type Step, SVI, sgd } from "../index.js";
import { medianOf } from "./harness.js";
import { Misuse } from "./options.js";
import { type Loop, works } from "./peers/works.js";

const PROGRAM = "bench/peers/loops.py";
const [ROUNDS, STRETCH] = [9, 200e6];

/** Nanoseconds of CPU per step, and the ratio ours / theirs. If they could not be measured, they are NaN and `failure` gives the reason. */
export interface LoopRow {
  readonly work: string;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly target: number;
  readonly failure?: string;
}
/** A mean over draws and its standard error. */
interface Estimate {
  readonly mean: number;
  readonly error: number;
}

/** NumPyro in its own process, which answers one request at a time. */
class NumPyro {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  constructor() {
    this.#child = spawn(process.env.PYTHON ?? "python3", [PROGRAM], { stdio: ["pipe", "pipe", "pipe"] });
    const lines: Interface = createInterface({ input: this.#child.stdout });
    this.#lines = lines[Symbol.asyncIterator]();
    this.#child.on("error", () => {});
    this.#child.stdin.on("error", () => {});
  }
  async ask<T>(question: { work: string; steps?: number; draws?: number }): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("NumPyro does not answer: pip install -r bench/peers/requirements.txt");
    const reply = JSON.parse(value) as T & { failure?: string };
    if (reply.failure !== undefined) throw new Error(reply.failure);
    return reply;
  }
  close(): void {
    this.#child.kill();
  }
}

/** The arguments of the steps of a row. */
const argumentsOf = ({ args, initParams }: Loop) => ({
  args: args?.() ?? [],
  options: { progressBar: false, ...(initParams && { initParams: initParams() }) },
});
type StepArguments = ReturnType<typeof argumentsOf>;

/** The mean loss at the initial parameters. */
function lossesOf({ model, guide, elbo }: Loop, { args, options }: StepArguments, draws: number): Estimate {
  const { losses } = new SVI(model, guide, sgd(0), elbo).run(random.key(1), { ...options, numSteps: draws }, ...args);
  const mean = losses.reduce((sum, x) => sum + x, 0) / draws;
  const variance = losses.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws;
  return { mean, error: Math.sqrt(variance / draws) };
}

/** Runs n steps, and returns the nanoseconds of CPU per step. */
function timedSteps({ model, guide, elbo }: Loop, { args, options }: StepArguments): (n: number) => number {
  const svi = new SVI(model, guide, adam(1e-3), elbo, { jit: true });
  const steps: Iterator<Step> = svi.steps(random.key(0), { ...options, numSteps: 1e9 }, ...args)[Symbol.iterator]();
  return (n) => {
    const start = process.cpuUsage();
    for (let i = 0; i < n; i++) steps.next();
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1e3) / n;
  };
}

/** The number of steps that fill a turn, found during the warm-up, in which V8 optimises the steps and checks become rarer. */
async function countFor(take: (n: number) => Promise<number> | number): Promise<number> {
  let [count, steps, total] = [4, 0, 0];
  for (;;) {
    const ns = await take(count);
    steps += count;
    total += count * ns;
    const wanted = Math.ceil(STRETCH / Math.max(ns, 1));
    if (total > 20 * STRETCH || (steps > 2000 && count >= wanted / 2)) return wanted;
    count = Math.min(wanted, 4 * count);
  }
}

async function measure(loop: Loop, rival: NumPyro): Promise<LoopRow> {
  const { name: work, rival: name = work, draws = 2000, target } = loop;
  const stepArguments = argumentsOf(loop);
  const losses = [lossesOf(loop, stepArguments, draws), await rival.ask<Estimate>({ work: name, draws })] as const;
  const [ours, theirs] = losses;
  const allowed = 4.5 * Math.hypot(ours.error, theirs.error) + 1e-9 * Math.abs(theirs.mean);
  if (!(Math.abs(ours.mean - theirs.mean) <= allowed))
    throw new Error(`the losses differ: ours ${ours.mean} ± ${ours.error}, NumPyro's ${theirs.mean} ± ${theirs.error}`);
  const runOurs = timedSteps(loop, stepArguments);
  const runTheirs = async (steps: number) => (await rival.ask<{ ns: number }>({ work: name, steps })).ns;
  const counts = [await countFor(runOurs), await countFor(runTheirs)] as const;
  const rounds: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push([runOurs(counts[0]), await runTheirs(counts[1])]);
  return {
    work,
    ours: medianOf(rounds.map(([t]) => t)),
    theirs: medianOf(rounds.map(([, t]) => t)),
    ratio: medianOf(rounds.map(([a, b]) => a / b)),
    target,
  };
}

const selected = (filter: string): readonly Loop[] => works.filter(({ name }) => `loops/${name}`.includes(filter));

export const loopNames = (filter: string): string[] => selected(filter).map(({ name }) => `loops/${name}`);

/** The rows whose name contains the filter. */
export async function* loopRows(filter: string): AsyncGenerator<LoopRow> {
  if (!existsSync(PROGRAM)) throw new Misuse(`${filter}: run this in a clone of the repository, where ${PROGRAM} is.`);
  const rival = new NumPyro();
  try {
    for (const loop of selected(filter))
      try {
        yield await measure(loop, rival);
      } catch (error) {
        const { name: work, target } = loop;
        yield { work, ours: NaN, theirs: NaN, ratio: NaN, target, failure: (error as Error).message };
      }
  } finally {
    rival.close();
  }
}
