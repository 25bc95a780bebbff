/**
 * Every ```ts block of the README and the docs is type-checked with the strictest flags and run, and its output is compared with its
 * comments: `console.log(x); // 5`. Links must exist, in the package too, and docs/engine.md must name everything in the engine.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";
import ts from "typescript";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as engine from "../autodiff/index.js";
import * as provenance from "../provenance/index.js";
import { typeErrors } from "./typeErrors.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);
const blocks = pages.flatMap((page) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((match, i) => ({
    name: `${page} block ${i + 1}`,
    code: match[1] as string,
  })),
);
// Inside the repository, so that `pedigrad` resolves to this source through the compiler's paths.
const folder = mkdtempSync(join(root, "test", ".blocks-"));
const files = blocks.map(({ code }, i) => {
  const file = join(folder, `block${i}.ts`);
  writeFileSync(
    file,
    code
      .replaceAll('from "pedigrad"', 'from "../../index.js"')
      .replaceAll(/from "pedigrad\/(\w+)"/g, 'from "../../$1/index.js"'),
  );
  return file;
});
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
const node = (...args: string[]): string =>
  execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const run = (file: string): string => node("--import", "tsx", file);

/** The lines that a module prints while it is imported. */
async function linesOf(file: string): Promise<string[]> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (...values: unknown[]) => lines.push(...format(...values).split("\n"));
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
  }
  return lines;
}

test("the docs have blocks of code, and the first block of README begins within its first 10 lines", () => {
  assert.ok(blocks.length >= 3);
  const lines = readFileSync(join(root, "README.md"), "utf8").split("\n");
  assert.ok(lines.indexOf("```ts") < 10);
});

test("all blocks pass the compiler's strictest flags", () => {
  const lines = typeErrors(files);
  assert.equal(lines, [], lines.join("\n"));
});

blocks.forEach(({ name, code }, i) => {
  test(`${name} runs and prints what it says`, async () => {
    const printed = await linesOf(files[i] as string);
    for (const [, expected] of code.matchAll(/^\s*console\.log\(.*\); \/\/ (.*)$/gm)) {
      const at = printed.indexOf(expected as string);
      assert.ok(at >= 0, `"${expected}" is not among\n${printed.join("\n")}`);
      printed.splice(0, at + 1);
    }
  });
});

// Each link names an existing file and, after a #, a heading of that file.
const packed = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).files as string[];
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
const anchorsOf = (file: string): string[] => {
  const text = readFileSync(file, "utf8").replaceAll(/```[\s\S]*?```/g, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading as string));
};
const tutorials = readdirSync(join(root, "docs/tutorials"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/tutorials/${name}`);
const unrun = [
  ...tutorials,
  "CONTRIBUTING.md",
  "docs/heart/README.md",
  "test/README.md",
  "test/golden/generate/README.md",
];
for (const page of [...pages, ...unrun])
  test(`the links of ${page} lead somewhere`, () => {
    const text = readFileSync(join(root, page), "utf8").replaceAll(/```[\s\S]*?```|`[^`]*`/g, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const link = target as string;
      if (link.startsWith("http")) continue;
      const [path, heading] = link.split("#") as [string, string?];
      const file = path === "" ? join(root, page) : join(root, dirname(page), path);
      assert.ok(existsSync(file), `${page}: ${path} does not exist`);
      if (heading !== undefined)
        assert.ok(anchorsOf(file).includes(heading), `${page}: ${file} has no heading ${heading}`);
      if (path === "") continue;
      if (page === "README.md")
        assert.ok(packed.includes(link.split("/")[0] as string), `${link} is not in the package`);
    }
  });

test("docs/engine.md names every function of the engine", () => {
  const text = readFileSync(join(root, "docs/engine.md"), "utf8");
  const names = [...Object.keys(engine), ...Object.keys(engine.random)].filter(
    (name) => /^[a-z]/.test(name) && !Object.hasOwn(provenance, name),
  );
  const isNamed = (name: string): boolean => new RegExp(`[\`.]${name}\\b`).test(text);
  assert.equal(
    names.filter((name) => !isNamed(name)),
    [],
  );
});

/** The codes that the library refuses with: the literals that the compiler takes as an `ErrorCode`. */
function codesInUse(): Set<string> {
  const program = ts.createProgram([join(root, "index.ts")], {
    strict: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  });
  const checker = program.getTypeChecker();
  const codes = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteral(node) || ts.isTemplateExpression(node);
    const expected = isText && checker.getContextualType(node);
    // An optional argument has the type `ErrorCode | undefined`.
    if (expected && /^ErrorCode( \| undefined)?$/.test(checker.typeToString(expected))) {
      const type = checker.getTypeAtLocation(node);
      for (const one of type.isUnion() ? type.types : [type]) if (one.isStringLiteral()) codes.add(one.value);
    }
    node.forEachChild(visit);
  };
  for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) visit(file);
  return codes;
}

test("docs/errors.md and ErrorCode have the codes that the library refuses with, and no others", () => {
  const documented = [...readFileSync(join(root, "docs/errors.md"), "utf8").matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(
    ([, cell]) => [...(cell as string).matchAll(/`([a-z-]+)`/g)].map(([, code]) => code as string),
  );
  const declared = [...readFileSync(join(root, "provenance/base/codes.ts"), "utf8").matchAll(/\| "([a-z-]+)"/g)].map(
    ([, code]) => code as string,
  );
  const used = codesInUse();
  const missing = (codes: readonly string[], from: readonly string[]) => codes.filter((code) => !from.includes(code));
  assert.equal(missing(declared, documented), [], "give each of these a line in docs/errors.md");
  assert.equal(missing(documented, declared), [], "docs/errors.md has codes that ErrorCode does not have");
  assert.equal(missing(declared, [...used]), [], "nothing is refused with these: take them out of ErrorCode");
});

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1]?.replaceAll(",", ""));
test("the numbers in README are the numbers that its commands print", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const coin = run("examples/coin.ts");
  const mixture = run("examples/gaussianMixture.ts");
  const pairs: [said: RegExp, output: string, printed: RegExp][] = [
    [/([\d,]+) with a decaying-average/, coin, /with baseline\D+([\d.]+)/],
    [/baseline, ([\d,]+) without/, coin, /│ without\D+([\d.]+)/],
    [/([\d,]+) with a `plate`/, mixture, /plate \(\D+([\d.]+)/],
    [/`plate`, ([\d,]+) as one event/, mixture, /one event\)\D+([\d.]+)/],
    [/one event; ([\d,]+) if provenance/, mixture, /name alone\D+([\d.]+)/],
  ];
  for (const [said, output, printed] of pairs) {
    const ratio = numberIn(readme, said) / numberIn(output, printed);
    assert.ok(Math.abs(ratio - 1) < 0.02, `${said}: README's number is ${ratio} times the printed one`);
  }
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
