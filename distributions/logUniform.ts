/**
 * LogUniform: log X is uniform between log(low) and log(high).
 *
 *     log p(x) = -log x - log(log(high / low)),   low <= x <= high.
 */
import { clip, exp, log, random, square, type Tensor, type TensorLike } from "../autodiff/index.js";
import type { Shape } from "../autodiff/view.js";
import { type Constraint, greaterThan, interval, positive } from "./constraints.js";
import { Distribution } from "./distribution.js";
import { type Family, type Given, readParameters } from "./parameters.js";

type Params = { readonly low: Tensor; readonly high: Tensor };
const LOG_UNIFORM: Family<Params> = {
  name: "LogUniform",
  constraints: { low: positive, high: ({ low }) => greaterThan(low) },
};

export class LogUniform extends Distribution<Params> {
  constructor(low: TensorLike, high: TensorLike);
  constructor(params: Given<Params>);
  constructor(...args: unknown[]) {
    super(readParameters(LOG_UNIFORM, args));
  }

  override get support(): Constraint {
    return interval(this.params.low, this.params.high);
  }
  override get hasRsample(): boolean {
    return true;
  }
  override logDensity(value: Tensor): Tensor {
    const { low, high } = this.params;
    return log(value)
      .add(log(log(high.div(low))))
      .neg();
  }
  override draw(key: Tensor, shape: Shape): Tensor {
    return this.quantile(random.uniform(key, shape));
  }
  override get mean(): Tensor {
    const { low, high } = this.params;
    return this.spread(high.sub(low).div(log(high.div(low))));
  }
  override get variance(): Tensor {
    const { low, high } = this.params;
    const width = log(high.div(low));
    const mean = high.sub(low).div(width);
    return this.spread(high.add(low).mul(high.sub(low)).div(width.mul(2)).sub(square(mean)));
  }
  override entropy(): Tensor {
    const { low, high } = this.params;
    return this.spread(
      log(low)
        .add(log(high))
        .mul(0.5)
        .add(log(log(high.div(low)))),
    );
  }
  override cumulative(value: Tensor): Tensor {
    const { low, high } = this.params;
    return log(clip(value, low, high).div(low)).div(log(high.div(low)));
  }
  override quantile(q: Tensor): Tensor {
    const { low, high } = this.params;
    return clip(low.mul(exp(q.mul(log(high.div(low))))), low, high);
  }
}
