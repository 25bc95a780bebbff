/**
 * Straight-through gradients (Bengio, Léonard and Courville 2013): a discrete draw gets the gradient of the distribution's mean. This
 * is cheap and often a useful direction, but biased unless the result is linear in the draw.
 */
import { type Shape, stopGradient, type Tensor } from "../../autodiff/index.js";
import { NonReparameterized } from "../core/distribution.js";

/** The same distribution as `base`, but its draws have the gradient of its mean. */
export class StraightThrough extends NonReparameterized {
  override get hasRsample(): boolean {
    return true;
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    const { mean } = this;
    return this.base.draw(key, shape).add(mean.sub(stopGradient(mean)));
  }
}
