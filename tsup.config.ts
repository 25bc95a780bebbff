import { readFile } from "node:fs/promises";
import { transform } from "esbuild";
import { defineConfig, type Options } from "tsup";
import ts from "typescript";
import { roomOf } from "./rooms.js";

/**
 * For `export * as random`, esbuild writes a call that fills an object with getters. Other bundlers keep this call and everything that it
 * names. An object literal needs no call. It is at the end of the file, where all its members have their values.
 */
const namespaces: NonNullable<Options["plugins"]>[number] = {
  name: "namespaces",
  renderChunk(code, { path }) {
    if (!path.endsWith(".js")) return;
    let objects = "";
    const rest = code.replace(
      /^var (\w+) = \{\};\n__export\(\1, \{\n([^}]*)\n\}\);\n/gm,
      (_, name: string, members: string) => {
        objects += `var ${name} = {\n${members.replaceAll("() => ", "")}\n};\n`;
        return "";
      },
    );
    return { code: rest.replace(/^export \{/m, () => `${objects}export {`) };
  },
};

/**
 * Puts the modules of a file in the order of the rooms. A room imports only from itself and from rooms before it, so every module still comes
 * after the modules that it needs. gzip finds a repetition only in the last 32 kB, and modules of one room resemble each other: programs
 * become 0.7 to 1 kB smaller.
 */
const roomByRoom: NonNullable<Options["plugins"]>[number] = {
  name: "roomByRoom",
  renderChunk(code) {
    const end = code.search(/^export \{/m);
    if (end < 0) return;
    const [head, ...modules] = code.slice(0, end).split(/^(?=\/\/ \S+\.[jt]s$)/m);
    const placeOf = (module: string): number => roomOf(module.slice(3, module.indexOf("\n")));
    return { code: head + modules.sort((a, b) => placeOf(a) - placeOf(b)).join("") + code.slice(end) };
  },
};

/**
 * Removes the comments that esbuild leaves inside of classes and records. Because of their mathematical letters, V8 would store whole files with
 * two bytes per character, which takes a millisecond of each import.
 */
const comments: NonNullable<Options["plugins"]>[number] = {
  name: "comments",
  renderChunk: (code, { path }) =>
    path.endsWith("js") ? { code: code.replace(/^ *(?:\/\*\*[\s\S]*?\*\/|\/\/.*)\n/gm, "") } : undefined,
};

/**
 * Writes the arrow functions at the top of a chunk as function declarations. V8 parses an arrow function whose body is an expression in full
 * when it is imported, and the body of a declaration only when it is called, so an import takes 2 ms less. The arrow functions that do not
 * call any function remain, because compiled programs contain the text of such kernels.
 */
const declarations: NonNullable<Options["plugins"]>[number] = {
  name: "declarations",
  renderChunk: (code) => ({
    code: code.replace(
      /^var (\w+) = (\([^()]*\)) => (?:(\{\n[\s\S]*?\n\});\n|(?!\{)([\s\S]*?);\n(?=[\w/\n]))/gm,
      (arrow: string, name: string, parameters: string, block?: string, value = "") =>
        block !== undefined || /(?<!Math\.)\b[a-zA-Z_]\w*\(/.test(value)
          ? `function ${name}${parameters} ${block ?? `{\n  return ${value};\n}`}\n`
          : arrow,
    ),
  }),
};

/**
 * Makes the CommonJS files. tsup would make them with sucrase, whose output is wrong: it takes a class field, such as `size` of the arena, for the
 * exported variable of the same name, and assigns to both. It also replaces `?.` and `??` by slow calls.
 */
const commonJs: NonNullable<Options["plugins"]>[number] = {
  name: "commonJs",
  async renderChunk(code, { path }) {
    if (!path.endsWith(".cjs")) return;
    this.splitting = false; // This leaves out tsup's own step, which follows the plugins.
    return { code: (await transform(code, { format: "cjs", platform: "node", target: "es2022" })).code };
  },
};

/**
 * Kernel text without white space that only human readers need. A minus keeps its spaces if a negative number may follow, since two minus
 * signs in a row would be another operator.
 */
const packed = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replace(/([\w)}]) - (?=[\w(])/g, "$1-")
    .replace(/ ?([=!+*/?:<>&|;,(){}]) ?/g, "$1");

/** `code` with `pack` applied to kernel text: to templates with semicolons, and the templates inside them. */
function withPackedKernels(code: string, pack: (text: string) => string): string {
  let made = "";
  let at = 0;
  const visit = (node: ts.Node, isKernel: boolean): void => {
    if (!isKernel || !ts.isTemplateLiteralToken(node)) {
      ts.forEachChild(node, (child) =>
        visit(child, isKernel || (ts.isTemplateLiteral(child) && child.getText().includes(";"))),
      );
      return;
    }
    made += code.slice(at, node.getStart()) + pack(node.getText());
    at = node.end;
  };
  visit(ts.createSourceFile("kernels.ts", code, ts.ScriptTarget.Latest, true), false);
  return made + code.slice(at);
}
/** Kernels do not run as JavaScript, so their variables need no declarations: in SIMD code the first assignment declares a variable. */
const packedKernel = (text: string): string => packed(text).replace(/\blet /g, "");
const kernels: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "kernels",
  setup: ({ onLoad }) =>
    onLoad({ filter: /kernels.(formulas|wasm).\w+\.ts$/ }, async ({ path }) => ({
      contents: withPackedKernels(await readFile(path, "utf8"), /wasm.\w+\.ts$/.test(path) ? packedKernel : packed),
      loader: "ts",
    })),
};

/**
 * Loads ndarray as an ECMAScript module, which needs none of the functions by which esbuild wraps CommonJS. ndarray also asks which type of
 * array its data are, and has constructors for each type, but here the data are always a Float64Array.
 */
const ndarrayAsModule: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "ndarrayAsModule",
  setup: ({ onLoad }) =>
    onLoad({ filter: /ndarray.ndarray\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8"))
        .replace('require("iota-array")', "(n) => Array.from({ length: n }, (_, i) => i)")
        .replace('var isBuffer = require("is-buffer")', "")
        .replace(/function arrayDType[\s\S]*?\n}/, 'var arrayDType = () => "float64"')
        .replace(/(var CACHED_CONSTRUCTORS = )[\s\S]*?\n}/, "$1{ float64: [] }")
        .replace("module.exports =", "export default"),
    })),
};

/**
 * The library: one build for all sub-paths, split into shared chunks in both formats, so that there is one handler stack
 * and one `Tensor` whichever path is imported. ndarray is part of it: it is CommonJS, so it is
 * bundled, and the package runs in a browser without a build step. Only its types are a dependency, because `Tensor.data` is an NdArray.
 */
export const library: Options = {
  entry: {
    index: "index.ts",
    provenance: "provenance/index.ts",
    autodiff: "autodiff/index.ts",
    distributions: "distributions/index.ts",
    infer: "infer/index.ts",
  },
  format: ["esm", "cjs"],
  splitting: true,
  platform: "browser",
  target: "es2022",
  dts: true,
  clean: ["!bin/**"],
  plugins: [namespaces, roomByRoom, comments, declarations, commonJs],
  esbuildPlugins: [kernels, ndarrayAsModule],
};

/** The command `pedigrad`. It measures the package to which it belongs, so it imports this package and does not contain its code. */
export const command: Options = {
  entry: { pedigrad: "bench/cli.ts" },
  outDir: "dist/bin",
  clean: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: [/^\.\.\/index\.js$/, "esbuild"],
  banner: { js: "#!/usr/bin/env node" },
};

export default defineConfig([library, command]);
