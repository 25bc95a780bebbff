/** The data of the autoencoders: seven-segment figures of 9 by 5 pixels with flipped noise. */
import { random, tensor } from "../index.js";

// Segments a to g as rows of the 9 x 5 picture, and which digits light them.
const LIT = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"];
const segment = (row: number, column: number): string => {
  if (column > 0 && column < 4) return row === 0 ? "a" : row === 4 ? "g" : row === 8 ? "d" : "";
  if (row === 0 || row === 4 || row === 8) return "";
  return column === 0 ? (row < 4 ? "f" : "e") : column === 4 ? (row < 4 ? "b" : "c") : "";
};
const PIXELS = Array.from({ length: 45 }, (_, i) => segment(Math.floor(i / 5), i % 5));
/** The ten figures without noise, [10, 45]. */
export const clean = LIT.map((on) => PIXELS.map((s) => (s !== "" && on.includes(s) ? 1 : 0)));
const N = 500;
const digits = random.randint(random.key(1), [N], 0, 10);
const flips = random.bernoulli(random.key(2), 0.03, [N, 45]);
/** Noisy figures, [500, 45]: each pixel is flipped with probability 0.03. */
export const images = tensor(clean).at(digits).sub(flips).abs();
