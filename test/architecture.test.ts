/** The rules of the house that a compiler does not check. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["provenance", "autodiff", "distributions", "infer"];

const filesIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
const library = folders.flatMap((folder) => filesIn(join(root, folder)));
const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/\bfrom "([^"]+)"|\bimport\("([^"]+)"\)|\bimport "([^"]+)"/g)].map(
    (m) => (m[1] ?? m[2] ?? m[3]) as string,
  );

test("imports point one way: provenance <- autodiff <- distributions <- infer", () => {
  for (const file of library) {
    const own = folders.indexOf(relative(root, file).split(/[\\/]/)[0] as string);
    for (const target of importsOf(file)) {
      if (!target.startsWith(".")) continue;
      const folder = relative(root, resolve(file, "..", target)).split(/[\\/]/)[0] as string;
      assert.ok(
        folders.includes(folder) && folders.indexOf(folder) <= own,
        `${relative(root, file)} imports ${target}`,
      );
    }
  }
});

test("the library runs in a browser: no Node built-ins, and no packages but ndarray's", () => {
  for (const file of library)
    for (const target of importsOf(file)) {
      if (target.startsWith(".")) continue;
      assert.not.ok(
        target.startsWith("node:") || builtinModules.includes(target),
        `${relative(root, file)} imports ${target}`,
      );
      assert.ok(["ndarray", "ndarray-ops"].includes(target), `${relative(root, file)} imports ${target}`);
    }
});

test("randomness comes from keys, and nothing reads the clock but what reports the time of a gradient", () => {
  for (const file of library.filter((name) => relative(root, name) !== "infer/gradientVariance.ts"))
    assert.not.match(readFileSync(file, "utf8"), /Math\.random|\bDate\b|performance\.now/, relative(root, file));
});

test("no library file is longer than 280 lines", () => {
  for (const file of library) {
    const lines = readFileSync(file, "utf8").split("\n").length - 1;
    assert.ok(lines <= 280, `${relative(root, file)} has ${lines} lines`);
  }
});

test.run();
