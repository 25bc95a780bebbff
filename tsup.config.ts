import { defineConfig, type Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];
/** ndarray-ops compiles every function it has while it loads, 15 ms: in the build it loads when strided data are first copied. */
const lazyNdarrayOps: Plugin = {
  name: "lazy-ndarray-ops",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^ndarray-ops$/, namespace: "file" }, ({ kind }) =>
      kind === "import-statement" ? { path: "ndarray-ops", namespace: "lazy" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "lazy" }, () => ({
      contents: `let ops; const loaded = () => (ops ??= require("ndarray-ops"));
        export default { assign: (to, from) => loaded().assign(to, from), addeq: (to, from) => loaded().addeq(to, from) };`,
      resolveDir: import.meta.dirname,
    }));
  },
};

/**
 * The library: one build for all sub-paths, split into shared chunks in both formats, so that there is one handler stack
 * and one `Tensor` whichever path is imported. ndarray and ndarray-ops are part of it: they are CommonJS, and so bundled
 * the package runs in a browser as it stands; only their types are a dependency, because `Tensor.data` is an NdArray.
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
  esbuildPlugins: [lazyNdarrayOps],
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
