/** Runs statements for each latent of a guide, inside the latent's plates. */
import { emptyRecord, type Tensor } from "../../autodiff/index.js";
import type { PlateFrame } from "../program/messages.js";
import { plate, runInSequentialPlate } from "../program/plate.js";
import type { Latent } from "./latents.js";

/** A record with a value for each latent, by name. */
export function valuesOf<L extends { readonly name: string }>(
  latents: readonly L[],
  valueOf: (latent: L) => Tensor,
): Record<string, Tensor> {
  const values = emptyRecord<Tensor>();
  for (const latent of latents) values[latent.name] = valueOf(latent);
  return values;
}

/** The draws of all latents, by name. `draw` samples one latent, inside its plates. */
export const sampleEach = <L extends Latent>(latents: readonly L[], draw: (latent: L) => Tensor) =>
  valuesOf(latents, (latent) => inPlates(latent.plates, () => draw(latent)));

/** Run `body` inside the plates of a latent. */
function inPlates<T>(plates: readonly PlateFrame[], body: () => T): T {
  const [outer, ...inner] = plates;
  if (outer === undefined) return body();
  const { name, size, dim, subsampleSize, indices, isGiven } = outer;
  if (dim === null) return runInSequentialPlate(outer, () => inPlates(inner, body));
  const visits = isGiven ? { subsample: indices as Tensor } : { subsampleSize: subsampleSize as number };
  return plate(name, size as number, { dim, ...visits }, () => inPlates(inner, body));
}
