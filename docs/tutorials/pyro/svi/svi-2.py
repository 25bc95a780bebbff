"""Pyro's figures for docs/tutorials/svi/svi-2.md: the same data, models, guides, estimator, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from shared import constants, decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
data, seen = constants("svi-2", "data", "seen")
positive = dist.constraints.positive


def common(xs):
    mean = pyro.sample("mean", dist.Normal(0.0, 10.0))
    spread = pyro.sample("spread", dist.HalfNormal(5.0))
    with pyro.plate("data", len(xs), subsample_size=100) as visited:
        pyro.sample("x", dist.Normal(mean, spread), obs=xs[visited])


def visits(xs):
    return pyro.plate("data", len(xs), subsample_size=50)


def local(xs):
    with visits(xs) as visited:
        z = pyro.sample("z", dist.Normal(1.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=xs[visited])


def local_guide(xs):
    with visits(xs):
        loc = pyro.param("loc", torch.zeros(len(xs)), event_dim=0)
        scale = pyro.param("scale", torch.ones(len(xs)), constraint=positive, event_dim=0)
        pyro.sample("z", dist.Normal(loc, scale))


def amortised(xs):
    slope, offset = [pyro.param(name, torch.tensor(0.0)) for name in ("slope", "offset")]
    width = pyro.param("width", torch.tensor(1.0), constraint=positive)
    with visits(xs) as visited:
        pyro.sample("z", dist.Normal(xs[visited] * slope + offset, width))


def train(model, guide, rate, steps, xs):
    run(SVI(model, guide, decaying_adam(rate, steps, 0.02), Trace_ELBO()), steps, xs)


def fit(steps):
    guide = AutoNormal(common)
    train(common, guide, 0.1, steps, data)
    train(local, local_guide, 0.1, steps, seen)
    train(local, amortised, 0.05, steps, seen)
    return {
        **{name: value.item() for name, value in guide.median().items()},
        "distance from the exact means": (pyro.param("loc") - (seen + 1) / 2).abs().mean().item(),
        **{name: pyro.param(name).item() for name in ("slope", "offset", "width")},
    }


if __name__ == "__main__":
    measure("svi-2", fit, steps=3000, seeds=10)
