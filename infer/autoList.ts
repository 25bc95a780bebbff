/** Autoguides made of autoguides, and the one for discrete sites that are enumerated. */
import { emptyRecord, full, PedigradError, type Tensor } from "../autodiff/index.js";
import { Categorical, constraints } from "../distributions/index.js";
import { AutoGuide, inPlates } from "./autoGuide.js";
import { param, sample } from "./primitives.js";
import type { SampleSite } from "./trace.js";

/** Several guides as one, each for a part of the model: `list.append(new AutoNormal(block(model, { expose: ["a"] })))`. */
export class AutoGuideList extends AutoGuide {
  readonly parts: AutoGuide[] = [];

  override get title(): string {
    return "AutoGuideList";
  }

  /** Add a guide; its sites and parameters must not be those of the others. */
  append(part: AutoGuide): this {
    this.parts.push(part);
    return this;
  }

  override guide(...args: unknown[]): Record<string, Tensor> {
    if (this.parts.length === 0)
      throw new PedigradError({
        code: "empty",
        op: this.title,
        message: "AutoGuideList: there is no guide in it; append some.",
      });
    return Object.assign(emptyRecord<Tensor>(), ...this.parts.map((part) => part(...args)));
  }

  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    return Object.assign(emptyRecord<Tensor>(), ...this.parts.map((part) => part.median(params)));
  }
}

/** A probability for every value of every discrete latent, enumerated in parallel: params `name_auto_probs` [...plates, values]. */
export class AutoDiscreteParallel extends AutoGuide {
  override get title(): string {
    return "AutoDiscreteParallel";
  }

  protected override covers({ fn, name }: SampleSite): boolean {
    if (!fn.isDiscrete) return false;
    if (!["Categorical", "Bernoulli"].includes(innermost(fn)))
      throw new PedigradError({
        code: "bad-site",
        op: this.title,
        site: name,
        message: `AutoDiscreteParallel: site "${name}" is ${fn.family}; it handles Categorical and Bernoulli sites.`,
      });
    return true;
  }

  override guide(...args: unknown[]): Record<string, Tensor> {
    const values = emptyRecord<Tensor>();
    for (const { name, plates, site } of this.latents(...args))
      values[name] = inPlates(plates, () => {
        const count = site.fn.enumerateSupport(false).length;
        const shape = [...plates].sort((a, b) => (a.dim as number) - (b.dim as number)).map((p) => p.size as number);
        const probs = param(`${name}_${this.prefix}_probs`, full([...shape, count], 1 / count), {
          constraint: constraints.simplex,
        });
        return sample(name, new Categorical({ probs }), { infer: { enumerate: "parallel" } });
      });
    return values;
  }

  /** The most probable value of every site. */
  override median(params: Record<string, Tensor>): Record<string, Tensor> {
    const values = emptyRecord<Tensor>();
    for (const { name } of this.latents()) values[name] = (params[`${name}_${this.prefix}_probs`] as Tensor).argmax(-1);
    return values;
  }
}

/** The family behind expansions and masks. */
const innermost = (fn: object): string =>
  "base" in fn ? innermost(fn.base as object) : (fn as { family: string }).family;
