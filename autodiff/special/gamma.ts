/**
 * log Γ and its derivatives. Three ranges: a Taylor series about 2 with ζ(k) - 1 as coefficients, valid for |x - 2| <= 1/2 and
 * converging by a factor of 4 a term; the recurrence Γ(x + 1) = x Γ(x) on either side of it; Stirling's series from 10 on
 * (Abramowitz and Stegun 6.1.33, 6.1.41, 6.3.18, 6.4.12).
 */

/** ζ(k) - 1 for k = 2, 3, … */
const ZETA_MINUS_ONE = [
  0.64493406684822643647, 0.2020569031595942854, 0.082323233711138191516, 0.036927755143369926331,
  0.017343061984449139715, 0.0083492773819228268398, 0.0040773561979443393787, 0.0020083928260822144179,
  0.00099457512781808533715, 0.0004941886041194645587, 0.00024608655330804829864, 0.00012271334757848914675,
  0.000061248135058704829259, 0.000030588236307020493552, 0.000015282259408651871733, 7.6371976378997622736e-6,
  3.8172932649998398565e-6, 1.9082127165539389257e-6, 9.5396203387279611315e-7, 4.7693298678780646312e-7,
  2.3845050272773299e-7, 1.1921992596531107307e-7, 5.9608189051259479612e-8, 2.9803503514652280186e-8,
  1.4901554828365041235e-8,
];
const EULER = 0.57721566490153286061;
const LOG_SQRT_2PI = 0.91893853320467274178;
const LAST = ZETA_MINUS_ONE.length - 1;

/** log Γ(2 + z) = (1 - γ) z + Σ_{k>=2} (-1)^k (ζ(k) - 1) z^k / k, |z| <= 1/2, to 1 ulp of its size. */
function lgammaAbout2(z: number): number {
  let sum = 0;
  for (let i = LAST; i >= 0; i--) sum = (ZETA_MINUS_ONE[i] as number) / (i + 2) - z * sum;
  return z * (1 - EULER + z * sum);
}

/** log Γ(x) - ((x - 1/2) log x - x + log √(2π)), x > 0: Stirling's error, 1e-16 absolute. */
export function logGammaCorrection(x: number): number {
  if (x < 10) return lgamma(x) - ((x - 0.5) * Math.log(x) - x + LOG_SQRT_2PI);
  const y = 1 / (x * x);
  return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * (691 / 360360 - y / 156)))))) / x;
}

/** log |Γ(x)|; Infinity at 0, -1, -2, …. */
export function lgamma(x: number): number {
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    // Γ(x) Γ(1 - x) = π / sin(πx)
    return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x % 2)))) - lgamma(1 - x);
  }
  if (x < 0.5) return x < 1e-17 ? -Math.log(x) : lgammaAbout2(x - 1 + 1) - Math.log(x) - Math.log1p(x);
  if (x < 1.5) return lgammaAbout2(x - 1) - Math.log(x);
  if (x < 10) {
    let product = 1;
    let y = x;
    while (y > 2.5) product *= --y;
    return lgammaAbout2(y - 2) + Math.log(product);
  }
  if (x > 2.5e305) return Infinity;
  return (x - 0.5) * (Math.log(x) - 1) - 0.5 + LOG_SQRT_2PI + (x > 1e17 ? 0 : logGammaCorrection(x));
}

/** ψ(x) = d log Γ / dx; NaN at the poles below 0, -Infinity at 0. */
export function digamma(x: number): number {
  if (x === 0) return -Infinity;
  if (x < 0) return Number.isInteger(x) ? Number.NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x % 1));
  let sum = 0;
  let y = x;
  for (; y < 10; y++) sum -= 1 / y;
  const z = 1 / (y * y);
  const series =
    z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12))))));
  return sum + Math.log(y) - 0.5 / y - series;
}

/** ψ'(x). */
export function trigamma(x: number): number {
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    const s = Math.sin(Math.PI * (x % 2));
    return (Math.PI / s) ** 2 - trigamma(1 - x);
  }
  let sum = 0;
  let y = x;
  for (; y < 12; y++) sum += 1 / (y * y);
  const z = 1 / (y * y);
  const series = 1 / 6 - z * (1 / 30 - z * (1 / 42 - z * (1 / 30 - z * (5 / 66 - z * (691 / 2730 - (z * 7) / 6)))));
  return sum + 1 / y + z / 2 + (z / y) * series;
}

/** ψ''(x) and ψ'''(x), x > 0: n = 2 and n = 3. */
export function polygamma(n: number, x: number): number {
  let sum = 0;
  let y = x;
  const z = () => 1 / (y * y);
  if (n === 2) {
    for (; y < 14; y++) sum -= 2 / (y * y * y);
    const w = z();
    return sum - w * (1 + 1 / y + w * (0.5 - w * (1 / 6 - w * (1 / 6 - w * (3 / 10 - w * (5 / 6))))));
  }
  for (; y < 16; y++) sum += 6 / y ** 4;
  const w = z();
  return sum + (w / y) * (2 + 3 / y + w * (2 - w * (1 - w * (4 / 3 - w * (3 - w * 10)))));
}
