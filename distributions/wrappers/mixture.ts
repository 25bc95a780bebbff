/** Mixture of distributions of any families, whose supports may differ. */

import { readNumbers } from "../../autodiff/core/reads.js";
import { broadcastShapes, type Shape, sameShape, showShape } from "../../autodiff/core/shape.js";
import { broadcastTo, stack, type Tensor } from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { boundsOf, withHoles } from "../constraints/constraint.js";
import type { Constraint } from "../constraints/index.js";
import type { Distribution } from "../core/distribution.js";
import { refuseParameter } from "../core/parameters.js";
import type { Categorical } from "../families/categorical/categorical.js";
import { areConnected, classesOf, fixedNumbers, hullOf, MixtureBase } from "./mixed.js";

/**
 * @example new Mixture(new Categorical([0.5, 0.5]), [new Normal(-1, 1), new Normal(3, 1)]).mean.item() // 1
 */
export class Mixture extends MixtureBase<readonly Distribution[]> {
  /** A value must lie in the support of at least one component. */
  override readonly support: Constraint;

  /** `mixing` has K classes, and there are K components. Their batch shapes broadcast. */
  constructor(mixing: Categorical, components: readonly Distribution[]) {
    if (!Array.isArray(components))
      refuseParameter(
        "Mixture",
        "components",
        `components must be a list of distributions, got ${components}. For one distribution, use MixtureSameFamily.`,
      );
    const classes = classesOf("Mixture", mixing);
    const events = components.map(({ eventShape }) => eventShape);
    const refuse = (message: string): never => refuseParameter("Mixture", "components", message, "shape-mismatch");
    if (components.length !== classes)
      refuse(
        `got ${components.length} components, but mixing has ${classes} classes. Give one component for each class.`,
      );
    const differentEvent = events.find((event) => !sameShape(event, events[0] as Shape));
    if (differentEvent !== undefined)
      refuse(
        `all components must have the same event shape, got ${showShape(events[0] as Shape)} and ${showShape(differentEvent)}.`,
      );
    const first = components[0] as Distribution;
    if (components.some((one) => one.isDiscrete !== first.isDiscrete || one.hasAtoms !== first.hasAtoms))
      refuse(
        "some components are discrete (or point masses) and others continuous, so there is no common density. Give a Bernoulli site for the choice instead.",
      );
    const shapes = components.map(({ batchShape }) => batchShape);
    super(
      "Mixture",
      mixing,
      components,
      shapes.reduce((all, shape) => broadcastShapes("Mixture", all, shape), mixing.batchShape),
    );
    const supports = components.map(({ support }) => support);
    const hull = hullOf(supports);
    this.support = supports.includes(hull) ? hull : withHoles(hull, (value) => this.inside(value));
  }

  protected override withComponents(components: readonly Distribution[]): Distribution {
    return new Mixture(this.mixing, components);
  }
  protected override isConnected(): boolean {
    const bounds = this.components.map(({ support }) => boundsOf(support));
    const [lows, highs] = [0, 1].map((end) => {
      const numbers = bounds.map((pair) => pair && fixedNumbers(pair[end] as Tensor));
      return numbers.every((list) => list?.length === 1) ? numbers.flatMap((list) => list as number[]) : null;
    }) as [number[] | null, number[] | null];
    return areConnected(lows, highs);
  }
  /** The values of all components, each once. */
  override supportValues(): Tensor {
    const values = new Map<string, Tensor>();
    for (const component of this.components)
      for (const value of component.supportValues())
        values.set(readNumbers(value, "the support of a component").join(), value);
    return stack([...values.values()]);
  }
  protected override mapComponentsAt(value: Tensor, f: (component: Distribution, value: Tensor) => Tensor): Tensor {
    const results = this.components.map((component) => f(component, value));
    const shape = results.reduce<Shape>((all, x) => broadcastShapes("Mixture", all, x.shape), []);
    return stack(
      results.map((x) => broadcastTo(x, shape)),
      -1,
    );
  }
  protected override mapComponents(f: (component: Distribution) => Tensor): Tensor {
    const whole = [...this.batchShape, ...this.eventShape];
    return stack(
      this.components.map((component) => broadcastTo(f(component.expand(this.batchShape)), whole)),
      this.batchShape.length,
    );
  }
  protected override drawComponents(key: Tensor, shape: Shape): Tensor {
    const keys = [...random.split(key, this.components.length)];
    return stack(
      this.components.map((component, k) => component.draw(keys[k] as Tensor, shape)),
      shape.length,
    );
  }
}
