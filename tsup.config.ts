import { defineConfig, type Options } from "tsup";

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
  plugins: [namespaces],
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
