/**
 * `reparam` rewrites a site in terms of other variables whose posterior is easier to approximate or to sample (Gorinova
 * et al. 2018). A strategy samples the new variables and computes the site's value from them, so the site itself becomes
 * deterministic.
 */
import { PedigradError, type Tensor } from "../../autodiff/index.js";
import type { Distribution } from "../../distributions/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { isRecord } from "../../provenance/base/records.js";
import { didYouMean, quoted, requireKind } from "../checks.js";
import { type Handler, type SampleMessage, withHandler } from "./messages.js";
import { deterministic } from "./primitives.js";

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
  requireKind("reparam", "the first argument", f, kinds.function);
  requireKind("reparam", "the second argument", config, [isConfig, "strategies by site, or a function of the site"]);
  return (...args) => {
    const siteNames = new Set<string>();
    const reparamHandler: Handler = {
      process: {
        sample(message) {
          const { name, fn } = message;
          siteNames.add(name);
          if (message.value !== null) return;
          const strategy =
            typeof config === "function" ? config(message) : Object.hasOwn(config, name) ? config[name] : null;
          if (!strategy) return;
          message.stop = true;
          message.value = deterministic(name, strategy(name, fn));
        },
      },
    };
    const result = withHandler(reparamHandler, () => f(...args));
    const unknownName =
      typeof config === "function" ? undefined : Object.keys(config).find((name) => !siteNames.has(name));
    if (unknownName === undefined) return result;
    throw new PedigradError({
      code: "unknown-site",
      site: unknownName,
      op: "reparam",
      message: `reparam: the program has no site "${unknownName}". It has ${quoted(siteNames)}.${didYouMean(unknownName, siteNames)} For a site that only some runs reach, give a function of the site instead of a record.`,
    });
  };
}

const isConfig = (x: unknown): boolean =>
  typeof x === "function"
    ? // Refuse a strategy in place of a function of the site: a strategy has two arguments.
      x.length < 2
    : isRecord(x) && Object.values(x).every((strategy) => typeof strategy === "function");
