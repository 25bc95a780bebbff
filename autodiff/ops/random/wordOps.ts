/** The random ops in which each element is computed from one pair of random words. The compiler has SIMD code for these ops. */
import type { Op } from "../../core/op.js";
import type { Tensor } from "../../core/tensor.js";
import * as kernels from "../../kernels/random/index.js";
import { pick } from "../views/slicing.js";
import { type Draws, draw, drawOp, type Parameter } from "./draw.js";

type Draw = Op<Draws>;

export const splitOp: Draw = /* @__PURE__ */ drawOp("split", (out, offset, n, k0, k1) =>
  kernels.split(k0, k1, n, out, offset),
);

/** The two keys of `random.split(key)`, for a single key. */
export function splitInTwo(key: Tensor): [Tensor, Tensor] {
  const keys = draw(splitOp, key, [], [2], { result: [2] });
  return [pick(keys, 0), pick(keys, 1)];
}

export const foldInOp: Draw = /* @__PURE__ */ drawOp("foldIn", (out, offset, n, k0, k1, parameters) => {
  const { data, offset: start, step } = parameters[0] as Parameter;
  for (let i = 0; i < n; i++) kernels.foldIn(k0, k1, data[start + i * step] as number, out, offset + 2 * i);
});

export const uniformOp: Draw = /* @__PURE__ */ drawOp("uniform", kernels.fillUniform);
export const normalOp: Draw = /* @__PURE__ */ drawOp("normal", kernels.fillNormal);

type ClassDraw = typeof kernels.categoricalDraw;
const classOp = (drawClass: ClassDraw, stream = new kernels.Stream()): Draw =>
  drawOp("categorical", (out, offset, n, k0, k1, parameters) => {
    const { data, offset: start, step } = parameters[0] as Parameter;
    for (let i = 0; i < n; i++) out[offset + i] = drawClass(stream.at(k0, k1, i), data, start + i * step, step);
  });
/** Draws of classes: the first op takes logits along the last axis, the second takes weights. */
export const categoricalOp: Draw = /* @__PURE__ */ classOp(kernels.categoricalDraw);
export const weightedOp: Draw = /* @__PURE__ */ classOp(kernels.weightedDraw);
