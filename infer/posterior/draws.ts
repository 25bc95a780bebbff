/**
 * Draws of a posterior as columns of numbers: one column for each element of each site, divided into chains. Summaries
 * and exports use these columns.
 */
import { indexAt } from "../../autodiff/core/nested.js";
import { sizeOf } from "../../autodiff/core/shape.js";
import { type Tensor, type TensorLike, tensor } from "../../autodiff/index.js";
import * as kinds from "../../provenance/base/kinds.js";
import { refuseOption, requireKind, requireOptions, show } from "../checks.js";
import { requireDraws } from "./predictiveChecks.js";

/** Draws by site name, as Predictive and samplePosterior return them. Their leading axes number the draws. */
export type Draws = Readonly<Record<string, TensorLike>>;

export interface DrawsOptions {
  /** The number of leading axes that number the draws: 1 (default), or 2 for [chains, draws]. */
  batchNdims?: 1 | 2 | undefined;
}

/** One element of a site in every draw. */
export interface Column {
  /** The site's name and the element's index, such as `theta[0,2]`, or only `theta` if the site is a single number. */
  readonly name: string;
  /** The draws of each chain. */
  readonly chains: readonly Float64Array[];
}

/** The draws as tensors, the number of chains, and the number of draws in each chain. Sites with different leading axes are refused. */
export function readDraws(
  op: string,
  draws: Draws,
  options: DrawsOptions,
): { sites: [name: string, value: Tensor][]; chains: number; length: number } {
  requireKind(op, "draws", draws, kinds.record);
  requireOptions(op, options, ["batchNdims"]);
  const { batchNdims = 1 } = options;
  if (batchNdims !== 1 && batchNdims !== 2)
    refuseOption(op, "batchNdims", `batchNdims must be 1, or 2 for [chains, draws], got ${show(batchNdims)}.`);
  const sites = Object.entries(draws).map(([name, x]): [string, Tensor] => [name, tensor(x)]);
  for (const [name, { shape }] of sites)
    if (shape.length < batchNdims)
      refuseOption(
        op,
        name,
        `"${name}" has shape [${shape}], but its first ${batchNdims === 1 ? "axis" : "2 axes"} must number the draws (batchNdims ${batchNdims}).`,
      );
  requireDraws(op, Object.fromEntries(sites), batchNdims);
  const [n = 0, m = 0] = sites[0]?.[1].shape ?? [];
  return batchNdims === 1 ? { sites, chains: 1, length: n } : { sites, chains: n, length: m };
}

/** One column for each element of each site. */
export function columnsOf(op: string, draws: Draws, options: DrawsOptions): Column[] {
  const { sites, chains, length } = readDraws(op, draws, options);
  const columns = sites.flatMap(([name, value]) => {
    const numbers = value.toFloat64Array();
    const shape = value.shape.slice(options.batchNdims ?? 1);
    const size = sizeOf(shape);
    return Array.from({ length: size }, (_, element) => ({
      name: shape.length === 0 ? name : `${name}[${indexAt(element, shape)}]`,
      chains: Array.from({ length: chains }, (_, chain) =>
        Float64Array.from({ length }, (_, draw) => numbers[(chain * length + draw) * size + element] as number),
      ),
    }));
  });
  const names = new Set<string>();
  for (const { name } of columns)
    if (names.size === names.add(name).size)
      refuseOption(op, name, `site "${name}" has the same name as an element of another site. Rename one of them.`);
  return columns;
}

/** All chains of a column in one array, one after the other. */
export function poolChains({ chains }: Pick<Column, "chains">): Float64Array {
  const all = new Float64Array(chains.reduce((n, chain) => n + chain.length, 0));
  let offset = 0;
  for (const chain of chains) {
    all.set(chain, offset);
    offset += chain.length;
  }
  return all;
}
