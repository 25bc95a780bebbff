"""Pyro's figures for docs/tutorials/models/sparse-gamma-def.md: the same images, model, guides, estimator, optimiser and number of steps."""

import math

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide.initialization import init_to_feasible
from shared import AutoNormalByLogarithm, decaying_adam, measure, run, uniform
from torch.nn.functional import softplus

torch.set_default_dtype(torch.float64)
N, SIDE = 200, 6
PIXELS = SIDE * SIDE
TOP, MID, BOTTOM = 4, 8, 15

def poisson(rate):
    count, p = 0, uniform()
    while p > math.exp(-rate):
        count += 1
        p *= uniform()
    return count


def image():
    upright = uniform() < 0.5
    light = [2 + 10 * uniform() if uniform() < 1 / 3 else 0 for _ in range(SIDE)]
    return [float(poisson(light[i % SIDE if upright else i // SIDE])) for i in range(PIXELS)]


images = torch.tensor([image() for _ in range(N)])


def weights(name, rows, columns):
    return pyro.sample(f"w_{name}", dist.Gamma(0.1, 0.3).expand([rows, columns]).to_event(2))


def sparse(mean):
    return dist.Gamma(torch.tensor(0.1), 0.1 / mean).to_event(1)


def model(x):
    w_top, w_mid, w_bottom = weights("top", TOP, MID), weights("mid", MID, BOTTOM), weights("bottom", BOTTOM, PIXELS)
    with pyro.plate("images", N):
        top = pyro.sample("z_top", dist.Gamma(0.1, 0.1).expand([N, TOP]).to_event(1))
        mid = pyro.sample("z_mid", sparse(top @ w_top))
        bottom = pyro.sample("z_bottom", sparse(mid @ w_mid))
        pyro.sample("x", dist.Poisson(bottom @ w_bottom).to_event(1), obs=x)


def guess(name, size, event_dim):
    shape = softplus(pyro.param(f"shape_{name}", lambda: 0.5 + 0.1 * torch.randn(size), event_dim=event_dim)) + 0.08
    mean = softplus(pyro.param(f"mean_{name}", lambda: 0.1 * torch.randn(size), event_dim=event_dim)) + 0.01
    pyro.sample(name, dist.Gamma(shape, shape / mean).to_event(event_dim))


def guide(x):
    guess("w_top", (TOP, MID), 2)
    guess("w_mid", (MID, BOTTOM), 2)
    guess("w_bottom", (BOTTOM, PIXELS), 2)
    with pyro.plate("images", N):
        guess("z_top", (N, TOP), 1)
        guess("z_mid", (N, MID), 1)
        guess("z_bottom", (N, BOTTOM), 1)


def loss_of(guide, rate, steps):
    svi = SVI(model, guide, decaying_adam(rate, steps, 0.05), Trace_ELBO())
    run(svi, steps, images)
    return sum(svi.evaluate_loss(images) for _ in range(20)) / 20 / N


def fit(steps):
    return {
        "loss per image": loss_of(guide, 0.1, steps),
        "loss per image, AutoNormal": loss_of(AutoNormalByLogarithm(model, init_loc_fn=init_to_feasible), 0.03, steps),
    }


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("sparse-gamma-def", fit, steps=3000)
