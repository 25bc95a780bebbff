"""Pyro's figures for docs/tutorials/networks/attend-infer-repeat.md: the same pictures, networks, estimator, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import SVI, TraceGraph_ELBO
from shared import load, measure, mlp
from torch import nn
from torch.nn.functional import softplus

SIDE, NOISE, GLYPH, MOST, CODE = 12, 0.2, 5, 2, 3
_, seen = load("shapes", 0, 12800)
truth, unseen = load("shapes", 1, 500)
batches = seen.split(64)


def windows(where):
    centre = (where * ((SIDE - GLYPH) / 2) + (SIDE - 1) / 2).unsqueeze(-1)
    pixels = (centre + torch.arange(GLYPH) - (GLYPH - 1) / 2).unsqueeze(-1)
    return (1 - (torch.arange(SIDE) - pixels).abs()).clamp(min=0).unbind(1)


def place(glyphs, where):
    rows, columns = windows(where)
    return torch.einsum("nir,nij,njc->nrc", rows, glyphs.reshape(-1, GLYPH, GLYPH), columns).reshape(-1, SIDE * SIDE)


def cut_out(pictures, where):
    rows, columns = windows(where)
    return torch.einsum("nir,nrc,njc->nij", rows, pictures.reshape(-1, SIDE, SIDE), columns).reshape(-1, GLYPH * GLYPH)


def fit(steps):
    decoder = mlp([CODE, 32, GLYPH * GLYPH])
    look = mlp([SIDE * SIDE, 128, 128, 5], nn.ReLU)
    read = mlp([GLYPH * GLYPH, 32, 2 * CODE])
    predict = mlp([SIDE * SIDE, 128, 1])

    def model(xs):
        pyro.module("decoder", decoder)
        with pyro.plate("pictures", len(xs)):
            present, mean = torch.ones(len(xs)), torch.zeros(len(xs), SIDE * SIDE)
            for t in range(MOST):
                present = pyro.sample(f"present{t}", dist.Bernoulli(present * 0.5))
                with poutine.mask(mask=present.bool()):
                    where = pyro.sample(f"where{t}", dist.Normal(torch.zeros(2), 0.7).to_event(1))
                    what = pyro.sample(f"what{t}", dist.Normal(torch.zeros(CODE), 1.0).to_event(1))
                mean = mean + place(decoder(what).sigmoid(), where) * present.unsqueeze(1)
            pyro.sample("picture", dist.Normal(mean, NOISE).to_event(1), obs=xs)

    def guide(xs):
        for name, module in [("decoder", decoder), ("look", look), ("read", read), ("predict", predict)]:
            pyro.module(name, module)
        with pyro.plate("pictures", len(xs)):
            present, rest = torch.ones(len(xs)), xs
            for t in range(MOST):
                looked = look(rest)
                probs = (looked[:, 0].sigmoid() * 0.98 + 0.01) * present
                baseline = {
                    "nn_baseline": lambda x: predict(x).squeeze(1),
                    "nn_baseline_input": (rest * present.unsqueeze(1)).detach(),
                }
                present = pyro.sample(f"present{t}", dist.Bernoulli(probs), infer={"baseline": baseline})
                with poutine.mask(mask=present.bool()):
                    spread = softplus(looked[:, 3:5] - 2) + 0.01
                    where = pyro.sample(f"where{t}", dist.Normal(looked[:, 1:3], spread).to_event(1))
                    loc, width = read(cut_out(rest, where)).chunk(2, dim=1)
                    what = pyro.sample(f"what{t}", dist.Normal(loc, softplus(width) + 0.01).to_event(1))
                rest = rest - place(decoder(what).sigmoid(), where) * present.unsqueeze(1)

    def rates(name):
        return {"lr": 0.01 if name.startswith("predict") else 0.003, "lrd": 0.1 ** (1 / steps), "clip_norm": float("inf")}

    svi = SVI(model, guide, pyro.optim.ClippedAdam(rates), TraceGraph_ELBO())
    for step in range(steps):
        svi.step(batches[step % len(batches)])
    with torch.no_grad():
        loss = TraceGraph_ELBO().loss(model, guide, unseen) / len(unseen)
        opinion = poutine.trace(guide).get_trace(unseen)
        counts = sum(opinion.nodes[f"present{t}"]["value"] for t in range(MOST))
    return {"number of things right": (counts == truth).float().mean().item(), "loss per unseen picture": loss}


if __name__ == "__main__":
    measure("attend-infer-repeat", fit, steps=8000)
