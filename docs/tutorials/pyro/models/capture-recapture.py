"""Pyro's figures for docs/tutorials/models/capture-recapture.md: the same captures, model, guide, estimator, optimiser and number of steps."""

from statistics import mean

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, TraceEnum_ELBO
from pyro.infer.autoguide import AutoNormal, init_to_value
from shared import constants, decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
(captures,) = constants("capture-recapture", "captures")
ANIMALS, YEARS = captures.shape


def model(seen):
    phi = pyro.sample("phi", dist.Uniform(0.0, 1.0))
    rho = pyro.sample("rho", dist.Uniform(0.0, 1.0))
    with pyro.plate("animals", ANIMALS):
        z = torch.tensor(1.0)
        for t in pyro.markov(range(1, YEARS)):
            z = pyro.sample(f"z{t}", dist.Bernoulli(z * phi), infer={"enumerate": "parallel"})
            pyro.sample(f"y{t}", dist.Bernoulli(z * rho), obs=seen[:, t])


def fit(steps):
    half = torch.tensor(0.5)
    continuous = pyro.poutine.block(model, expose=["phi", "rho"])
    guide = AutoNormal(continuous, init_loc_fn=init_to_value(values={"phi": half, "rho": half}))
    losses = run(SVI(model, guide, decaying_adam(0.02, steps, 0.02), TraceEnum_ELBO(max_plate_nesting=1)), steps, captures)
    quantiles = guide.quantiles([0.05, 0.5, 0.95], captures)
    return {
        **{
            f"{name}, {level}": value.item()
            for name, site in (("survival", "phi"), ("sighting", "rho"))
            for level, value in zip(("5%", "median", "95%"), quantiles[site])
        },
        "loss": mean(losses[-200:]),
    }


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("capture-recapture", fit, steps=800, seeds=10)
