/** The time of an eager op: compared with a plain loop at five sizes and, with its gradient at n = 1, with a tape of closures. */
import {
  Normal,
  random,
  sample,
  type Tensor,
  tensor,
  trackNonReparam,
  trackProvenance,
  valueAndGrad,
  zeros,
} from "../index.js";
import { type Case, numbers, ring, type Work } from "./harness.js";
import { constant, Tape } from "./tape.js";

interface Op {
  readonly name: string;
  readonly op: (a: Tensor, b: Tensor) => Tensor;
  readonly loop: (a: Float64Array, b: Float64Array) => Float64Array;
}

const ops: readonly Op[] = [
  {
    name: "mul",
    op: (a, b) => a.mul(b),
    loop: (a, b) => {
      const y = new Float64Array(a.length);
      for (let i = 0; i < y.length; i++) y[i] = (a[i] as number) * (b[i] as number);
      return y;
    },
  },
  {
    name: "tanh",
    op: (a) => a.tanh(),
    loop: (a) => {
      const y = new Float64Array(a.length);
      for (let i = 0; i < y.length; i++) y[i] = Math.tanh(a[i] as number);
      return y;
    },
  },
  {
    name: "sum",
    op: (a) => a.sum(),
    loop: (a) => {
      let total = 0;
      for (let i = 0; i < a.length; i++) total += a[i] as number;
      return Float64Array.of(total);
    },
  },
];
const sizes = [1, 10, 1e3, 1e5, 1e6];

const besideLoops: Case[] = ops.flatMap(({ name, op, loop }) =>
  sizes.map(
    (n): Case => ({
      name: `ops/${name} n=${n}`,
      isLong: n > 1e5,
      make: (): Record<string, Work> => {
        const size = n > 1e5 ? 2 : 8;
        const arrays = ring((i) => numbers(n, i), size);
        const tensors = ring((i) => tensor(numbers(n, i)), size);
        return { eager: (i) => op(tensors(i), tensors(i + 1)), loop: (i) => loop(arrays(i), arrays(i + 1)) };
      },
    }),
  ),
);

/** tanh(… tanh(tanh(a·b + c)·b + c) …) with its gradient with respect to a, b and c. */
const LINKS = 8;
const chain = valueAndGrad(({ a, b, c }: { a: Tensor; b: Tensor; c: Tensor }) => {
  let y = a;
  for (let k = 0; k < LINKS; k++) y = y.mul(b).add(c).tanh();
  return y.sum();
});

const besideTape: Case = {
  name: `ops/node with gradient n=1`,
  operations: 3 * LINKS + 1,
  targets: { eager: 2 },
  make: () => {
    const arrays = ring((i) => numbers(3, i));
    const tensors = ring((i) => [...numbers(3, i)].map((x) => tensor([x])) as [Tensor, Tensor, Tensor]);
    return {
      eager: (i) => {
        const [a, b, c] = tensors(i);
        const [value, gradient] = chain({ a, b, c });
        return [value, gradient.a, gradient.b, gradient.c];
      },
      tape: (i) => {
        const [a, b, c] = [...arrays(i)].map((x) => constant(x)) as [Leaf, Leaf, Leaf];
        const tape = new Tape();
        let y = a;
        for (let k = 0; k < LINKS; k++) y = tape.tanh(tape.add(tape.mul(y, b), c));
        const total = tape.sum(y);
        tape.backward(total);
        return [total.value, a.grad, b.grad, c.grad].map((x) => x[0]);
      },
    };
  },
};
type Leaf = ReturnType<typeof constant>;

/** The same chain of ops on numbers that depend on three random choices, and on plain numbers. */
const besideUntracked: Case = {
  name: "ops/provenance of three sites n=1",
  operations: 3 * LINKS + 1,
  targets: { tracked: 1.05 },
  make: () => {
    const plain = ring((i) => [...numbers(3, i)].map((x) => tensor([x])) as [Tensor, Tensor, Tensor]);
    const tracked = ring((i) => plain(i).map((x, k) => trackProvenance(x, `site${k}`)) as [Tensor, Tensor, Tensor]);
    const run = ([a, b, c]: [Tensor, Tensor, Tensor]) => {
      const [value, gradient] = chain({ a, b, c });
      return [value, gradient.a, gradient.b, gradient.c];
    };
    return { tracked: (i) => run(tracked(i)), untracked: (i) => run(plain(i)) };
  },
};

/** One op whose operands have provenance: none, one site of one operand, and three sites, two of which come from one operand. */
const ofSites: Case[] = [1, 3].map((n) => ({
  name: `ops/mul of sites n=${n}`,
  make: () => {
    const plain = ring((i) => tensor(numbers(n, i)));
    const [one, two, three] = [["a"], ["b", "c"], ["a", "b", "c"]].map((sites) =>
      ring((i) => trackProvenance(plain(i), sites)),
    ) as [Draw, Draw, Draw];
    return {
      "three sites": (i) => three(i).mul(two(i + 1)),
      "one site": (i) => one(i).mul(plain(i + 1)),
      "no site": (i) => plain(i).mul(plain(i + 1)),
    };
  },
}));
type Draw = (i: number) => Tensor;

/** A drawn matrix, which is pointwise in its site along both axes. */
const drawn = (i: number): Tensor =>
  trackNonReparam(() =>
    sample("z", new Normal(zeros([3, 4]), 1).nonreparameterized(), { key: random.key(i) }),
  )() as Tensor;

/** Ops that return views, on a matrix without provenance, with a site without axes, and with a site whose axes the op must follow. */
const views: Case[] = Object.entries({
  reshape: (x: Tensor) => x.reshape([4, 3]),
  transpose: (x: Tensor) => x.transpose(),
  slice: (x: Tensor) => x.slice(1, 3),
  "broadcastTo and expandDims": (x: Tensor) => x.broadcastTo([2, 3, 4]).expandDims(1),
}).map(([name, op]) => ({
  name: `ops/${name} of sites`,
  make: () => {
    const axes = ring(drawn);
    const plain = ring((i) => tensor(axes(i).toArray()));
    const one = ring((i) => trackProvenance(plain(i), "z"));
    return {
      "site with axes": (i) => op(axes(i)),
      "one site": (i) => op(one(i)),
      "no site": (i) => op(plain(i)),
    };
  },
}));

export const cases: readonly Case[] = [besideTape, besideUntracked, ...ofSites, ...views, ...besideLoops];
