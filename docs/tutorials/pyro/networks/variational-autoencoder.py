"""Pyro's figures for docs/tutorials/networks/variational-autoencoder.md: the same digits, networks, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO, TraceMeanField_ELBO
from shared import load, measure, mlp

CODE, HIDDEN, PIXELS = 5, 100, 120
_, seen = load("digits", 0, 5000)
_, unseen = load("digits", 1, 1000)
batches = seen.split(100)


def fit(steps):
    decoder, encoder = mlp([CODE, HIDDEN, PIXELS]), mlp([PIXELS, HIDDEN, 2 * CODE])

    def model(xs):
        pyro.module("decoder", decoder)
        with pyro.plate("digits", len(xs)):
            z = pyro.sample("z", dist.Normal(torch.zeros(CODE), 1.0).to_event(1))
            pyro.sample("x", dist.Bernoulli(logits=decoder(z)).to_event(1), obs=xs)

    def guide(xs):
        pyro.module("encoder", encoder)
        with pyro.plate("digits", len(xs)):
            loc, log_scale = encoder(xs).chunk(2, dim=1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))

    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.003}), TraceMeanField_ELBO())
    for step in range(steps):
        svi.step(batches[step % len(batches)])
    with torch.no_grad():
        loss = Trace_ELBO(num_particles=10).loss(model, guide, unseen)
    return {"loss per unseen digit": loss / len(unseen)}


if __name__ == "__main__":
    measure("variational-autoencoder", fit, steps=6000)
