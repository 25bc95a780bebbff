/**
 * Straight-through gradients (Bengio, Léonard and Courville 2013): a draw of a discrete distribution that has, to a gradient, the slope of
 * its mean, as if it were that. The direction is useful and cheap, but biased wherever what follows is not linear in the value.
 */
import { type Shape, stopGradient, type Tensor } from "../../autodiff/index.js";
import { NonReparameterized } from "../core/distribution.js";

/** `base` with draws that have the gradient of its mean. */
export class StraightThrough extends NonReparameterized {
  override get hasRsample(): boolean {
    return true;
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { mean } = this;
    return this.base.draw(key, shape).add(mean.sub(stopGradient(mean)));
  }
}
