/**
 * AutoIAFNormal draws all latents together. It draws normal noise, transforms it by inverse autoregressive flows (Kingma
 * et al. 2016), and then scales and shifts it. Between two flows the order of the coordinates is reversed. The noise is
 * an auxiliary site, and a factor subtracts the log-Jacobian of the flows from its log density, so that no flow has to
 * be inverted.
 */
import { full, log, type Tensor, zeros } from "../../autodiff/index.js";
import {
  Compose,
  constraints,
  InverseAutoregressive,
  Normal,
  Permute,
  type Transform,
} from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { requireCount } from "../checks.js";
import type { Model } from "../program/messages.js";
import { module } from "../program/module.js";
import * as nn from "../program/nn.js";
import { factor, param, sample } from "../program/primitives.js";
import type { ScaleOptions } from "./autoGuide.js";
import { AutoFlat } from "./autoJoint.js";

export interface FlowOptions extends ScaleOptions {
  /** The number of flows; 3 by default. */
  numFlows?: number | undefined;
  /** The numbers of units in the hidden layers of each flow's network; [D, D] by default if the latents have D coordinates. */
  hiddenDims?: readonly number[] | undefined;
}

/**
 * Normal noise transformed by inverse autoregressive flows. Params: `auto_loc`, `auto_scale`, and the params of the networks
 * `auto_arn__0`, `auto_arn__1`, …
 *
 * @example
 * const model = () => sample("z", new Normal([0, 0], 1).toEvent(1));
 * new SVI(model, new AutoIAFNormal(model), adam(0.05), new TraceELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoIAFNormal extends AutoFlat {
  readonly #options: FlowOptions;

  constructor(model: Model, options: FlowOptions = {}) {
    super(model, options, { numFlows: kinds.any, hiddenDims: kinds.numbers, initScale: kinds.positive });
    this.#options = options;
    requireCount("AutoIAFNormal", "numFlows", options.numFlows ?? 3);
  }
  override get title(): string {
    return "AutoIAFNormal";
  }

  protected override drawFlat(loc: Tensor, d: number): Tensor {
    const { prefix } = this;
    const initial = full([d], this.#options.initScale ?? 0.1);
    const scale = param(`${prefix}_scale`, initial, { constraint: constraints.positive });
    const noise = sample(`_${prefix}_base`, new Normal(zeros([d]), 1).toEvent(1), { infer: { isAuxiliary: true } });
    const flow = this.#flow(d);
    const transformed = flow.forward(noise);
    factor(`_${prefix}_flow`, flow.logAbsDetJacobian(noise, transformed).add(log(scale).sum()).neg());
    return transformed.mul(scale).add(loc);
  }

  #flow(d: number): Transform {
    const { numFlows = 3, hiddenDims = [d, d] } = this.#options;
    const reversal = new Permute(Array.from({ length: d }, (_, i) => d - 1 - i));
    const flows = Array.from({ length: numFlows }, (_, k): Transform[] => {
      const network = module(`${this.prefix}_arn__${k}`, nn.autoregressive(d, hiddenDims));
      return [...(k === 0 ? [] : [reversal]), new InverseAutoregressive(network)];
    });
    return new Compose(flows.flat());
  }

  override median(): never {
    throw this.noClosedForm("median");
  }
}
