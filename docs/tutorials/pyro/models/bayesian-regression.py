"""Pyro's figures for docs/tutorials/models/bayesian-regression.md: the same data, model, guides, estimators, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Predictive, Trace_ELBO, TraceMeanField_ELBO
from pyro.infer.autoguide import AutoMultivariateNormal, AutoNormal, init_to_value
from shared import constants, decaying_adam, measure, run

torch.set_default_dtype(torch.float64)
DRAWS = 20000
rugged, africa, log_gdp = constants("bayesian-regression", "rugged", "africa", "logGdp")


def model(is_africa, ruggedness, observed=None):
    a = pyro.sample("a", dist.Normal(0.0, 10.0))
    b_a, b_r, b_ar = [pyro.sample(name, dist.Normal(0.0, 1.0)) for name in ("bA", "bR", "bAR")]
    sigma = pyro.sample("sigma", dist.HalfNormal(10.0))
    mean = a + b_a * is_africa + b_r * ruggedness + b_ar * is_africa * ruggedness
    with pyro.plate("data", len(ruggedness)):
        pyro.sample("y", dist.Normal(mean, sigma), obs=observed)


def fit(steps):
    values = {"a": log_gdp.mean(), "sigma": torch.tensor(1.0)}
    values |= {name: torch.tensor(0.0) for name in ("bA", "bR", "bAR")}  # three tensors, since parameters of the guide would share a single one
    start = init_to_value(values=values)
    many = Trace_ELBO(num_particles=8, vectorize_particles=True, max_plate_nesting=1)
    figures = {}
    for name, guide, elbo in (
        ("independent", AutoNormal(model, init_loc_fn=start), TraceMeanField_ELBO()),
        ("correlated", AutoMultivariateNormal(model, init_loc_fn=start), many),
    ):
        run(SVI(model, guide, decaying_adam(0.02, steps, 0.02), elbo), steps, africa, rugged, log_gdp)
        with torch.no_grad(), pyro.plate("draws", DRAWS):
            draws = guide(africa, rugged, log_gdp)
        for where, slope in (("outside", draws["bR"]), ("within", draws["bR"] + draws["bAR"])):
            figures[f"slope {where}, {name}"] = slope.mean().item()
            figures[f"sd of the slope {where}, {name}"] = slope.std().item()
    places = torch.tensor([0.0, 1.0])
    predicted = Predictive(model, posterior_samples=draws, parallel=True)(places, places * 0 + 3)["y"]
    low, high = predicted.quantile(torch.tensor([0.05, 0.95]), 0)
    for i, where in enumerate(("outside", "within")):
        figures |= {f"5% {where}": low[i].item(), f"95% {where}": high[i].item()}
    return figures


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("bayesian-regression", fit, steps=4000, seeds=4)
