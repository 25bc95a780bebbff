/**
 * Random models with vectors and matrices of choices, small enough for a sum over all configurations. Ops of all kinds are applied between
 * choices and costs. Plates are mixed or not, nested, subsampled, masked and scaled; sites are in plates, in events, and along batch dims
 * outside of plates.
 */
import * as P from "../../../index.js";
import {
  Bernoulli,
  Categorical,
  type Distribution,
  type Model,
  mask,
  Normal,
  param,
  plate,
  sample,
  scale,
  type Tensor,
  tensor,
} from "../../../index.js";
import type { Latent } from "../exact.js";

export interface RandomModel {
  readonly model: Model;
  readonly guide: Model;
  readonly params: Record<string, Tensor>;
  readonly latents: Record<string, Latent>;
  readonly loop: boolean;
  /** A description of the ops between choices and costs. */
  readonly says: string;
}

/** A stream of choices from a seed. */
class Choices {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed + 1) * 2654435769;
  }
  next(): number {
    this.#state = (Math.imul(this.#state ^ (this.#state >>> 15), 2246822519) + 3266489917) | 0;
    return ((this.#state ^ (this.#state >>> 13)) >>> 0) / 2 ** 32;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
  numbers(shape: readonly number[]): Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    return tensor(Array.from({ length: size }, () => 2 * this.next() - 1)).reshape([...shape]);
  }
}

type Step = [name: string, f: (x: Tensor) => Tensor];

/** A random op that keeps the shape. */
function sameShape(c: Choices, shape: readonly number[]): Step {
  const axis = c.below(shape.length);
  const n = shape[axis] as number;
  const steps: Step[] = [
    ["mul", (x) => x.mul(c0)],
    ["sigmoid", (x) => x.mul(2).sub(0.5).sigmoid()],
    ["where", (x) => P.where(x.greater(0.5), x, -0.3)],
    ["flip", (x) => P.flip(x, axis)],
    ["softmax", (x) => P.softmax(x.mul(2), axis)],
    ["cumsum", (x) => P.cumsum(x, axis)],
    ["sum kept", (x) => x.add(x.sum(axis, { keepDims: true }))],
    ["mean subtracted", (x) => x.sub(x.mean(axis, { keepDims: true }))],
    ["shifted", (x) => P.concatenate([x.slice(1, n, { axis }), x.slice(0, 1, { axis })], axis)],
    ["permuted", (x) => P.take(x, P.arange(n).neg().add(n).mul(P.arange(n).greater(0)), axis)],
    ["first of all", (x) => x.add(x.slice(0, 1, { axis }))],
    ["takeAlongAxis", (x) => P.takeAlongAxis(x, P.zeros([...shape]), axis)],
    ["table", (x) => tensor([0.4, -1.1, 0.7]).at(P.round(x.abs().clip(0, 2)))],
    ["stopGradient", (x) => P.stopGradient(x.square())],
    ["gradient", (x) => P.grad((y: Tensor) => y.sin().sum())(x.add(0.2)) as Tensor],
    ["vmap", (x) => P.vmap((y: Tensor) => y.mul(1.5).add(y.sum()))(x) as Tensor],
    [
      "matmul",
      (x) => (shape.length === 2 ? P.matmul(P.full([shape[0] as number, shape[0] as number], 0.5), x) : x.neg()),
    ],
    ["scatter", (x) => P.scatterAdd(x, [0], x.slice(n - 1, n, { axis }), axis)],
    ["tril", (x) => (shape.length === 2 ? P.tril(x) : x.exp())],
    ["jit", (x) => P.jit((y: Tensor) => y.mul(0.7))(x)],
    ["maximum", (x) => x.maximum(x.max(axis, { keepDims: true }).mul(0.5))],
    ["detour", (x) => x.reshape([-1]).reshape([...shape])],
    ["exchanged", (x) => (shape.length === 2 && shape[0] === shape[1] ? x.transpose() : x.mul(-0.8))],
  ];
  const c0 = c.numbers(shape);
  return c.of(steps);
}

/** A random op that changes the shape. */
function otherShape(c: Choices, shape: readonly number[]): Step {
  const axis = c.below(shape.length);
  const n = shape[axis] as number;
  const w = c.numbers([n, 2]);
  const steps: Step[] = [
    ["sum", (x) => x.sum(axis)],
    ["sum of all", (x) => x.sum()],
    ["max", (x) => x.max(axis)],
    ["logsumexp", (x) => P.logsumexp(x, axis)],
    ["prod", (x) => P.prod(x.add(0.5), axis)],
    ["pick", (x) => P.take(x, n - 1, axis)],
    ["slice", (x) => x.slice(0, n - 1, { axis })],
    ["reshape", (x) => x.reshape([-1])],
    ["transpose", (x) => x.transpose()],
    ["expandDims", (x) => x.expandDims(axis).mul(0.5)],
    ["beside", (x) => x.expandDims(-1).mul([0.5, 1.5])],
    ["outer", (x) => P.einsum("...i,j->...ij", x, [1, -0.5])],
    ["stack", (x) => P.stack([x, x.neg()], axis)],
    ["concatenate", (x) => P.concatenate([x, x.mul(0.5)], axis)],
    ["oneHot", (x) => P.oneHot(x.greater(0.5), 2)],
    ["diag", (x) => P.diag(x)],
    ["matmul", (x) => (axis === shape.length - 1 ? P.matmul(x, w) : x.mul(2))],
    ["logdet", (x) => P.logdet(P.diag(x.reshape([-1]).square().add(0.5)))],
    ["cholesky", (x) => P.cholesky(P.diag(x.reshape([-1]).square().add(1)).add(0.2))],
    [
      "triangularSolve",
      (x) => P.triangularSolve(P.eye(x.size).add(P.tril(P.full([x.size, x.size], 0.3))), x.reshape([-1])),
    ],
    ["broadcast", (x) => x.add(P.zeros([2, ...shape]))],
    ["at", (x) => P.at(x, [0, n > 1 && axis === 0 ? 1 : 0])],
  ];
  return c.of(steps);
}

const bernoulli = (logits: Tensor): Bernoulli => new Bernoulli({ logits });

/** How a program makes a site of a given shape: as one event, along batch dims that no plate declares, or with the last axis as an event. */
type Stand = (shape: readonly number[], body: (wrap: (d: Distribution) => Distribution) => void) => void;
const stands: Record<string, Stand> = {
  event: (shape, body) => body((d) => d.expand(shape).toEvent(shape.length)),
  undeclared: (shape, body) => body((d) => d.expand(shape)),
  "last in an event": (shape, body) => body((d) => d.expand(shape).toEvent(1)),
};

/** A model with sites in plates. All ops keep the shape. */
function inPlates(c: Choices): RandomModel {
  const shape = c.of([[3], [2], [2, 2], [2, 3]]);
  const dims = shape.map((_, i) => i - shape.length);
  const isSubsampled = c.below(4) === 0;
  const masked = c.below(4) === 0;
  const scaled = c.below(4) === 0 ? 1.7 : 1;
  const elementwise: Step = ["mul", (x) => x.mul(1.3)];
  const steps = [0, 1, 2].map(() => (c.below(3) === 0 ? elementwise : sameShape(c, shape)));
  const [first, second, third] = steps as [Step, Step, Step];
  const hasSecond = shape.reduce((a, b) => a * b, 1) <= 3;
  const [obs, keep] = [c.numbers(shape), c.numbers(shape).greater(-0.3)];
  const plates = (body: () => void): void => {
    const enter = (k: number): void => {
      if (k === dims.length) {
        body();
        return;
      }
      const n = shape[k] as number;
      const size = isSubsampled ? n + 2 : n;
      plate(`p${k}`, size, { dim: dims[k] as number, ...(isSubsampled && { subsample: P.arange(n) }) }, () =>
        enter(k + 1),
      );
    };
    enter(0);
  };
  const local = (name: string): Tensor => param(name, undefined, { eventDim: shape.length });
  const model: Model = () =>
    plates(() => {
      const z = sample("z", new Bernoulli(0.4));
      const w = hasSecond ? sample("w", bernoulli(second[1](z).sub(0.2))) : z;
      const cost = () => sample("x", new Normal(third[1](w).add(first[1](z).mul(0.5)), 0.9), { obs });
      const weighted = scaled === 1 ? cost : scale(cost, scaled);
      (masked ? mask(weighted, keep) : weighted)();
    });
  const guide: Model = () =>
    plates(() => {
      const z = sample("z", bernoulli(local("l")));
      if (hasSecond) sample("w", bernoulli(local("m").add(param("t").mul(first[1](z)))));
    });
  return {
    model,
    guide,
    params: { l: c.numbers(shape), ...(hasSecond && { m: c.numbers(shape), t: tensor(0.6) }) },
    latents: { z: { shape }, ...(hasSecond && { w: { shape } }) },
    loop: false,
    says: `plates [${shape}]${isSubsampled ? " subsampled" : ""}${masked ? " masked" : ""} ${steps.map(([name]) => name)}`,
  };
}

/** A model with sites outside plates, or with their rows in one plate. All ops are allowed. */
function freely(c: Choices): RandomModel {
  const shape = c.of([[3], [4], [2, 2], [3, 2], [2, 1], [2, 2]]);
  const [names, chosen] = [Object.keys(stands), Object.values(stands)];
  const at = c.below(names.length);
  const stand = chosen[at] as Stand;
  const other = c.of(chosen);
  const isClassed = shape.length === 1 && c.below(3) === 0;
  const isRead = c.below(8) === 0;
  const mid = sameShape(c, shape);
  const tail: Step[] = [c.below(2) === 0 ? sameShape(c, shape) : ["id", (x) => x], otherShape(c, shape)];
  const compute = (x: Tensor): Tensor => tail.reduce((y, [, f]) => f(y), x);
  const { shape: out } = compute(P.zeros([...shape]).add(0.5));
  const [obs, side] = [c.numbers(out), c.numbers(shape)];
  const toEvent = c.below(out.length + 1);
  const hasSecond = !isClassed && shape.reduce((a, b) => a * b, 1) <= 3;
  const count = isClassed ? 3 : 2;
  const prior = isClassed ? new Categorical({ logits: [0.1, 0.4, -0.3] }) : new Bernoulli(0.35);
  const model: Model = () =>
    stand(shape, (wrap) => {
      const z = sample("z", wrap(prior));
      if (isRead && z.toFloat64Array()[0] === 1) sample("read", new Normal(0.7, 1), { obs: 0.2 });
      const w = hasSecond ? sample("w", wrap(bernoulli(mid[1](z).mul(0.8)))) : z;
      const cost = () => sample("x", new Normal(compute(w.add(z.mul(0.5))), 1.1).toEvent(toEvent), { obs });
      (c0 ? scale(cost, 1.5) : cost)();
      other(shape, (around) => sample("y", around(new Normal(mid[1](z), 1)), { obs: side }));
    });
  const c0 = c.below(4) === 0;
  const guide: Model = () =>
    stand(shape, (wrap) => {
      const z = sample("z", wrap(isClassed ? new Categorical({ logits: param("l") }) : bernoulli(param("l"))));
      if (hasSecond) sample("w", wrap(bernoulli(param("m").add(param("t").mul(mid[1](z))))));
    });
  return {
    model,
    guide,
    params: {
      l: c.numbers(isClassed ? [...shape, 3] : shape),
      ...(hasSecond && { m: c.numbers(shape), t: tensor(0.6) }),
    },
    latents: { z: { shape, count }, ...(hasSecond && { w: { shape } }) },
    loop: isRead,
    says: `${names[at]} [${shape}] ${[mid, ...tail].map(([name]) => name)}${isRead ? ", read" : ""}, toEvent(${toEvent})`,
  };
}

/** The random model that belongs to a seed. */
export const randomModel = (seed: number): RandomModel => (seed % 2 === 0 ? inPlates : freely)(new Choices(seed));
