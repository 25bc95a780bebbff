/**
 * Writes the data of a tutorial to stdout for the scripts in this folder, as 64-bit floats. Each picture is a row: its label, then its pixels.
 *
 *     npx tsx docs/tutorials/pyro/data.ts digits 0 5000     # drawDigits(random.key(0), 5000)
 *     npx tsx docs/tutorials/pyro/data.ts shapes 0 5000     # drawShapes(random.key(0), 5000)
 */
import { drawDigits, drawShapes } from "../../../examples/pictures.js";
import { concatenate, random, type Tensor } from "../../../index.js";

const [name, seed, n] = process.argv.slice(2) as [string, string, string];
const [key, count] = [random.key(Number(seed)), Number(n)];
const labelled = (labels: Tensor, pictures: Tensor): Tensor => concatenate([labels.expandDims(1), pictures], 1);
const draw: Record<string, () => Tensor> = {
  digits: () => {
    const { digits, images } = drawDigits(key, count);
    return labelled(digits, images);
  },
  shapes: () => {
    const { counts, pictures } = drawShapes(key, count);
    return labelled(counts, pictures);
  },
};
const rows = draw[name]?.();
if (rows === undefined)
  throw new Error(`expected "digits" or "shapes", a seed and a number, got ${process.argv.slice(2)}`);
process.stdout.write(new Uint8Array(rows.toFloat64Array().buffer));
