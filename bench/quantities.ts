/**
 * Figures other than times of calls: growth of the heap, time of an import, size of a bundle, compile time per op. A figure is measured
 * only if the filter selects it, and is compared with a target.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { jit, random, type Tensor, tensor } from "../index.js";
import { stepsOfCoin } from "./svi.js";

export interface Quantity {
  /** `topic/what`. */
  readonly name: string;
  readonly unit: "MB" | "ms" | "kB" | "µs";
  /** The largest acceptable value. */
  readonly target: number;
  /** Measures the value; returns the reason as text if it cannot be measured here. */
  readonly measure: (options: { quick: boolean }) => Promise<number | string>;
}

/** Heap in use after a full collection, in MB. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed / 1e6 + process.memoryUsage().arrayBuffers / 1e6;
}

/** The growth of the heap from the first few steps to `count` steps. */
async function growth(step: () => unknown, count: number): Promise<number> {
  for (let i = 0; i < 200; i++) step();
  const before = heap();
  for (let i = 0; i < count; i++) step();
  return heap() - before;
}

const main = fileURLToPath(new URL("../index.js", import.meta.url));
const median = (xs: number[]): number => xs.sort((a, b) => a - b)[xs.length >> 1] as number;
/** Milliseconds of a Node process that runs this module text. */
function processTime(text: string): number {
  const start = performance.now();
  spawnSync(process.execPath, ["--input-type=module", "-e", text]);
  return performance.now() - start;
}

/** kB of a bundle of these names, minified and gzipped. */
async function bundle(names: string): Promise<number | string> {
  const esbuild = await import("esbuild").catch(() => null);
  if (esbuild === null) return "needs esbuild: npm install esbuild";
  const contents = `export ${names} from ${JSON.stringify(main)};`;
  const options = { bundle: true, minify: true, format: "esm", write: false } as const;
  const { outputFiles } = await esbuild.build({ stdin: { contents, resolveDir: "." }, ...options });
  return gzipSync(outputFiles[0]?.contents as Uint8Array).length / 1000;
}

const OPS = 20_000;
/** A program of OPS ops on single numbers. */
const long = (x: Tensor): Tensor => {
  let y = x;
  for (let i = 0; i < OPS / 2; i++) y = y.mul(0.999).add(x);
  return y;
};

export const quantities: readonly Quantity[] = [
  {
    name: "memory/heap after 1e6 compiled steps of the coin",
    unit: "MB",
    target: 1,
    measure: ({ quick }) => growth(stepsOfCoin(true), quick ? 1e5 : 1e6),
  },
  {
    name: "memory/heap after 1e4 eager steps of the coin",
    unit: "MB",
    target: 1,
    measure: ({ quick }) => growth(stepsOfCoin(false), quick ? 1e3 : 1e4),
  },
  {
    name: "memory/150 cumulative sums of 1e6 numbers, compiled: the peak of a process",
    unit: "MB",
    target: 200,
    measure: async () => {
      const fit = async (path: string): Promise<void> => {
        const P: typeof import("../index.js") = await import(path);
        const f = P.jit((x: Tensor) => {
          let y = x;
          for (let i = 0; i < 150; i++) y = P.cumsum(y.mul(0.5), 0).mul(1e-3);
          return y.sum();
        });
        for (let call = 0; call < 3; call++) f(P.random.normal(P.random.key(call), [1e6]));
        console.log(process.resourceUsage().maxRSS / 1000);
      };
      const text = `await (${fit})(${JSON.stringify(main)})`;
      return Number(execFileSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" }));
    },
  },
  {
    name: "startup/import, beyond an empty module",
    unit: "ms",
    target: 20,
    measure: async ({ quick }) => {
      const rounds = Array.from({ length: quick ? 5 : 21 }, () => [
        processTime(`import ${JSON.stringify(main)}`),
        processTime("0"),
      ]);
      return median(rounds.map(([whole, empty]) => (whole as number) - (empty as number)));
    },
  },
  {
    name: "startup/engine and SVI core, minified and gzipped",
    unit: "kB",
    target: 45,
    measure: () =>
      bundle("{ SVI, adam, sample, param, plate, TraceELBO, TraceGraphELBO, random, tensor, grad, jit, vmap }"),
  },
  { name: "startup/everything, minified and gzipped", unit: "kB", target: 90, measure: () => bundle("*") },
  {
    name: `compiled/compile time of an op, ${OPS} of them`,
    unit: "µs",
    target: 20,
    measure: async () => {
      const times = Array.from({ length: 5 }, (_, i) => {
        const f = jit(long);
        const x = random.normal(random.key(i));
        const calls = Array.from({ length: 3 }, () => {
          const start = performance.now();
          f(x.add(tensor(i)));
          return performance.now() - start;
        }) as [number, number, number];
        // The first call records, the second records and compiles, the third is the first run of the program.
        return calls[1] - calls[0] + calls[2];
      });
      return (1000 * Math.max(0, median(times))) / OPS;
    },
  },
];
