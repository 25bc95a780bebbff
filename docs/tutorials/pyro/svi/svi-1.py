"""Pyro's figures for docs/tutorials/svi/svi-1.md: the same tosses, model, guide, estimator, optimiser and number of steps."""

from statistics import mean

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO
from shared import decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
flips = torch.tensor([1.0] * 6 + [0.0] * 4)
# The sample output of https://pyro.ai/examples/svi_part_i.html, a fit of the same tosses.
PUBLISHED = {"mean, on Pyro's page": 0.532, "standard deviation, on Pyro's page": 0.090}


def model():
    fairness = pyro.sample("latent_fairness", dist.Beta(10.0, 10.0))
    with pyro.plate("flips", len(flips)):
        pyro.sample("obs", dist.Bernoulli(fairness), obs=flips)


def guide():
    a, b = [pyro.param(name, torch.tensor(15.0), constraint=dist.constraints.positive) for name in ("alpha_q", "beta_q")]
    return pyro.sample("latent_fairness", dist.Beta(a, b))


def fit(steps):
    losses = run(SVI(model, guide, decaying_adam(0.02, steps, 0.02), Trace_ELBO()), steps)
    posterior = dist.Beta(pyro.param("alpha_q"), pyro.param("beta_q"))
    return {
        "loss": mean(losses[-500:]),
        "mean": posterior.mean.item(),
        "standard deviation": posterior.stddev.item(),
        **PUBLISHED,
    }


if __name__ == "__main__":
    measure("svi-1", fit, steps=2500, seeds=20)
