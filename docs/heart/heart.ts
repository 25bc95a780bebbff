/** The main idea of Pedigrad in 220 lines that import nothing. README.md in this folder explains it in ten chapters. */

/** Chapter 1. The names of the random choices that a value depends on, true if element by element. */
export type Provenance = ReadonlyMap<string, boolean>;
export const none: Provenance = new Map();
export function union(a: Provenance, b: Provenance): Provenance {
  const names = new Map(a);
  for (const [name, meets] of b) names.set(name, meets && a.get(name) !== false);
  return names;
}
/** The choices behind the values that host code has read in the current run; null outside a run. */
let ambient: Provenance | null = null;

/** Chapter 2. Numbers that never change (a scalar is a list of one), their provenance, and the op that made them. */
export class Tensor {
  private static made = 0;
  readonly serial = Tensor.made++;
  constructor(
    readonly numbers: readonly number[],
    readonly provenance: Provenance = none,
    readonly op: Op | null = null,
    readonly inputs: readonly Tensor[] = [],
  ) {}

  /** The number in a scalar, for host code. This is a read (chapter 1). */
  item(): number {
    if (this.numbers.length !== 1) throw new Error(`item: the tensor has ${this.numbers.length} numbers, not one`);
    if (ambient !== null) ambient = union(ambient, this.provenance);
    return this.numbers[0] as number;
  }
}
export type TensorLike = Tensor | number | readonly number[];
export const tensor = (x: TensorLike): Tensor => (x instanceof Tensor ? x : new Tensor([x].flat()));

/** Chapter 3. A function of lists of numbers, with a gradient rule for each input (null: no gradient). */
export interface Op {
  readonly kernel: (...xs: (readonly number[])[]) => number[];
  readonly rules: readonly (Rule | null)[];
  /** Whether an element of the result depends on all elements of the inputs. */
  readonly mixes?: boolean;
}
/** The gradient for one input, from the gradient g for the result y. */
export type Rule = (g: Tensor, y: Tensor, ...inputs: Tensor[]) => Tensor;
/** Makes every tensor that is computed from other tensors. */
export function apply(op: Op, ...inputs: Tensor[]): Tensor {
  const names = inputs.reduce((all, x) => union(all, x.provenance), ambient ?? none);
  const provenance = op.mixes ? new Map([...names.keys()].map((name) => [name, false])) : names;
  return new Tensor(op.kernel(...inputs.map((x) => x.numbers)), provenance, op, inputs);
}

/** Chapter 4. A row of the op table: f is applied to each element, and scalars are repeated for every element. */
function row(f: (...xs: number[]) => number, rules: (Rule | null)[]): (...inputs: TensorLike[]) => Tensor {
  const kernel: Op["kernel"] = (...xs) => {
    const size = Math.max(...xs.map((x) => x.length));
    if (xs.some((x) => x.length !== 1 && x.length !== size)) throw new Error("the lists have different lengths");
    return Array.from({ length: size }, (_, i) => f(...xs.map((x) => x[x.length === 1 ? 0 : i] as number)));
  };
  return (...inputs) => apply({ kernel, rules }, ...inputs.map(tensor));
}
type Unary = (a: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;
export const add: Binary = row((a, b) => a + b, [(g) => g, (g) => g]);
export const sub: Binary = row((a, b) => a - b, [(g) => g, (g) => neg(g)]);
export const mul: Binary = row((a, b) => a * b, [(g, _, __, b) => mul(g, b), (g, _, a) => mul(g, a)]);
export const div: Binary = row((a, b) => a / b, [(g, _, __, b) => div(g, b), (g, y, _, b) => neg(div(mul(g, y), b))]);
export const neg: Unary = row((a) => -a, [(g) => neg(g)]);
export const exp: Unary = row((a) => Math.exp(a), [(g, y) => mul(g, y)]);
export const log: Unary = row((a) => Math.log(a), [(g, _, a) => div(g, a)]);
export const sigmoid: Unary = row((a) => 1 / (1 + Math.exp(-a)), [(g, y) => mul(g, mul(y, sub(1, y)))]);
export const softplus: Unary = row((a) => (a > 36 ? a : Math.log1p(Math.exp(a))), [(g, _, a) => mul(g, sigmoid(a))]);
export const less: Binary = row((a, b) => (a < b ? 1 : 0), [null, null]);
/** a, as a constant for gradients. */
export const stop: Unary = row((a) => a, [null]);
/** The scalar a, repeated as many times as b has elements. */
export const spread: Binary = row((a, _) => a, [(g) => g, null]);
export const sum: Unary = (a) => apply(sumOp, tensor(a));
const sumOp: Op = { kernel: (a) => [a.reduce((x, y) => x + y, 0)], rules: [(g, _, a) => spread(g, a)], mixes: true };

/** Chapter 5. The gradients of the scalar y for each of xs. They are made by ops, so they have gradients, too. */
export function gradients(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  const ancestors = new Set([y]);
  for (const t of ancestors) for (const x of t.inputs) ancestors.add(x);
  const found = new Map([[y, tensor(1)]]);
  for (const t of [...ancestors].sort((a, b) => b.serial - a.serial))
    t.inputs.forEach((x, i) => {
      const [g, rule] = [found.get(t), t.op?.rules[i]];
      if (!g || !rule) return;
      const share = rule(g, t, ...t.inputs);
      // If the scalar x was repeated for every element of a list, sum the gradients of all elements.
      const whole = share.numbers.length > x.numbers.length ? sum(share) : share;
      found.set(x, add(found.get(x) ?? 0, whole));
    });
  return xs.map((x) => found.get(x) ?? spread(0, x));
}

/** Chapter 6. `hasPath`: whether a draw has a gradient with respect to the parameters. `uniform` draws from (0, 1). */
export interface Distribution {
  readonly hasPath: boolean;
  draw(uniform: () => number): Tensor;
  logProb(x: Tensor): Tensor;
}
/** log p(x) = -z²/2 - log(scale) - log √(2π),  z = (x - loc) / scale */
export const normal = (loc: TensorLike, scale: TensorLike): Distribution => ({
  hasPath: true,
  draw(uniform) {
    const noise = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return add(loc, mul(scale, add(loc, scale).numbers.map(noise)));
  },
  logProb(x) {
    const z = div(sub(x, loc), scale);
    return sub(mul(-0.5, mul(z, z)), add(log(scale), Math.log(2 * Math.PI) / 2));
  },
});

/** log p(x) = x logits - log(1 + exp(logits)),  x = 0 or 1 */
export const bernoulli = (logits: TensorLike): Distribution => ({
  hasPath: false,
  draw: (uniform) => less(tensor(logits).numbers.map(uniform), sigmoid(logits)),
  logProb: (x) => sub(mul(x, logits), softplus(logits)),
});

/** Chapter 7. A model or a guide. */
export type Program = (...params: Tensor[]) => unknown;
/** A random choice that `sample` sends to the handler: its value is null if it is not observed. */
export type Message = { readonly name: string; readonly fn: Distribution; readonly value: Tensor | null };
export type Handler = (message: Message) => Message;
/** A random choice in a trace, with the ambient set at its statement. */
export type Site = Message & { readonly value: Tensor; readonly logProb: Tensor; readonly ambient: Provenance };
export type Trace = ReadonlyMap<string, Site>;
let send = ({ name }: Message): Tensor => {
  throw new Error(`sample "${name}": run the program under trace`);
};
/** The value of the random choice `name`: observed, or given by a handler. */
export const sample = (name: string, fn: Distribution, observed?: TensorLike): Tensor =>
  send({ name, fn, value: observed === undefined ? null : tensor(observed) });

/** One run of f: its sites in order. */
export function trace(f: Program, params: readonly Tensor[], handler: Handler): Trace {
  const sites = new Map<string, Site>();
  const outer = { ambient, send };
  ambient = none;
  send = (message) => {
    const { name, fn, value } = handler(message);
    if (value === null || sites.has(name)) throw new Error(`sample "${name}": ${value ? "a second site" : "no value"}`);
    sites.set(name, { name, fn, value, logProb: fn.logProb(value), ambient: ambient ?? none });
    return value;
  };
  try {
    f(...params);
  } finally {
    ({ ambient, send } = outer);
  }
  return sites;
}

/** Draws latent sites, with random numbers from `key` (the generator mulberry32). Sites in `scored` have no path. */
export function seed(key: number, scored = none): Handler {
  let state = key;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    const once = Math.imul(state ^ (state >>> 15), state | 1);
    const twice = once ^ (once + Math.imul(once ^ (once >>> 7), once | 61));
    return (((twice ^ (twice >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return ({ name, fn, value }) => {
    if (value !== null) return { name, fn, value };
    const hasPath = fn.hasPath && !scored.has(name);
    const { numbers, provenance, op, inputs } = hasPath ? fn.draw(uniform) : stop(fn.draw(uniform));
    const own = new Map([[name, numbers.length > 1]]);
    return { name, fn: { ...fn, hasPath }, value: new Tensor(numbers, union(provenance, own), op, inputs) };
  };
}

/** Gives latent sites their values in a trace. */
export const replay =
  (sites: Trace): Handler =>
  (m) => ({ ...m, value: m.value ?? sites.get(m.name)?.value ?? null });

/** Chapter 8. The loss of one draw z: log q(z) - log p(x, z), whose mean is -ELBO. Its gradients are unbiased. */
export function loss(model: Program, guide: Program, params: readonly Tensor[], key: number, scored = none): Tensor {
  const guided = trace(guide, params, seed(key, scored));
  const modelled = trace(model, params, replay(guided));
  const [q, p] = [[...guided.values()], [...modelled.values()]];
  for (const { name } of q) if (!modelled.has(name)) throw new Error(`sample "${name}": the model has no such site`);
  // No pathwise gradient passes through a read by host code. Such a site adds its score instead, with the same draw.
  const read = [...q, ...p].reduce((names, site) => union(names, site.ambient), none);
  if (q.some((s) => s.fn.hasPath && read.has(s.name))) return loss(model, guide, params, key, union(scored, read));

  const costs = p.map(({ logProb }) => logProb);
  for (const { fn, logProb } of q) costs.push(neg(fn.hasPath ? logProb : stop(logProb)));
  let elbo = costs.reduce((all, cost) => add(all, sum(cost)), tensor(0));
  for (const { name, logProb } of q.filter(({ fn }) => !fn.hasPath)) {
    const charged = costs.filter((cost) => cost.provenance.has(name)); // This line is TraceGraphELBO.
    const paid = charged.reduce((all, cost) => add(all, shareOf(cost, name)), tensor(0));
    elbo = add(elbo, sum(mul(stop(paid), sub(logProb, stop(logProb)))));
  }
  return neg(elbo);
}

/** Chapter 9. What each element of a choice is charged with: its own element of the cost if they correspond, or the sum of all. */
const shareOf = (cost: Tensor, name: string): Tensor => (cost.provenance.get(name) ? cost : sum(cost));

/** Chapter 10. Parameters that minimise the mean loss. Steps shrink as gradients add up (AdaGrad-Norm). */
export function fit(start: readonly TensorLike[], model: Program, guide: Program, numSteps: number): Tensor[] {
  let params = start.map(tensor);
  let norm = 1;
  for (let key = 0; key < numSteps; key++) {
    const slopes = gradients(loss(model, guide, params, key), params);
    norm = Math.hypot(norm, ...slopes.flatMap((g) => g.numbers));
    params = params.map((x, i) => tensor(sub(x, mul(0.5 / norm, slopes[i] as Tensor)).numbers));
  }
  return params;
}

/** The log odds of isHigh are -1 before the observation reading = 2, and 0.5 after it. */
export const exampleModel: Program = () => {
  const isHigh = sample("isHigh", bernoulli(-1));
  sample("reading", normal(isHigh.item() === 1 ? 3 : 0, 1), 2);
};
export const exampleGuide: Program = (logit) => sample("isHigh", bernoulli(logit));
