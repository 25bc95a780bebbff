"""Pyro's figures for docs/tutorials/models/gaussian-mixture.md: the same data, model, guides, optimisers and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import SVI, TraceEnum_ELBO, config_enumerate
from pyro.infer.autoguide import AutoDelta
from shared import constants, measure, run

torch.set_default_dtype(torch.float64)
(data,) = constants("gaussian-mixture", "data")
START = {"weights": torch.tensor([0.5, 0.5]), "scale": torch.tensor(4.0), "locs": torch.tensor([1.0, 9.0])}

# The output of https://pyro.ai/examples/gmm.html, run with Pyro 1.9.1. There the clusters are in the opposite order.
PUBLISHED = {
    "weight of the first, on Pyro's page": 0.375,
    "location of the first, on Pyro's page": 0.49901518,
    "location of the second, on Pyro's page": 10.984464,
    "scale, on Pyro's page": 0.6514337062835693,
}


@config_enumerate
def model(xs):
    weights = pyro.sample("weights", dist.Dirichlet(0.5 * torch.ones(2)))
    scale = pyro.sample("scale", dist.LogNormal(0.0, 2.0))
    with pyro.plate("components", 2):
        locs = pyro.sample("locs", dist.Normal(0.0, 10.0))
    with pyro.plate("data", len(xs)):
        z = pyro.sample("assignment", dist.Categorical(weights))
        pyro.sample("obs", dist.Normal(locs[z], scale), obs=xs)


def fixed(xs):
    with pyro.plate("data", len(xs)):
        z = pyro.sample("assignment", dist.Categorical(torch.tensor([0.5, 0.5])))
        pyro.sample("obs", dist.Normal(torch.tensor([0.5, 11.0])[z], 6.0), obs=xs)


@config_enumerate
def choosing(xs):
    logits = pyro.param("logits", torch.zeros(len(xs), 2), event_dim=1)
    with pyro.plate("data", len(xs)):
        pyro.sample("assignment", dist.Categorical(logits=logits))


def fit(steps):
    guide = AutoDelta(poutine.block(model, hide=["assignment"]), init_loc_fn=lambda site: START[site["name"]])
    optim = pyro.optim.Adam({"lr": 0.1, "betas": (0.8, 0.99)})
    run(SVI(model, guide, optim, TraceEnum_ELBO(max_plate_nesting=1)), steps, data)
    found = guide.median()
    pyro.clear_param_store()
    run(SVI(fixed, choosing, pyro.optim.Adam({"lr": 0.1}), TraceEnum_ELBO(max_plate_nesting=1)), steps, data)
    return {
        "weight of the first cluster": found["weights"][0].item(),
        "location of the first": found["locs"][0].item(),
        "location of the second": found["locs"][1].item(),
        "scale": found["scale"].item(),
        "probability that 10 is in the second": pyro.param("logits").softmax(-1)[2, 1].item(),
        **PUBLISHED,
    }


if __name__ == "__main__":
    measure("gaussian-mixture", fit, steps=300, seeds=1)
