/**
 * The operations on the exponent and the significand of a number that formulas use, in two forms that agree to the last bit: for SIMD code,
 * which works on the bits of two numbers at once, and for one number. The form for one number reads powers of two from a table, which is
 * faster than writing the bits of an exponent and reading them back as a number.
 */

/** Adding and then subtracting 1.5 · 2^52 rounds |x| < 2^51 to the nearest integer. After the addition, the low bits hold that integer. */
const ROUND = 1.5 * 2 ** 52;
// Adding this to the bits of a number in [√½, 1) raises its exponent to the exponent of 1. So significands lie in [√½, √2) and not in [1, 2).
const LIFT = "0x95f6200000000";

/**
 * pow2(k) = 2^k; scale(y, k) = y 2^k; x = significand(x, k) 2^k for k = exponent(x), with the significand in [√½, √2);
 * keepSignedZero(y, x) = y, or x where x = ±0; withSign(y, x) = y with the sign of x, for y >= 0.
 */
export const simdPrimitives = `
function pow2(k) { return number(bits(k + ${ROUND + 1023}) << 52); }
function scale(y, k) {
  let h = k;
  if (any(abs(k) > 1000)) {
    h = larger(lesser(k, 1000), -1000);
    y = y * pow2(k - h);
  }
  return y * pow2(h);
}
function exponent(x) { return number((bits(x) + ${LIFT} >>> 52) + 0x4330000000000000) - ${2 ** 52 + 1023}; }
function significand(x, k) { return number((bits(x) + ${LIFT} & 0xfffffffffffff) + 0x3fe6a09e00000000); }
function keepSignedZero(y, x) { return y | x & -0; }
function withSign(y, x) { return y | x & -0; }
`;

/**
 * Further functions that formulas and ops use: sign(x), and upperHalf(x), the upper 26 bits of the significand of a number below 2^996
 * (Dekker 1971). x - upperHalf(x) has the lower bits.
 */
export const helpers = `
function sign(x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
function upperHalf(x) { let c = x * ${2 ** 27 + 1}; return c - (c - x); }
`;

/**
 * The primitives for one number that can be written in the language of formulas. Like the SIMD instructions, `lesser` and `larger` return
 * the first operand if one is NaN, or if both are zeros. `nearest` needs |x| < 2^51, and its zeros have no sign. `scale` needs k in
 * -2000 … 2000.
 */
export const scalarPrimitives = `
function any(x) { return x; }
function nearest(x) { return x + ${ROUND} - ${ROUND}; }
function lesser(a, b) { return b < a ? b : a; }
function larger(a, b) { return a < b ? b : a; }
function scale(y, k) {
  if (k >= -1074 && k <= 1023) { return y * pow2(k); }
  return k > 0 ? y * ${2 ** 1000} * pow2(k - 1000) : y * ${2 ** -1000} * pow2(k + 1000);
}
function significand(x, k) { return x * pow2(-k); }
function keepSignedZero(y, x) { return x === 0 ? x : y; }
`;

/** 2^k for k = -1074 … 1023, each exact. */
function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2098);
  let power = 2 ** -1074;
  for (let i = 0; i < powers.length; i++, power *= 2) powers[i] = power;
  return powers;
}

/** The other primitives for one number. `pow2` needs k in -1074 … 1023, so `significand` needs -k in the same range. */
export function bitPrimitives() {
  const powers = powersOfTwo();
  const value = new Float64Array(1);
  const halves = new Int32Array(value.buffer);
  return {
    abs: Math.abs,
    floor: Math.floor,
    ceil: Math.ceil,
    pow2: (k: number): number => powers[(k + 1074) | 0] as number,
    // Without a branch, because a processor cannot predict the signs of data.
    withSign: (y: number, x: number): number => {
      value[0] = x;
      return y * (((halves[1] as number) >> 31) | 1);
    },
    exponent: (x: number): number => {
      value[0] = x;
      return ((((halves[1] as number) & 0x7fffffff) + 0x95f62) >>> 20) - 1023;
    },
  };
}
