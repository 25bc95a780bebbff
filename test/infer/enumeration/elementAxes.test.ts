/** Element axes in TraceEnumELBO: sampled sites are charged as in TraceGraphELBO, and enumerated sites in a mixed plate are refused. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  configEnumerate,
  type Model,
  Normal,
  param,
  plate,
  random,
  sample,
  type Tensor,
  TraceEnumELBO,
  TraceGraphELBO,
  tensor,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const key = random.key(0);
const logits = [0.3, -0.4, 0.8];
const x = [0.5, 1.7, 2.2];
const flips: Model = () => sample("z", new Bernoulli({ logits: param("q", logits) }).toEvent(1));
const inPlate: Model = () => plate("data", 3, () => sample("z", new Bernoulli({ logits: param("q", logits) })));
const programs: Record<string, readonly [Model, Model]> = {
  "event against event": [
    () => {
      const z = sample("z", new Bernoulli([0.4, 0.5, 0.6]).toEvent(1));
      sample("x", new Normal(z.mul(2), 1).toEvent(1), { obs: x });
    },
    flips,
  ],
  "event against plate": [
    () => {
      const z = sample("z", new Bernoulli([0.4, 0.5, 0.6]).toEvent(1));
      plate("data", 3, () => sample("x", new Normal(z.mul(2), 1), { obs: x }));
    },
    flips,
  ],
  "plate against event": [
    () => {
      const z = plate("data", 3, () => sample("z", new Bernoulli([0.4, 0.5, 0.6])));
      sample("x", new Normal(z.mul(2), 1).toEvent(1), { obs: x });
    },
    inPlate,
  ],
  "elements that meet their neighbours": [
    () => {
      const z = sample("z", new Bernoulli([0.4, 0.5, 0.6]).toEvent(1));
      sample("x", new Normal(z.add(z.flip(0)), 1).toEvent(1), { obs: x });
    },
    flips,
  ],
};

for (const [name, [model, guide]] of Object.entries(programs))
  test(`${name}: a sampled site is charged as under TraceGraphELBO, draw by draw`, () => {
    const params = { q: tensor(logits) };
    for (let draw = 0; draw < 4; draw++) {
      const slopes = [new TraceGraphELBO(), new TraceEnumELBO({ strictEnumerationWarning: false })].map(
        (elbo) => elbo.lossAndGrads(random.key(draw), params, model, guide)[1].q as Tensor,
      );
      const [want, got] = slopes.map((slope) => slope.toFloat64Array()) as [Float64Array, Float64Array];
      want.forEach((w, i) => {
        assert.ok(Math.abs((got[i] as number) - w) < 1e-12, `${i}: ${got[i]}, want ${w}`);
      });
    }
  });

test("an enumerated site whose plate an op has mixed is refused, naming site, plate and op", () => {
  const neighbour: Model = () =>
    plate("data", 3, () => {
      const z = sample("z", new Bernoulli(0.3));
      sample("x", new Normal(z.add(z.flip(-1)), 1), { obs: x });
    });
  const sides: readonly (readonly [Model, Model])[] = [
    [configEnumerate(neighbour), () => {}],
    [neighbour, configEnumerate(() => void plate("data", 3, () => sample("z", new Bernoulli(0.6))))],
  ];
  for (const [model, guide] of sides) {
    const error = refusal(() => new TraceEnumELBO().loss(key, {}, model, guide));
    assert.is(error.code, "mixed-plate");
    assert.is(error.site, "z");
    assert.match(error.message, /"z".*"data".*"flip".*"x"/);
  }
  // Broadcasting along the plate mixes no elements.
  const kept: Model = () =>
    plate("data", 3, () => {
      const z = sample("z", new Bernoulli([0.2, 0.3, 0.4]));
      sample("x", new Normal(tensor([0, 2]).at(z).mul([1, 2, 3]).add(1), 1), { obs: x });
    });
  assert.ok(Number.isFinite(new TraceEnumELBO().loss(key, {}, configEnumerate(kept), () => {}).item()));
});

test.run();
