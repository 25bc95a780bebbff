/** TraceMeanFieldELBO on the variational autoencoder of `../models.ts`. */
import { ONE } from "../../autodiff/kernels/wasm/simd.js";
import { Adam, adamText, drawKernel, Keys, memoryFor, type Start } from "./tools.js";

const [BATCH, PIXELS, HIDDEN, LATENTS] = [128, 784, 256, 20];

/** The layers: inputs, outputs, and the path of the weights. */
const LAYERS = [
  [PIXELS, HIDDEN, "encoder/0"],
  [HIDDEN, 2 * LATENTS, "encoder/1"],
  [LATENTS, HIDDEN, "decoder/0"],
  [HIDDEN, PIXELS, "decoder/1"],
] as const;

/**
 * With code = (μ, log σ) and z = μ + σ e, the loss is Σ (σ² + μ² - 1)/2 - log σ + Σ softplus(l) - x l for pixels x and their logits l. Its
 * gradient is sigmoid(l) - x for l, g + μ for μ and σ e g + σ² - 1 for log σ, where g is the gradient for z. All weights and biases lie one
 * after the other, so that one loop makes the step of Adam.
 */
export function vae(start: Start, pictures: Float64Array): () => number {
  const weights = LAYERS.reduce((sum, [n, m]) => sum + n * m + m, 0);
  const { simd, at, arrays } = memoryFor({
    params: weights,
    mean: weights,
    square: weights,
    gradient: weights,
    x: BATCH * PIXELS,
    hidden: BATCH * HIDDEN,
    code: BATCH * 2 * LATENTS,
    noise: BATCH * LATENTS,
    z: BATCH * LATENTS,
    back: BATCH * HIDDEN,
    slopes: BATCH * HIDDEN,
    logits: BATCH * PIXELS,
    key: 2,
    factors: 2,
    loss: 2,
  });
  let next = 0;
  const layers = LAYERS.map(([inputs, outputs, path]) => {
    const [weight, bias] = [next, next + inputs * outputs];
    next = bias + outputs;
    arrays.params.set(start.params[`${path}/weight`] as Float64Array, weight);
    arrays.params.set(start.params[`${path}/bias`] as Float64Array, bias);
    return { inputs, outputs, weight: 8 * weight, bias: 8 * bias };
  });
  type Layer = (typeof layers)[number];
  const [encoder, coder, decoder, painter] = layers as [Layer, Layer, Layer, Layer];
  arrays.x.set(pictures);

  /** to = from W + bias. */
  const forward = ({ inputs, outputs, weight, bias }: Layer, from: number, to: number): string => `
    repeat(${to}, ${at.params + bias}, ${outputs});
    multiply(${to}, ${8 * outputs}, ${from}, ${8 * inputs}, 8, ${at.params + weight}, ${8 * outputs}, 8, ${BATCH}, ${inputs}, ${outputs}, ${ONE});`;
  /** The gradients of W and of the bias, for the inputs `from` and the gradient g of the outputs. */
  const backward = ({ inputs, outputs, weight, bias }: Layer, from: number, g: number): string => `
    clear(${at.gradient + weight}, ${inputs * outputs + outputs});
    multiply(${at.gradient + weight}, ${8 * outputs}, ${from}, 8, ${8 * inputs}, ${g}, ${8 * outputs}, 8, ${inputs}, ${BATCH}, ${outputs}, ${ONE});
    addAll(${at.gradient + bias}, ${g}, ${outputs});`;
  /** Writes the gradient of the inputs into `to`. */
  const inputs = ({ inputs, outputs, weight }: Layer, g: number, to: number): string => `
    clear(${to}, ${BATCH * inputs});
    multiply(${to}, ${8 * inputs}, ${g}, ${8 * outputs}, 8, ${at.params + weight}, 8, ${8 * outputs}, ${BATCH}, ${outputs}, ${inputs}, ${ONE});`;
  const loop = (from: number, n: number, text: string): string =>
    `p = ${from}; while (p !== ${from + 8 * n}) { ${text} p = p + 16; }`;

  /** A loop over the codes, row by row, where l is log σ, `p` the address of μ, and `q` the index of the latent. */
  const loopOverCodes = (text: string): string => `
    p = ${at.code}; q = 0;
    while (q !== ${8 * BATCH * LATENTS}) {
      let end = q + ${8 * LATENTS};
      while (q !== end) { let l = load(p + ${8 * LATENTS}); ${text} p = p + 16; q = q + 16; }
      p = p + ${8 * LATENTS};
    }`;

  const { lossAndGradient, update } = simd.compile(`
function repeat(to, from, n) {
  let rows = ${BATCH};
  while (rows > 0) {
    let p = from;
    let end = from + (n << 3);
    while (p !== end) { store(to, load(p)); to = to + 16; p = p + 16; }
    rows = rows - 1;
  }
}
function addAll(out, g, n) {
  let rows = ${BATCH};
  let next = n << 3;
  while (rows > 0) {
    let p = 0;
    while (p !== next) { store(out + p, load(out + p) + load(g + p)); p = p + 16; }
    g = g + next;
    rows = rows - 1;
  }
}
function lossAndGradient() {
  let total = same(0);
  let p = 0;
  let q = 0;
  ${forward(encoder, at.x, at.hidden)}
  ${loop(at.hidden, BATCH * HIDDEN, "store(p, tanh(load(p)));")}
  ${forward(coder, at.hidden, at.code)}
  ${loopOverCodes(`let loc = load(p); let s = exp(l);
    store(q + ${at.z}, loc + s * load(q + ${at.noise}));
    total = total + ((s * s + loc * loc - 1) * 0.5 - l);`)}
  ${forward(decoder, at.z, at.back)}
  ${loop(at.back, BATCH * HIDDEN, "store(p, tanh(load(p)));")}
  ${forward(painter, at.back, at.logits)}
  q = ${at.x};
  ${loop(
    at.logits,
    BATCH * PIXELS,
    "let l = load(p); let x = load(q); total = total + (softplus(l) - x * l); store(p, sigmoid(l) - x); q = q + 16;",
  )}
  store(${at.loss}, total);
  ${backward(painter, at.back, at.logits)}
  ${inputs(painter, at.logits, at.slopes)}
  q = ${at.back};
  ${loop(at.slopes, BATCH * HIDDEN, "let d = load(q); store(p, load(p) * (1 - d * d)); q = q + 16;")}
  ${backward(decoder, at.z, at.slopes)}
  ${inputs(decoder, at.slopes, at.z)}
  ${loopOverCodes(`let s = exp(l); let g = load(q + ${at.z});
    store(p, g + load(p)); store(p + ${8 * LATENTS}, s * load(q + ${at.noise}) * g + s * s - 1);`)}
  ${backward(coder, at.hidden, at.code)}
  ${inputs(coder, at.code, at.slopes)}
  q = ${at.hidden};
  ${loop(at.slopes, BATCH * HIDDEN, "let d = load(q); store(p, load(p) * (1 - d * d)); q = q + 16;")}
  ${backward(encoder, at.x, at.slopes)}
}
function update() {
  let rate = loadSame(${at.factors});
  let scale = loadSame(${at.factors + 8});
  let p = 0;
  while (p !== ${8 * weights}) {
    let g = load(p + ${at.gradient});${adamText(`p + ${at.params}`, `p + ${at.mean}`, `p + ${at.square}`, "g")}
    p = p + 16;
  }
}`) as { lossAndGradient: () => void; update: () => void };
  const { key, factors, loss } = arrays;
  const [draw, quantiles] = [drawKernel(simd, "tails"), drawKernel(simd, "quantiles")];
  const keys = new Keys(start);
  const adam = new Adam(0);
  return () => {
    keys.step();
    keys.fold(0);
    keys.fold(0);
    keys.write(key);
    draw(at.noise, at.key, BATCH * LATENTS, 0);
    quantiles(at.noise, at.noise, BATCH * LATENTS, 0);
    lossAndGradient();
    adam.step();
    factors[0] = adam.rate;
    factors[1] = adam.scale;
    update();
    return (loss[0] as number) + (loss[1] as number);
  };
}
