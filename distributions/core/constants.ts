/** Numbers that several families share. */

/** Euler's constant γ. */
export const EULER = 0.5772156649015329;
export const LOG_SQRT_2PI = 0.9189385332046728;
export const LOG_SQRT_HALF_PI = 0.22579135264472744;
export const LOG_PI = 1.1447298858494002;
export const LOG_HALF_PI = 0.4515827052894549;
export const LOG_2PI = 1.8378770664093456;
export const LOG_4PI = 2.5310242469692907;
/** √(2/π), the mean of |z| for a standard normal z. */
export const SQRT_2_OVER_PI = 0.7978845608028654;
