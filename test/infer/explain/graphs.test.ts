/** Models as graphs, runs as tables of shapes, results as HTML. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Bernoulli,
  Categorical,
  constraints,
  deterministic,
  display,
  explain,
  factor,
  formatShapes,
  ImproperUniform,
  installDisplay,
  MultivariateNormal,
  Normal,
  param,
  plate,
  random,
  renderModel,
  sample,
  seed,
  summary,
  type Tensor,
  TraceELBO,
  tensor,
  toHtml,
  trace,
} from "../../../index.js";
import { refusal } from "../../refusals.js";

const EVIL = '<img src=x onerror=alert(1)>"]--';

const mixture = (data: Tensor) => {
  const weights = param("weights", [0.3, 0.7], { constraint: constraints.simplex });
  const locs = plate("components", 2, () => sample("locs", new Normal(0, 5)));
  plate("data", data.length, () => {
    const z = sample("z", new Categorical(weights));
    const loc = deterministic("loc", locs.at(z));
    sample("x", new Normal(loc, 1), { obs: data });
  });
};

test("the graph of a mixture: direct dependencies, plates, kinds", () => {
  const { nodes, edges, plates } = renderModel(mixture, tensor([1, 2, 3]));
  assert.equal(
    nodes.map(({ name, kind, plates: within }) => [name, kind, ...within]),
    [
      ["weights", "param"],
      ["locs", "latent", "components"],
      ["z", "latent", "data"],
      ["loc", "deterministic", "data"],
      ["x", "observed", "data"],
    ],
  );
  assert.equal(edges.map(({ from, to }) => `${from} -> ${to}`).sort(), [
    "locs -> loc",
    "locs -> x",
    "weights -> z",
    "z -> loc",
    "z -> x",
  ]);
  assert.equal(plates, [
    { name: "components", size: 2 },
    { name: "data", size: 3 },
  ]);
});

test("in a chain each site depends on the previous site, and a branch counts as a dependency", () => {
  const chain = () => {
    let z = sample("z0", new Normal(0, 1));
    for (let t = 1; t < 4; t++) z = sample(`z${t}`, new Normal(z, 1));
  };
  const said = ({ edges }: ReturnType<typeof renderModel>) => edges.map(({ from, to }) => `${from} ${to}`);
  assert.equal(said(renderModel(chain)), ["z0 z1", "z1 z2", "z2 z3"]);
  const branch = () => {
    const coin = sample("coin", new Bernoulli(0.5));
    sample("x", new Normal(coin.item() > 0 ? 1 : -1, 1));
    factor("f", tensor(0.5));
  };
  assert.equal(said(renderModel(branch)), ["coin x", "coin f"]);
});

test("a flat prior, which cannot be sampled, has a node", () => {
  const model = (y: Tensor) => {
    const loc = sample("loc", new ImproperUniform(constraints.real, [], []));
    const scales = plate("groups", 2, () =>
      sample("scales", new ImproperUniform(constraints.positive, [], []).mask(1)),
    );
    sample("y", new Normal(loc, scales.sum()), { obs: y });
  };
  assert.is(
    renderModel(model, tensor(1)).toString(),
    "loc: latent ~ ImproperUniform\nscales: latent ~ Masked(ImproperUniform) in groups\ny: observed ~ Normal given loc, scales",
  );
});

test("nested plates become nested clusters, and names are escaped in DOT, Mermaid and HTML", () => {
  const model = () => {
    plate("outer", 2, () => {
      plate(EVIL, 3, () => sample(`${EVIL}x`, new Normal(0, 1)));
    });
  };
  const graph = renderModel(model);
  const dot = graph.toDot();
  assert.match(dot, /cluster_p0[\s\S]*cluster_p1[\s\S]*n0 \[label="<img src=x onerror=alert\(1\)>\\"\]--x ~ /);
  assert.is(dot.split("{").length, dot.split("}").length);
  const mermaid = graph.toMermaid();
  assert.not.match(mermaid, /<img|"\]--/);
  assert.match(mermaid, /#60;img src=x onerror=alert\(1\)#62;#34;\]--x/);
  const html = (display(graph) as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]?.();
  assert.not.match(html?.["text/html"] as string, /<img/);
  assert.not.match(toHtml(explain(new TraceELBO(), model, model)), /<img/);
});

test("installDisplay: notebooks show a tensor as a table, and an explanation as text", () => {
  const shown = (x: object): Record<string, string> | undefined =>
    (x as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]?.();
  const x = tensor([[1, 2]]);
  assert.is(shown(x), undefined);
  installDisplay();
  const table = "<thead><tr><th>Tensor[1,2]</th><th>0</th><th>1</th></tr></thead>";
  assert.equal(shown(x), {
    "text/plain": "Tensor[1,2] [[1,2]]",
    "text/html": `<table>${table}<tbody><tr><td>0</td><td>1</td><td>2</td></tr></tbody></table>`,
  });
  const model = () => sample("a<b", new Normal(0, 1));
  assert.match(shown(explain(new TraceELBO(), model, model))?.["text/html"] as string, /^<pre>[\s\S]*a&lt;b/);
});

test("formatShapes has the layout of Pyro's table", () => {
  const model = () => {
    param("loc", [0, 0]);
    plate("data", 10, () => {
      plate("inner", 4, () => sample("z", new Normal(0, 1)));
      sample(
        "y",
        new MultivariateNormal({
          loc: [0, 0],
          scaleTril: [
            [1, 0],
            [0, 1],
          ],
        }),
      );
    });
  };
  const run = trace(seed(model, random.key(0))).getTrace();
  assert.is(
    formatShapes(run, { computeLogProb: true }),
    [
      "Trace Shapes:",
      " Param Sites:",
      "          loc    2",
      "Sample Sites:",
      "       z dist 4 10 |",
      "        value 4 10 |",
      "     log_prob 4 10 |",
      "       y dist   10 | 2",
      "        value   10 | 2",
      "     log_prob   10 |",
    ].join("\n"),
  );
});

test("toHtml converts tensors, summaries and losses, and refuses other values", () => {
  assert.is(
    toHtml(tensor([[1, 2]])),
    "<table><thead><tr><th>Tensor[1,2]</th><th>0</th><th>1</th></tr></thead><tbody><tr><td>0</td><td>1</td><td>2</td></tr></tbody></table>",
  );
  assert.match(toHtml(tensor(3)), /^<pre>Tensor\[\] 3<\/pre>$/);
  assert.not.match(toHtml(summary({ [EVIL]: [1, 2, 3] })), /<img/);
  const curve = toHtml(Float64Array.from({ length: 1000 }, (_, i) => (i === 500 ? Number.NaN : 10 - i / 100)));
  assert.match(curve, /^<svg viewBox[\s\S]*<polyline points="0\.0,[\s\S]*<\/svg>$/);
  assert.is(toHtml([3, Number.NaN, Number.NaN, 1, 2]).split("<polyline").length, 3);
  assert.is(toHtml([Number.NaN]), "<pre>no finite loss</pre>");
  assert.is(refusal(() => toHtml("text" as never)).code, "bad-argument");
});

test.run();
