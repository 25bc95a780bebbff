/**
 * InverseAutoregressive (Kingma et al. 2016): y_i = m_i(x) + exp(s_i(x)) x_i, where m_i and s_i depend on x_1 … x_{i-1} only, so that
 *
 *     log |det dy/dx| = Σ_i s_i(x).
 *
 * `forward` runs the network once, `inverse` once for each coordinate.
 */
import { clip, exp, sum, type Tensor, zeros } from "../../autodiff/index.js";
import { Transform } from "./transform.js";

/** Maps x of shape [..., D] to m and s of the same shape, where m_i and s_i depend only on the coordinates of x before the ith. */
export type AutoregressiveNetwork = (x: Tensor) => readonly [mean: Tensor, logScale: Tensor];

/**
 * @example
 * const network = (x: Tensor) => [x.mul(0), x.mul(0)] as const;
 * new InverseAutoregressive(network).forward(tensor([1, 2])) // [1, 2]
 */
export class InverseAutoregressive extends Transform {
  /** The bounds of s. */
  protected readonly range: readonly [low: number, high: number];

  /** s is limited to [logScaleMin, logScaleMax], by default [-5, 3]. */
  constructor(
    readonly network: AutoregressiveNetwork,
    { logScaleMin = -5, logScaleMax = 3 }: { logScaleMin?: number; logScaleMax?: number } = {},
  ) {
    super();
    this.range = [logScaleMin, logScaleMax];
  }

  override get domainEventDim(): number {
    return 1;
  }
  #at(x: Tensor): [mean: Tensor, logScale: Tensor] {
    const [mean, logScale] = this.network(x);
    return [mean, clip(logScale, ...this.range)];
  }
  override forward(x: Tensor): Tensor {
    const [mean, logScale] = this.#at(x);
    return x.mul(exp(logScale)).add(mean);
  }
  override inverse(y: Tensor): Tensor {
    let x = zeros(y.shape);
    // After i iterations, the first i coordinates are correct.
    for (let i = 0; i < (y.shape.at(-1) as number); i++) {
      const [mean, logScale] = this.#at(x);
      x = y.sub(mean).mul(exp(logScale.neg()));
    }
    return x;
  }
  override logAbsDetJacobian(x: Tensor): Tensor {
    return sum(this.#at(x)[1], -1);
  }
}
