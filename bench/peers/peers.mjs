// Runs other JavaScript libraries, which compute in float32, on the same work. Prints one line of JSON for each: { peer, work, ns }.
const numbers = (n, seed) => {
  let state = (seed + 1) * 0x9e3779b9;
  return Float32Array.from({ length: n }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
};
/** The median of calls for at least 300 ms, after a warm-up. */
async function time(call) {
  for (let i = 0; i < 3; i++) await call(i);
  const times = [];
  for (let total = 0, i = 0; total < 300 || i < 5; i++) {
    const start = performance.now();
    await call(i);
    times.push(performance.now() - start);
    total += times.at(-1);
  }
  return 1e6 * times.sort((a, b) => a - b)[times.length >> 1];
}
async function report(peer, work, call) {
  try {
    console.log(JSON.stringify({ peer, work, ns: await time(call) }));
  } catch (error) {
    console.log(JSON.stringify({ peer, work, error: String(error).slice(0, 120) }));
  }
}
const load = async (name) => import(name).catch(() => console.log(JSON.stringify({ peer: name, missing: true })));

const tf = await load("@tensorflow/tfjs");
if (tf) {
  const wasm = await load("@tensorflow/tfjs-backend-wasm");
  for (const backend of wasm ? ["cpu", "wasm"] : ["cpu"]) {
    await tf.setBackend(backend);
    await tf.ready();
    const peer = `tfjs ${backend}`;
    const read = (x) => {
      for (const one of [x].flat()) one.dataSync();
      tf.dispose(x);
    };
    for (const n of [1, 1e3, 1e5, 1e6]) {
      const [a, b, c] = [0, 1, 2].map((k) => tf.tensor1d(numbers(n, k)));
      const f = tf.valueAndGrads((a, b, c) => a.mul(b).add(c).tanh().sum());
      await report(peer, `sum(tanh(a*b+c)) with gradient n=${n}`, () => {
        const { value, grads } = f([a, b, c]);
        read([value, ...grads]);
      });
    }
    for (const n of [256, 512, 1024]) {
      const [a, b] = [0, 1].map((k) => tf.tensor2d(numbers(n * n, k), [n, n]));
      if (backend === "wasm" || n < 1024) await report(peer, `matmul n=${n}`, () => read(a.matMul(b)));
    }
    const [x, y, w] = [
      tf.tensor2d(numbers(50000 * 50, 0), [50000, 50]),
      tf.tensor1d(numbers(50000, 1)).greater(0).toFloat(),
      tf.tensor2d(numbers(50, 2), [50, 1]),
    ];
    const loss = tf.valueAndGrads((w) => {
      const l = x.matMul(w).squeeze();
      return l.softplus().sub(l.mul(y)).sum();
    });
    await report(peer, "logistic regression 50000x50 with gradient", () => {
      const { value, grads } = loss([w]);
      read([value, ...grads]);
    });
    const shapes = [[784, 256], [256], [256, 20], [20]];
    const weights = shapes.map((shape, k) =>
      tf
        .tensor(
          numbers(
            shape.reduce((p, q) => p * q),
            k,
          ),
          shape,
        )
        .mul(0.1),
    );
    const [input, target] = [
      tf.tensor2d(numbers(128 * 784, 7), [128, 784]),
      tf.tensor2d(numbers(128 * 20, 8), [128, 20]),
    ];
    const network = tf.valueAndGrads((w1, b1, w2, b2) =>
      input.matMul(w1).add(b1).tanh().matMul(w2).add(b2).sub(target).square().sum(),
    );
    await report(peer, "MLP 784-256-20 batch 128, forward and backward", () => {
      const { value, grads } = network(weights);
      read([value, ...grads]);
    });
  }
}

const jax = await load("@jax-js/jax");
if (jax) {
  const { numpy: np, nn, jit, valueAndGrad, defaultDevice, init } = jax;
  await init?.("wasm");
  defaultDevice?.("wasm");
  const array = (data, shape) => np.array(data).reshape(shape);
  const read = async (xs) => {
    for (const one of xs.flat(2)) await one.data();
  };
  const keep = (xs) => xs.map((one) => one.ref);
  for (const n of [1, 1e3, 1e5, 1e6]) {
    const abc = [0, 1, 2].map((k) => array(numbers(n, k), [n]));
    const f = jit(valueAndGrad((xs) => np.tanh(xs[0].mul(xs[1]).add(xs[2])).sum()));
    await report("jax-js jit", `sum(tanh(a*b+c)) with gradient n=${n}`, async () => read(f(keep(abc))));
  }
  for (const n of [256, 512, 1024]) {
    const ab = [0, 1].map((k) => array(numbers(n * n, k), [n, n]));
    const product = jit((a, b) => np.matmul(a, b));
    await report("jax-js jit", `matmul n=${n}`, async () => read([product(...keep(ab))]));
  }
  const data = [
    array(numbers(50000 * 50, 0), [50000, 50]),
    array(
      numbers(50000, 1).map((v) => (v > 0 ? 1 : 0)),
      [50000],
    ),
  ];
  const w = array(numbers(50, 2), [50]);
  const loss = jit(
    valueAndGrad((w, x, y) => {
      const l = np.dot(x, w);
      return nn.softplus(l.ref).sub(l.mul(y)).sum();
    }),
  );
  await report("jax-js jit", "logistic regression 50000x50 with gradient", async () =>
    read(loss(w.ref, ...keep(data))),
  );
  const shapes = [[784, 256], [256], [256, 20], [20]];
  const weights = shapes.map((shape, k) =>
    array(
      numbers(
        shape.reduce((p, q) => p * q),
        k,
      ).map((v) => 0.1 * v),
      shape,
    ),
  );
  const inputs = [array(numbers(128 * 784, 7), [128, 784]), array(numbers(128 * 20, 8), [128, 20])];
  const network = jit(
    valueAndGrad(([w1, b1, w2, b2], x, y) => {
      const h = np.tanh(np.matmul(x, w1).add(b1));
      return np.square(np.matmul(h, w2).add(b2).sub(y)).sum();
    }),
  );
  await report("jax-js jit", "MLP 784-256-20 batch 128, forward and backward", async () =>
    read(network(keep(weights), ...keep(inputs))),
  );
}
