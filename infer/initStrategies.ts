/** Where an autoguide starts: a constrained value for a latent site. */
import { random, type Tensor, type TensorLike, tensor, zeros } from "../autodiff/index.js";
import { bijectTo, type Distribution } from "../distributions/index.js";

/** A latent site as a strategy sees it. */
export interface LatentSite {
  readonly name: string;
  readonly fn: Distribution;
}
export type InitStrategy = (site: LatentSite, key: Tensor) => Tensor;

const fromUnconstrained = ({ fn }: LatentSite, draw: (shape: readonly number[]) => Tensor): Tensor => {
  const transform = bijectTo(fn.support);
  return transform.forward(draw(transform.inverseShape(fn.shape())));
};

/** The image of 0 in unconstrained space. */
export const initToFeasible = (): InitStrategy => (site) => fromUnconstrained(site, zeros);

/** Uniform on [-radius, radius] in unconstrained space. */
export const initToUniform =
  ({ radius = 2 }: { radius?: number } = {}): InitStrategy =>
  (site, key) =>
    fromUnconstrained(site, (shape) => random.uniform(key, shape, -radius, radius));

/** A draw from the prior. */
export const initToSample =
  (): InitStrategy =>
  ({ fn }, key) =>
    fn.sample(key);

/** The prior's median, element by element, from an odd number of draws. */
export const initToMedian =
  ({ numSamples = 15 }: { numSamples?: number } = {}): InitStrategy =>
  ({ fn }, key) => {
    const draws = fn.sample(key, [numSamples]);
    const rows = draws.reshape([numSamples, -1]).transpose().toArray() as number[][];
    const middle = rows.map((row) => row.sort((a, b) => a - b)[numSamples >> 1] as number);
    return tensor(middle).reshape(fn.shape());
  };

/** The prior's mean; its median where it has none. */
export const initToMean = (): InitStrategy => (site, key) => {
  try {
    return site.fn.mean;
  } catch {
    return initToMedian()(site, key);
  }
};

/** Given values by name; `fallback` for the sites they lack. */
export const initToValue =
  (values: Record<string, TensorLike>, fallback: InitStrategy = initToUniform()): InitStrategy =>
  (site, key) =>
    Object.hasOwn(values, site.name) ? tensor(values[site.name] as TensorLike) : fallback(site, key);
