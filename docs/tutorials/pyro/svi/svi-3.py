"""Pyro's figures for docs/tutorials/svi/svi-3.md: the same data, models, guides and estimators."""

import pyro
import pyro.distributions as dist
import torch
from pyro.distributions.testing.fakes import NonreparameterizedBeta
from pyro.infer import SVI, TraceGraph_ELBO, TraceMeanField_ELBO
from shared import measure

torch.set_default_dtype(torch.float64)
flips = torch.tensor([1.0] * 6 + [0.0] * 4)
data, prior = torch.tensor([-3.1, -2.8, 0.1, -0.4, 2.7, 3.3]), torch.zeros(6, 3)


def component(z):
    return dist.Normal(torch.tensor([-3.0, 0.0, 3.0])[z], 1.0)


def logits():
    return pyro.param("logits", torch.zeros(6, 3))


def plate_model():
    with pyro.plate("data", 6):
        z = pyro.sample("z", dist.Categorical(logits=prior))
        pyro.sample("x", component(z), obs=data)


def plate_guide():
    with pyro.plate("data", 6):
        pyro.sample("z", dist.Categorical(logits=logits()))


def event_model():
    z = pyro.sample("z", dist.Categorical(logits=prior).to_event(1))
    pyro.sample("x", component(z).to_event(1), obs=data)


def event_guide():
    pyro.sample("z", dist.Categorical(logits=logits()).to_event(1))


def coin():
    fairness = pyro.sample("latent_fairness", dist.Beta(10.0, 10.0))
    with pyro.plate("flips", len(flips)):
        pyro.sample("obs", dist.Bernoulli(fairness), obs=flips)


def guide_of(family, has_baseline):
    def guide():
        positive = dist.constraints.positive
        a, b = [pyro.param(name, torch.tensor(15.0), constraint=positive) for name in ("alpha_q", "beta_q")]
        baseline = {"use_decaying_avg_baseline": has_baseline, "baseline_beta": 0.9}
        pyro.sample("latent_fairness", family(a, b), infer={"baseline": baseline})

    return guide


def variance(elbo, model, guide, draws):
    """The variance of the gradient at the initial parameters, summed over all elements of all parameters."""
    pyro.clear_param_store()
    for _ in range(100):  # a decaying average needs some costs first
        elbo.loss_and_grads(model, guide)
    named = pyro.get_param_store().named_parameters()
    params = {name: param for name, param in named if name in ("logits", "alpha_q", "beta_q")}  # Pyro stores averages of baselines as parameters, too
    gradients = []
    for _ in range(draws):
        for param in params.values():
            param.grad = None
        elbo.loss_and_grads(model, guide)
        # Pyro stores log a for a positive parameter a. The derivative with respect to a is the derivative with respect to log a, divided by a.
        by_param = [p.grad / (1 if name == "logits" else p.exp()) for name, p in params.items()]
        gradients.append(torch.cat([gradient.detach().flatten() for gradient in by_param]))
    return torch.stack(gradients).var(0).sum().item()


def steps_until_near(has_baseline, limit):
    pyro.clear_param_store()
    optim = pyro.optim.Adam({"lr": 0.0005, "betas": (0.93, 0.999)})
    svi = SVI(coin, guide_of(NonreparameterizedBeta, has_baseline), optim, TraceGraph_ELBO())
    for step in range(limit):
        svi.step()
        if abs(pyro.param("alpha_q").item() - 16) < 0.8 and abs(pyro.param("beta_q").item() - 14) < 0.8:
            break
    return step + 1


def fit(steps):
    graph, beta, score = TraceGraph_ELBO(), dist.Beta, NonreparameterizedBeta
    return {
        "variance, in a plate": variance(graph, plate_model, plate_guide, steps),
        "variance, as one event by name alone": variance(graph, event_model, event_guide, steps),
        "variance, score function": variance(graph, coin, guide_of(score, False), steps),
        "variance, with a baseline": variance(graph, coin, guide_of(score, True), steps),
        "variance, pathwise": variance(graph, coin, guide_of(beta, False), steps),
        "variance, divergence in closed form": variance(TraceMeanField_ELBO(), coin, guide_of(beta, False), steps),
        "steps with a baseline": steps_until_near(True, 5000),
        "steps without a baseline": steps_until_near(False, 5000),
    }


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("svi-3", fit, steps=200, seeds=20)
