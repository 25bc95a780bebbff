import { readFile } from "node:fs/promises";
import { defineConfig, type Options } from "tsup";
import ts from "typescript";

/**
 * esbuild fills the object of `export * as random` by a call, which no other bundler drops, with all that it names. An object of getters
 * is the same without a call.
 */
const namespaces: NonNullable<Options["plugins"]>[number] = {
  name: "namespaces",
  renderChunk(code, { path }) {
    if (!path.endsWith(".js")) return;
    const asGetters = (_: string, name: string, members: string): string =>
      `var ${name} = {\n${members.replace(/^ {2}(\w+): \(\) => (\w+),?$/gm, "  get $1() {\n    return $2;\n  },")}\n};`;
    return { code: code.replace(/^var (\w+) = \{\};\n__export\(\1, \{\n([^}]*)\n\}\);$/gm, asGetters) };
  },
};

/**
 * Comments that esbuild leaves inside of classes and records are taken out of the build: their mathematical letters make V8 keep whole files in two
 * bytes per character, which costs a millisecond of each import.
 */
const comments: NonNullable<Options["plugins"]>[number] = {
  name: "comments",
  renderChunk: (code, { path }) =>
    path.endsWith("js") ? { code: code.replace(/^ *(?:\/\*\*[\s\S]*?\*\/|\/\/.*)\n/gm, "") } : undefined,
};

/** Kernel text without the white space that only its readers need. A minus keeps its own: two in a row would be another operator. */
const packed = (text: string): string => text.replace(/\s+/g, " ").replace(/ ?([=!+*/?:<>&|;,(){}]) ?/g, "$1");

/** Packs what a file says in kernel text: lines that end in semicolons. */
function withPackedKernels(code: string): string {
  let made = "";
  let at = 0;
  const pack = (piece: ts.Node): void => {
    made += code.slice(at, piece.getStart()) + packed(piece.getText());
    at = piece.end;
  };
  const visit = (node: ts.Node): void => {
    const isText = ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node);
    if (!isText || !/;\s*\n/.test(node.getText())) ts.forEachChild(node, visit);
    else if (ts.isNoSubstitutionTemplateLiteral(node)) pack(node);
    else for (const piece of [node.head, ...node.templateSpans.map(({ literal }) => literal)]) pack(piece);
  };
  visit(ts.createSourceFile("kernels.ts", code, ts.ScriptTarget.Latest, true));
  return made + code.slice(at);
}
const kernels: NonNullable<Options["esbuildPlugins"]>[number] = {
  name: "kernels",
  setup: ({ onLoad }) =>
    onLoad({ filter: /kernels.(formulas|wasm).\w+\.ts$/ }, async ({ path }) => ({
      contents: withPackedKernels(await readFile(path, "utf8")),
      loader: "ts",
    })),
};

/**
 * The library: one build for all sub-paths, split into shared chunks in both formats, so that there is one handler stack
 * and one `Tensor` whichever path is imported. ndarray is part of it: it is CommonJS, and so bundled the
 * package runs in a browser as it stands; only its types are a dependency, because `Tensor.data` is an NdArray.
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
  plugins: [namespaces, comments],
  esbuildPlugins: [kernels],
};

/** The command `pedigrad`: it measures the package it lies in, so it imports that and contains none of it. */
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
