/** What an eager op costs: beside a bare loop at five sizes, and with its gradient at n = 1 beside a tape of closures. */
import { type Tensor, tensor, trackProvenance, valueAndGrad } from "../index.js";
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

/** tanh(… tanh(tanh(a·b + c)·b + c) …) with its gradient in a, b and c. */
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

/** The same ops on numbers that depend on three random choices, and on plain numbers. */
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

export const cases: readonly Case[] = [besideTape, besideUntracked, ...besideLoops];
