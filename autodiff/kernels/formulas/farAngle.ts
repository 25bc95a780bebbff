/**
 * The reduction of angles too large for float64 arithmetic: x = turns π/2 + angle + rest with |angle| <= π/4. It uses whole numbers of
 * arbitrary length (Payne and Hanek 1983, with 180 bits after the binary point). Every float64 except 0 is at least 2^-61 away from each
 * multiple of π/2, so angle and rest together have twice the precision of a float64.
 */

// 2/π to 1152 bits, and π/2 to 128 bits.
const TWO_OVER_PI =
  0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d08n;
const HALF_PI = 0x1921fb54442d18469898cc51701b839a2n;
const TABLE_BITS = 1152;
const PLACES = 180n;
const HALF = 1n << (PLACES - 1n);
/** 2^-180, the value of the last of 180 binary places. */
const UNIT = 2 ** -180;

interface ReducedAngle {
  readonly input: number;
  readonly turns: number;
  readonly angle: number;
  readonly rest: number;
}

function reduce(x: number): ReducedAngle {
  // SIMD code calls this for both numbers of a pair. One of them may be 0, for which the loops below would not end.
  if (x === 0 || !(Math.abs(x) < Infinity)) return { input: x, turns: 0, angle: NaN, rest: NaN };
  let exponent = 0;
  let significand = Math.abs(x);
  // |x| = significand · 2^exponent with 2^52 <= significand < 2^53, which is exact.
  for (; significand >= 2 ** 53; significand /= 2) exponent++;
  for (; significand < 2 ** 52; significand *= 2) exponent--;
  const quarters =
    BigInt(x < 0 ? -significand : significand) * (TWO_OVER_PI >> (BigInt(TABLE_BITS - exponent) - PLACES));
  const turns = (quarters + HALF) >> PLACES;
  const angle = ((quarters - (turns << PLACES)) * HALF_PI) >> 128n;
  const high = Number(angle);
  return { input: x, turns: Number(turns & 3n), angle: high * UNIT, rest: Number(angle - BigInt(high)) * UNIT };
}

/**
 * The three results of reducing x modulo π/2 (quarter turns, angle, low-order rest of the angle), each as a function of x. Formulas call
 * the three functions one after the other, so the last reduction is cached.
 */
export function farAngles() {
  let last = reduce(NaN);
  const parts = (x: number): ReducedAngle => {
    if (last.input !== x) last = reduce(x);
    return last;
  };
  return {
    farTurns: (x: number): number => parts(x).turns,
    farAngle: (x: number): number => parts(x).angle,
    farRest: (x: number): number => parts(x).rest,
  };
}
