/** Reductions, shape ops, indexing and linear algebra as methods, receiver first. */
import type { TensorLike } from "./core/convert.js";
import type { Shape } from "./core/shape.js";
import type { Tensor } from "./core/tensor.js";
import * as diagonals from "./ops/array/diagonal.js";
import * as indexing from "./ops/array/indexing.js";
import { prod } from "./ops/array/prod.js";
import type { Axes, KeepDims } from "./ops/array/reduce.js";
import * as reduce from "./ops/array/reduce.js";
import * as softmax from "./ops/array/softmax.js";
import * as factor from "./ops/linalg/factor.js";
import * as linalg from "./ops/linalg/matmul.js";
import * as shaping from "./ops/views/shape.js";
import * as slicing from "./ops/views/slicing.js";
import { SpecialMethods } from "./specialMethods.js";
import { stopGradient } from "./transforms/grad.js";

const self = (x: object) => x as Tensor;

export abstract class ArrayMethods extends SpecialMethods {
  sum(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.sum(self(this), axes, options);
  }
  mean(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.mean(self(this), axes, options);
  }
  prod(axes?: Axes, options?: KeepDims): Tensor {
    return prod(self(this), axes, options);
  }
  max(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.max(self(this), axes, options);
  }
  min(axes?: Axes, options?: KeepDims): Tensor {
    return reduce.min(self(this), axes, options);
  }
  logsumexp(axes?: Axes, options?: KeepDims): Tensor {
    return softmax.logsumexp(self(this), axes, options);
  }
  argmax(axis?: number, options?: KeepDims): Tensor {
    return reduce.argmax(self(this), axis, options);
  }
  argmin(axis?: number, options?: KeepDims): Tensor {
    return reduce.argmin(self(this), axis, options);
  }
  cumsum(axis?: number): Tensor {
    return reduce.cumsum(self(this), axis);
  }
  softmax(axis?: number): Tensor {
    return softmax.softmax(self(this), axis);
  }
  logSoftmax(axis?: number): Tensor {
    return softmax.logSoftmax(self(this), axis);
  }
  reshape(shape: Shape): Tensor {
    return shaping.reshape(self(this), shape);
  }
  transpose(axes?: readonly number[]): Tensor {
    return shaping.transpose(self(this), axes);
  }
  broadcastTo(shape: Shape): Tensor {
    return shaping.broadcastTo(self(this), shape);
  }
  expandDims(axis: number): Tensor {
    return shaping.expandDims(self(this), axis);
  }
  squeeze(axis?: number): Tensor {
    return shaping.squeeze(self(this), axis);
  }
  slice(start: number, end?: number, options?: slicing.SliceOptions): Tensor {
    return slicing.slice(self(this), start, end, options);
  }
  flip(axis?: number): Tensor {
    return slicing.flip(self(this), axis);
  }
  at(...indices: TensorLike[]): Tensor {
    return indexing.at(self(this), ...indices);
  }
  take(indices: TensorLike, axis?: number): Tensor {
    return indexing.take(self(this), indices, axis);
  }
  takeAlongAxis(indices: TensorLike, axis: number): Tensor {
    return indexing.takeAlongAxis(self(this), indices, axis);
  }
  scatterAdd(indices: TensorLike, updates: TensorLike, axis?: number): Tensor {
    return indexing.scatterAdd(self(this), indices, updates, axis);
  }
  matmul(b: TensorLike): Tensor {
    return linalg.matmul(self(this), b);
  }
  tril(k?: number): Tensor {
    return diagonals.tril(self(this), k);
  }
  triu(k?: number): Tensor {
    return diagonals.triu(self(this), k);
  }
  diag(): Tensor {
    return diagonals.diag(self(this));
  }
  cholesky(): Tensor {
    return factor.cholesky(self(this));
  }
  triangularSolve(b: TensorLike, options?: factor.Triangular): Tensor {
    return factor.triangularSolve(self(this), b, options);
  }
  inverse(): Tensor {
    return factor.inverse(self(this));
  }
  logdet(): Tensor {
    return factor.logdet(self(this));
  }
  oneHot(size: number): Tensor {
    return indexing.oneHot(self(this), size);
  }
  stopGradient(): Tensor {
    return stopGradient(self(this));
  }
}
