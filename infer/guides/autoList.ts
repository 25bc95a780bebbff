/** The autoguide that combines several guides, and the autoguide for discrete sites that are enumerated. */
import { emptyRecord, full, type Tensor, type TensorLike } from "../../autodiff/index.js";
import { Categorical, constraints } from "../../distributions/index.js";
import { mergeRecords } from "../../provenance/base/records.js";
import { requireProgram } from "../checks.js";
import type { Model } from "../program/messages.js";
import { type Handler, withHandler } from "../program/messages.js";
import { param, sample } from "../program/primitives.js";
import type { SampleSite } from "../program/trace.js";
import { AutoGuide } from "./autoGuide.js";
import { AutoFlat } from "./autoJoint.js";
import { AutoLaplaceApproximation } from "./autoLaplace.js";
import { sampleEach, valuesOf } from "./eachLatent.js";

/**
 * A guide that consists of several guides, each for some sites of the model: `list.append(new AutoNormal(block(model, { expose: ["a"] })))`.
 *
 * @example
 * const model = () => [sample("a", new Normal(0, 1)), sample("b", new Normal(0, 1))];
 * const part = (name: string) => block(model, { expose: [name] });
 * const guide = new AutoGuideList(model).append(new AutoNormal(part("a"))).append(new AutoDelta(part("b")));
 * guide.parts.length // 2
 */
export class AutoGuideList extends AutoGuide {
  readonly parts: (AutoGuide | Model)[] = [];

  override get title(): string {
    return "AutoGuideList";
  }

  /** Add a guide, which is an autoguide or a function. No other part may have a site or parameter of the same name. */
  append(part: AutoGuide | Model): this {
    requireProgram("AutoGuideList.append", "guide", part);
    if (part instanceof AutoLaplaceApproximation)
      throw this.refusal(
        "bad-option",
        `${part.title} needs the log density of the whole model, but in a list it sees only its own sites. Use AutoDelta or AutoMultivariateNormal here.`,
      );
    const clash = part instanceof AutoFlat && this.parts.some((p) => p instanceof AutoFlat && p.prefix === part.prefix);
    if (clash)
      throw this.refusal(
        "duplicate-name",
        `two guides of the list have the prefix "${part.prefix}", so their params would have the same names. Give one of them a different prefix: new ${part.title}(model, { prefix: "${part.prefix}2" }).`,
        { param: "prefix" },
      );
    this.parts.push(part);
    return this;
  }

  protected override covers(): boolean {
    return true;
  }

  override guide(...args: unknown[]): Record<string, Tensor> {
    if (this.parts.length === 0) throw this.refusal("empty", "the list is empty. Add a guide with append(guide).");
    return mergeRecords(...this.parts.map((part) => sampledValues(part, args)));
  }

  /** The medians of all latents. Refused if a part is a plain function, which has no medians. */
  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return this.#ofParts("median", (part) => part.median(params));
  }

  /** The quantiles of all latents. Refused if a part is a plain function, which has no quantiles. */
  override quantiles(params: Record<string, Tensor>, probs: TensorLike): Record<string, Tensor> {
    return this.#ofParts("quantiles", (part) => part.quantiles(params, probs));
  }

  #ofParts(op: string, evaluate: (part: AutoGuide) => Record<string, Tensor>): Record<string, Tensor> {
    const results = this.parts.map((part, i) => {
      if (part instanceof AutoGuide) return evaluate(part);
      throw this.noClosedForm(op, `AutoGuideList: part ${i} is a plain function, which`);
    });
    return mergeRecords(...results);
  }
}

/** The values of the sites that a part of a list samples, by name. */
function sampledValues(part: AutoGuide | Model, args: readonly unknown[]): Record<string, Tensor> {
  if (part instanceof AutoGuide) return part(...args);
  const values = emptyRecord<Tensor>();
  const collector: Handler = {
    postprocess: {
      sample(message) {
        if (!message.isObserved) values[message.name] = message.value as Tensor;
      },
    },
  };
  withHandler(collector, () => part(...args));
  return values;
}

/**
 * Enumerates all discrete latents in parallel, with a learnt probability for every value. Params: `name_auto_probs`
 * [...plates, values].
 *
 * @example
 * const model = () => sample("z", new Bernoulli(0.3));
 * new SVI(model, new AutoDiscreteParallel(model), adam(0.05), new TraceEnumELBO()).run(random.key(0), 10).losses.length // 10
 */
export class AutoDiscreteParallel extends AutoGuide {
  override get title(): string {
    return "AutoDiscreteParallel";
  }

  protected override covers({ fn, name }: SampleSite): boolean {
    if (!fn.isDiscrete) return false;
    if (!["Categorical", "Bernoulli"].includes(innermostFamily(fn)))
      throw this.refusal(
        "bad-site",
        `site "${name}" is ${fn.family}, but the guide handles Categorical and Bernoulli sites only. Block it from the guide, or use another guide for it.`,
        { site: name },
      );
    return true;
  }

  override guide(...args: unknown[]): Record<string, Tensor> {
    return sampleEach(this.latentsOf(args), ({ name, plates, site }) => {
      const count = site.fn.enumerateSupport(false).length;
      const { batchShape } = site.fn;
      const shape = batchShape.map(
        (size, axis) => plates.find(({ dim }) => dim === axis - batchShape.length)?.size ?? size,
      );
      const probs = param(`${name}_${this.prefix}_probs`, full([...shape, count], 1 / count), {
        constraint: constraints.simplex,
      });
      return sample(name, new Categorical({ probs }), { infer: { enumerate: "parallel", sharesMask: true } });
    });
  }

  /** The most probable value of every site. */
  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return valuesOf(this.latents(), ({ name }) => this.paramOf(params, `${name}_${this.prefix}_probs`).argmax(-1));
  }
}

/** The name of the family inside expand, mask and other wrappers. */
const innermostFamily = (fn: object): string =>
  "base" in fn ? innermostFamily(fn.base as object) : (fn as { family: string }).family;
