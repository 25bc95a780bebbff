"""Pyro's figures for docs/tutorials/networks/semi-supervised-vae.md: the same digits, networks, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import SVI, TraceEnum_ELBO
from shared import linear, load, measure, mlp
from torch import nn
from torch.nn.functional import softplus

CODE, HIDDEN, PIXELS = 4, 64, 120
_, unlabelled = load("digits", 0, 2000)
known, labelled = load("digits", 2, 100)
truth, unseen = load("digits", 1, 1000)


class WithDigit(nn.Module):
    """The digit picks a row of a table, which is added to the first layer."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first, self.last = linear(inputs, HIDDEN), linear(HIDDEN, outputs)
        self.table = nn.Parameter(0.3 * torch.randn(10, HIDDEN))

    def forward(self, x, digit):
        return self.last(softplus(self.first(x) + self.table[digit]))


def fit(steps):
    decoder, encoder = WithDigit(CODE, PIXELS), WithDigit(PIXELS, 2 * CODE)
    classifier = mlp([PIXELS, HIDDEN, 10])

    def drawn(name, xs, digits):
        y = pyro.sample(f"{name}/y", dist.Categorical(logits=torch.zeros(10)), obs=digits)
        z = pyro.sample(f"{name}/z", dist.Normal(torch.zeros(CODE), 1.0).to_event(1))
        pyro.sample(f"{name}/x", dist.Bernoulli(logits=decoder(z, y)).to_event(1), obs=xs)

    def model():
        pyro.module("decoder", decoder)
        pyro.module("classifier", classifier)
        with pyro.plate("unlabelled", len(unlabelled), subsample_size=100) as i:
            drawn("unlabelled", unlabelled[i], None)
        with pyro.plate("labelled", len(labelled)):
            drawn("labelled", labelled, known)
            with poutine.scale(scale=50.0):
                pyro.sample("labelled/guess", dist.Categorical(logits=classifier(labelled)), obs=known)

    def coded(name, xs, y):
        loc, log_scale = encoder(xs, y).chunk(2, dim=-1)
        pyro.sample(f"{name}/z", dist.Normal(loc, log_scale.exp()).to_event(1))

    def guide():
        pyro.module("encoder", encoder)
        pyro.module("classifier", classifier)
        with pyro.plate("unlabelled", len(unlabelled), subsample_size=100) as i:
            xs = unlabelled[i]
            guess = dist.Categorical(logits=classifier(xs))
            coded("unlabelled", xs, pyro.sample("unlabelled/y", guess, infer={"enumerate": "parallel"}))
        with pyro.plate("labelled", len(labelled)):
            coded("labelled", labelled, known)

    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.003}), TraceEnum_ELBO(max_plate_nesting=1))
    for _ in range(steps):
        svi.step()
    with torch.no_grad():
        accuracy = (classifier(unseen).argmax(-1) == truth).float().mean().item()
    return {"right about unseen digits": accuracy}


if __name__ == "__main__":
    measure("semi-supervised-vae", fit, steps=4000)
