"""Pyro's figures for docs/tutorials/models/stochastic-volatility.md: the same returns, model, guide, starting point, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO
from shared import AutoNormalByLogarithm, constants, decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
T = 400
(returns,) = constants("stochastic-volatility", "returns")
START = {"sigma": torch.tensor(0.1), "nu": torch.tensor(10.0), "s": torch.full((T,), -4.0)}


def model(r):
    step_size = pyro.sample("sigma", dist.Exponential(50.0))
    nu = pyro.sample("nu", dist.Exponential(0.1))
    # Pyro has no random walk as a distribution: the density of its steps is a factor.
    walk = pyro.sample("s", dist.ImproperUniform(dist.constraints.real_vector, (), (T,)))
    pyro.factor("steps", dist.Normal(0.0, step_size).log_prob(walk.diff(prepend=torch.zeros(1))).sum())
    with pyro.plate("days", T):
        pyro.sample("r", dist.StudentT(nu, 0.0, walk.exp()), obs=r)


def fit(steps):
    guide = AutoNormalByLogarithm(model, init_loc_fn=lambda site: START[site["name"]])
    svi = SVI(model, guide, decaying_adam(0.1, steps, 0.01), Trace_ELBO())
    run(svi, steps, returns)
    loss = sum(svi.evaluate_loss(returns) for _ in range(100)) / 100
    medians = guide.median()
    spread = medians["s"].exp()
    days = {f"spread on day {day}": spread[day].item() for day in (75, 200, 325)}
    return {**days, "sigma": medians["sigma"].item(), "loss": loss}


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("stochastic-volatility", fit, steps=6000, seeds=5)
