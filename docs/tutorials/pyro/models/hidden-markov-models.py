"""Pyro's figures for docs/tutorials/models/hidden-markov-models.md: the same series, model, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import SVI, TraceEnum_ELBO
from shared import constants, measure, run

torch.set_default_dtype(torch.float64)
lengths, series = constants("hidden-markov-models", "LENGTHS", "series")


def model():
    rows = pyro.param("rows", torch.tensor([[0.6, 0.4], [0.4, 0.6]]), constraint=dist.constraints.simplex)
    locs = pyro.param("locs", torch.tensor([1.0, 2.0]))
    with pyro.plate("series", 2):
        state = None
        for t in pyro.markov(range(6)):
            with poutine.mask(mask=t < lengths):
                probs = torch.tensor([0.5, 0.5]) if state is None else rows[state]
                state = pyro.sample(f"state{t}", dist.Categorical(probs), infer={"enumerate": "parallel"})
                pyro.sample(f"x{t}", dist.Normal(locs[state], 0.5), obs=series[:, t])


def guide():
    pass


def fit(steps):
    elbo = TraceEnum_ELBO(max_plate_nesting=1)
    start = elbo.loss(model, guide)
    run(SVI(model, guide, pyro.optim.Adam({"lr": 0.05}), elbo), steps)
    rows, locs = pyro.param("rows"), pyro.param("locs")
    return {
        "loss at the start": start,
        "loss after the fit": elbo.loss(model, guide),
        "the first state emits": locs[0].item(),
        "the second state emits": locs[1].item(),
        "the first state stays": rows[0, 0].item(),
        "the second state stays": rows[1, 1].item(),
    }


if __name__ == "__main__":
    measure("hidden-markov-models", fit, steps=400, seeds=1)
