/**
 * The data of three tutorials and of discreteVae.ts: seven-segment digits with random slants and stroke widths, and pictures that contain up
 * to two small shapes.
 */
import { arange, Normal, random, stack, type Tensor, tensor } from "../index.js";

/** The size of a picture of a digit. A picture is one row of numbers, the top row of pixels first. */
export const [ROWS, COLUMNS] = [12, 10];

// LIT: the segments a to g of each digit. SEGMENTS: the centre (x, y) and the half length (x, y) of each segment.
const LIT = ["abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg"];
const SEGMENTS = [
  [0, -4, 2, 0],
  [2.2, -2, 0, 1.8],
  [2.2, 2, 0, 1.8],
  [0, 4, 2, 0],
  [-2.2, 2, 0, 1.8],
  [-2.2, -2, 0, 1.8],
  [0, 0, 2, 0],
];
const lit = tensor(LIT.map((on) => [..."abcdefg"].map((s) => (on.includes(s) ? 1 : 0))));
const side = (k: number): Tensor => tensor(SEGMENTS).slice(k, k + 1, { axis: 1 });

/**
 * The probability that each pixel is black, [n, 120], for n digits with slants to the right and strokes of width `weights`. It is 0.98 on the
 * centre line of a stroke, and falls to 0.02 with the distance by a Gaussian curve.
 */
export function ink(digits: Tensor, slants: Tensor, weights: Tensor): Tensor {
  const [pixels, ofFigure] = [arange(ROWS * COLUMNS), (x: Tensor) => x.reshape([-1, 1, 1])];
  const row = pixels.div(COLUMNS).floor();
  const column = pixels.sub(row.mul(COLUMNS));
  const y = row.sub((ROWS - 1) / 2);
  const x = column.sub((COLUMNS - 1) / 2).add(y.mul(ofFigure(slants)));
  const beyond = (at: Tensor, centre: Tensor, half: Tensor) => at.sub(centre).abs().sub(half).maximum(0);
  const squaredDistance = beyond(x, side(0), side(2))
    .square()
    .add(beyond(y, side(1), side(3)).square());
  const strokes = squaredDistance.div(ofFigure(weights).square()).mul(-0.5).exp();
  return strokes.mul(lit.at(digits).expandDims(-1)).max(1).mul(0.96).add(0.02);
}

/** n noisy digits: their values [n], their slants [n], and their pixels, 0 or 1 [n, 120]. */
export function drawDigits(key: Tensor, n: number): { digits: Tensor; slants: Tensor; images: Tensor } {
  const digits = random.randint(random.foldIn(key, 0), [n], 0, 10);
  const slants = random.normal(random.foldIn(key, 1), [n]).mul(0.3);
  const weights = random.uniform(random.foldIn(key, 2), [n], 0.4, 0.9);
  return { digits, slants, images: random.bernoulli(random.foldIn(key, 3), ink(digits, slants, weights)) };
}

/**
 * The exact results for images from `drawDigits`, by a sum over digits and a fine grid of slants and weights: the log probability of each
 * image [n], and the probability of each digit given the image [n, 10]. On average over new images, no model can do better.
 */
export function judgeDigits(images: Tensor): { logEvidence: Tensor; probs: Tensor } {
  const steps = [10, 31, 7] as const;
  const middles = (n: number) => arange(n).add(0.5).div(n);
  const along = (axis: number, x: Tensor) =>
    x
      .reshape(steps.map((_, i) => (i === axis ? -1 : 1)))
      .broadcastTo(steps)
      .reshape([-1]);
  const slants = new Normal(0, 0.3).icdf(middles(steps[1]));
  const p = ink(along(0, arange(10)), along(1, slants), along(2, middles(steps[2]).mul(0.5).add(0.4)));
  const blank = p.neg().log1p();
  const joint = images.matmul(p.log().sub(blank).transpose()).add(blank.sum(1)).sub(Math.log(p.length));
  const perDigit = joint.reshape([-1, 10, p.length / 10]).logsumexp(2);
  return { logEvidence: perDigit.logsumexp(1), probs: perDigit.softmax(1) };
}

// A ring, a plus and a cross, each with an empty margin, so that a clipped index finds no ink.
const SHAPES = tensor(
  ["11111 10001 10001 10001 11111", "00100 00100 11111 00100 00100", "10001 01010 00100 01010 10001"].map((rows) =>
    ["00000", ...rows.split(" "), "00000"].map((row) => [0, ...[...row].map(Number), 0]),
  ),
);
/** The side of a square picture of shapes. A shape is at one of 8 by 8 places. */
export const SIDE = 12;
const PLACES = SIDE - 4;
/** The standard deviation of the noise of a pixel. */
export const NOISE = 0.2;

/** Clean pictures, [n, 144], of shapes (0 to 2) at places (0 to 63). */
function shapesAt(shapes: Tensor, places: Tensor): Tensor {
  const [pixels, ofShape] = [arange(SIDE * SIDE), (x: Tensor) => x.expandDims(-1)];
  const [top, row] = [places.div(PLACES).floor(), pixels.div(SIDE).floor()];
  const left = places.sub(top.mul(PLACES));
  const within = (pixel: Tensor, start: Tensor) => pixel.sub(ofShape(start)).add(1).clip(0, 6);
  return SHAPES.at(ofShape(shapes), within(row, top), within(pixels.sub(row.mul(SIDE)), left));
}

/** n noisy pictures [n, 144] of up to two shapes, which may overlap, and the number of shapes in each [n]. */
export function drawShapes(key: Tensor, n: number): { counts: Tensor; pictures: Tensor } {
  const upTo = (i: number, end: number) => random.randint(random.foldIn(key, i), [n], 0, end);
  const counts = upTo(0, 3);
  const first = shapesAt(upTo(1, 3), upTo(2, PLACES ** 2)).mul(counts.greater(0).expandDims(-1));
  const second = shapesAt(upTo(3, 3), upTo(4, PLACES ** 2)).mul(counts.greater(1).expandDims(-1));
  const noise = random.normal(random.foldIn(key, 5), [n, SIDE * SIDE]).mul(NOISE);
  return { counts, pictures: first.add(second).add(noise) };
}

/** The exact results for pictures of shapes, by a sum over all shapes and places: log densities [n], and the probabilities of 0, 1 and 2 shapes [n, 3]. */
export function judgeShapes(pictures: Tensor): { logEvidence: Tensor; probs: Tensor } {
  const kinds = SHAPES.length;
  const all = arange(kinds * PLACES ** 2);
  const kind = all.div(PLACES ** 2).floor();
  const clean = shapesAt(kind, all.sub(kind.mul(PLACES ** 2)));
  // log N(x; m) = log N(x; 0) + (x·m - m·m/2) / noise², where m is a for one shape a, and a + b for two shapes.
  const likeness = pictures
    .matmul(clean.transpose())
    .sub(clean.square().sum(1).div(2))
    .div(NOISE ** 2);
  const overlap = clean.matmul(clean.transpose()).div(NOISE ** 2);
  const one = likeness.logsumexp(1).sub(Math.log(clean.length));
  const two = [...likeness].map((a) =>
    a
      .expandDims(1)
      .add(a)
      .sub(overlap)
      .logsumexp([0, 1])
      .sub(2 * Math.log(clean.length)),
  );
  const blank = new Normal(0, NOISE).logProb(pictures).sum(1);
  const joint = stack([one.mul(0), one, stack(two)], 1)
    .add(blank.expandDims(1))
    .sub(Math.log(3));
  return { logEvidence: joint.logsumexp(1), probs: joint.softmax(1) };
}

/** Pictures in a row, as text. */
export function show(pictures: Tensor, columns = COLUMNS): string {
  const all = pictures.toArray() as number[][];
  const shade = (p: number) => (p > 0.6 ? "█" : p > 0.3 ? "▒" : "·");
  const line = (row: number) =>
    all.map((p) =>
      p
        .slice(columns * row, columns * (row + 1))
        .map(shade)
        .join(""),
    );
  return Array.from({ length: (all[0] as number[]).length / columns }, (_, row) => line(row).join("  ")).join("\n");
}
