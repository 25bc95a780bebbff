"""Pyro's figures for docs/tutorials/networks/wake-sleep.md: the same data, model, guide, estimator, optimiser and number of steps."""

from statistics import median

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, ReweightedWakeSleep
from shared import measure, mlp, uniform
from torch import nn

PLACES = torch.tensor([0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
POPULARITY = [0.35, 0.05, 0.2, 0.1, 0.25, 0.05]
START = torch.tensor([-4.0, -2.4, -0.8, 0.8, 2.4, 4.0])

def datum():
    z, rest = 0, uniform()
    while z < 5 and rest > POPULARITY[z]:
        rest -= POPULARITY[z]
        z += 1
    return 2 * z + sum(uniform() for _ in range(12)) - 6


xs = torch.tensor([datum() for _ in range(200)])


def quality_of(insomnia, steps):
    """Log evidence per datum, and the divergence of the guide from the posterior."""
    pyro.clear_param_store()
    net = mlp([1, 16, 6], nn.Tanh)

    def classify(x):
        return net(((x - 5) / 4).unsqueeze(-1))

    def model(observations=None):
        logits = pyro.param("logits", START.clone())
        with pyro.plate("data", 1):
            z = pyro.sample("z", dist.Categorical(logits=logits))
            pyro.sample("x", dist.Normal(PLACES[z], 1.0), obs=observations["x"])

    def guide(observations=None):
        pyro.module("net", net)
        with pyro.plate("data", 1):
            pyro.sample("z", dist.Categorical(logits=classify(observations["x"])))

    rate = {"optimizer": torch.optim.Adam, "optim_args": {"lr": 0.02}, "gamma": 0.02 ** (1 / steps)}
    optim = pyro.optim.ExponentialLR(rate)
    elbo = ReweightedWakeSleep(num_particles=3, insomnia=insomnia, max_plate_nesting=1)
    svi = SVI(model, guide, optim, elbo)
    for step in range(steps):
        svi.step(observations={"x": xs[step % 200 : step % 200 + 1]})
        optim.step()
    with torch.no_grad():
        joint = pyro.param("logits").log_softmax(-1) + dist.Normal(PLACES, 1.0).log_prob(xs.unsqueeze(-1))
        posterior = joint.log_softmax(-1)
        gap = (posterior.exp() * (posterior - classify(xs).log_softmax(-1))).sum(-1).mean()
        return joint.logsumexp(-1).mean().item(), gap.item()


def fit(steps):
    return {
        f"{figure}, insomnia {insomnia}": value
        for insomnia in (1, 0.5, 0)
        for figure, value in zip(("log evidence", "divergence"), quality_of(insomnia, steps))
    }


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("wake-sleep", fit, steps=8000, seeds=5, combine=median)
