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
import { type Plate, programOf, SIZE, type Statement, type Wrapper } from "./nestedPrograms.js";

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
  readonly noise: number;
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
      noise,
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
    for (const handler of [...this.#stack].reverse()) {
      handler(m);
      if (m.isStopped) break;
    }
    if (!m.isStopped) this.sites.set(m.name, m);
    return m.intervention ?? (m.value as number);
  }

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
      const noise = this.#send(`${m.declared}_decentered`, 0, 1, m.noise, false);
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
