/**
 * Property tests and fuzzers with more cases: `npm run test:deep` runs the files that import this one with PEDIGRAD_DEEP set; `npm test`
 * runs them with fewer cases.
 */
const isDeep = process.env.PEDIGRAD_DEEP !== undefined;

/** How often to repeat: `short` times in `npm test`, `long` times in `npm run test:deep`. */
export const times = (short: number, long: number): number => (isDeep ? long : short);
