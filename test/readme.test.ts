/** Every ```ts block of the README and the docs is type-checked with the strictest flags, and runs. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

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
const node = (script: string, args: string[]): string =>
  execFileSync(process.execPath, [join(root, "node_modules", script), ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

test("there are blocks, and the first is complete by line 10 of the README's text", () => {
  assert.ok(blocks.length >= 3);
  const lines = readFileSync(join(root, "README.md"), "utf8").split("\n");
  assert.ok(lines.indexOf("```ts") < 10);
});

test("all blocks pass the compiler's strictest flags", () => {
  const strict = [
    "--strict",
    "--noUncheckedIndexedAccess",
    "--exactOptionalPropertyTypes",
    "--noImplicitOverride",
    "--noUnusedLocals",
    "--noImplicitReturns",
  ];
  const basics = [
    "--noEmit",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--verbatimModuleSyntax",
    "--types",
    "node",
  ];
  try {
    node("typescript/bin/tsc", [...strict, ...basics, ...files]);
  } catch (error) {
    const lines = (error as { stdout: string }).stdout.split("\n").filter((line) => line.includes(".blocks-"));
    assert.equal(lines, [], lines.join("\n"));
  }
});

blocks.forEach(({ name }, i) => {
  test(`${name} runs`, () => {
    node("tsx/dist/cli.mjs", [files[i] as string]);
  });
});

test.after(() => rmSync(folder, { recursive: true }));
test.run();
