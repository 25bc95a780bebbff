/** Elementary functions written so that neither tail loses digits. All are exact to a few units in the last place. */

/** log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)). */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** 1 / (1 + exp(-x)), from the exponential that cannot overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** log sigmoid(x) = -softplus(-x). */
export const logSigmoid = (x: number): number => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));

/** log(1 - exp(x)) for x < 0: by expm1 where exp(x) > 1/2, else by log1p (Mächler 2012). */
export const log1mexp = (x: number): number => (x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x)));

/** log(exp(a) + exp(b)) = max + log1p(exp(-|a - b|)). */
export function logaddexp(a: number, b: number): number {
  if (a === b) return a + Math.LN2;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** a log(b), 0 where a is 0. */
export const xlogy = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(b));

/** a log(1 + b), 0 where a is 0. */
export const xlog1py = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log1p(b));
