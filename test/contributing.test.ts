/** Steps that contributors easily forget, each with a message that says what to add. CONTRIBUTING.md has the same steps as lists. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Op } from "../autodiff/core/op.js";
import * as autodiff from "../autodiff/index.js";
import type { Divergences } from "../distributions/core/divergence.js";
import * as distributions from "../distributions/index.js";
import * as pedigrad from "../index.js";
import * as infer from "../infer/index.js";
import { arrays, scalars } from "./autodiff/ops/opTable.js";
import { lawful } from "./distributions/families/families.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const names = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);
/** Fails with a list of all complaints, not only the first. */
const none = (complaints: readonly string[]): void => assert.ok(complaints.length === 0, `\n${complaints.join("\n")}`);

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(root, folder, file));
/** The exports of all files below a folder, by name, with their files. */
async function exportsOf(folder: string): Promise<{ name: string; value: unknown; file: string }[]> {
  const modules = filesOf(folder).map(async (path) => {
    const module: Record<string, unknown> = await import(pathToFileURL(path).href);
    return Object.entries(module).map(([name, value]) => ({
      name,
      value,
      file: relative(root, path).split(sep).join("/"),
    }));
  });
  return (await Promise.all(modules)).flat();
}
const isOp = (value: unknown): boolean => typeof value === "function" && "op" in value;
const isClass = (value: unknown, base: { prototype: object }): boolean =>
  typeof value === "function" && value.prototype instanceof (base as new () => object);

// Ops

const someTensor = autodiff.tensor(0);

/** Ops that only gradient rules and densities use, as functions. They have separate tests. */
const WITHOUT_METHOD = new Set(
  "mulZeroWins besselGap digammaDifference tetragamma pentagamma betaincinv vonMisesCdf".split(" "),
);
const WITHOUT_ROW = new Set("besselGap digammaDifference tetragamma pentagamma vonMisesCdf".split(" "));
/** Ops that only gradient rules of the library use. unselected.test.ts and edges.test.ts test them. */
const NOT_PUBLIC = new Set(["mulAnyZeroWins"]);
/** Gradients of samplers. */
const isImplicit = (name: string): boolean => /ImplicitGrad[AB]?$/.test(name);

test("every elementwise op is exported, a method, a row of the tests' op table, and a name in the docs", async () => {
  const complaints: string[] = [];
  const engine = read("docs/engine.md");
  for (const { name, value, file } of await exportsOf("autodiff/ops/elementwise")) {
    if (!isOp(value) || NOT_PUBLIC.has(name)) continue;
    if (!(name in autodiff)) complaints.push(`${name} of ${file}: export it from autodiff/index.ts`);
    if (!engine.includes(`\`${name}\``)) complaints.push(`${name} of ${file}: name it in the table of docs/engine.md`);
    if (isImplicit(name)) continue;
    if (!(name in someTensor) && !WITHOUT_METHOD.has(name))
      complaints.push(`${name} of ${file}: make it a method of Tensor (autodiff/methods.ts)`);
    if (!scalars.some((row) => row.name === name) && !WITHOUT_ROW.has(name))
      complaints.push(`${name} of ${file}: give it a row in "scalars" of test/autodiff/ops/opTable.ts`);
  }
  none(complaints);
});

test("an op with a gradient is smooth in the tests' op table, so that its derivatives are compared", async () => {
  const complaints: string[] = [];
  for (const { name, value } of await exportsOf("autodiff/ops/elementwise")) {
    const row = scalars.find((one) => one.name === name);
    if (!isOp(value) || row === undefined || row.smooth) continue;
    const { op } = value as unknown as { op: Op };
    if (row.ranges.some((_, i) => op.vjp(i) !== null))
      complaints.push(
        `${name} has a gradient: write smooth("${name}", …) in "scalars" of test/autodiff/ops/opTable.ts`,
      );
  }
  none(complaints);
});

test("every other op has a row in the tests' op table", async () => {
  const rows = new Set(arrays.map(({ name }) => name.split(/[ ,]/)[0]));
  const found = await Promise.all(["array", "linalg", "views"].map((room) => exportsOf(`autodiff/ops/${room}`)));
  const without = found
    .flat()
    .filter(({ name, value, file }) => name in autodiff && typeof value === "function" && !file.endsWith("/make.ts"))
    .filter(({ name }) => !rows.has(name));
  none(
    without.map(({ name, file }) => `${name} of ${file}: give it a row in "arrays" of test/autodiff/ops/opTable.ts`),
  );
});

test("each exception that this file makes is needed", () => {
  const needless = [...WITHOUT_METHOD].filter((name) => name in someTensor);
  none(needless.map((name) => `${name} is a method now: take it out of WITHOUT_METHOD`));
  const exported = [...NOT_PUBLIC].filter((name) => name in autodiff);
  none(exported.map((name) => `${name} is exported now: take it out of NOT_PUBLIC`));
  const rows = [...WITHOUT_ROW].filter((name) => scalars.some((row) => row.name === name));
  none(rows.map((name) => `${name} has a row now: take it out of WITHOUT_ROW`));
});

// Distributions

const { Distribution } = distributions;
/** Families that laws.test.ts does not cover, and the reasons. */
const NOT_COVERED: Readonly<Record<string, string>> = {
  Empirical: "its parameters are the sample, which has no batch",
  ImproperUniform: "it has neither draws nor a total mass",
  Unit: "it has no value",
};

/** Classes that no program makes by name, and the reasons. */
const INTERNAL: Readonly<Record<string, string>> = {
  StraightThrough: "sample sites that ask for this gradient are drawn from it",
};

/** Whether a class is a family or a wrapper, and not a base class. */
function isFamily(value: unknown, name: string): boolean {
  if (!isClass(value, Distribution) || name in INTERNAL) return false;
  return name in distributions || !Object.values(distributions).some((other) => Object.getPrototypeOf(other) === value);
}

/** "half-normal" for HalfNormal. */
const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

test("every family is exported, in the lists of the README and of its room, and in the general tests of families", async () => {
  const complaints: string[] = [];
  const list = read("README.md").split("## Distributions")[1]?.split("```")[0] as string;
  const found = [...(await exportsOf("distributions/families")), ...(await exportsOf("distributions/wrappers"))];
  for (const { name, value, file } of found) {
    if (!isFamily(value, name)) continue;
    if (!(name in distributions)) complaints.push(`${name} of ${file}: export it from distributions/index.ts`);
    if (!names(list, name)) complaints.push(`${name} of ${file}: name it in the list of README.md, "Distributions"`);
    const room = `${dirname(file)}/README.md`;
    const line =
      read(room)
        .split("\n")
        .find((one) => one.includes(`(${basename(file)})`)) ?? "";
    if (!plain(line).includes(plain(name))) complaints.push(`${name} of ${file}: name it in its line of ${room}`);
    if (!lawful.some((family) => family.name.split("(")[0] === name) && !(name in NOT_COVERED))
      complaints.push(
        `${name} of ${file}: give it reference numbers (test/golden/distributions.json) or an example of its parameters (EXAMPLES of test/distributions/families/families.ts), so that the laws hold it`,
      );
  }
  none(complaints);
});

test("the list of the README names nothing that is not there", () => {
  const list = (read("README.md").split("## Distributions")[1] as string).split(". `")[0] as string;
  const said = list.split(/[\s,]+/).filter((word) => word !== "");
  none(said.filter((name) => !(name in distributions)).map((name) => `README.md lists ${name}, which is not exported`));
});

test("every table of KL divergences names exported families, and is in the row of its own family", async () => {
  const all = distributions as unknown as Record<string, unknown>;
  const complaints: string[] = [];
  for (const { name, value, file } of await exportsOf("distributions/kl")) {
    if (!/^of[A-Z]/.test(name)) continue;
    const families = [name.slice(2)];
    const { to = {}, from = {} } = (value as () => Divergences)();
    families.push(...Object.keys({ ...to, ...from }).filter((other) => other !== "*"));
    for (const family of families)
      if (!isClass(all[family], Distribution))
        complaints.push(`${name} of ${file} names "${family}", which is not an exported family: mend the name`);
    const isCarried = filesOf("distributions/families").some((path) => {
      const text = readFileSync(path, "utf8");
      return text.includes(`class ${families[0]} extends`) && text.includes(`divergences: ${name},`);
    });
    if (!isCarried) complaints.push(`${name} of ${file}: write "divergences: ${name}" into the row of ${families[0]}`);
  }
  none(complaints);
});

/** Whether free numbers can be mapped onto a constraint, which may take bounds. */
function hasBijection(constraint: unknown): boolean {
  try {
    distributions.bijectTo(typeof constraint === "function" ? constraint(0, 1) : constraint);
    return true;
  } catch {
    return false;
  }
}

test("constraints and transforms are in the guide's tables, and each bijection is tested at its ends", () => {
  const guide = read("docs/guide.md");
  const table = read("test/distributions/constraints/boundaries.test.ts").split("const REACHED")[1]?.split("];")[0];
  const lists = `name it in the tables at the end of "Distributions" in docs/guide.md`;
  const complaints: string[] = [];
  for (const [name, constraint] of Object.entries(distributions.constraints)) {
    if (!new RegExp(`\`${name}\\b`).test(guide)) complaints.push(`constraints.${name}: ${lists}`);
    if (hasBijection(constraint) && !names(table as string, name))
      complaints.push(`constraints.${name}: add it to REACHED of test/distributions/constraints/boundaries.test.ts`);
  }
  for (const [name, value] of Object.entries(distributions))
    if (isClass(value, distributions.Transform) && !names(guide, name)) complaints.push(`${name}: ${lists}`);
  none(complaints);
});

// Inference

test("every function of inference, every estimator and autoguide is named in the docs", () => {
  const pages = ["README.md", "docs/guide.md", "docs/engine.md"].map(read).join("\n");
  const complaints = Object.entries(infer).flatMap(([name, value]) => {
    const isTold = /^[a-z]/.test(name) || isClass(value, infer.Elbo) || isClass(value, infer.AutoGuide);
    return !isTold || typeof value !== "function" || names(pages, name) || NOT_IN_DOCS.has(name)
      ? []
      : [`${name}: tell of it in docs/guide.md (or in the table "From Pyro and NumPyro" of README.md)`];
  });
  none(complaints);
});
/** Exports that the docs need not name: the Jit aliases, and helpers for users who write an optimiser or an estimator. */
const NOT_IN_DOCS = new Set(
  "JitTraceELBO JitTraceEnumELBO JitTraceGraphELBO JitTraceMeanFieldELBO paretoK startingValue zipTrees".split(" "),
);

test("every function and every estimator of inference is under test", () => {
  const files = readdirSync(join(root, "test/infer"), { recursive: true, encoding: "utf8" });
  const tests = files.flatMap((file) => (file.endsWith(".test.ts") ? [read(join("test/infer", file))] : [])).join("\n");
  const without = Object.entries(infer).filter(([name]) => !NOT_IN_DOCS.has(name) && !names(tests, name));
  const complaints = without.flatMap(([name, value]) => {
    if (isClass(value, infer.Elbo))
      return [
        `${name}: add it to test/infer/elbo/exact/estimatorTable.test.ts, or give it a test of its own beside that`,
      ];
    return typeof value === "function" && /^[a-z]/.test(name)
      ? [`${name}: write a test below test/infer that uses it`]
      : [];
  });
  none(complaints);
});

// The package

test("names whose export was added or removed since the last version are in CHANGELOG.md", () => {
  const [version, ...known] = read("test/types/exports.txt").trimEnd().split("\n") as [string, ...string[]];
  const today = JSON.parse(read("package.json")).version;
  const write = `(echo ${today}; npx tsx --input-type=module --eval 'for (const name in await import("./index.js")) console.log(name)') > test/types/exports.txt`;
  assert.is(
    version,
    today,
    `test/types/exports.txt has the names of ${version}. With a new version write it anew: ${write}`,
  );
  const top = read("CHANGELOG.md").split(/^## /m)[1] as string;
  const all = Object.keys(pedigrad);
  const added = all.filter((name) => !known.includes(name) && !names(top, name));
  const gone = known.filter((name) => !all.includes(name) && !names(top, name));
  none([
    ...added.map((name) => `${name} is exported: name it under the top heading of CHANGELOG.md, "Added"`),
    ...gone.map(
      (name) => `${name} was exported by ${version}: name it under the top heading of CHANGELOG.md, "Removed"`,
    ),
  ]);
});

// Tests

test("a folder of tests begins with a tour", () => {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => file.endsWith(".test.ts") && file.includes("/"));
  const folders = new Set(files.map((file) => file.slice(0, file.lastIndexOf("/"))));
  const without = [...folders].filter(
    (folder) =>
      files.filter((file) => file.startsWith(`${folder}/`)).length > 1 && !files.includes(`${folder}/tour.test.ts`),
  );
  none(without.map((folder) => `test/${folder}: introduce what it is about in a tour.test.ts`));
});

test.run();
