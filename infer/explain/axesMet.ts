/**
 * For a score site and its costs: along which axes elements of the two correspond (*meet*, charge.ts), and which op
 * mixed the other axes.
 */
import { alignedCost } from "../elbo/costs/charge.js";
import type { ScoreSite } from "../elbo/costs/costs.js";
import type { Cost } from "../elbo/particles/pair.js";

/** How one element axis of a score site meets one of its costs. Axes are negative, counted from the right, event axes included. */
export interface AxisMet {
  /** The cost, as `ExplainedSite.charged` names it. */
  readonly cost: string;
  /** The element axis of the site. */
  readonly axis: number;
  /**
   * The axis of the cost whose elements meet the site's; null where every element of the site pays for all of the cost
   * (charge.ts).
   */
  readonly meets: number | null;
  /** The op that mixed the axis; null where the axis meets, or where the op is not known. */
  readonly mixedBy: string | null;
}

/** One entry per cost in `costs` and element axis of the site. */
export const axesMet = (d: ScoreSite, costs: readonly Cost[], label: (cost: Cost) => string): AxisMet[] =>
  costs.flatMap((cost) => {
    const { value, meetings } = alignedCost(cost, d);
    const eventAxes = value === cost.value ? (cost.elements?.dim ?? 0) : 0;
    const { provenance } = cost.elements?.value() ?? cost.value;
    return d.axes.map((axis) => {
      const from = meetings.find(([, to]) => to === axis)?.[0];
      const mixedBy = from === undefined ? provenance.mixedBy(d.name, -axis) : null;
      return { cost: label(cost), axis: -axis, meets: from === undefined ? null : -from - eventAxes, mixedBy };
    });
  });

/** Text such as `axis -1 meets -2, axis -2 mixed by "sum"`; empty for a site without element axes. */
export const formatAxes = (axes: readonly AxisMet[]): string =>
  axes
    .map(({ axis, meets, mixedBy }) => {
      if (meets !== null) return `axis ${axis} meets ${meets}`;
      return mixedBy === null ? `axis ${axis} pays for all` : `axis ${axis} mixed by "${mixedBy}"`;
    })
    .join(", ");
