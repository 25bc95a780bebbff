/** The models of the benchmarks, with their guides and data. svi.ts compares them with eager steps or steps by hand, peers/ with other libraries. */
import {
  Bernoulli,
  Beta,
  Categorical,
  constraints,
  HalfNormal,
  type Model,
  matmul,
  module,
  Normal,
  nn,
  ones,
  param,
  plate,
  random,
  sample,
  type Tensor,
  tensor,
  zeros,
} from "../index.js";

export const flips = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0];
export const coin: Model = (data: Tensor) => {
  const f = sample("f", new Beta(10, 10));
  plate("flips", 10, () => sample("obs", new Bernoulli(f), { obs: data }));
};
export const coinGuide: Model = () => {
  const [a, b] = [
    param("a", 15, { constraint: constraints.positive }),
    param("b", 15, { constraint: constraints.positive }),
  ];
  sample("f", new Beta(a, b).nonreparameterized(), { infer: { baseline: { useDecayingAvgBaseline: true } } });
};

export const mixtureData = random.normal(random.key(1), [200]).add(random.randint(random.key(2), [200], -1, 2).mul(3));
export const mixture: Model = (xs: Tensor) =>
  plate("data", 200, () => {
    const z = sample("z", new Categorical({ logits: param("weights", zeros([3])) }));
    sample("x", new Normal(param("locs", tensor([-1, 0, 1])).at(z), 1), { obs: xs });
  });
export const mixtureGuide =
  (enumerate: "parallel" | null): Model =>
  () =>
    plate("data", 200, () =>
      sample("z", new Categorical({ logits: param("logits", zeros([200, 3])) }), { infer: { enumerate } }),
    );

export const eye3 = tensor([
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
]);
export const chain =
  (length: number): Model =>
  () => {
    let z: Tensor | null = null;
    for (let t = 0; t < length; t++) {
      z = sample(`z${t}`, new Categorical({ logits: z === null ? tensor([0, 0.1, 0]) : eye3.at(z) }));
      sample(`x${t}`, new Categorical({ logits: eye3.at(z) }), { obs: t % 3 });
    }
  };
export const chainGuide =
  (length: number, isChain: boolean): Model =>
  () => {
    const logits = param("logits", zeros([length, 3, 3]));
    let z: Tensor | null = null;
    for (let t = 0; t < length; t++)
      z = sample(`z${t}`, new Categorical({ logits: logits.at(t).at(isChain && z !== null ? z : 0) }));
  };

export const schools: Model = (y: Tensor, sigma: Tensor) => {
  const [mu, tau] = [sample("mu", new Normal(0, 5)), sample("tau", new HalfNormal(5))];
  plate("schools", 8, () => sample("y", new Normal(mu.add(tau.mul(sample("z", new Normal(0, 1)))), sigma), { obs: y }));
};
export const schoolsData = [tensor([28, 8, -3, 7, -1, 1, 18, 12]), tensor([15, 10, 16, 11, 9, 11, 10, 18])];

export const regression: Model = (x: Tensor, y: Tensor) => {
  const w = sample("w", new Normal(zeros([x.shape[1] as number]), ones([x.shape[1] as number])).toEvent(1));
  plate("data", x.length, () => sample("y", new Bernoulli({ logits: matmul(x, w) }), { obs: y }));
};
export const regressionGuide: Model = (x: Tensor) => {
  const d = x.shape[1] as number;
  const scale = param("scale", ones([d]).mul(0.1), { constraint: constraints.positive });
  sample("w", new Normal(param("loc", zeros([d])), scale).toEvent(1));
};
export const regressionData = (n: number, d: number) => [
  random.normal(random.key(3), [n, d]),
  random.bernoulli(random.key(4), 0.5, [n]),
];

export interface Observed {
  observations: { x: number };
}
export const scalar: Model = ({ observations }: Observed) => {
  sample("x", new Normal(sample("z", new Normal(0, 1)), 1), { obs: observations.x });
};
export const scalarGuide: Model = () => {
  sample("z", new Normal(param("m", 0.3), param("s", 1, { constraint: constraints.positive })));
};

// The VAE: 784 pixels, 256 hidden units, a latent of 20 dimensions, all 128 pictures of a batch.
export const pictures = () => [random.bernoulli(random.key(5), 0.3, [128, 784])];
export const vae: Model = (x: Tensor) =>
  plate("data", 128, () => {
    const z = sample("z", new Normal(zeros([128, 20]), 1).toEvent(1));
    sample("x", new Bernoulli({ logits: module("decoder", nn.mlp([20, 256, 784]))(z) }).toEvent(1), { obs: x });
  });
export const vaeGuide: Model = (x: Tensor) =>
  plate("data", 128, () => {
    const code = module("encoder", nn.mlp([784, 256, 40]))(x);
    const scale = code.slice(20, 40, { axis: 1 }).exp();
    sample("z", new Normal(code.slice(0, 20, { axis: 1 }), scale).toEvent(1));
  });
