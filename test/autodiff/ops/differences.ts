/** Derivatives in a random direction by central differences of fourth order, with which gradients are compared. */
import * as assert from "uvu/assert";
import { grad, random, type Tensor, tensor } from "../../../autodiff/index.js";

const H = 2e-3;
/** d/dt of a function of t at 0: error H⁴ times the fifth derivative, and rounding of 1e-13. */
const slope = (f: (t: number) => number): number => (8 * (f(H) - f(-H)) - (f(2 * H) - f(-2 * H))) / (12 * H);

const along = (xs: readonly Tensor[], vs: readonly Tensor[], t: number): Tensor[] =>
  xs.map((x, i) => x.add((vs[i] as Tensor).mul(t)));
const dot = (xs: readonly Tensor[], ys: readonly Tensor[]): number =>
  xs.reduce(
    (total, x, i) =>
      total +
      x
        .mul(ys[i] as Tensor)
        .sum()
        .item(),
    0,
  );
const close = (got: number, want: number, tolerance: number, label: string): void =>
  assert.ok(
    Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want)),
    `${label}: got ${got}, want ${want}; if only the last digits differ, the operands are too near a pole for finite differences`,
  );

/**
 * Compares the first and second derivative of f at xs, in a random direction and with random weights of the result, with finite
 * differences. `moves[i]` is false for operands (indices, conditions) that have no gradient.
 */
export function assertDerivatives(
  f: (...xs: Tensor[]) => Tensor,
  xs: readonly Tensor[],
  moves: readonly boolean[],
  label: string,
  order: 1 | 2 = 2,
): void {
  const tolerance = 1e-7;
  const [k1, k2, k3] = random.split(random.key(77), 3) as unknown as Tensor[];
  const direction = (key: Tensor) =>
    xs.map((x, i) => (moves[i] ? random.normal(random.foldIn(key, i), x.shape) : tensor(0).broadcastTo(x.shape)));
  const weights = random.normal(k3 as Tensor, f(...xs).shape);
  const loss = (...ys: Tensor[]): Tensor =>
    f(...ys)
      .mul(weights)
      .sum();
  const gradient = (ys: readonly Tensor[]): Tensor[] => grad((zs: Tensor[]) => loss(...zs))(ys);
  const [v, u] = [direction(k1 as Tensor), direction(k2 as Tensor)];
  const first = slope((t) => loss(...along(xs, v, t)).item());
  close(dot(gradient(xs), v), first, tolerance, `${label}: first derivative`);
  if (order === 1) return;
  const second = slope((t) => dot(gradient(along(xs, v, t)), u));
  const twice = grad((ys: Tensor[]) =>
    gradient(ys).reduce((total, g, i) => total.add(g.mul(u[i] as Tensor).sum()), tensor(0)),
  )([...xs]);
  close(dot(twice, v), second, tolerance, `${label}: second derivative`);
}
