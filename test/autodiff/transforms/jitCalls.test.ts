/**
 * Arguments and results of compiled functions: provenance of arguments, structures that change, static arguments, and which programs are
 * discarded.
 */

import { inspect } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  getProvenance,
  grad,
  inFreshRun,
  jit,
  PedigradError,
  random,
  stopGradient,
  type Tensor,
  tensor,
  trackProvenance,
  unary,
  valueAndGrad,
  vmap,
} from "../../../autodiff/index.js";
import { refusal, refuses } from "../../refusals.js";

const sites = (x: unknown): string => [...getProvenance(x)].sort().join();
const tagged = (x: number, ...names: string[]) => trackProvenance(tensor(x), names);

test("every output has the provenance of the arguments of its own call", () => {
  const f = (x: Tensor, { y }: { y: Tensor }) => ({
    x: x.mul(2),
    both: [x.add(y).exp(), stopGradient(y)],
    one: tensor(1),
    inner: trackProvenance(y.mul(3), "inner"),
    slope: valueAndGrad((z: Tensor) => z.mul(y))(x)[1],
  });
  const compiled = jit(f);
  for (const [a, b] of [
    [["a"], ["b"]],
    [[], []],
    [[], ["b", "c"]],
    [["a"], []],
    [["d"], ["d"]],
    [[], []],
  ] as const) {
    const args = [tagged(1, ...a), { y: tagged(2, ...b) }] as const;
    const [eager, result] = [f(...args), compiled(...args)];
    for (const name of ["x", "both", "one", "inner", "slope"] as const)
      assert.is(sites(result[name]), sites(eager[name]), `${name} of ${a} and ${b}`);
  }
});

test("results inherit the sites that the run has read, also through captured tensors", () => {
  const captured = tagged(3, "captured");
  const f = jit((x: Tensor) => x.mul(captured.item()));
  for (let call = 0; call < 4; call++)
    inFreshRun(() => {
      tagged(1, "read").item();
      assert.is(sites(f(tensor(call))), "captured,read");
      assert.is(sites(tensor(1).add(1)), "captured,read");
    });
  assert.is(sites(f(tensor(1))), "captured");
});

test("a changed function is refused once, and later calls are right", () => {
  let way = 0;
  const f = jit((x: Tensor): Record<string, Tensor> => (way === 0 ? { a: x.mul(2) } : { b: x.add(way), c: x.neg() }));
  for (let call = 0; call < 3; call++) assert.is(f(tensor(call)).a?.item(), 2 * call);
  way = 10;
  assert.is(refusal(() => f(tensor(1))).code, "jit-changed");
  for (let call = 0; call < 9; call++) {
    const { b, c, ...rest } = f(tensor(call));
    assert.equal([b?.item(), c?.item(), Object.keys(rest)], [call + 10, -call, []]);
  }
});

test("returned values that differ between calls are refused", () => {
  let call = 0;
  const RESULTS: ((x: Tensor) => unknown)[] = [
    (x) => [x, call],
    (x) => (call === 1 ? { p: x, q: x.neg() } : { q: x, p: x.neg() }),
    (x) => (call === 1 ? { p: x, q: x.neg() } : { q: x.neg(), p: x }),
    (x) => (call === 1 ? [x] : { 0: x }),
    (x) => ({ x, how: call === 1 ? null : undefined }),
    (x) => ({ x, how: () => call }),
    (x) => new Map([[call, x]]),
    (x) => (call === 1 ? x : call),
    (x) => [x, tensor(call)],
  ];
  for (const result of RESULTS) {
    call = 0;
    const f = jit((x: Tensor) => {
      call++;
      return result(x);
    });
    f(tensor(1));
    assert.is(refusal(() => f(tensor(1))).code, "jit-changed", `${result}`);
  }
});

test("values that are equal in all calls may be returned", () => {
  const kept = { f: () => 1, s: Symbol("s"), n: [Number.NaN, -0], b: 3n, m: new Date(0) };
  const f = jit((x: Tensor) => ({ x, ...kept }));
  for (let call = 0; call < 5; call++) {
    const { x, ...rest } = f(tensor(call));
    assert.is(x.item(), call);
    assert.is(rest.f, kept.f);
    assert.is(rest.s, kept.s);
    assert.is(rest.m, kept.m);
    assert.is(inspect(rest.n), "[ NaN, -0 ]");
  }
});

test("a call notices fields that the caller added to a returned record or removed from it", () => {
  type State = { p: Record<string, Tensor>; list: Tensor[] };
  const f = jit(
    ({ p, list }: State): State => ({
      p: Object.fromEntries(Object.entries(p).map(([name, x]) => [name, x.add(1)])),
      list: list.map((x) => x.mul(2)),
    }),
  );
  let state: State = { p: { a: tensor(0) }, list: [tensor(1)] };
  for (let call = 0; call < 4; call++) state = f(state);
  state.p.b = tensor(10);
  state = f(state);
  assert.equal([state.p.a?.item(), state.p.b?.item()], [5, 11]);
  for (let call = 0; call < 3; call++) state = f(state);
  state.list.push(tensor(7));
  state = f(state);
  assert.equal(state.list[1]?.item(), 14);
  for (let call = 0; call < 3; call++) state = f(state);
  delete state.p.a;
  assert.equal(Object.keys(f(state).p), ["b"]);
  Object.assign(state.p, { [Symbol("hidden")]: tensor(1) });
  assert.is(refusal(() => f(state)).code, "symbol-key");
});

test("a loop that passes its record back gives the same results as f, even if calls are repeated or have provenance", () => {
  type State = Record<"a" | "b" | "c" | "d" | "e", Tensor>;
  // a and b are exchanged, and so are c and e, which are long.
  const f = ({ a, b, c, d, e }: State, x: Tensor): [State, Tensor, Tensor] => [
    { a: b, b: a.mul(0.5).add(x), c: e.mul(0.9).add(d.sum()), d: a.sum().broadcastTo([20]), e: c },
    c.sum().add(e.at(3)),
    c,
  ];
  const compiled = jit(f);
  const numbersOf = (result: readonly unknown[]) =>
    JSON.stringify(result, (_, x) => (x !== null && typeof x === "object" && "toArray" in x ? x.toArray() : x));
  const long = (from: number) => tensor(Array.from({ length: 100 }, (_, i) => from + i));
  let mine: State = { a: tensor([1, 2]), b: tensor([3, 4]), c: long(0), d: tensor(new Float64Array(20)), e: long(7) };
  let theirs = mine;
  const kept: [unknown[], string][] = [];
  for (let call = 0; call < 24; call++) {
    const x = call % 7 === 5 ? tagged(call, "x") : tensor(call % 3);
    const [now, then] = [compiled(mine, x), f(theirs, x)];
    assert.is(numbersOf(now), numbersOf(then), `call ${call}`);
    assert.is(sites(now), sites(then), `call ${call}`);
    kept.push([now, numbersOf(now)]);
    if (call % 5 === 4) assert.is(numbersOf(compiled(mine, x)), numbersOf(then), "the same call again");
    if (call % 7 === 5) continue;
    [mine] = now;
    [theirs] = then;
  }
  for (const [result, numbers] of kept) assert.is(numbersOf(result), numbers);
});

test("a loop that goes back to an earlier record starts from all of its fields", () => {
  // The long field is written over its own place in memory; the count and the short field are copied to theirs.
  interface State {
    readonly long: Tensor;
    readonly count: Tensor;
    readonly short: Tensor;
  }
  const f = jit(({ long, count, short }: State): [State] => [
    { long: long.mul(2), count: count.add(1), short: short.sub(1) },
  ]);
  const records: State[] = [{ long: tensor(new Float64Array(80).fill(1)), count: tensor(0), short: tensor([0, 0, 0]) }];
  for (const [start, length] of [
    [0, 9],
    [1, 2],
    [6, 1],
    [1, 4],
    [2, 3],
    [0, 5],
    [3, 4],
  ] as const) {
    for (let k = start; k < start + length; k++) records[k + 1] = f(records[k] as State)[0];
    const end = start + length;
    const { long, count, short } = records[end] as State;
    const got = [count.item(), long.at(79).item(), short.at(2).item()];
    assert.equal(got, [end, 2 ** end, -end], `from ${start} to ${end}`);
  }
});

test("after a call that throws, the next call uses the record that is passed to it", () => {
  interface State {
    count: Tensor;
    key: Tensor;
    row: Tensor;
  }
  const f = ({ count, key }: State, i: Tensor): [State] => [
    { count: count.add(1), key: random.split(key).at(0), row: tensor([1, 2, 3]).take(i).add(count) },
  ];
  const states = (step: typeof f): unknown[] => {
    let state: State = { count: tensor(0), key: random.key(0), row: tensor([0]) };
    return Array.from({ length: 12 }, (_, i) => {
      // The index is out of range, so this call throws. Earlier results must not change.
      if (i > 6) assert.is(refusal(() => step(state, tensor([7]))).code, "bad-index");
      [state] = step(state, tensor([i % 3]));
      return Object.values(state).map((x: Tensor) => x.toArray());
    });
  };
  assert.equal(states(jit(f)), states(f));
});

test("different static arguments never share a program", () => {
  const seen: unknown[] = [];
  const f = jit((what: unknown, x: Tensor) => {
    if (!seen.includes(what)) seen.push(what);
    return x.add(seen.indexOf(what));
  });
  const things = [
    Symbol("s"),
    Symbol("s"),
    Symbol.for("s"),
    () => 1,
    () => 1,
    /r/,
    /r/,
    new Date(0),
    new Date(1),
    new Set([1]),
    new Set(["1"]),
    "1",
    "symbol 1",
    "Date 0",
    "RegExp #4",
  ];
  for (let round = 0; round < 3; round++)
    for (const [i, what] of things.entries()) assert.is(f(what, tensor(1)).item(), 1 + i);
  const count = jit((list: Tensor[]) => tensor(list.length).add(list[0] as Tensor));
  const [one, long] = [[tensor(1)], [tensor(1)]];
  long.length = 3;
  for (let round = 0; round < 3; round++) assert.equal([count(one).item(), count(long).item()], [2, 4]);
});

test("records and lists share a program only if names, order, lengths, shapes and numbers are the same", () => {
  const first = (x: unknown): Tensor => (Array.isArray(x) ? first(x[0]) : (x as Tensor));
  const f = (x: unknown) => {
    const items = Object.values(x as object).map((item) => (typeof item === "number" ? tensor(item) : first(item)));
    return items.map((item, i) => item.sum().mul(i + 1));
  };
  const [one, two, three] = [tensor(1), tensor(2), tensor([3])];
  const args: readonly unknown[] = [
    { a: one, b: two },
    { b: two, a: one },
    { a: one, b: three },
    { a: one, b: two, c: three },
    { a: one },
    { a: one, b: 2 },
    { a: one, b: 3 },
    { a: [one], b: two },
    [one, two],
    [one, two, three],
  ];
  const compiled = jit(f);
  for (let round = 0; round < 4; round++)
    for (const x of [...args, ...[...args].reverse()])
      assert.equal(
        compiled(x).map((y) => y.toArray()),
        f(x).map((y) => y.toArray()),
      );
  assert.is(refusal(() => compiled({ a: one, b: two, [Symbol("c")]: two })).code, "symbol-key");
});

test("cyclic arguments, symbol keys and unsupported arrays are refused", () => {
  const f = jit((x: unknown) => tensor(1).add(x === null ? 0 : 1));
  const loop: Record<string, unknown> = { x: tensor(1) };
  loop.again = { loop };
  const list: unknown[] = [1];
  list.push(list);
  for (const [x, code] of [
    [loop, "cyclic"],
    [list, "cyclic"],
    [{ [Symbol("k")]: 1 }, "symbol-key"],
    [Object.assign([tensor(1)], { more: tensor(2) }), "symbol-key"],
    [[[Object.assign([1], { more: 2 })]], "symbol-key"],
    [new BigInt64Array(2), "not-a-tensor"],
    [new DataView(new ArrayBuffer(8)), "not-a-tensor"],
  ] as const)
    assert.is(refusal(() => f(x)).code, code);
  assert.is(refusal(() => tensor(list as number[])).code, "cyclic");
  assert.is(refusal(() => trackProvenance(loop, "a")).code, "cyclic");
  loop.x = tensor([1]);
  assert.is(refusal(() => vmap((x: Tensor) => x)(loop)).code, "cyclic");
  const withField = Object.assign([tensor([1])], { more: tensor([2]) });
  refuses(() => vmap((x: Tensor[]) => x)(withField), /key more/);
  refuses(() => grad((x: typeof withField) => (x.more ?? tensor(1)).sum())(withField), /key more/);
  refuses(() => jit((x: Tensor) => Object.assign([x], { more: x }))(tensor(1)), /key more/);
});

test("an async function is refused at every call", () => {
  let calls = 0;
  const f = jit(async (x: Tensor) => x.add(++calls));
  for (let call = 1; call <= 3; call++) {
    refuses(() => f(tensor(1)), /returned a promise.*plain function/);
    assert.is(calls, call);
  }
});

test("a comparison runs kernels of ops on constants, but not of ops that depend on an input", () => {
  const counts = { input: 0, constant: 0 };
  const counting = (name: "input" | "constant") => (x: number) => {
    counts[name]++;
    return x + 1;
  };
  const [onInput, onConstant] = [
    unary("onInput", counting("input"), null),
    unary("onConstant", counting("constant"), null),
  ];
  let constant = 1;
  const program = (x: Tensor) => onInput(x.mul(onConstant(constant)));
  const f = jit(program);
  f(tensor([1, 2]));
  f(tensor([1, 2]));
  f(tensor([1, 2]));
  const before = { ...counts };
  f.check(tensor([3, 4]));
  assert.equal(counts, { input: before.input, constant: before.constant + 1 });
  constant = 2;
  assert.match(
    refusal(() => f.check(tensor([3, 4]))).message,
    /captured constant was Tensor\[\] 2, now it is Tensor\[\] 3/,
  );
  assert.equal(f(tensor([3, 4])).toArray(), program(tensor([3, 4])).toArray(), "forgotten");
});

test("an error that f throws during a comparison reaches the caller, and the program is dropped", () => {
  let fails = false;
  const f = jit((x: Tensor) => {
    if (fails) throw new RangeError("mine");
    return x.mul(2);
  });
  f(tensor(1));
  fails = true;
  assert.throws(
    () => f(tensor(1)),
    (error: Error) => error instanceof RangeError,
  );
  fails = false;
  assert.is(f(tensor(4)).item(), 8);
});

test("the function cannot catch the error about a difference", () => {
  let by = 2;
  const f = jit((x: Tensor) => {
    try {
      return x.mul(by);
    } catch {
      return x.mul(2);
    }
  });
  f(tensor(1));
  by = 3;
  assert.is(refusal(() => f(tensor(1))).code, "jit-changed");
});

test("a tensor that is kept from a comparison has no numbers, and its use is refused", () => {
  let kept = tensor([0, 0]);
  const f = jit((x: Tensor) => {
    kept = x.mul(2);
    return kept;
  });
  f(tensor([1, 2]));
  assert.equal(kept.toArray(), [2, 4]);
  f(tensor([1, 2]));
  for (const use of [
    () => kept.toArray(),
    () => kept.add(1),
    () => kept.sum(),
    () => kept.transpose().add(1),
    () => kept.at(0).item(),
  ])
    assert.is(refusal(use).code, "read-in-jit");
});

test("checks of values pass during a comparison, in which values have no numbers", () => {
  const at = jit((x: Tensor, i: Tensor) => x.at(i).add(x.take([0, 1], 0).sum()));
  for (let call = 0; call < 5; call++) assert.is(at(tensor([1, 2, 3]), tensor(call % 3)).item(), 4 + (call % 3));
  assert.ok(refusal(() => at(tensor([1, 2, 3]), tensor(5))) instanceof PedigradError);
});

test.run();
