"""Pyro's figures for docs/tutorials/svi/what-provenance-buys.md: the same models, guides, estimators and step size."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, Trace_ELBO, TraceEnum_ELBO, TraceGraph_ELBO, config_enumerate
from shared import measure, run

torch.set_default_dtype(torch.float64)
READINGS = [torch.tensor(reading) for reading in (0.9, 0.2, 0.6)]


def model():
    machines = []
    for i, reading in enumerate(READINGS):
        machines.append(pyro.sample(f"machine{i}", dist.Bernoulli(0.5)))
        pyro.sample(f"sensor{i}", dist.Normal(machines[i], 0.5), obs=reading)
    any_on = machines[0].maximum(machines[1]).maximum(machines[2])
    pyro.sample("light", dist.Normal(10 * any_on, 3.0), obs=torch.tensor(8.0))


def guide():
    for i in range(3):
        pyro.sample(f"machine{i}", dist.Bernoulli(logits=pyro.param(f"logit{i}", torch.tensor(0.0))))


def switched():
    is_on = pyro.sample("machine0", dist.Bernoulli(0.5))
    pyro.sample("sensor0", dist.Normal(is_on, 0.5), obs=READINGS[0])
    brightness = 10.0 if is_on.item() > 0 else 0.0
    pyro.sample("light", dist.Normal(brightness, 3.0), obs=torch.tensor(8.0))


def one():
    pyro.sample("machine0", dist.Bernoulli(logits=pyro.param("logit0", torch.tensor(0.0))))


def gradients(elbo, model, guide, draws):
    """Draws of the gradient of the ELBO with respect to the logits, at logits of 0: [draws, logits]."""
    pyro.clear_param_store()
    rows = []
    for _ in range(draws):
        elbo.loss_and_grads(model, guide)
        logits = [value for _, value in sorted(pyro.get_param_store().named_parameters())]
        rows.append(torch.stack([-logit.grad for logit in logits]))
        for logit in logits:
            logit.grad = None
    return torch.stack(rows)


def fit(draws):
    figures = {}
    for elbo in (Trace_ELBO(), TraceGraph_ELBO()):
        name = type(elbo).__name__.replace("_", "")
        figures[f"variance, {name}"] = gradients(elbo, model, guide, draws).var(0).sum().item()
        figures[f"gradient with if, {name}"] = gradients(elbo, switched, one, draws).mean().item()
    pyro.clear_param_store()
    elbo = TraceEnum_ELBO(max_plate_nesting=0)
    run(SVI(model, config_enumerate(guide), pyro.optim.SGD({"lr": 0.5}), elbo), 400)
    for i in range(3):
        figures[f"machine{i} is on"] = pyro.param(f"logit{i}").sigmoid().item()
    return figures


if __name__ == "__main__":
    measure("what-provenance-buys", fit, steps=20_000, seeds=1)
