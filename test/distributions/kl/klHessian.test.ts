/**
 * Second derivatives of KL divergences. Where both distributions are equal, the Hessian is the Fisher information, of which natural gradients
 * are made. A formula with an absolute value of the difference can give 0 there.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grad, hessian, type Tensor, tensor } from "../../../autodiff/index.js";
import * as distributions from "../../../distributions/index.js";
import { Cauchy, Dirichlet, klDivergence, Laplace, Normal, VonMises } from "../../../distributions/index.js";

type Class = new (params: Record<string, Tensor>) => distributions.Distribution;
const all = distributions as unknown as Record<string, Class>;

const near = (got: Tensor, truth: number[]): void => {
  for (const [i, x] of [...got.toFloat64Array()].entries())
    assert.ok(Math.abs(x - (truth[i] as number)) <= 1e-13, `${got}, not ${truth}`);
};

/** Values of the trigamma function at 2, 3 and 5. */
const [T2, T3, T5] = [1, 5 / 4, 205 / 144].map((sum) => Math.PI ** 2 / 6 - sum) as [number, number, number];
const LOST = 1 - 0.5772156649015329;
/** [family, parameters, Fisher information], from closed forms. */
const INFORMATION: readonly [string, Record<string, number>, number[]][] = [
  ["Normal", { loc: 1, scale: 2 }, [1 / 4, 0, 0, 1 / 2]],
  ["Laplace", { loc: 1, scale: 2 }, [1 / 4, 0, 0, 1 / 4]],
  ["Cauchy", { loc: 1, scale: 2 }, [1 / 8, 0, 0, 1 / 8]],
  ["Gumbel", { loc: 1, scale: 2 }, [1 / 4, -LOST / 4, -LOST / 4, (Math.PI ** 2 / 6 + LOST ** 2) / 4]],
  ["Gamma", { concentration: 2, rate: 4 }, [T2, -1 / 4, -1 / 4, 1 / 8]],
  ["InverseGamma", { concentration: 2, rate: 4 }, [T2, -1 / 4, -1 / 4, 1 / 8]],
  ["Weibull", { scale: 1, concentration: 2 }, [4, -LOST, -LOST, (Math.PI ** 2 / 6 + LOST ** 2) / 4]],
  ["Beta", { concentration1: 2, concentration0: 3 }, [T2 - T5, -T5, -T5, T3 - T5]],
  ["Exponential", { rate: 2 }, [1 / 4]],
  ["Poisson", { rate: 2 }, [1 / 2]],
];

test("the Hessian of the divergence at equal distributions is the Fisher information", () => {
  for (const [name, at, information] of INFORMATION) {
    const names = Object.keys(at);
    const at0 = Object.values(at);
    const params = (x: Tensor) => Object.fromEntries(names.map((param, i) => [param, x.at(i)]));
    const Class = all[name] as Class;
    const kl = (q: Tensor, p: Tensor) => klDivergence(new Class(params(q)), new Class(params(p))) as Tensor;
    for (const of of [(x: Tensor) => kl(x, tensor(at0)), (x: Tensor) => kl(tensor(at0), x)])
      near(hessian(of)(tensor(at0)), information);
  }
  // Dirichlet: diag(ψ'(a)) - ψ'(Σ a)
  const of = (a: Tensor) => klDivergence(new Dirichlet([2, 3]), new Dirichlet(a)) as Tensor;
  near(hessian(of)(tensor([2, 3])), [T2 - T5, -T5, -T5, T3 - T5]);
  // Cauchy: log(((s + t)² + d²) / (4 s t)) has the third derivative -4 / (s + t)³ by s, d and d.
  const bySize = (loc: Tensor) =>
    grad((scale: Tensor) => klDivergence(new Cauchy(loc, scale), new Cauchy(1, 2)) as Tensor)(tensor(2));
  near(hessian(bySize)(tensor(1)), [-1 / 16]);
  // Farther apart: for A = I_1 / I_0, the second derivative by the concentration k of q is A'(k) + (k - m) A''(k).
  const slope = grad((k: Tensor) => klDivergence(new VonMises(0, k), new VonMises(0, 5)) as Tensor);
  const at = (k: number) => slope(tensor(k)).item();
  const difference = (8 * (at(2.001) - at(1.999)) - (at(2.002) - at(1.998))) / 0.012;
  assert.ok(Math.abs((grad(slope)(2) as Tensor).item() / difference - 1) < 1e-9);
});

test("KL(Normal | Laplace) has a second derivative at equal locations, √(2/π) / (s b)", () => {
  const of = (loc: Tensor) => klDivergence(new Normal(0.3, 2), new Laplace(loc, 4)) as Tensor;
  near(hessian(of)(tensor(0.3)), [Math.sqrt(2 / Math.PI) / 8]);
});

test.run();
