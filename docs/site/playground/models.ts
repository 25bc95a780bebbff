/** The programs that the playground starts with. Each exports a model and a guide; the test runs every one. */

const coin = `import { adam, Bernoulli, Beta, constraints, param, plate, sample, tensor } from "pedigrad";

const flips = tensor([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);

export const model = () => {
  const fairness = sample("fairness", new Beta(10, 10));
  plate("flips", flips.length, () => sample("obs", new Bernoulli(fairness), { obs: flips }));
};

export const guide = () => {
  const positive = { constraint: constraints.positive };
  sample("fairness", new Beta(param("a", 3, positive), param("b", 3, positive)));
};

export const optimiser = adam(0.02);
export const steps = 2000;
// Beta(16, 14) is the posterior.
export const exact = { fairness: { mean: 16 / 30, sd: Math.sqrt((16 * 14) / (30 * 30 * 31)) } };
`;

const plateMixture = `import { Categorical, Normal, param, plate, random, sample, tensor, TraceGraphELBO } from "pedigrad";

// Sixty numbers around -5, 0 and 5. The guide draws the class of each number.
const centres = tensor([-5, 0, 5]);
const classes = tensor(Array.from({ length: 60 }, (_, i) => i % 3));
const data = centres.at(classes).add(random.normal(random.key(1), [60]));

export const model = () => {
  plate("data", 60, () => {
    const z = sample("z", new Categorical([1, 1, 1]));
    sample("x", new Normal(centres.at(z), 1), { obs: data });
  });
};

// The plate says that the elements are independent, so each element is charged only with its own costs.
export const guide = () => {
  const logits = param("logits", tensor(Array.from({ length: 60 }, () => [0, 0, 0])));
  plate("data", 60, () => sample("z", new Categorical({ logits })));
};

export const elbo = new TraceGraphELBO();
export const steps = 500;
`;

const eventMixture = plateMixture
  .replace(
    `  plate("data", 60, () => {
    const z = sample("z", new Categorical([1, 1, 1]));
    sample("x", new Normal(centres.at(z), 1), { obs: data });
  });`,
    `  const z = sample("z", new Categorical([1, 1, 1]).expand([60]).toEvent(1));
  sample("x", new Normal(centres.at(z), 1).toEvent(1), { obs: data });`,
  )
  .replace(
    `// The plate says that the elements are independent, so each element is charged only with its own costs.`,
    `// One event of sixty classes, without a plate.`,
  )
  .replace(
    `plate("data", 60, () => sample("z", new Categorical({ logits })));`,
    `sample("z", new Categorical({ logits }).toEvent(1));`,
  )
  .replace("param, plate, random", "param, random");

const brokenPlate = `import { Bernoulli, Normal, param, plate, sample, tensor, TraceGraphELBO } from "pedigrad";

// The plate says that its elements are independent, but the sum of z mixes them.
export const model = () => {
  plate("data", 3, () => {
    const z = sample("z", new Bernoulli(0.4));
    sample("x", new Normal(z.sum(), 1), { obs: tensor([0.5, 1, 2]) });
  });
};

export const guide = () => {
  const logits = param("logits", tensor([0, 0.3, -0.2]));
  plate("data", 3, () => sample("z", new Bernoulli({ logits })));
};

export const elbo = new TraceGraphELBO();
`;

const branch = `import { Bernoulli, Normal, param, sample, TraceGraphELBO } from "pedigrad";

// An ordinary \`?:\` reads z. So everything after it depends on z, and z is charged with it.
export const model = () => {
  const z = sample("z", new Bernoulli(0.4));
  const y = sample("y", new Bernoulli(0.5));
  const loc = z.item() > 0 ? 2 : -2;
  sample("x", new Normal(loc, 1), { obs: 0.3 });
};

export const guide = () => {
  sample("z", new Bernoulli({ logits: param("a", 0) }));
  sample("y", new Bernoulli({ logits: param("b", 0) }));
};

export const elbo = new TraceGraphELBO();
export const steps = 300;
`;

const hmm = `import { adam, Categorical, constraints, markov, Normal, param, sample, tensor, TraceEnumELBO } from "pedigrad";

const series = [0.1, -0.2, 0.3, 2.9, 3.2, 3.1, 0.2, 0.0, 3.0, 2.8];

// The states are summed out exactly, so the guide is empty.
export const model = () => {
  const rows = param("rows", tensor([[0.8, 0.2], [0.2, 0.8]]), { constraint: constraints.simplex });
  const locs = param("locs", tensor([0.5, 2]));
  let state = tensor(0);
  for (const t of markov(series.keys())) {
    state = sample(\`state\${t}\`, new Categorical(rows.at(state)), { infer: { enumerate: "parallel" } });
    sample(\`x\${t}\`, new Normal(locs.at(state), 0.5), { obs: series[t] ?? 0 });
  }
};

export const guide = () => {};
export const elbo = new TraceEnumELBO();
export const optimiser = adam(0.05);
export const steps = 300;
`;

const wakeSleep = `import { adam, Bernoulli, module, nn, Normal, plate, ReweightedWakeSleep, sample, type Tensor, tensor } from "pedigrad";

// The guide is a network whose input is the data. It is trained by wake-sleep.
export const args = [{ observations: { x: tensor([-2, -1.5, 1.4, 2.2]) } }];

export const model = ({ observations }: { observations: { x: Tensor | null } }) => {
  plate("data", 4, () => {
    const z = sample("z", new Bernoulli(0.5));
    sample("x", new Normal(z.mul(4).sub(2), 1), { obs: observations.x });
  });
};

export const guide = ({ observations }: { observations: { x: Tensor } }) => {
  const net = module("net", nn.mlp([1, 4, 1]));
  plate("data", 4, () => {
    const logits = (net(observations.x.expandDims(-1)) as Tensor).squeeze(-1);
    sample("z", new Bernoulli({ logits }));
  });
};

export const elbo = new ReweightedWakeSleep({ numParticles: 8 });
export const optimiser = adam(0.02);
export const steps = 300;
`;

const vae = `import { adam, Bernoulli, module, nn, Normal, plate, sample, type Tensor, TraceELBO, tensor } from "pedigrad";

// Digits of 3 x 5 pixels: 0, 1, 4 and 7. A code of two numbers must distinguish them.
const digits = tensor([
  [1,1,1, 1,0,1, 1,0,1, 1,0,1, 1,1,1],
  [0,1,0, 1,1,0, 0,1,0, 0,1,0, 1,1,1],
  [1,0,1, 1,0,1, 1,1,1, 0,0,1, 0,0,1],
  [1,1,1, 0,0,1, 0,1,0, 0,1,0, 0,1,0],
]);

export const model = () => {
  const decoder = module("decoder", nn.mlp([2, 16, 15]));
  plate("digits", 4, () => {
    const z = sample("z", new Normal(0, 1).expand([4, 2]).toEvent(1));
    sample("pixels", new Bernoulli({ logits: decoder(z) as Tensor }).toEvent(1), { obs: digits });
  });
};

export const guide = () => {
  const encoder = module("encoder", nn.mlp([15, 16, 4]));
  const code = encoder(digits) as Tensor;
  plate("digits", 4, () =>
    sample("z", new Normal(code.slice(0, 2, { axis: -1 }), code.slice(2, 4, { axis: -1 }).softplus().add(0.01)).toEvent(1)),
  );
};

export const elbo = new TraceELBO();
export const optimiser = adam(0.01);
export const steps = 1500;
`;

export interface StartingModel {
  readonly name: string;
  readonly text: string;
}

export const MODELS: readonly StartingModel[] = [
  { name: "Coin", text: coin },
  { name: "Mixture, as a plate", text: plateMixture },
  { name: "Mixture, as one event", text: eventMixture },
  { name: "A plate whose elements are mixed", text: brokenPlate },
  { name: "A branch on a sample", text: branch },
  { name: "Hidden Markov model", text: hmm },
  { name: "Wake-sleep", text: wakeSleep },
  { name: "VAE of tiny digits", text: vae },
];
