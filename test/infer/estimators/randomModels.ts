/**
 * Random programs with all features that estimators must handle: two to four latents of several families; nested, crossed and subsampled
 * plates; masks, scales, factors, auxiliary sites; guides in the order of the model or in another order.
 */
import {
  Bernoulli,
  Categorical,
  type Distribution,
  factor,
  type InferOptions,
  type Model,
  mask,
  Normal,
  param,
  plate,
  sample,
  scale,
  subsample,
  type Tensor,
  tensor,
} from "../../../index.js";
import type { Program, Subset } from "./exactMean.js";

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Family = "bernoulli" | "flips" | "categorical" | "normal" | "score normal";
interface PlateSpec {
  readonly name: string;
  readonly size: number;
  readonly dim: number;
  readonly subsampleSize: number;
}
interface Latent {
  readonly name: string;
  readonly family: Family;
  readonly plates: readonly PlateSpec[];
  /** The latents on which the prior of this latent depends. */
  readonly prior: readonly Parent[];
  readonly bias: Tensor;
  readonly start: Tensor;
  readonly mask: Tensor | null;
  readonly isMaskedInGuide: boolean;
  readonly scale: number;
  readonly isScaledInGuide: boolean;
  readonly infer: InferOptions;
  /** Whether the guide lacks this latent, and the model sums it out. */
  readonly isSummed: boolean;
}

const isDiscrete = ({ family }: { family: Family }): boolean => !family.endsWith("normal");
/** How many axes of the parameters belong to one element of the batch. */
const eventDimOf = ({ family }: { family: Family }): number => (family === "categorical" || family === "flips" ? 1 : 0);
const EVENT = 2;

/** The op between a parent and a child: none, or an op that mixes the elements of a plate or an event. */
type Way = "kept" | "flipped" | "neighbours";
interface Parent {
  readonly latent: Latent;
  readonly weight: number;
  readonly way: Way;
}

/** The shape of a tensor with one number for each element of these plates, visited or not. */
const shapeIn = (plates: readonly PlateSpec[]): number[] => {
  const rank = Math.max(0, ...plates.map(({ dim }) => -dim));
  const shape = new Array<number>(rank).fill(1);
  for (const { dim, size } of plates) shape[rank + dim] = size;
  return shape;
};

/** The axis along which an op mixes elements: the axis of the event, or of the innermost plate. */
const axisOf = ({ family, plates }: Latent): number | null => {
  if (family === "flips") return -1;
  const dims = plates.map(({ dim }) => dim);
  return dims.length === 0 ? null : Math.max(...dims);
};

/**
 * The value of a parent as a child in `plates` uses it: summed over the plates that the child is not in, and over the event if the
 * child has no event.
 */
function seenFrom(
  plates: readonly PlateSpec[],
  { latent, way, weight }: Parent,
  value: Tensor,
  hasEvent = false,
): Tensor {
  const outside = latent.plates.filter(({ name }) => plates.every((p) => p.name !== name));
  const events = latent.family === "flips" ? 1 : 0;
  const axis = axisOf(latent);
  let seen = value;
  if (axis !== null && way === "flipped") seen = seen.flip(axis);
  if (axis !== null && way === "neighbours") seen = seen.add(seen.flip(axis).mul(0.5));
  if (outside.length > 0)
    seen = seen.sum(
      outside.map(({ dim }) => dim - events),
      { keepDims: true },
    );
  if (events === 1 && !hasEvent) seen = seen.sum(-1);
  return (events === 0 && hasEvent ? seen.expandDims(-1) : seen).mul(weight);
}

/** Whether a value from the plates `from` may be used in the plates `to`. Not if this needs a sum over a subsampled plate. */
const mayLeave = (from: readonly PlateSpec[], to: readonly PlateSpec[]): boolean =>
  from.every(({ name, size, subsampleSize }) => size === subsampleSize || to.some((plate) => plate.name === name));

/** Whether all plates in `a` are also in `b`. */
const isWithin = (a: readonly PlateSpec[], b: readonly PlateSpec[]): boolean =>
  a.every(({ name }) => b.some((plate) => plate.name === name));

export interface RandomProgram extends Program {
  /** The same program without subsampling. Its loss and gradients must be the means of the estimators. */
  readonly exact: Program;
  /** A description of the program, for messages. */
  readonly description: string;
  /** Whether the model sums out latents that the guide lacks. */
  readonly hasSummed: boolean;
  /** Whether every draw is discrete and every op keeps elements apart, so that any function of the weights has an exact mean. */
  readonly isFinite: boolean;
}

/** The random program that belongs to a seed. */
export function randomProgram(seed: number): RandomProgram {
  const next = numbers(seed * 7919 + 13);
  const chance = (p: number): boolean => next() < p;
  const pick = <T>(xs: readonly T[]): T => xs[Math.floor(next() * xs.length)] as T;
  const real = (spread = 1): number => Math.round((2 * next() - 1) * spread * 100) / 100;
  const array = (shape: readonly number[], spread = 1): Tensor =>
    tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => real(spread))).reshape(shape);

  const layout = pick(["none", "none", "one", "one", "nested", "crossed"] as const);
  const spec = (name: string, dim: number): PlateSpec => {
    const size = pick([2, 2, 3]);
    return { name, dim, size, subsampleSize: size > 2 || chance(0.3) ? size - 1 : size };
  };
  const [first, second] = [spec("rows", -1), spec("columns", -2)];
  const places: (readonly PlateSpec[])[] =
    layout === "none"
      ? [[]]
      : layout === "one"
        ? [[], [first]]
        : layout === "nested"
          ? [[], [first], [first, second]]
          : [[], [first], [second], [first, second]];
  const elementsOf = (plates: readonly PlateSpec[]): number =>
    plates.reduce((product, { subsampleSize }) => product * subsampleSize, 1);

  const hasSummed = chance(0.25);
  // With a sum inside a logarithm, the score of a normal draw would need more quadrature nodes, because the logarithm is not a polynomial.
  const families: readonly Family[] = chance(0.3)
    ? ["bernoulli", "bernoulli", "flips", "categorical"]
    : hasSummed
      ? ["bernoulli", "bernoulli", "flips", "categorical", "normal"]
      : ["bernoulli", "bernoulli", "flips", "categorical", "normal", "score normal"];
  const latents: Latent[] = [];
  const count = 2 + Math.floor(next() * 3);
  let budget = 6;
  const order = Array.from({ length: count }, (_, i) => i);
  if (chance(0.3)) order.reverse();
  const wayFrom = (latent: Latent): Way => {
    // In a subsampled plate, the neighbour of an element depends on the subsample, so such ops are not allowed.
    const canMix = axisOf(latent) !== null && (latent.family === "flips" || mayLeave(latent.plates, []));
    return canMix && chance(0.15) ? pick(["flipped", "neighbours"] as const) : "kept";
  };
  const parentsAmong = (candidates: readonly Latent[], family: Family, plates: readonly PlateSpec[]): Parent[] =>
    candidates
      .filter((other) => isDiscrete(other) || family === "normal" || family === "score normal")
      .filter((other) => chance(isWithin(other.plates, plates) ? 0.6 : mayLeave(other.plates, plates) ? 0.2 : 0))
      .map((latent) => ({ latent, weight: real(1.2), way: wayFrom(latent) }));
  for (let i = 0; i < count; i++) {
    const plates = pick(places);
    const family = pick(families);
    budget -= elementsOf(plates) * (family === "flips" ? EVENT : 1);
    if (budget < 0 && latents.length >= 2) break;
    const shape = shapeIn(plates);
    const events = eventDimOf({ family }) === 0 ? shape : [...shape, family === "flips" ? EVENT : 3];
    latents.push({
      name: `z${i}`,
      family,
      plates,
      prior: parentsAmong(latents, family, plates),
      bias: array(events),
      start: array(events),
      mask: chance(0.2) ? tensor(array(shape).greater(0)) : null,
      isMaskedInGuide: chance(0.85),
      scale: chance(0.15) ? 2 : 1,
      isScaledInGuide: chance(0.85),
      infer: {},
      isSummed: false,
    });
  }
  const all = latents.map((latent, i) => {
    const isSummed =
      hasSummed && isDiscrete(latent) && latent.family !== "flips" && (i === latents.length - 1 || chance(0.4));
    const changes = isSummed ? { isSummed, mask: null, scale: 1 } : {};
    return { ...latent, ...changes };
  });
  // `all` has changed copies of the latents. Use these copies as parents.
  const byName = new Map(all.map((latent) => [latent.name, latent]));
  const known = (pairs: Latent["prior"]): Latent["prior"] =>
    pairs.map((parent) => ({ ...parent, latent: byName.get(parent.latent.name) as Latent }));
  const inGuide = order.flatMap((i) => (all[i] === undefined || all[i]?.isSummed ? [] : [all[i] as Latent]));
  const auxiliary = chance(0.15) && inGuide.length > 0;
  const posteriors = new Map(
    inGuide.map((latent, i) => [latent.name, parentsAmong(inGuide.slice(0, i), latent.family, latent.plates)] as const),
  );

  const params: Record<string, Tensor> = {};
  for (const latent of inGuide) {
    params[`q_${latent.name}`] = latent.start;
    if (!isDiscrete(latent)) params[`s_${latent.name}`] = array(shapeIn(latent.plates), 0.4);
  }
  params.theta = tensor(real());
  if (auxiliary) params.q_aux = tensor(real());
  const guideFactor = chance(0.2);
  if (guideFactor) params.omega = tensor(real());

  const totalOf = (
    plates: readonly PlateSpec[],
    parents: readonly Parent[],
    values: ReadonlyMap<string, Tensor>,
    hasEvent: boolean,
  ): Tensor =>
    parents.reduce(
      (sum, parent) => sum.add(seenFrom(plates, parent, values.get(parent.latent.name) as Tensor, hasEvent)),
      tensor(0),
    );

  const distributionOf = (
    { family, plates }: Latent,
    bias: Tensor,
    parents: readonly Parent[],
    values: ReadonlyMap<string, Tensor>,
    extra: Tensor,
    sd: Tensor | number = 0.8,
  ): Distribution => {
    const isVector = family === "flips";
    const total = totalOf(plates, parents, values, isVector).add(extra);
    if (isVector) return new Bernoulli({ logits: total.add(bias) }).toEvent(1);
    if (family === "categorical")
      return new Categorical({ logits: total.expandDims(-1).mul([0.5, -0.3, 0.8]).add(bias) });
    if (family === "bernoulli") return new Bernoulli({ logits: total.add(bias) });
    const normal = new Normal(total.add(bias), sd);
    return family === "score normal" ? normal.nonreparameterized() : normal;
  };

  let isWhole = false;
  const within = <T>(plates: readonly PlateSpec[], body: () => T): T => {
    const [outer, ...rest] = plates;
    if (outer === undefined) return body();
    const { name, size, dim, subsampleSize } = outer;
    return plate(name, size, { dim, subsampleSize: isWhole ? size : subsampleSize }, () => within(rest, body));
  };
  const whole =
    (f: Model): Model =>
    () => {
      isWhole = true;
      try {
        f();
      } finally {
        isWhole = false;
      }
    };

  /** Sample a latent from `fn`, masked and scaled. Every second mask is a mask of the distribution, the others use the handler. */
  const drawn = (latent: Latent, inModel: boolean, fn: Distribution, infer: InferOptions): Tensor => {
    const keep = inModel || latent.isMaskedInGuide ? latent.mask : null;
    const isOwn = keep !== null && /[13]/.test(latent.name);
    const isScaled = latent.scale !== 1 && (inModel || latent.isScaledInGuide);
    const body = () => sample(latent.name, isOwn ? fn.mask(subsample(keep)) : fn, { infer });
    const masked = keep === null || isOwn ? body : () => mask(body, subsample(keep))();
    return isScaled ? scale(masked, latent.scale)() : masked();
  };

  interface Observation {
    readonly plates: readonly PlateSpec[];
    readonly parents: readonly Parent[];
    readonly kind: "normal" | "normals" | "bernoulli" | "factor";
    readonly data: Tensor;
    readonly mask: Tensor | null;
  }
  const observations = Array.from({ length: 1 + Math.floor(next() * 2) }, (): Observation => {
    const plates = pick(places);
    const kind = pick(["normal", "normals", "bernoulli", "factor"] as const);
    const shape = [...shapeIn(plates), ...(kind === "normals" ? [EVENT] : [])];
    const parents = all
      .filter((latent) => kind !== "bernoulli" || isDiscrete(latent))
      .filter((latent) => chance(isWithin(latent.plates, plates) ? 0.8 : mayLeave(latent.plates, plates) ? 0.2 : 0))
      .map((latent) => ({ latent, weight: real(1.5), way: wayFrom(latent) }));
    const data = kind === "bernoulli" ? array(shape).greater(0) : array(shape, 2);
    return { plates, parents, kind, data, mask: chance(0.2) ? tensor(array(shapeIn(plates)).greater(0)) : null };
  });

  const model: Model = () => {
    const theta = param("theta", params.theta);
    const values = new Map<string, Tensor>();
    for (const latent of all)
      within(latent.plates, () => {
        const fn = distributionOf(
          latent,
          subsample(latent.bias, { eventDim: eventDimOf(latent) }),
          known(latent.prior),
          values,
          theta,
        );
        const infer: InferOptions = latent.isSummed ? { enumerate: "parallel" } : {};
        values.set(latent.name, drawn(latent, true, fn, infer));
      });
    observations.forEach(({ plates, parents, kind, data, mask: keep }, i) => {
      within(plates, () => {
        const isVector = kind === "normals";
        const total = totalOf(plates, parents, values, isVector).add(theta);
        const body = () => {
          const obs = subsample(data, { eventDim: isVector ? 1 : 0 });
          if (kind === "factor") factor(`x${i}`, total.mul(obs));
          else if (isVector) sample(`x${i}`, new Normal(total.add([0, 0.3]), 0.9).toEvent(1), { obs });
          else sample(`x${i}`, kind === "normal" ? new Normal(total, 0.9) : new Bernoulli({ logits: total }), { obs });
        };
        if (keep === null) body();
        else mask(body, subsample(keep))();
      });
    });
  };
  const guide: Model = () => {
    const values = new Map<string, Tensor>();
    const aux = auxiliary
      ? sample("aux", new Bernoulli({ logits: param("q_aux", params.q_aux) }), { infer: { isAuxiliary: true } })
      : tensor(0);
    for (const latent of inGuide)
      within(latent.plates, () => {
        const start = param(`q_${latent.name}`, latent.start, { eventDim: eventDimOf(latent) });
        const sd = isDiscrete(latent) ? 1 : param(`s_${latent.name}`, params[`s_${latent.name}`] as Tensor).exp();
        const fn = distributionOf(latent, start, posteriors.get(latent.name) ?? [], values, aux, sd);
        values.set(latent.name, drawn(latent, false, fn, latent.infer));
      });
    const [one] = inGuide;
    if (guideFactor && one !== undefined && mayLeave(one.plates, []))
      factor(
        "g",
        seenFrom([], { latent: one, weight: 1, way: "kept" }, values.get(one.name) as Tensor).mul(
          param("omega", params.omega),
        ),
      );
  };

  const subsets = (layout === "none" ? [] : layout === "one" ? [first] : [first, second]).reduce<Subset[]>(
    (all, { name, size, subsampleSize }) =>
      size === subsampleSize
        ? all
        : all.flatMap((one) =>
            // A subsample of size - 1 elements leaves out one element.
            Array.from({ length: size }, (_, gone) => ({
              ...one,
              [name]: Array.from({ length: size }, (_, i) => i).filter((i) => i !== gone),
            })),
          ),
    [{}],
  );
  const show = (pairs: Latent["prior"]): string =>
    pairs.map(({ latent, way }) => (way === "kept" ? latent.name : `${latent.name} ${way}`)).join(" ");
  const description = [
    `seed ${seed}, plates ${layout}`,
    ...all.map(
      (l) =>
        `${l.name} ${l.family} in [${l.plates.map(({ name, subsampleSize, size }) => `${name} ${subsampleSize}/${size}`)}] prior (${show(l.prior)}) guide ${l.isSummed ? "none" : `(${show(posteriors.get(l.name) ?? [])})`}${l.mask ? " masked" : ""}${l.scale === 1 ? "" : " scaled"}`,
    ),
    ...observations.map(
      (o) => `${o.kind} in [${o.plates.map(({ name }) => name)}] of (${show(o.parents)})${o.mask ? " masked" : ""}`,
    ),
  ].join("; ");
  const exact = { model: whole(model), guide: whole(guide), params, subsets: [{}] };
  const isFinite = all.every(isDiscrete) && !/flipped|neighbours/.test(description);
  return {
    isFinite,
    model,
    guide,
    params,
    subsets,
    exact,
    description,

    hasSummed: all.some(({ isSummed }) => isSummed),
  };
}
