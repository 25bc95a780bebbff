"""Pyro on the models of ../svi.ts; prints one line of JSON for each: {peer, work, ns}. A step is guide, model, gradient and Adam.

pip install -r requirements.txt, then `npm run bench -- --filter peers`. NumPyro is in loops.py.
"""
import json
import time

FLIPS = [1.0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
Y, SIGMA = [28.0, 8, -3, 7, -1, 1, 18, 12], [15.0, 10, 16, 11, 9, 11, 10, 18]


def median_ns(step, seconds=1.0):
    for _ in range(3):
        step()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 5:
        t = time.perf_counter()
        step()
        times.append(time.perf_counter() - t)
    return 1e9 * sorted(times)[len(times) // 2]


def report(peer, work, step):
    try:
        print(json.dumps({"peer": peer, "work": work, "ns": median_ns(step)}), flush=True)
    except Exception as error:
        print(json.dumps({"peer": peer, "work": work, "error": str(error)[:120]}), flush=True)


def pyro_steps():
    import pyro
    import pyro.distributions as dist
    import torch
    from pyro.distributions.testing.fakes import NonreparameterizedBeta
    from pyro.infer import SVI, Trace_ELBO, TraceEnum_ELBO, TraceGraph_ELBO
    from pyro.infer.autoguide import AutoNormal
    from torch.distributions import constraints

    torch.set_num_threads(1)
    positive = constraints.positive

    def stepping(model, guide, elbo, *args):
        pyro.clear_param_store()
        svi = SVI(model, guide, pyro.optim.Adam({"lr": 1e-3}), elbo)
        return lambda: svi.step(*args)

    flips = torch.tensor(FLIPS)

    def coin():
        f = pyro.sample("f", dist.Beta(10.0, 10.0))
        with pyro.plate("flips", 10):
            pyro.sample("obs", dist.Bernoulli(f), obs=flips)

    def coin_guide():
        a = pyro.param("a", torch.tensor(15.0), constraint=positive)
        b = pyro.param("b", torch.tensor(15.0), constraint=positive)
        pyro.sample("f", NonreparameterizedBeta(a, b), infer={"baseline": {"use_decaying_avg_baseline": True}})

    report("Pyro", "coin TraceGraphELBO with baseline", stepping(coin, coin_guide, TraceGraph_ELBO()))

    xs = torch.randn(200)

    def mixture():
        logits, locs = pyro.param("weights", torch.zeros(3)), pyro.param("locs", torch.tensor([-1.0, 0, 1]))
        with pyro.plate("data", 200):
            z = pyro.sample("z", dist.Categorical(logits=logits))
            pyro.sample("x", dist.Normal(locs[z], 1.0), obs=xs)

    def mixture_guide(enumerate_=None):
        def guide():
            logits = pyro.param("logits", torch.zeros(200, 3))
            with pyro.plate("data", 200):
                pyro.sample("z", dist.Categorical(logits=logits), infer={"enumerate": enumerate_} if enumerate_ else {})

        return guide

    report("Pyro", "mixture N=200 K=3 TraceGraphELBO", stepping(mixture, mixture_guide(), TraceGraph_ELBO()))
    enum = TraceEnum_ELBO(max_plate_nesting=1)
    report("Pyro", "mixture N=200 K=3 TraceEnumELBO", stepping(mixture, mixture_guide("parallel"), enum))

    eye = torch.eye(3)

    def chain(length):
        def model():
            z = None
            for t in range(length):
                z = pyro.sample(f"z{t}", dist.Categorical(logits=torch.tensor([0, 0.1, 0]) if z is None else eye[z]))
                pyro.sample(f"x{t}", dist.Categorical(logits=eye[z]), obs=torch.tensor(t % 3))

        return model

    def chain_guide(length, is_chain):
        def guide():
            logits, z = pyro.param("logits", torch.zeros(length, 3, 3)), None
            for t in range(length):
                row = z if is_chain and z is not None else 0
                z = pyro.sample(f"z{t}", dist.Categorical(logits=logits[t][row]))

        return guide

    for kind in ["mean-field", "chain"]:
        for length in [5, 20, 80]:
            guide = chain_guide(length, kind == "chain")
            report("Pyro", f"chain T={length} {kind} guide", stepping(chain(length), guide, TraceGraph_ELBO()))

    y, sigma = torch.tensor(Y), torch.tensor(SIGMA)

    def schools():
        mu, tau = pyro.sample("mu", dist.Normal(0.0, 5.0)), pyro.sample("tau", dist.HalfNormal(5.0))
        with pyro.plate("schools", 8):
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
            pyro.sample("y", dist.Normal(mu + tau * z, sigma), obs=y)

    report("Pyro", "eight schools AutoNormal", stepping(schools, AutoNormal(schools), Trace_ELBO()))

    for n, d in [(1000, 10), (50000, 50)]:
        x, labels = torch.randn(n, d), torch.bernoulli(torch.full((n,), 0.5))

        def regression():
            w = pyro.sample("w", dist.Normal(torch.zeros(d), 1.0).to_event(1))
            with pyro.plate("data", n):
                pyro.sample("y", dist.Bernoulli(logits=(x @ w.unsqueeze(-1)).squeeze(-1)), obs=labels)

        def regression_guide():
            scale = pyro.param("scale", 0.1 * torch.ones(d), constraint=positive)
            pyro.sample("w", dist.Normal(pyro.param("loc", torch.zeros(d)), scale).to_event(1))

        for k in [1, 16]:
            elbo = Trace_ELBO(num_particles=k, vectorize_particles=True, max_plate_nesting=1)
            report("Pyro", f"logistic regression {n}x{d}, {k} particles", stepping(regression, regression_guide, elbo))


try:
    pyro_steps()
except ImportError as error:
    print(json.dumps({"peer": "pyro", "missing": str(error)}), flush=True)
