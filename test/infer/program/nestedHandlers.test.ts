/**
 * Random programs in nested handlers and plates, compared with an interpreter that runs a program with plain numbers, for one element of every
 * plate. The interpreter knows a handler as a function that changes the message of a site, and reparam as two further messages.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  block,
  condition,
  intervene,
  LocScaleReparam,
  mask,
  Normal,
  plate,
  random,
  reparam,
  sample,
  scale,
  scope,
  seed,
  substitute,
  type Tensor,
  trace,
} from "../../../index.js";
import { numbers } from "../estimators/randomModels.js";

const OPS = ["scope", "condition", "substitute", "intervene", "mask", "scale", "block", "reparam"] as const;
/** How often each handler is drawn; two interventions around a site that reparam computes need many of both. */
const DRAWN: readonly (typeof OPS)[number][] = [...OPS, "intervene", "intervene", "reparam", "reparam"];
const SIZE = 3;
/** A value for a site: the numbers for all elements of the plates between handler and site, and the number for one element. */
interface Value {
  readonly all: number | unknown[];
  readonly of: (elements: Record<string, number>) => number;
}
interface Site {
  readonly op: "sample";
  readonly name: string;
  readonly parents: readonly string[];
  readonly sd: number;
  readonly obs: number | null;
  /** The value if no handler gives one; null for a site that `reparam` decentres. */
  readonly start: number | null;
  readonly noise: number;
}
interface Plate {
  readonly op: "plate";
  readonly name: string;
  readonly indices: readonly number[];
  readonly body: readonly Statement[];
}
interface Wrapper {
  readonly op: (typeof OPS)[number];
  readonly name: string;
  readonly factor: number;
  readonly values: Record<string, Value>;
  readonly body: readonly Statement[];
}
type Statement = Site | Plate | Wrapper;
/** The sites in statements, by the names that a handler around them sees, with the plates between. */
type Visible = Map<string, { site: Site; plates: readonly string[]; isFree: boolean; isComputed: boolean }>;

function programOf(next: () => number): readonly Statement[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const value = () => Math.round(next() * 40 - 20) / 10;
  const sites: { name: string; plates: readonly string[] }[] = [];
  let count = 0;
  const valueFor = (plates: readonly string[], numOuter: number): Value => {
    const [base, slopes] = [value(), plates.map(value)];
    const of = (at: Record<string, number>) =>
      plates.reduce((x, name, i) => x + (slopes[i] as number) * (at[name] ?? 0), base);
    // The first plate has the last axis. Plates outside the handler have axes of size 1.
    const axes = [...plates].reverse();
    const build = ([name, ...rest]: readonly string[], at: Record<string, number>): number | unknown[] =>
      name === undefined
        ? plates.length === 0
          ? of(at)
          : Array.from({ length: numOuter }).reduce<number | unknown[]>((x) => [x], of(at))
        : Array.from({ length: SIZE }, (_, i) => build(rest, { ...at, [name]: i }));
    return { all: build(axes, {}), of };
  };
  const make = (depth: number, plates: readonly string[], isDecentred: boolean): Statement[] =>
    Array.from({ length: 1 + Math.floor(next() * 3) }, (): Statement => {
      const name = `s${count++}`;
      const kind = depth === 0 ? 0 : next();
      if (kind < 0.4) {
        const known = sites.filter((site) => site.plates.every((outer) => plates.includes(outer)));
        const parents = known.length > 0 && next() < 0.9 ? [pick(known).name] : [];
        sites.push({ name, plates });
        const obs = next() < 0.3 ? value() : null;
        const start = isDecentred && next() < 0.6 ? null : value();
        return { op: "sample", name, parents, sd: pick([0.5, 1, 2]), obs, start, noise: value() };
      }
      if (kind < 0.55 && plates.length < 2)
        return {
          op: "plate",
          name,
          indices: pick([
            [0, 1, 2],
            [2, 0],
            [1, 2, 0],
          ]),
          body: make(depth - 1, [...plates, name], isDecentred),
        };
      const op = pick(DRAWN);
      const body = make(depth - 1, plates, isDecentred || op === "reparam");
      const values: Record<string, Value> = {};
      for (const [site, { plates: inner, isFree, isComputed }] of visibleIn(body))
        if (
          op === "reparam" ? isFree : next() < 0.5 && !(op === "block" && isFree) && !(op === "condition" && isComputed)
        )
          values[site] = valueFor(inner, plates.length);
      return { op, name, factor: pick([0.5, 2, 3]), values, body };
    });
  return make(4, [], false);
}

function visibleIn(statements: readonly Statement[]): Visible {
  const visible: Visible = new Map();
  for (const s of statements) {
    if (s.op === "sample")
      visible.set(s.name, { site: s, plates: [], isFree: s.start === null && s.obs === null, isComputed: false });
    else
      for (const [name, found] of visibleIn(s.body)) {
        const isHere = s.op !== "plate" && Object.hasOwn(s.values, name);
        if (isHere && s.op === "block") continue;
        const isDecentred = isHere && s.op === "reparam";
        const plates = s.op === "plate" ? [s.name, ...found.plates] : found.plates;
        const isGiven = isHere && (s.op === "condition" || s.op === "substitute");
        visible.set(s.op === "scope" ? `${s.name}/${name}` : name, {
          ...found,
          plates,
          isFree: found.isFree && !isGiven && !isDecentred,
          isComputed: found.isComputed || isDecentred,
        });
      }
  }
  return visible;
}

function runInLibrary(statements: readonly Statement[], env = new Map<string, Tensor>()): void {
  for (const s of statements) {
    if (s.op === "sample") {
      const mean = s.parents.reduce<Tensor | number>((sum, name) => (env.get(name) as Tensor).add(sum), 0);
      const statement = () => sample(s.name, new Normal(mean, s.sd), { obs: s.obs });
      const start = { [`${s.name}_decentered`]: s.noise, ...(s.start !== null && { [s.name]: s.start }) };
      env.set(s.name, substitute(statement, start)());
      continue;
    }
    const body = () => runInLibrary(s.body, env);
    if (s.op === "plate") {
      plate(s.name, SIZE, { subsample: [...s.indices] }, body);
      continue;
    }
    const names = Object.keys(s.values);
    const data = Object.fromEntries(Object.entries(s.values).map(([name, { all }]) => [name, all as number[]]));
    const wrapped = {
      scope: () => scope(body, { prefix: s.name }),
      condition: () => condition(body, data),
      substitute: () => substitute(body, data),
      intervene: () => intervene(body, data),
      mask: () => mask(body, s.factor > 1),
      scale: () => scale(body, s.factor),
      block: () => block(body, { hide: names }),
      reparam: () => reparam(body, Object.fromEntries(names.map((name) => [name, LocScaleReparam()]))),
    };
    wrapped[s.op]()();
  }
}

/** The message of one element of a site. */
interface Message {
  name: string;
  readonly declared: string;
  readonly mean: number;
  readonly sd: number;
  value: number | null;
  /** Null for a site that is computed. */
  isObserved: boolean | null;
  scale: number;
  isMasked: boolean;
  intervention: number | null;
  /** The position of the element along the dim of each plate. */
  positions: Map<number, number>;
  isStopped: boolean;
}

class Interpreter {
  readonly sites = new Map<string, Message>();
  readonly #env = new Map<string, number>();
  readonly #stack: ((m: Message) => void)[] = [];
  readonly #elements: Record<string, number> = {};
  #numPlates = 0;

  constructor(readonly next: () => number) {}

  run(statements: readonly Statement[]): void {
    for (const s of statements)
      if (s.op === "sample") {
        const mean = s.parents.reduce((sum, name) => sum + (this.#env.get(name) as number), 0);
        this.#env.set(s.name, this.#send(s.name, mean, s.sd, s.obs ?? s.start, s.obs !== null, s.noise));
      } else if (s.op === "plate") this.#visit(s);
      else this.#inside((m) => this.#change(s, m), s.body);
  }

  #inside(handler: (m: Message) => void, body: readonly Statement[]): void {
    this.#stack.push(handler);
    this.run(body);
    this.#stack.pop();
  }

  #visit({ name, indices, body }: Plate): void {
    const position = Math.floor(this.next() * indices.length);
    const dim = --this.#numPlates;
    this.#elements[name] = indices[position] as number;
    this.#inside((m) => {
      m.positions.set(dim, position);
      m.scale *= SIZE / indices.length;
    }, body);
    this.#numPlates++;
  }

  /** The value that later statements get. */
  #send(
    declared: string,
    mean: number,
    sd: number,
    value: number | null,
    isObserved: boolean | null,
    noise = 0,
  ): number {
    const m: Message = {
      name: declared,
      declared,
      mean,
      sd,
      value,
      isObserved,
      scale: 1,
      isMasked: false,
      intervention: null,
      positions: new Map(),
      isStopped: false,
    };
    this.#noise = noise;
    for (const handler of [...this.#stack].reverse()) {
      handler(m);
      if (m.isStopped) break;
    }
    if (!m.isStopped) this.sites.set(m.name, m);
    return m.intervention ?? (m.value as number);
  }
  #noise = 0;

  #change({ op, name, factor, values }: Wrapper, m: Message): void {
    const value = values[m.name]?.of(this.#elements);
    if (op === "scope") m.name = `${name}/${m.name}`;
    if (op === "mask" && factor <= 1) m.isMasked = true;
    if (op === "scale") m.scale *= factor;
    if (value === undefined) return;
    if (op === "intervene") m.intervention = value;
    if (op === "block") m.isStopped = true;
    if (op === "substitute" && m.isObserved !== true) m.value = value;
    if (op === "condition" && m.isObserved !== null) Object.assign(m, { value, isObserved: true });
    if (op === "reparam" && m.value === null) {
      const noise = this.#send(`${m.declared}_decentered`, 0, 1, this.#noise, false);
      const computed = this.#send(m.declared, 0, 0, m.mean + m.sd * noise, null);
      Object.assign(m, { value: computed, intervention: null, isStopped: true });
    }
  }
}

test("nested handlers and plates give every site of random programs the value and the log density of an interpreter", () => {
  let numSites = 0;
  for (let seedOf = 0; seedOf < 600; seedOf++) {
    const next = numbers(seedOf);
    const program = programOf(next);
    const interpreter = new Interpreter(next);
    interpreter.run(program);
    const run = trace(seed(() => runInLibrary(program), random.key(0))).getTrace();
    const about = () => `${seedOf}: ${JSON.stringify(program)}`;
    const names = [...run].filter(([, site]) => site.type !== "plate").map(([name]) => name);
    assert.equal(names.sort(), [...interpreter.sites.keys()].sort(), about());
    for (const [name, m] of interpreter.sites) {
      const site = run.get(name);
      const at = (x: Tensor): number =>
        x.shape.reduce<Tensor>((y, n, i) => y.at(n === 1 ? 0 : (m.positions.get(i - x.shape.length) ?? 0)), x).item();
      assert.ok(Math.abs(at(site?.value as Tensor) - (m.value as number)) < 1e-12, `value of ${name} in ${about()}`);
      if (site?.type !== "sample") continue;
      assert.is(site.isObserved, m.isObserved, about());
      const z = ((m.value as number) - m.mean) / m.sd;
      const logp = m.isMasked ? 0 : m.scale * (-0.5 * z * z - Math.log(m.sd) - 0.5 * Math.log(2 * Math.PI));
      assert.ok(Math.abs(at(site.scaledLogProb()) - logp) < 1e-9, `density of ${name} in ${about()}`);
      numSites++;
    }
  }
  assert.ok(numSites > 1500, `${numSites} sites`);
});

test.run();
