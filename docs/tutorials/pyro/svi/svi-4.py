"""Pyro's figures for docs/tutorials/svi/svi-4.md: the same data, model, guides, estimators, optimisers and number of steps."""

from statistics import mean

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO, TraceMeanField_ELBO
from pyro.infer.autoguide import AutoDiagonalNormal, AutoNormal, init_to_median
from shared import constants, decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
(data,) = constants("svi-4", "data")


def model():
    loc = pyro.sample("loc", dist.Normal(0.0, 10.0))
    with pyro.plate("data", len(data)):
        pyro.sample("x", dist.Normal(loc, 0.5), obs=data)


def fit(steps):
    guide = AutoNormal(model, init_loc_fn=init_to_median())
    run(SVI(model, guide, decaying_adam(0.05, steps, 0.01), Trace_ELBO()), steps)
    low, middle, high = guide.quantiles([0.05, 0.5, 0.95])["loc"]
    loss = Trace_ELBO(num_particles=100).loss(model, guide)
    clipped = pyro.optim.ClippedAdam({"lr": 0.05, "lrd": 0.01 ** (1 / steps)})
    losses = run(SVI(model, AutoDiagonalNormal(model), clipped, TraceMeanField_ELBO()), steps)
    return {
        "5%": low.item(),
        "median": middle.item(),
        "95%": high.item(),
        "loss, AutoNormal": loss,
        "loss, AutoDiagonalNormal": mean(losses[-200:]),
    }


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("svi-4", fit, steps=1500, seeds=10)
