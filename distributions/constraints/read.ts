/**
 * Where the library itself looks at numbers to decide something: a shape, the name of a constraint, which formula holds. Such a look is a
 * read like one of the host program (provenance/ambient.ts): what follows depends on the value, and a program that is being recorded
 * refuses it unless the value is a constant.
 */
import type { Tensor } from "../../autodiff/index.js";

/** All numbers of a tensor, row-major; inside vmap those of the whole batch, for which the decision is the same. */
export const readAll = (x: Tensor): Float64Array => (x.batch === null ? x.toFloat64Array() : readAll(x.batch.value));

/** The first number of a tensor that says how many: a size, a count of axes. */
export const firstNumber = (x: Tensor): number => (x.isNumber ? x.item() : (readAll(x)[0] as number));
