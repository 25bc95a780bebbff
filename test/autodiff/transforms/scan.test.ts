/**
 * scan compared with the same loop written with `for`: values to the last bit, derivatives, batches, compiled, in blocks; and refusals.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { copyInto } from "../../../autodiff/core/copy.js";
import { toNested } from "../../../autodiff/core/nested.js";
import { rawView } from "../../../autodiff/core/tensor.js";
import { bindProgram, interpretProgram } from "../../../autodiff/transforms/jit/compile/executable.js";
import { recordBody } from "../../../autodiff/transforms/scan/body.js";
import {
  at,
  concatenate,
  getProvenance,
  grad,
  hessian,
  jacobian,
  jit,
  Normal,
  random,
  type ScanOptions,
  scan,
  stack,
  type Tensor,
  tensor,
  trackProvenance,
  vmap,
  where,
  zeros,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

type Carry = { h: Tensor; n: Tensor };
type X = { u: Tensor; k: Tensor };
/** A step that uses tensors from outside, an index and a choice. One part of the carry, n, only counts the steps. */
const step =
  (a: Tensor, b: Tensor) =>
  ({ h, n }: Carry, { u, k }: X): [Carry, { out: Tensor; mean: Tensor }] => {
    const moved = a.matmul(h).add(u.mul(b)).tanh();
    const next = where(u.greater(0), moved, h.mul(0.5));
    return [
      { h: next, n: n.add(1) },
      { out: at(next, k).mul(n), mean: next.mean() },
    ];
  };
function byHand(a: Tensor, b: Tensor, h0: Tensor, us: Tensor, reverse = false): [Carry, { out: Tensor; mean: Tensor }] {
  let carry: Carry = { h: h0, n: tensor(0) };
  const ys: { out: Tensor; mean: Tensor }[] = [];
  const order = [...us.shape.keys()].length === 0 ? [] : Array.from({ length: us.length }, (_, t) => t);
  for (const t of reverse ? order.reverse() : order) {
    const [next, y] = step(a, b)(carry, { u: us.at(t), k: tensor(t % 3) });
    carry = next;
    ys[t] = y;
  }
  return [carry, { out: stack(ys.map((y) => y.out)), mean: stack(ys.map((y) => y.mean)) }];
}
const looped = (a: Tensor, b: Tensor, h0: Tensor, us: Tensor, options: ScanOptions = {}) =>
  scan(
    step(a, b),
    { h: h0, n: 0 },
    { u: us, k: Array.from({ length: us.length }, (_, t) => t % 3) },
    options,
  ) as unknown as [Carry, { out: Tensor; mean: Tensor }];
const flat = ([carry, ys]: [Carry, { out: Tensor; mean: Tensor }]): Tensor =>
  concatenate([carry.h, carry.n.reshape([1]), ys.out, ys.mean]);
const total = (result: [Carry, { out: Tensor; mean: Tensor }]): Tensor => flat(result).square().sum();

const k = random.key(7);
const a = random.normal(random.foldIn(k, 0), [3, 3]).mul(0.6);
const b = random.normal(random.foldIn(k, 1), [3]);
const h0 = random.normal(random.foldIn(k, 2), [3]);
const inputs = (n: number): Tensor => random.normal(random.foldIn(k, 3), [n]);

const same = (x: Tensor, y: Tensor, what: string): void => {
  assert.equal(x.shape, y.shape, what);
  const [p, q] = [x.toFloat64Array(), y.toFloat64Array()];
  p.forEach((value, i) => {
    assert.ok(Object.is(value, q[i]), `${what}: ${value} against ${q[i]}`);
  });
};
const near = (x: Tensor, y: Tensor, tolerance: number, what: string): void => {
  assert.equal(x.shape, y.shape, what);
  const scale = y.abs().max().item() + 1e-300;
  const error = x.sub(y).abs().max().item() / scale;
  assert.ok(error <= tolerance, `${what}: relative error ${error}`);
};

for (const n of [1, 2, 7, 12])
  test(`scan of ${n} steps has the bits of the for loop, forwards, backwards and in blocks`, () => {
    for (const reverse of [false, true])
      for (const checkpoint of [false, true])
        same(
          flat(looped(a, b, h0, inputs(n), { reverse, checkpoint })),
          flat(byHand(a, b, h0, inputs(n), reverse)),
          `${reverse} ${checkpoint}`,
        );
  });

const directions =
  (f: (a: Tensor, b: Tensor, h0: Tensor, us: Tensor) => Tensor) =>
  (x: { a: Tensor; b: Tensor; h0: Tensor; us: Tensor }) =>
    f(x.a, x.b, x.h0, x.us);
for (const options of [{}, { reverse: true }, { checkpoint: true }, { reverse: true, checkpoint: true }])
  test(`derivatives with respect to all inputs of the loop are right: ${JSON.stringify(options)}`, () => {
    const point = { a, b, h0, us: inputs(7) };
    const got = grad(directions((...xs) => total(looped(...xs, options))))(point) as Record<string, Tensor>;
    const want = grad(directions((...xs) => total(byHand(...xs, options.reverse))))(point) as Record<string, Tensor>;
    for (const name of Object.keys(point)) near(got[name] as Tensor, want[name] as Tensor, 1e-13, name);
    const second = hessian((x: Tensor) => total(looped(a.mul(x.at(0)), b, h0.add(x), inputs(7), options)))([
      1, 0.2, -0.3,
    ]);
    const known = hessian((x: Tensor) => total(byHand(a.mul(x.at(0)), b, h0.add(x), inputs(7), options.reverse)))([
      1, 0.2, -0.3,
    ]);
    near(second, known, 1e-12, "hessian");
  });

test("vmap over the carry, xs, captured tensors or batches of these equals a loop, with gradients", () => {
  const us = random.normal(random.foldIn(k, 4), [4, 5]);
  const many = random.normal(random.foldIn(k, 5), [4, 3]);
  const tables = random.normal(random.foldIn(k, 6), [4, 3, 3]).mul(0.5);
  const each = (f: (i: number) => Tensor): Tensor => stack([0, 1, 2, 3].map(f));
  same(
    vmap((u: Tensor) => flat(looped(a, b, h0, u)))(us),
    each((i) => flat(byHand(a, b, h0, us.at(i)))),
    "xs",
  );
  near(
    vmap((h: Tensor) => flat(looped(a, b, h, us.at(0))))(many),
    each((i) => flat(byHand(a, b, many.at(i), us.at(0)))),
    1e-14,
    "carry",
  );
  near(
    vmap((table: Tensor) => flat(looped(table, b, h0, us.at(0), { checkpoint: true })))(tables),
    each((i) => flat(byHand(tables.at(i), b, h0, us.at(0)))),
    1e-14,
    "captured",
  );
  near(
    vmap((table: Tensor) => vmap((h: Tensor) => flat(looped(table, b, h, us.at(1))))(many))(tables),
    each((i) => each((j) => flat(byHand(tables.at(i), b, many.at(j), us.at(1))))),
    1e-14,
    "nested",
  );
  near(
    vmap(grad((table: Tensor) => total(looped(table, b, h0, us.at(2)))))(tables),
    each((i) => grad((table: Tensor) => total(byHand(table, b, h0, us.at(2))))(tables.at(i)) as Tensor),
    1e-13,
    "gradients of a batch",
  );
  near(
    jacobian((x: Tensor) => flat(looped(a, x, h0, us.at(3))))(b) as Tensor,
    jacobian((x: Tensor) => flat(byHand(a, x, h0, us.at(3))))(b) as Tensor,
    1e-13,
    "jacobian",
  );
});

test("compiled scan and its gradient have the same bits as eager", () => {
  const f = (x: Tensor, us: Tensor): Tensor =>
    concatenate([flat(looped(x, b, h0, us)), flat(looped(x, b, h0, us, { checkpoint: true }))]);
  const g = (x: Tensor, us: Tensor): Tensor => grad((y: Tensor) => f(y, us).square().sum())(x) as Tensor;
  const [compiled, slopes] = [jit(f), jit(g)];
  for (let i = 0; i < 6; i++) {
    const x = random.normal(random.foldIn(k, 20 + i), [3, 3]);
    same(compiled(x, inputs(9)), f(x, inputs(9)), "values");
    same(slopes(x, inputs(9)), g(x, inputs(9)), "gradient");
  }
  assert.match(compiled.source(a, inputs(9)), /; \/\/ scan \[\d+\]/);
});

test("bodies may contain loops, gradients and random draws", () => {
  const hand = (x: Tensor): Tensor => {
    let row = x;
    for (const u of [0.5, -1, 2]) {
      let [s, sum] = [row, tensor(0)];
      for (const v of [1, 2]) {
        sum = sum.add(s.sin());
        s = s.mul(u).add(v);
      }
      row = sum.add(row.mul(0));
    }
    return row;
  };
  const nested = (x: Tensor): Tensor =>
    scan(
      (row: Tensor, u: Tensor) => {
        const [, parts] = scan((s: Tensor, v: Tensor) => [s.mul(u).add(v), s.sin()], row, tensor([1, 2]));
        return [(parts as Tensor).sum().add(row.mul(0)), null];
      },
      x,
      tensor([0.5, -1, 2]),
    )[0];
  near(nested(tensor(0.3)), hand(tensor(0.3)), 1e-15, "nested");
  near(grad(nested)(tensor(0.3)) as Tensor, grad(hand)(tensor(0.3)) as Tensor, 1e-13, "nested gradient");
  const descent = (rate: Tensor): Tensor =>
    scan(
      (x: Tensor, _: Tensor) => [x.sub((grad((y: Tensor) => y.square().mul(y).sum())(x) as Tensor).mul(rate)), x],
      tensor(1),
      tensor([0, 0, 0]),
    )[0];
  // x ← x - rate · 3x², three times.
  const slow = (rate: number): number => [0, 0, 0].reduce((x) => x - rate * 3 * x * x, 1);
  assert.ok(Math.abs(descent(tensor(0.1)).item() - slow(0.1)) < 1e-15);
  const h = 1e-6;
  assert.ok(Math.abs((grad(descent)(tensor(0.1)) as Tensor).item() - (slow(0.1 + h) - slow(0.1 - h)) / (2 * h)) < 1e-8);
  const walk = (key: Tensor): Tensor =>
    scan(
      (x: Tensor, one: Tensor) => {
        const next = new Normal(x, 0.5).sample(one);
        return [next, next];
      },
      tensor(0),
      random.split(key, 5),
    )[1] as Tensor;
  const steps: Tensor[] = [];
  for (const one of random.split(k, 5)) steps.push(new Normal(steps.at(-1) ?? 0, 0.5).sample(one));
  same(walk(k), stack(steps), "a random walk");
});

test("results have the provenance of the carry, xs, captured tensors and values that were read", () => {
  const [x, u, w] = ["x", "u", "w"].map((name, i) => trackProvenance(tensor(i === 1 ? [1, 2] : 3), name)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const [end, ys] = scan((s: Tensor, v: Tensor) => [s.mul(w).add(v), s], x, u);
  for (const y of [end, ys]) assert.equal([...getProvenance(y)].sort(), ["u", "w", "x"]);
  assert.equal([...getProvenance(scan((s: Tensor, v: Tensor) => [s.add(v), null], 0, u)[0])], ["u"]);
});

test("scan of no steps returns the first carry and empty ys", () => {
  const [end, ys] = scan((s: Tensor, x: Tensor) => [s.add(x.sum()), { y: x.mul(s) }], 5, zeros([0, 2]));
  assert.is(end.item(), 5);
  assert.equal(ys.y.shape, [0, 2]);
  assert.is(
    (grad((s: Tensor) => scan((c: Tensor, x: Tensor) => [c.mul(x), null], s, zeros([0]))[0])(3) as Tensor).item(),
    1,
  );
});

test("scan without a carry maps a function over xs", () => {
  const [end, ys] = scan((_: null, x: Tensor) => [null, x.square()], null, [1, 2, 3]);
  assert.is(end, null);
  assert.equal(ys.toArray(), [1, 4, 9]);
  const slope = grad((w: Tensor) => scan((_: null, x: Tensor) => [null, x.mul(w)], null, [1, 2, 3])[1].sum())(
    2,
  ) as Tensor;
  assert.is(slope.item(), 6);
});

test("wrong arguments and bodies are refused with advice", () => {
  const refuse = (f: (s: Tensor, x: Tensor) => unknown, xs: unknown = [1, 2]): [string, string] => {
    const { code, message } = refusal(() => scan(f as never, tensor(0), xs as never));
    return [code, message];
  };
  const check = ([code, message]: [string, string], want: string, words: RegExp): void => {
    assert.is(code, want, message);
    assert.match(message, words);
  };
  check(
    refuse((s) => [s.item() > 0 ? s : s.neg(), null]),
    "read-in-scan",
    /inside the body of scan.*where\(\)/,
  );
  check(
    refuse((s) => [s.add(+`${s}`), null]),
    "read-in-scan",
    /a plain for loop/,
  );
  check(
    refuse((s) => s),
    "bad-result",
    /must return \[carry, y\]/,
  );
  check(
    refuse((s) => [[s, s], null]),
    "bad-result",
    /starts with one tensor and has \["0", "1"\]/,
  );
  check(
    refuse((s) => [s.add([1, 2]), null]),
    "shape-mismatch",
    /the carry starts with shape \[\] and has shape \[2\]/,
  );
  check(
    refuse((s) => [s, null], []),
    "no-axis",
    /Give arange\(n\)/,
  );
  check(
    refuse((s) => [s, null], { a: [1, 2], b: [1] }),
    "shape-mismatch",
    /2 steps and another 1/,
  );
  check(
    refuse((s) => [s, null], 3),
    "shape-mismatch",
    /must have a leading axis/,
  );
  let kept = tensor(0);
  scan(
    (s: Tensor, x: Tensor) => {
      kept = s;
      return [s.add(x), null];
    },
    0,
    [1, 2],
  );
  const { code, message } = refusal(() => kept.add(1));
  assert.is(code, "leaked-from-scan", message);
  assert.is(refusal(() => scan((s: Tensor) => [s, null], 0, [1], { revers: true } as never)).code, "unknown-option");
});

/** A random body on a carry of a vector and a matrix. Its choices are fixed by the seed. */
function randomBody(seed: number, captured: readonly Tensor[]) {
  const choices = random.randint(random.key(seed), [40], 0, 1_000_000).toFloat64Array();
  return ({ v, m }: { v: Tensor; m: Tensor }, x: Tensor): [{ v: Tensor; m: Tensor }, Tensor] => {
    let next = 0;
    const pick = <T>(items: readonly T[]): T => items[(choices[next++] as number) % items.length] as T;
    const vectors = [v, x.mul(v), captured[0] as Tensor];
    const matrices = [m, m.transpose(), captured[1] as Tensor];
    for (let k = 0; k < 6; k++) {
      const [a, b, c] = [pick(vectors), pick(vectors), pick(matrices)];
      vectors.push(
        pick([
          () => a.add(b).tanh(),
          () => a.mul(b).sub(x),
          () => c.matmul(a).sigmoid(),
          () => where(a.greater(b), a, b.mul(0.5)),
          () => a.sub(a.max()).exp(),
          () => c.sum(0).mul(a).sin(),
        ])(),
      );
      matrices.push(
        pick([
          () => c.mul(0.5).add(a),
          () => c.matmul(m).tanh(),
          () => a.expandDims(1).mul(b),
          () => c.flip(0),
          () => c.div(c.abs().sum().add(1)),
        ])(),
      );
    }
    return [{ v: pick(vectors.slice(2)).mul(0.7), m: pick(matrices).mul(0.7) }, pick(vectors).mul(pick(matrices))];
  };
}
const programs = process.env.PEDIGRAD_DEEP ? 2000 : 40;
test(`for ${programs} random bodies, scan equals the for loop, in blocks, compiled, with gradients and batches`, () => {
  const start = { v: tensor([0.3, -0.4, 0.8]), m: random.normal(random.key(1), [3, 3]) };
  const xs = tensor([0.5, -1, 0.2, 2, 0.1]);
  for (let seed = 0; seed < programs; seed++) {
    const shared = [random.normal(random.key(seed), [3]), random.normal(random.key(seed + 1), [3, 3])];
    const total = ([carry, ys]: readonly [{ v: Tensor; m: Tensor }, Tensor]): Tensor =>
      concatenate([carry.v, carry.m.reshape([-1]), ys.reshape([-1])]);
    const reverse = seed % 2 === 1;
    const loop = (captured: readonly Tensor[], us: Tensor): Tensor => {
      let carry = start;
      const ys: Tensor[] = [];
      for (let i = 0; i < us.length; i++) {
        const t = reverse ? us.length - 1 - i : i;
        const [following, y] = randomBody(seed, captured)(carry, us.at(t));
        carry = following;
        ys[t] = y;
      }
      return total([carry, stack(ys)]);
    };
    const scanned = (captured: readonly Tensor[], us: Tensor): Tensor =>
      total(scan(randomBody(seed, captured), start, us, { reverse, checkpoint: seed % 3 === 0 }));
    same(scanned(shared, xs), loop(shared, xs), `program ${seed}`);
    const slope =
      (f: typeof loop) =>
      (us: Tensor, c: Tensor, d: Tensor): Tensor => {
        const g = grad((p: { us: Tensor; c: Tensor; d: Tensor }) => f([p.c, p.d], p.us).sin().sum())({
          us,
          c,
          d,
        }) as Record<string, Tensor>;
        return concatenate(Object.values(g).map((x) => x.reshape([-1])));
      };
    const eager = slope(scanned)(xs, shared[0] as Tensor, shared[1] as Tensor);
    near(eager, slope(loop)(xs, shared[0] as Tensor, shared[1] as Tensor), 1e-11, `gradient of ${seed}`);
    const compiled = jit(slope(scanned));
    for (let i = 0; i < 3; i++) same(compiled(xs, shared[0] as Tensor, shared[1] as Tensor), eager, `compiled ${seed}`);
    const batch = stack([xs, xs.mul(0.5)]);
    near(
      vmap((us: Tensor) => scanned(shared, us))(batch) as Tensor,
      stack([loop(shared, xs), loop(shared, xs.mul(0.5))]),
      1e-13,
      `batch of ${seed}`,
    );
  }
});

test("where code generation is forbidden, the kernels of a body give the same bits", () => {
  for (let seed = 0; seed < 10; seed++) {
    const shared = [random.normal(random.key(seed), [3]), random.normal(random.key(seed + 1), [3, 3])];
    const given = [tensor([0.3, -0.4, 0.8]), random.normal(random.key(1), [3, 3]), tensor(0.7)];
    const { body, captured } = recordBody(
      (v, m, x) => {
        const [carry, y] = randomBody(seed, shared)({ v: v as Tensor, m: m as Tensor }, x as Tensor);
        return [carry.v, carry.m, y];
      },
      given.map((x) => x.shape),
    );
    const [one, other] = [bindProgram, interpretProgram].map((bind) => {
      const { layout, run } = bind(body.program);
      [...given, ...captured].forEach((x, k) => {
        copyInto(layout.view(k), rawView(x));
      });
      run();
      return body.program.outputs.map((place) => toNested(layout.view(place)));
    });
    assert.equal(one, other, `body ${seed}`);
  }
});

test.run();
