/**
 * Would the tests of exact means notice an error? Faults that estimators once had are made on purpose, and each faulty estimator must fail the
 * check that the correct estimator passes.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  type Elbo,
  type ElboOptions,
  factor,
  type Model,
  Normal,
  neg,
  param,
  plate,
  sample,
  type Tensor,
  TraceELBO,
  TraceEnumELBO,
  tensor,
} from "../../../index.js";
import type { Cost, PathPair } from "../../../infer/elbo/particles/pair.js";
import type { SampleSite } from "../../../infer/program/trace.js";
import { detachProvenance } from "../../../provenance/index.js";
import { exactLoss, exactMean, type Program } from "./exactMean.js";

type Make = (options: ElboOptions) => Elbo;

/** Whether the mean of loss and gradients equals the exact loss and gradients, to 1e-9. */
function isExact(make: Make, program: Program, truth: Program = program): boolean {
  const got = exactMean(make, program) as Record<string, Float64Array>;
  return Object.entries(exactLoss(truth)).every(([name, want]) =>
    want.every((w, i) => Math.abs(((got[name] as Float64Array)[i] as number) - w) <= 1e-9 * (1 + Math.abs(w))),
  );
}
const programOf = (model: Model, guide: Model, params: Record<string, Tensor>): Program => ({
  model,
  guide,
  params,
  subsets: [{}],
});
const enumerated = { infer: { enumerate: "parallel" } } as const;
const enumerating: Make = (options) => new TraceEnumELBO(options);

/** The probabilities of enumerated flips depend on a sampled flip a, through the function `through` of its value. */
const feeding = (through: (z: Tensor) => Tensor): Program =>
  programOf(
    () => {
      sample("a", new Bernoulli(0.3));
      plate("rows", 2, () => {
        const b = sample("b", new Bernoulli([0.4, 0.7]));
        sample("x", new Normal(b.mul(2), 1), { obs: [0.5, 1.8] });
      });
    },
    () => {
      const a = sample("a", new Bernoulli({ logits: param("q", 0.2) }));
      plate("rows", 2, () =>
        sample("b", new Bernoulli({ logits: through(a).mul([1.5, -2]).add(param("r", 0.1)) }), enumerated),
      );
    },
    { q: tensor(0.2), r: tensor(0.1) },
  );

test("without the score of a sampled site on which only probabilities depend, the mean is wrong", () => {
  const sound = feeding((z) => z);
  assert.ok(isExact(enumerating, sound));
  assert.not(isExact(enumerating, feeding(detachProvenance), sound));
});

/** The probability of one enumerated flip depends on all flips in a plate, and a term in the plate depends on the enumerated flip. */
test("if elements of a plate are charged separately although a probability mixes them, the mean is wrong", () => {
  const program = (perElement: boolean): Program =>
    programOf(
      () => {
        const z = plate("rows", 2, () => sample("z", new Bernoulli(0.4)));
        const e = sample("e", new Bernoulli(0.5));
        plate("rows", 2, () => sample("x", new Normal(z.add(e.mul(2)), 1), { obs: [0.5, 2] }));
      },
      () => {
        const z = plate("rows", 2, () => sample("z", new Bernoulli({ logits: param("q", [0.2, -0.5]) })));
        const seen = perElement ? detachProvenance(z) : z;
        sample("e", new Bernoulli({ logits: seen.sum(-1).sub(1) }), enumerated);
      },
      { q: tensor([0.2, -0.5]) },
    );
  assert.ok(isExact(enumerating, program(false)));
  assert.not(isExact(enumerating, program(true), program(false)));
});

/** Sticking the landing with an earlier fault: factors of the guide lose the gradient with respect to their parameters. */
class WithFactorsHeld extends TraceELBO {
  override costs(pair: PathPair): Cost[] {
    return super.costs(pair).map((cost) => {
      const held = cost.site === "f" && cost.side === "guide" ? (pair.pathGuide?.get("f") as SampleSite) : null;
      return held === null ? cost : { ...cost, value: neg(held.scaledLogProb()) };
    });
  }
}

test("if sticking the landing drops the gradient of a guide's factor, the mean is wrong", () => {
  const program = programOf(
    () => void sample("z", new Normal(0, 1)),
    () => {
      const z = sample("z", new Normal(param("m", 0.4), 0.7));
      factor("f", z.mul(param("w", -0.3)));
    },
    { m: tensor(0.4), w: tensor(-0.3) },
  );
  const options = { stickingTheLanding: true };
  assert.ok(isExact((o) => new TraceELBO({ ...o, ...options }), program));
  assert.not(isExact((o) => new WithFactorsHeld({ ...o, ...options }), program));
});

test.run();
