/** Numbers that several families share. */

/** Euler's constant γ. */
export const EULER = 0.5772156649015329;
export const LOG_SQRT_2PI = 0.9189385332046728;
