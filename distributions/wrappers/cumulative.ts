/** The cdf of a distribution inside a wrapper. */
import { greater, greaterEqual, less, lessEqual, type Tensor, tensor, where } from "../../autodiff/index.js";
import { circular } from "../constraints/index.js";
import type { Distribution } from "../core/distribution.js";

/** Whether values are angles. This does not ask for the name of the support, since an interval reads its bounds to answer. */
export const isAngle = ({ support }: Distribution): boolean => support === circular;

/** The cdf. For angles it is the integral from -π for every location, so that the cdfs of components can be averaged. */
export function cumulativeOf(component: Distribution, x: Tensor): Tensor {
  const below = component.cumulative(x);
  if (!isAngle(component)) return below;
  // The component's cdf starts at the antipode of its location. If the antipode lies between -π and x, `fromStart` is 1 too small: below 0,
  // and for x <= 0 even below -1/2. If not, `fromStart` is at least 0, but rounding near -π may make it slightly negative. So the threshold
  // for x <= 0 is -0.25.
  const fromStart = below.sub(component.cumulative(tensor(-Math.PI)));
  const inside = fromStart.add(less(fromStart, where(greater(x, 0), 0, -0.25)));
  return where(greaterEqual(x, Math.PI), 1, where(lessEqual(x, -Math.PI), 0, inside));
}
