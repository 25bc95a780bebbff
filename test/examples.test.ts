/**
 * Runs the `@example`s of doc comments, and compares their values with the comments, `expression // value`, to as many digits as are given.
 * Every name in them must be exported by the package.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as pedigrad from "../index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = ["provenance", "autodiff", "distributions", "infer"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(root, folder, file)),
);

interface Example {
  readonly file: string;
  /** The name of the declaration after the comment. */
  readonly of: string;
  readonly code: string;
}

const examples: Example[] = files.flatMap((file) => {
  const text = readFileSync(file, "utf8");
  return [
    ...text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*?@example[\s\S]*?)\*\/\s*(?:\/\/ biome-ignore.*\s*)?(?:export )?(?:abstract )?\w+ (\w+)/g,
    ),
  ].flatMap(([, comment, of]) =>
    (comment as string)
      .split("@example")
      .slice(1)
      .map((part) => ({
        file: relative(root, file),
        of: of as string,
        code: (part.split(/^\s*\* @\w/m)[0] as string).replaceAll(/^\s*\* ?/gm, "").trim(),
      })),
  );
});

/** Runs a piece of code in which all exports of the package are known. */
function run(code: string): unknown {
  const { code: plain } = transformSync(code, { loader: "ts" });
  return new Function(...Object.keys(pedigrad), plain)(...Object.values(pedigrad));
}

/** Whether a value agrees with the comment, numbers to as many digits as the comment gives. */
function matches(got: unknown, said: unknown, digits: number): boolean {
  if (typeof said === "number" && typeof got === "number")
    return got === said || Math.abs(got - said) <= 0.5000001 * 10 ** -digits;
  if (!Array.isArray(said) || !Array.isArray(got)) return got === said;
  return said.length === got.length && said.every((item, i) => matches(got[i], item, digits));
}

/** Classes without an example: base classes, Pyro's names of estimators, and results, which the examples of functions return. */
const WITHOUT = new Set(
  "Derived DistributionBase Family Transform Elbo AutoGuide Explanation ModelGraph Summary JitTraceELBO JitTraceEnumELBO JitTraceGraphELBO JitTraceMeanFieldELBO".split(
    " ",
  ),
);

test("every public class has an example", () => {
  const shown = new Set(examples.map(({ of }) => of));
  const classes = Object.entries(pedigrad).filter(
    ([, value]) => typeof value === "function" && /^class\b/.test(`${value}`),
  );
  const bare = classes.map(([name]) => name).filter((name) => !shown.has(name) && !WITHOUT.has(name));
  assert.equal(bare, [], `give these an @example in their doc comment, one line with its value: ${bare.join(", ")}`);
});

for (const { file, of, code } of examples)
  test(`the example of ${of} in ${file} is right`, () => {
    const { log } = console;
    console.log = () => {};
    try {
      const lines = code.split("\n");
      const last = /^(?!const |let |console\.)(.*?);? \/\/ (.*)$/.exec(lines.at(-1) as string);
      if (last === null) {
        run(code);
        return;
      }
      const [, expression, value] = last as unknown as [string, string, string];
      const got = run([...lines.slice(0, -1), `return JSON.parse(JSON.stringify(${expression}));`].join("\n"));
      const digits = Math.max(0, ...[...value.matchAll(/\.(\d+)/g)].map(([, part]) => (part as string).length)) || 12;
      assert.ok(matches(got, JSON.parse(value), digits), `${expression} is ${JSON.stringify(got)}, not ${value}`);
    } finally {
      console.log = log;
    }
  });

test.run();
