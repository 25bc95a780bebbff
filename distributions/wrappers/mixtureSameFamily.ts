/** MixtureSameFamily: a mixture whose components lie along the last batch axis of one distribution. */
import { broadcastShapes, type Shape, showShape } from "../../autodiff/core/shape.js";
import { broadcastTo, expandDims, max, min, type Tensor } from "../../autodiff/index.js";
import { boundsOf, eventConstraint, type Union, withHoles } from "../constraints/constraint.js";
import { type Constraint, integerInterval, interval } from "../constraints/index.js";
import type { Distribution } from "../core/distribution.js";
import { refuseParameter } from "../core/parameters.js";
import type { Categorical } from "../families/categorical/categorical.js";
import { areConnected, classesOf, fixedNumbers, hasNoParameters, MixtureBase } from "./mixed.js";

/**
 * @example new MixtureSameFamily(new Categorical([0.5, 0.5]), new Normal([-1, 3], 1)).mean.item() // 1
 */
export class MixtureSameFamily extends MixtureBase<Distribution> {
  override readonly support: Constraint;

  /** `mixing` has K classes, and `components` has batch shape [..., K]. */
  constructor(mixing: Categorical, components: Distribution) {
    if (Array.isArray(components))
      refuseParameter(
        "MixtureSameFamily",
        "components",
        "components must be one distribution. For a list, use Mixture.",
      );
    const classes = classesOf("MixtureSameFamily", mixing);
    if (components.batchShape.at(-1) !== classes)
      refuseParameter(
        "MixtureSameFamily",
        "components",
        `mixing has ${classes} classes, but the components have batch shape ${showShape(components.batchShape)}. Their last batch axis must have one entry for each class.`,
        "shape-mismatch",
      );
    super(
      "MixtureSameFamily",
      mixing,
      components,
      broadcastShapes("MixtureSameFamily", mixing.batchShape, components.batchShape.slice(0, -1)),
    );
    this.support = this.#supportOf(components);
  }

  #supportOf({ support, batchShape, isDiscrete }: Distribution): Constraint {
    if (hasNoParameters(support)) return support;
    const bounds = boundsOf(support);
    const inside = (value: Tensor): Tensor => this.inside(value);
    if (bounds === null) {
      const union = eventConstraint("union", support.must, support.eventDim, inside, support.isDiscrete);
      return { ...union, parts: [support] } as Union;
    }
    // The components may differ in their bounds: take the lowest and the highest.
    const [low, high] = bounds.map((bound) => broadcastTo(bound, batchShape)) as [Tensor, Tensor];
    return withHoles((isDiscrete ? integerInterval : interval)(min(low, -1), max(high, -1)), inside);
  }
  protected override withComponents([components]: [Distribution]): Distribution {
    return new MixtureSameFamily(this.mixing, components);
  }
  protected override isConnected(): boolean {
    const bounds = boundsOf(this.components.support) ?? [];
    // Intervals with the same lower or the same upper bound overlap.
    if (bounds.some(({ shape }) => (shape.at(-1) ?? 1) === 1)) return true;
    const [lows = null, highs = null] = bounds.map((bound) => (bound.shape.length === 1 ? fixedNumbers(bound) : null));
    return areConnected(lows, highs);
  }
  override supportValues(): Tensor {
    return this.components.supportValues();
  }
  protected override mapComponentsAt(value: Tensor, f: (component: Distribution, value: Tensor) => Tensor): Tensor {
    return f(this.components, expandDims(value, value.shape.length - this.eventDim));
  }
  protected override mapComponents(f: (component: Distribution) => Tensor): Tensor {
    return f(this.components);
  }
  protected override drawComponents(key: Tensor, shape: Shape): Tensor {
    return this.components.draw(key, [...shape, this.mixing.numCategories]);
  }
}
