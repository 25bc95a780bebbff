/**
 * For a score site and its costs, finds the axes along which elements of the site and of a cost correspond (*meet*,
 * charge.ts), and for every other axis the op that mixed it.
 */
import { alignedCost } from "../elbo/costs/charge.js";
import type { ScoreSite } from "../elbo/costs/costs.js";
import type { Cost } from "../elbo/particles/pair.js";

/** One element axis of a score site, and the axis of a cost that it meets, if any. Axes are negative, and include event axes. */
export interface AxisMeeting {
  /** The name of the cost, as in `ExplainedSite.charged`. */
  readonly cost: string;
  /** The element axis of the site. */
  readonly axis: number;
  /** The axis of the cost that meets `axis`. If it is null, every element of the site along `axis` pays for the whole cost. */
  readonly meets: number | null;
  /** The op that mixed the axis; null if the axis meets an axis of the cost, or if the op is not known. */
  readonly mixedBy: string | null;
}

/** One entry for each cost in `costs` and each element axis of the site. */
export const axisMeetings = (d: ScoreSite, costs: readonly Cost[], label: (cost: Cost) => string): AxisMeeting[] =>
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

/** A text such as `axis -1 meets -2, axis -2 mixed by "sum"`; empty for a site without element axes. */
export const formatAxes = (axes: readonly AxisMeeting[]): string =>
  axes
    .map(({ axis, meets, mixedBy }) => {
      if (meets !== null) return `axis ${axis} meets ${meets}`;
      return mixedBy === null ? `axis ${axis} pays for all` : `axis ${axis} mixed by "${mixedBy}"`;
    })
    .join(", ");
