/** The rules of the code base that the compiler does not check: imports, sizes of files and folders, READMEs. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { roomOf } from "../rooms.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["provenance", "autodiff", "distributions", "infer"];

/** The one import that leads to a later room: a tensor has ops for methods, and ops make tensors. */
const KNOT = "autodiff/core/tensor.ts -> autodiff/methods.ts";

/**
 * The files that may look at the numbers of a tensor without recording a read: kernels and compiled programs; checks that only refuse,
 * through `refuseFor`; and code that runs outside every model. All other files call `item`, `toArray` or `readNumbers`, which record a read.
 */
const READERS = new Set([
  ...["apply", "reads", "tensor"].map((name) => `autodiff/core/${name}.ts`),
  "autodiff/transforms/jit/entry.ts",
  ...["program", "recording"].map((name) => `autodiff/transforms/jit/program/${name}.ts`),
  ...["executable", "layout", "views"].map((name) => `autodiff/transforms/jit/compile/${name}.ts`),
  "autodiff/ops/array/lookUp.ts",
  "autodiff/ops/random/random.ts",
  "distributions/constraints/scalar.ts",
  "distributions/core/validation.ts",
  "infer/program/handlers.ts",
  "infer/svi/initialise.ts",
  "infer/svi/state.ts",
  "infer/elbo/costs/baselines.ts",
  "infer/elbo/particles/supports.ts",
  "infer/guides/initStrategies.ts",
  "infer/guides/latents.ts",
]);

const nameOf = (path: string): string => relative(root, path).split(sep).join("/");
const filesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
const library = folders.flatMap((folder) => filesIn(join(root, folder)));

/** The imports of a file, and whether they import only types. */
function importsOf(file: string): { target: string; isType: boolean }[] {
  const text = readFileSync(file, "utf8");
  const statements = [...text.matchAll(/^(?:import|export)\b([^;"]*?)\bfrom "([^"]+)"/gm)].map((m) => {
    const what = (m[1] as string).trim();
    const names = /^\{(.*)\}$/s
      .exec(what)?.[1]
      ?.split(",")
      .filter((name) => name.trim() !== "");
    const isType = what.startsWith("type ") || (names?.every((name) => name.trim().startsWith("type ")) ?? false);
    return { target: m[2] as string, isType };
  });
  const others = [...text.matchAll(/\bimport\("([^"]+)"\)|^import "([^"]+)"/gm)];
  return [...statements, ...others.map((m) => ({ target: (m[1] ?? m[2]) as string, isType: false }))];
}
const edges = library.flatMap((file) =>
  importsOf(file)
    .filter(({ target }) => target.startsWith("."))
    .map(({ target, isType }) => {
      const to = nameOf(resolve(file, "..", target)).replace(/\.js$/, ".ts");
      return { from: nameOf(file), to, isType, said: `${nameOf(file)} -> ${to}` };
    }),
);

test("imports point one way: between the folders, and between the rooms inside them", () => {
  for (const { from, to, said } of edges) {
    if (said === KNOT) continue;
    assert.ok(
      roomOf(from) >= 0,
      `${from} lies in no known room: add its folder to rooms.ts, after all that it imports`,
    );
    assert.ok(roomOf(to) >= 0 && roomOf(to) <= roomOf(from), `${said} points to a later room`);
  }
});

/** The files of a cycle of imports of values; null if there is none. */
function circleIn(imports: readonly { from: string; to: string }[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    done.add(file);
    for (const target of next.get(file) ?? []) {
      const circle = walk(target, [...path, file]);
      if (circle !== null) return circle;
    }
    return null;
  };
  for (const file of next.keys()) {
    const circle = walk(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

test("imports have no cycle except through the import of Tensor's methods", () => {
  const values = edges.filter(({ isType }) => !isType);
  const circle = circleIn(values.filter(({ said }) => said !== KNOT));
  assert.is(circle, null, `circle: ${circle?.join(" -> ")}`);
  assert.ok(circleIn(values)?.join(" -> ").includes(KNOT), `${KNOT} closes no circle: move it, and take KNOT away`);
});

/** Folders with more names than allowed, which are to be divided. */
const CROWDED = new Set(["test", "bench"]);

test("a folder lists at most 15 names besides its README and index", () => {
  const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  const names = new Map<string, Set<string>>();
  for (const file of tracked
    .toString()
    .split("\n")
    .filter((path) => path.includes("/") && existsSync(join(root, path))))
    for (let path = file; path.includes("/"); path = dirname(path)) {
      const folder = dirname(path);
      names.set(folder, (names.get(folder) ?? new Set()).add(basename(path)));
    }
  for (const [folder, all] of names) {
    const count = [...all].filter((name) => name !== "README.md" && name !== "index.ts").length;
    if (!CROWDED.has(folder)) assert.ok(count <= 15, `${folder} lists ${count} names: cut the folder in two`);
    else assert.ok(count > 15, `${folder} lists ${count} names by now: take it out of CROWDED`);
  }
});

/** Families with more than 30 lines of code, and the reasons. */
const LONG_FAMILIES: Readonly<Record<string, string>> = {
  Empirical: "checks of samples and weights together",
  FisherSnedecor: "two tails, and a pathwise gradient of its own",
  ImproperUniform: "no row: it has neither parameters nor draws",
  LowRankMultivariateNormal: "algebra of the capacitance matrix",
  MultivariateNormal: "three ways to give the scale, checked together with loc",
  MultivariateStudentT: "infinite and undefined moments along with the algebra",
  StudentT: "infinite and undefined moments",
  TruncatedNormal: "quantiles in the far tails, moments by quadrature",
  Wishart: "a matrix drawn by its Cholesky factor",
};

test("a family has at most 30 lines of code, or a reason to have more", () => {
  const long = new Set<string>();
  for (const file of library.filter((name) => nameOf(name).startsWith("distributions/families/"))) {
    const code = readFileSync(file, "utf8").replace(/\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    for (const [text, name] of code.matchAll(/^export class (\w+)[\s\S]*?^(?:\}|\}?\) \{\})$/gm)) {
      const lines = text.split("\n").filter((line) => line.trim() !== "").length;
      if (lines <= 30) continue;
      assert.ok(
        Object.hasOwn(LONG_FAMILIES, name as string),
        `${nameOf(file)}: ${name} has ${lines} lines. Move its numerics to distributions/densities, or say why in LONG_FAMILIES`,
      );
      long.add(name as string);
    }
  }
  assert.equal([...long].sort(), Object.keys(LONG_FAMILIES), "LONG_FAMILIES names a family that is short by now");
});

test("every folder has a README, which names each of its files and rooms once", () => {
  const all = new Set(
    library.flatMap((file) => [dirname(file), dirname(dirname(file))]).filter((f) => nameOf(f) !== ""),
  );
  for (const folder of all) {
    const path = join(folder, "README.md");
    assert.ok(
      existsSync(path),
      `${nameOf(folder)} wants a README.md: what it is, its files in reading order, what it may import`,
    );
    const text = readFileSync(path, "utf8");
    for (const name of readdirSync(folder).filter((name) => !["README.md", "index.ts"].includes(name))) {
      const times = text.split(`[${name}](${name})`).length - 1;
      assert.is(times, 1, `${nameOf(path)} links ${name} ${times} times, and should once: [${name}](${name})`);
    }
    for (const [, target] of text.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(existsSync(resolve(folder, target as string)), `${nameOf(path)} links ${target}, which does not exist`);
    const lines = text.trimEnd().split("\n").length;
    assert.ok(lines <= 30, `${nameOf(path)} has ${lines} lines; a README of a room has 10 to 25`);
  }
});

test("the library runs in a browser: no Node built-ins, and no package but ndarray", () => {
  for (const file of library)
    for (const { target } of importsOf(file)) {
      if (target.startsWith(".")) continue;
      assert.not.ok(target.startsWith("node:") || builtinModules.includes(target), `${nameOf(file)} imports ${target}`);
      assert.is(target, "ndarray", `${nameOf(file)} imports ${target}`);
    }
});

test("randomness comes from keys, and only the file that measures the time of a gradient reads the clock", () => {
  for (const file of library.filter((name) => nameOf(name) !== "infer/explain/gradientVariance.ts"))
    assert.not.match(readFileSync(file, "utf8"), /Math\.random|\bDate[.(]|performance\.now/, nameOf(file));
});

test("only the files in READERS look at numbers of a tensor without recording a read", () => {
  for (const file of library) {
    const looks = /\b(rawViews?|rawNumber|ofNumbers|elementsOf)\b/.exec(readFileSync(file, "utf8"))?.[0];
    if (looks !== undefined && !READERS.has(nameOf(file)))
      assert.unreachable(
        `${nameOf(file)} uses ${looks}: read (item, toArray, readNumbers), or refuse through refuseFor`,
      );
  }
  for (const file of READERS)
    assert.match(readFileSync(join(root, file), "utf8"), /\b(rawViews?|rawNumber|ofNumbers|elementsOf)\b/);
});

test("the library calls no function of Math, and no power, whose last digits an engine may choose", () => {
  const isFixed = /^(abs|ceil|floor|round|trunc|sign|sqrt|min|max|imul|clz32|fround|[A-Z].*)$/;
  for (const file of library) {
    const { code } = transformSync(readFileSync(file, "utf8"), {
      loader: "ts",
      legalComments: "none",
      target: "esnext",
    });
    assert.not.match(code, /\}\s*=\s*Math\b|\bMath\s*\[/, `${nameOf(file)} takes functions out of Math`);
    for (const [, name] of code.matchAll(/\bMath\s*\.\s*(\w+)/g))
      assert.match(name as string, isFixed, `${nameOf(file)}: Math.${name}`);
    // A power of one literal by another is a constant.
    for (const [, base, exponent] of code.matchAll(/(\S+) \*\* (\S+)/g))
      assert.ok(
        /(^|[^\w.])\d+$/.test(base as string) && /^-?\d[\de]*\b/.test(exponent as string),
        `${nameOf(file)}: ${base} ** ${exponent}`,
      );
  }
});

test("no library file is longer than 280 lines", () => {
  for (const file of library) {
    const lines = readFileSync(file, "utf8").split("\n").length - 1;
    assert.ok(lines <= 280, `${nameOf(file)} has ${lines} lines`);
  }
});

test.run();
