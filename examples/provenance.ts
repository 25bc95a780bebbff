/**
 * The small programs of Pyro's "SVI Part III", with the provenance of each log density: the sites on which it depends, as the estimators see
 * them.
 *
 *     npx tsx examples/provenance.ts
 */
import {
  Bernoulli,
  getProvenance,
  Normal,
  plate,
  random,
  sample,
  seed,
  type Tensor,
  tensor,
  trace,
  trackNonReparam,
} from "../index.js";

const report = (title: string, model: () => void): void => {
  const run = trace(trackNonReparam(seed(model, random.key(0)))).getTrace();
  console.log(`\n${title}`);
  for (const site of run.values())
    if (site.type === "sample")
      console.log(`  log p(${site.name}) depends on ${getProvenance(site.logProb()).toString()}`);
};

report("Three discrete choices, each made from the one before: a -> b -> c (observed)", () => {
  const a = sample("a", new Bernoulli(0.4));
  const b = sample("b", new Bernoulli(a.mul(0.5).add(0.2)));
  sample("c", new Bernoulli(b.mul(0.5).add(0.2)), { obs: 1 });
});

report("A reparameterised draw has the provenance of its parents, without its own name", () => {
  const a = sample("a", new Bernoulli(0.4));
  const z = sample("z", new Normal(a, 1));
  sample("x", new Normal(z, 1), { obs: 0.3 });
});

report("Arithmetic that cancels keeps the provenance: it follows the program, not the numbers", () => {
  const a = sample("a", new Bernoulli(0.4));
  sample("x", new Normal(a.sub(a), 1), { obs: 0.3 });
});

report("Reading a value: everything after an if depends on the value that it read", () => {
  const a = sample("a", new Bernoulli(0.4));
  const loc = a.item() > 0 ? 2 : -2;
  sample("x", new Normal(loc, 1), { obs: 0.3 });
});

report("In a plate every element is its own choice; the provenance has the name of the site", () => {
  plate("data", 3, () => {
    const z: Tensor = sample("z", new Bernoulli(0.5));
    sample("x", new Normal(z.mul(2), 1), { obs: tensor([0.1, 2.2, 1.8]) });
  });
});
