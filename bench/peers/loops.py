"""NumPyro in float64 on the models of works.ts, with the steps inside one `lax.fori_loop`, on one thread of one core.

The process reads requests from ../loops.ts and answers them, each as a line of JSON:

    {"work": name, "steps": n}     ->  {"ns": CPU nanoseconds per step}
    {"work": name, "draws": n}     ->  {"mean": of n losses at the start, "error": its standard error}
"""
import json
import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["OMP_NUM_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import numpyro  # noqa: E402
import numpyro.distributions as dist  # noqa: E402
from jax import lax  # noqa: E402
from numpyro.infer import SVI, RenyiELBO, Trace_ELBO, TraceEnum_ELBO, TraceGraph_ELBO, TraceMeanField_ELBO  # noqa: E402
from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal  # noqa: E402
from numpyro.infer.initialization import init_to_value  # noqa: E402

jax.config.update("jax_enable_x64", True)
positive = dist.constraints.positive


def wave(shape, seed):
    return np.sin(np.arange(int(np.prod(shape))) * 1.7 + seed).reshape(shape)


class NonreparameterizedBeta(dist.Beta):
    reparametrized_params = []


def coin(flips):
    f = numpyro.sample("f", dist.Beta(10.0, 10.0))
    with numpyro.plate("flips", 10):
        numpyro.sample("obs", dist.Bernoulli(f), obs=flips)


def coin_guide(flips):
    a, b = [numpyro.param(name, 15.0, constraint=positive) for name in "ab"]
    numpyro.sample("f", NonreparameterizedBeta(a, b))


def schools(y, sigma):
    mu, tau = numpyro.sample("mu", dist.Normal(0, 5)), numpyro.sample("tau", dist.HalfNormal(5))
    with numpyro.plate("schools", 8):
        z = numpyro.sample("z", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mu + tau * z, sigma), obs=y)


SCHOOLS = (np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18]))
SCHOOLS_START = init_to_value(values={"mu": 0.0, "tau": 1.0, "z": jnp.zeros(8)})


def scalar(x):
    numpyro.sample("x", dist.Normal(numpyro.sample("z", dist.Normal(0, 1)), 1), obs=x)


def scalar_guide(x):
    numpyro.sample("z", dist.Normal(numpyro.param("m", 0.3), numpyro.param("s", 1.0, constraint=positive)))


def mixture(is_enumerated):
    def model(xs):
        with numpyro.plate("data", 200):
            infer = {"infer": {"enumerate": "parallel"}} if is_enumerated else {}
            z = numpyro.sample("z", dist.Categorical(logits=numpyro.param("weights", jnp.zeros(3))), **infer)
            locs = numpyro.param("locs", jnp.array([-1.0, 0, 1]))
            numpyro.sample("x", dist.Normal(locs[z], 1), obs=xs)

    return model


def mixture_guide(xs):
    with numpyro.plate("data", 200):
        numpyro.sample("z", dist.Categorical(logits=numpyro.param("logits", jnp.zeros((200, 3)))))


MIXTURE = (3 * np.round(1.4 * wave([200], 0)) + wave([200], 1),)


def empty(*args):
    pass


SCALE_TRIL = np.tril(0.1 * wave([50, 50], 5), -1) + np.diag(1 + np.arange(50) / 50)


def gaussian():
    numpyro.sample("z", dist.MultivariateNormal(jnp.zeros(50), scale_tril=SCALE_TRIL))


def volatility(returns):
    sigma, nu = numpyro.sample("sigma", dist.Exponential(50.0)), numpyro.sample("nu", dist.Exponential(0.1))
    walk = numpyro.sample("s", dist.GaussianRandomWalk(sigma, len(returns)))
    with numpyro.plate("days", len(returns)):
        numpyro.sample("r", dist.StudentT(nu, 0, jnp.exp(walk)), obs=returns)


VOLATILITY_START = init_to_value(values={"sigma": 0.1, "nu": 10.0, "s": jnp.full(500, -4.0)})


def chain(length):
    eye = jnp.eye(3)

    def model():
        z = None
        for t in range(length):
            z = numpyro.sample(f"z{t}", dist.Categorical(logits=jnp.array([0, 0.1, 0]) if z is None else eye[z]))
            numpyro.sample(f"x{t}", dist.Categorical(logits=eye[z]), obs=t % 3)

    def guide():
        logits = numpyro.param("logits", jnp.zeros((length, 3, 3)))
        for t in range(length):
            numpyro.sample(f"z{t}", dist.Categorical(logits=logits[t][0]))

    return model, guide


def regression(x, y):
    w = numpyro.sample("w", dist.Normal(jnp.zeros(x.shape[1]), 1).to_event(1))
    with numpyro.plate("data", len(x)):
        numpyro.sample("y", dist.Bernoulli(logits=x @ w), obs=y)


def regression_guide(x, y):
    scale = numpyro.param("scale", 0.1 * jnp.ones(x.shape[1]), constraint=positive)
    numpyro.sample("w", dist.Normal(numpyro.param("loc", jnp.zeros(x.shape[1])), scale).to_event(1))


def regression_data(n, d):
    return wave([n, d], 0), (wave([n], 1) > 0).astype(float)


def mlp(name, x, sizes, seed):
    for i, (start, end) in enumerate(zip(sizes, sizes[1:])):
        weight = numpyro.param(f"{name}/{i}/weight", 0.05 * jnp.asarray(wave([start, end], seed + i)))
        x = (jnp.tanh(x) if i > 0 else x) @ weight + numpyro.param(f"{name}/{i}/bias", jnp.zeros(end))
    return x


def vae(x):
    with numpyro.plate("data", 128):
        z = numpyro.sample("z", dist.Normal(jnp.zeros((128, 20)), 1).to_event(1))
        numpyro.sample("x", dist.Bernoulli(logits=mlp("decoder", z, [20, 256, 784], 3)).to_event(1), obs=x)


def vae_guide(x):
    with numpyro.plate("data", 128):
        code = mlp("encoder", x, [784, 256, 40], 1)
        numpyro.sample("z", dist.Normal(code[:, :20], jnp.exp(code[:, 20:])).to_event(1))


def process(x, y):
    variance, length, noise = [numpyro.sample(name, dist.LogNormal(0, 1)) for name in ["variance", "length", "noise"]]
    distance = (x[:, None] - x) / length
    covariance = variance * jnp.exp(-0.5 * distance**2) + jnp.eye(len(x)) * (noise + 1e-6)
    numpyro.sample("y", dist.MultivariateNormal(jnp.zeros(len(x)), covariance_matrix=covariance), obs=y)


PROCESS_START = init_to_value(values={"variance": 1.0, "length": 1.0, "noise": 0.5})


def hidden_markov(xs):
    """The forward algorithm in a scan over log probabilities."""
    transition = jax.nn.log_softmax(numpyro.param("transition", jnp.asarray(wave([10, 10], 3))))
    locs = numpyro.param("locs", jnp.arange(10) - 4.5)

    def step(alpha, x):
        alpha = jax.nn.logsumexp(alpha[:, None] + transition, axis=0) + dist.Normal(locs, 1).log_prob(x)
        return alpha, None

    first = -jnp.log(10.0) + dist.Normal(locs, 1).log_prob(xs[0])
    alpha, _ = lax.scan(step, first, xs[1:])
    numpyro.factor("x", jax.nn.logsumexp(alpha))


def auto(kind, model, start):
    return model, kind(model, init_loc_fn=start, init_scale=0.1)


WORKS = {
    "coin TraceGraphELBO, no baseline": lambda: (coin, coin_guide, TraceGraph_ELBO(), (np.array([1.0] * 6 + [0] * 4),)),
    "eight schools AutoNormal": lambda: (*auto(AutoNormal, schools, SCHOOLS_START), Trace_ELBO(), SCHOOLS),
    "eight schools AutoMultivariateNormal": lambda: (
        *auto(AutoMultivariateNormal, schools, SCHOOLS_START), Trace_ELBO(), SCHOOLS),
    "scalar normal RenyiELBO, 10 particles": lambda: (scalar, scalar_guide, RenyiELBO(num_particles=10), (0.6,)),
    "mixture N=200 K=3 TraceGraphELBO": lambda: (mixture(False), mixture_guide, TraceGraph_ELBO(), MIXTURE),
    "mixture N=200 K=3 enumerated in the model": lambda: (mixture(True), empty, TraceEnum_ELBO(), MIXTURE),
    "multivariate normal, 50 dims": lambda: (
        *auto(AutoMultivariateNormal, gaussian, init_to_value(values={"z": jnp.full(50, 0.1)})), Trace_ELBO(), ()),
    "stochastic volatility, T=500": lambda: (
        *auto(AutoNormal, volatility, VOLATILITY_START), Trace_ELBO(), (0.02 * wave([500], 2),)),
    **{f"chain T={t} mean-field guide": lambda t=t: (*chain(t), TraceGraph_ELBO(), ()) for t in [5, 20]},
    "logistic regression 1000x10, 1 particle": lambda: (
        regression, regression_guide, Trace_ELBO(), regression_data(1000, 10)),
    "logistic regression 50000x50, 1 particle": lambda: (
        regression, regression_guide, Trace_ELBO(), regression_data(50_000, 50)),
    "logistic regression 50000x50, 16 particles": lambda: (
        regression, regression_guide, Trace_ELBO(num_particles=16), regression_data(50_000, 50)),
    "VAE 784-256-20, batch 128": lambda: (
        vae, vae_guide, TraceMeanField_ELBO(), ((wave([128, 784], 0) > 0.5).astype(float),)),
    "Gaussian process, 200 points": lambda: (
        *auto(AutoNormal, process, PROCESS_START), Trace_ELBO(), (np.arange(200) / 20, wave([200], 0))),
    **{f"HMM K=10 T={t}": lambda t=t: (hidden_markov, empty, Trace_ELBO(), (5 * wave([t], 0),)) for t in [50, 200]},
}


def loop_of(work, optimiser):
    """n steps from a state in one call: returns the new state, the sum of the losses and the sum of their squares."""
    model, guide, elbo, args = WORKS[work]()
    svi = SVI(model, guide, optimiser, elbo)

    @jax.jit
    def run(state, n, args):
        def step(_, carry):
            state, total, squares = carry
            state, loss = svi.update(state, *args)
            return state, total + loss, squares + loss**2

        return lax.fori_loop(0, n, step, (state, 0.0, 0.0))

    state = svi.init(jax.random.PRNGKey(0), *args)
    args = jax.tree_util.tree_map(jnp.asarray, args)
    return state, lambda state, n: jax.block_until_ready(run(state, n, args))


loops = {}


def answer(work, steps=None, draws=None):
    if draws is not None:
        state, run = loop_of(work, numpyro.optim.SGD(0.0))
        _, total, squares = run(state, draws)
        mean = float(total) / draws
        return {"mean": mean, "error": max(float(squares) / draws - mean**2, 0.0) ** 0.5 / draws**0.5}
    if work not in loops:
        loops.clear()
        state, run = loop_of(work, numpyro.optim.Adam(1e-3))
        loops[work] = [run(state, 3)[0], run]
    state, run = loops[work]
    start = time.process_time()
    state = run(state, steps)[0]
    elapsed = time.process_time() - start
    loops[work][0] = state
    return {"ns": 1e9 * elapsed / steps}


for line in sys.stdin:
    try:
        reply = answer(**json.loads(line))
    except Exception as error:
        reply = {"failure": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(reply), flush=True)
