/**
 * `reparam` rewrites a site in terms of other variables whose posterior is easier to approximate or to sample (Gorinova
 * et al. 2018). A strategy samples the new variables and computes the site's value from them, so the site itself becomes
 * deterministic.
 */
import type { Tensor } from "../../autodiff/index.js";
import type { Distribution } from "../../distributions/index.js";
import { isRecord } from "../../provenance/base/records.js";
import { quoted, refuseSite, requireKind } from "../checks.js";
import { handlerOfNames, inferConfig } from "./handlers.js";
import type { SampleMessage } from "./messages.js";
import { computed } from "./primitives.js";
import { seed } from "./values.js";

/** A strategy: samples the new variables and returns the site's value (reparamStrategies.ts). */
export type Reparam = (name: string, fn: Distribution) => Tensor;

/**
 * Reparameterise the sites that `config` names, or for which the function `config` returns a strategy. A name that is not
 * a site of the program is refused.
 */
export function reparam<A extends unknown[], R>(
  f: (...args: A) => R,
  config: Record<string, Reparam> | ((site: SampleMessage) => Reparam | null),
): (...args: A) => R {
  requireKind("reparam", "the second argument", config, [isConfig, "strategies by site, or a function of the site"]);
  const isFunction = typeof config === "function";
  const strategyFor = (site: SampleMessage): Reparam | null | undefined =>
    isFunction ? config(site) : Object.hasOwn(config, site.name) ? config[site.name] : null;
  const names = isFunction ? [] : Object.keys(config);
  return handlerOfNames("reparam", f, names, ["sample"], () => {
    /** The names of the sites whose strategies are running, one inside another. */
    const running: string[] = [];
    return {
      process: {
        sample(message) {
          const strategy = message.value === null ? strategyFor(message) : null;
          if (!strategy) return;
          const { declared, fn, infer, key } = message;
          running.push(declared);
          if (running.length > MAX_STRATEGIES) refuseEndless(running);
          // The new sites get the options and the key of the old site. A `scope` inside `f` adds its prefix to the names of the new sites.
          const draw = inferConfig(
            () => strategy(declared, fn),
            (site) => ({ ...infer, ...site.infer }),
          );
          message.stop = true;
          message.value = computed(declared, key === null ? draw() : seed(draw, key)(), fn.eventDim);
          // The computed site has passed every `intervene`, and the outermost of them has decided.
          message.intervention = undefined;
          running.pop();
        },
      },
    };
  });
}

/** How many strategies may apply to one sample statement. Each applies to a site that the strategy before it samples. */
const MAX_STRATEGIES = 8;

const refuseEndless = (names: readonly string[]): never =>
  refuseSite(
    "reparam",
    `${names[0]}`,
    `reparam: the function returns a strategy for ${quoted(names.slice(0, 3))} and so on without end. Let it return null for one of them.`,
  );

const isConfig = (x: unknown): boolean =>
  typeof x === "function"
    ? // Refuse a strategy in place of a function of the site: a strategy has two arguments.
      x.length < 2
    : isRecord(x) && Object.values(x).every((strategy) => typeof strategy === "function");
