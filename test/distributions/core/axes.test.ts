/** Densities and draws along batch axes: element i depends only on element i of parameters and value, and provenance records this. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Provenance, random, type Tensor, tensor } from "../../../autodiff/index.js";
import { Bernoulli, Categorical, type Distribution, MultivariateNormal, Normal } from "../../../distributions/index.js";
import { ownRelation } from "../../../provenance/axes.js";
import { decode, decodeParams, families } from "../families/families.js";

const BATCH = [2, 3];
const BOTH = [
  [-1, -1],
  [-2, -2],
];
const spread = (x: Tensor, eventDim: number): Tensor =>
  x.broadcastTo([...BATCH, ...x.shape.slice(x.shape.length - eventDim)]);
const tagged = (x: Tensor, name: string, eventDim: number): Tensor =>
  x.withProvenance(Provenance.related(name, ownRelation(x.shape, eventDim)));
const axes = (x: Tensor, site: string, eventDim = 0): number[][] =>
  [...x.provenance.axesOf(site)].map(([own, its]) => [own, its + eventDim]);

/** Parameters that hold a dimension or a number of trials, which cannot differ from element to element. */
const isStatic = (name: string): boolean => ["dimension", "totalCount", "numSteps"].includes(name);

for (const { name, entry, make } of families)
  test(`${name} is pointwise along its batch axes`, () => {
    const { params: raw, points } = entry.cases[0] as (typeof entry.cases)[0];
    const params = decodeParams(raw);
    const plain = make(params);
    const parameters: Record<string, Tensor> = {};
    for (const [key, x] of Object.entries(params)) {
      const eventDim = plain.argConstraints[key]?.eventDim ?? (name.startsWith("Mixture") ? 1 : 0);
      parameters[key] = isStatic(key) && name !== "Binomial" ? x : tagged(spread(x, eventDim), key, eventDim);
    }
    const batched = make(parameters);
    const value = tagged(
      spread(tensor(decode((points[0] as (typeof points)[0]).value) as number), plain.eventDim),
      "value",
      plain.eventDim,
    );
    const density = batched.logProb(value);
    // A uniform density is the same for every value in the support.
    if (name !== "Uniform") assert.equal(axes(density, "value"), BOTH, "the density, in the value");
    const draw = batched.sample(random.key(0));
    for (const key of Object.keys(parameters)) {
      if (!(parameters[key] as Tensor).provenance.has(key)) continue;
      if (density.provenance.has(key)) assert.equal(axes(density, key), BOTH, `the density, in ${key}`);
      if (draw.provenance.has(key)) assert.equal(axes(draw, key, batched.eventDim), BOTH, `a draw, in ${key}`);
    }
  });

const site = (x: Tensor, eventDim = 0): Tensor => tagged(x, "value", eventDim);
const sums = (x: Tensor, n: number): Tensor => x.reshape([...x.shape.slice(0, x.shape.length - n), -1]).sum(-1);

test("toEvent declares independent elements, also under mask, expand and nonreparameterized", () => {
  const x = site(random.uniform(random.key(1), [2, 3, 4]).greater(0.5));
  const base = new Bernoulli({ logits: random.normal(random.key(2), [2, 3, 4]) });
  const keep = tensor([1, 0]);
  const forms: [string, Distribution, number][] = [
    ["none", base, 0],
    ["toEvent", base.toEvent(2), 2],
    ["twice", base.toEvent(1).toEvent(1), 2],
    ["masked", base.toEvent(2).mask(keep), 2],
    [
      "mask of elements",
      base
        .mask(tensor([1, 0, 0, 1]))
        .toEvent(1)
        .mask(keep.expandDims(1)),
      1,
    ],
    ["expanded", new Bernoulli({ logits: random.normal(random.key(3), [4]) }).toEvent(1).expand([2, 3]), 1],
    ["nonreparameterized", new Normal(0, [1, 2, 3, 4]).expand([3, 4]).toEvent(2).expand([2]).nonreparameterized(), 2],
  ];
  for (const [name, d, elementDim] of forms) {
    assert.is(d.elementDim, elementDim, name);
    const elements = d.logProbElements(x);
    assert.equal(elements.shape, [2, 3, 4], name);
    assert.equal(
      [...elements.provenance.axesOf("value")],
      [
        [-1, -1],
        [-2, -2],
        [-3, -3],
      ],
      name,
    );
    const difference = sums(elements, elementDim).reshape(d.logProb(x).shape).sub(d.logProb(x));
    assert.ok(difference.abs().max().item() < 1e-12, name);
  }
});

test("an event of a multivariate family is one element", () => {
  const d = new MultivariateNormal({
    loc: [0, 0],
    covarianceMatrix: [
      [2, 1],
      [1, 3],
    ],
  });
  assert.is(d.elementDim, 0);
  assert.equal(
    d.logProbElements([
      [1, 2],
      [3, 4],
    ]).shape,
    [2],
  );
  assert.is(d.expand([3]).toEvent(1).elementDim, 1);
});

test("a masked element may have any value; an unmasked element outside the support is refused", () => {
  const d = new Bernoulli({ logits: [0, 1, 2] }).toEvent(1);
  const hidden = d.expand([2]).mask(tensor([1, 0]));
  assert.equal(
    hidden
      .logProbElements([
        [1, 0, 1],
        [Number.NaN, 7, 1],
      ])
      .slice(1)
      .toArray(),
    [[0, 0, 0]],
  );
  assert.throws(() => d.logProbElements([1, 0, 2]), /outside|must be/);
});

test("a Categorical depends element by element on a site if its logits do, also if they broadcast", () => {
  const z = tagged(tensor([0, 1, 2]), "z", 0);
  const logits = random.normal(random.key(4), [3, 4]).at(z);
  const w = site(tensor([1, 0, 3]));
  for (const [table, value] of [
    [logits, w],
    [logits, tensor(1)],
    [logits, random.randint(random.key(5), [2, 3], 0, 4)],
    [random.normal(random.key(6), [2, 1, 4]).add(logits), w],
  ] as const) {
    const density = new Categorical({ logits: table }).logProb(value);
    assert.equal([...density.provenance.axesOf("z")], [[-1, -1]]);
    if (value === w) assert.equal([...density.provenance.axesOf("value")], [[-1, -1]]);
  }
});

test.run();
