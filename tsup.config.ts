import { defineConfig, type Options } from "tsup";

/**
 * The library: one build for all sub-paths, split into shared chunks in both formats, so that there is one handler stack
 * and one `Tensor` whichever path is imported. ndarray and ndarray-ops are part of it: they are CommonJS, and so bundled
 * the package runs in a browser as it stands and installs nothing else.
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
  dts: { resolve: ["ndarray"] },
};

/** The command `pedigrad`: it measures the package it lies in, so it imports that and contains none of it. */
export const command: Options = {
  entry: { "bin/pedigrad": "bench/cli.ts" },
  format: "esm",
  platform: "node",
  target: "node20",
  external: [/^\.\.\/index\.js$/],
  banner: { js: "#!/usr/bin/env node" },
};

export default defineConfig([{ ...library, clean: true }, command]);
