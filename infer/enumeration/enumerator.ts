/**
 * Parallel enumeration: a discrete site takes all values of its support at once, along a separate dim to the left of
 * all plates. A dim is reused once no later statement can depend on its site (`markov`).
 */
import { PedigradError } from "../../autodiff/index.js";
import { noteEnumerated } from "../../provenance/index.js";
import type { Handler, Listeners, MarkovPosition, SampleMessage } from "../program/messages.js";

interface Live {
  readonly name: string;
  readonly markov: readonly MarkovPosition[];
}

export class Enumerator implements Handler {
  /** The dim of every enumerated site. */
  readonly dimOf = new Map<string, number>();
  readonly #live = new Map<number, Live>();
  readonly #first: number;

  /** For the model, `guideEnumerator` is the enumerator of the guide, whose sites the model replays. */
  constructor(
    readonly maxPlateNesting: number,
    readonly guideEnumerator: Enumerator | null = null,
  ) {
    this.#first = Math.min(-maxPlateNesting, ...(guideEnumerator?.dimOf.values() ?? [])) - 1;
  }

  readonly process: Listeners = {
    sample: (site) => {
      this.#forget(site);
      const replayed = this.guideEnumerator?.dimOf.get(site.name);
      if (replayed !== undefined && site.value !== null) this.#enter(replayed, site);
      else if (!site.isObserved && site.value === null && site.infer.enumerate === "parallel") this.#enumerate(site);
    },
  };

  /** Free the dims of sites on which, by the markov property, neither this statement nor any later one depends. */
  #forget({ markov }: Live): void {
    for (const [dim, live] of this.#live)
      if (
        live.markov.some(({ loop, step, history }) =>
          markov.some((now) => now.loop === loop && now.step > step + history),
        )
      )
        this.#live.delete(dim);
  }

  #enumerate(site: SampleMessage): void {
    const { name, fn } = site;
    if (!fn.hasEnumerateSupport)
      throw new PedigradError({
        code: "enumeration",
        site: name,
        message: `site "${name}" asks for enumeration, but ${fn.family} has no finite support. Remove infer.enumerate, and sample the site in the guide.`,
      });
    let dim = this.#first;
    while (this.#live.has(dim)) dim--;
    const support = fn.enumerateSupport(false);
    const count = support.shape[0] as number;
    site.value = support.reshape([count, ...new Array<number>(-dim - 1).fill(1), ...fn.eventShape]);
    this.#enter(dim, site);
    this.dimOf.set(name, dim);
  }

  #enter(dim: number, { name, markov }: Live): void {
    this.#live.set(dim, { name, markov });
    noteEnumerated(name);
  }
}
