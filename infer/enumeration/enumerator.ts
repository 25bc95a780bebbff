/**
 * Parallel enumeration: a discrete site takes all values of its support at once, along a separate dim to the left of all
 * plates. In a `markov` loop, the dim of a site is reused as soon as no later statement can depend on the site.
 */
import { noteEnumerated } from "../../provenance/index.js";
import { refuseSite } from "../checks.js";
import type { Handler, Listeners, MarkovPosition, SampleMessage } from "../program/messages.js";

/** An enumerated site on which later statements can still depend. */
interface ActiveSite {
  readonly name: string;
  readonly markov: readonly MarkovPosition[];
}

export class Enumerator implements Handler {
  /** The dim of every enumerated site. */
  readonly dimOf = new Map<string, number>();
  readonly #active = new Map<number, ActiveSite>();
  readonly #firstDim: number;

  /** The enumerator of a model needs the enumerator of the guide, since the model replays the guide's enumerated sites. */
  constructor(
    readonly maxPlateNesting: number,
    readonly guideEnumerator: Enumerator | null = null,
  ) {
    this.#firstDim = Math.min(-maxPlateNesting, ...(guideEnumerator?.dimOf.values() ?? [])) - 1;
  }

  readonly process: Listeners = {
    sample: (site) => {
      this.#freeDims(site);
      const dimInGuide = this.guideEnumerator?.dimOf.get(site.name);
      if (dimInGuide !== undefined && site.value !== null) this.#occupy(dimInGuide, site);
      else if (!site.isObserved && site.value === null && site.infer.enumerate === "parallel") this.#enumerate(site);
    },
  };

  /** Free the dims of sites so far back in a markov loop that neither this statement nor a later one can depend on them. */
  #freeDims({ markov }: ActiveSite): void {
    for (const [dim, earlier] of this.#active)
      if (
        earlier.markov.some(({ loop, step, history }) =>
          markov.some((now) => now.loop === loop && now.step > step + history),
        )
      )
        this.#active.delete(dim);
  }

  #enumerate(site: SampleMessage): void {
    const { name, fn } = site;
    if (!fn.hasEnumerateSupport)
      refuseSite(
        "enumeration",
        name,
        `site "${name}" asks for enumeration, but ${fn.label} has no list of its values. Sample the site in the guide, or put the elements of its event into a plate.`,
      );
    let dim = this.#firstDim;
    while (this.#active.has(dim)) dim--;
    const support = fn.enumerateSupport(false);
    const count = support.shape[0] as number;
    site.value = support.reshape([count, ...new Array<number>(-dim - 1).fill(1), ...fn.eventShape]);
    this.#occupy(dim, site);
    this.dimOf.set(name, dim);
  }

  #occupy(dim: number, { name, markov }: ActiveSite): void {
    this.#active.set(dim, { name, markov });
    // If host code calls item() on the values of this site, the error names the site.
    noteEnumerated(name);
  }
}
