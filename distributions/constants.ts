/** Numbers that several families share. */

/** Euler's constant γ. */
export const EULER = 0.5772156649015329;
