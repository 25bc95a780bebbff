"""Pyro's figures for docs/tutorials/models/dirichlet-process-mixture.md: the same data, model, guide, starting point, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, TraceEnum_ELBO
from shared import constants, decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
COMPONENTS, N = 10, 150
centres = torch.tensor([-6.0, 0.0, 6.0])
data, start = constants("dirichlet-process-mixture", "data", "start")
positive = dist.constraints.positive


def pieces(beta):
    left = (1 - beta).cumprod(-1)
    one = torch.ones(1)
    return torch.cat([beta, one]) * torch.cat([one, left])


def model(xs, concentration):
    with pyro.plate("sticks", COMPONENTS - 1):
        beta = pyro.sample("beta", dist.Beta(1.0, concentration))
    with pyro.plate("components", COMPONENTS):
        locs = pyro.sample("loc", dist.Normal(0.0, 8.0))
    with pyro.plate("data", N):
        z = pyro.sample("z", dist.Categorical(pieces(beta)), infer={"enumerate": "parallel"})
        pyro.sample("x", dist.Normal(locs[z], 1.0), obs=xs)


def guide(xs, concentration):
    kappa1 = pyro.param("kappa1", torch.ones(COMPONENTS - 1), constraint=positive)
    kappa2 = pyro.param("kappa2", 2 * torch.ones(COMPONENTS - 1), constraint=positive)
    with pyro.plate("sticks", COMPONENTS - 1):
        pyro.sample("beta", dist.Beta(kappa1, kappa2))
    tau = pyro.param("tau", start.clone())
    width = pyro.param("width", torch.ones(COMPONENTS), constraint=positive)
    with pyro.plate("components", COMPONENTS):
        pyro.sample("loc", dist.Normal(tau, width))


def fit(steps):
    svi = SVI(model, guide, decaying_adam(0.05, steps, 0.05), TraceEnum_ELBO(max_plate_nesting=1))
    run(svi, steps, data, 0.5)
    kappa1, kappa2, tau = (pyro.param(name).detach() for name in ("kappa1", "kappa2", "tau"))
    weights = pieces(kappa1 / (kappa1 + kappa2))
    nearest = (tau.unsqueeze(1) - centres).abs().argmin(1)
    loss = sum(svi.evaluate_loss(data, 0.5) for _ in range(100)) / 100
    return {"loss": loss, **{f"weight at {int(c)}": weights[nearest == i].sum().item() for i, c in enumerate(centres)}}


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("dirichlet-process-mixture", fit, steps=2000, seeds=8)
