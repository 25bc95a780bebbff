"""What the scripts share: data, networks and the file of figures."""

import argparse
import json
import re
import subprocess
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyro
import torch
from pyro.distributions import constraints
from pyro.infer.autoguide import AutoNormal
from torch import nn

HERE = Path(__file__).parent
torch.set_num_threads(1)


state = 1


def uniform():
    """The next number in (0, 1), by the multiplicative congruence of the pages that draw their own numbers."""
    global state
    state = state * 48271 % 2147483647
    return state / 2147483647


def load(name, seed, n):
    """The labels [n] and pictures [n, pixels] of the tutorial, which the library draws."""
    command = ["npx", "tsx", "docs/tutorials/pyro/data.ts", name, str(seed), str(n)]
    rows = np.frombuffer(subprocess.check_output(command, cwd=HERE.parents[2])).reshape(n, -1)
    return torch.tensor(rows[:, 0]).long(), torch.tensor(rows[:, 1:]).float()


def constants(page, *names):
    """The tensors that a tutorial declares with `const` under these names. Runs the first block of the page, and the blocks that declare them."""
    blocks = re.findall(r"^```ts\n(.*?)^```", next(HERE.parent.glob(f"*/{page}.md")).read_text(), re.M | re.S)
    chosen = [b for i, b in enumerate(blocks) if i == 0 or any(f"const {name} =" in b for name in names)]
    code = "".join(chosen).replace('from "pedigrad"', 'from "./index.js"')
    code += f"console.log(JSON.stringify([{', '.join(names)}].map((x) => x.toArray())));"
    command = ["npx", "tsx", "--input-type=module", "--eval", code]
    lines = subprocess.check_output(command, cwd=HERE.parents[2], text=True).splitlines()
    return [torch.tensor(values, dtype=torch.float64) for values in json.loads(lines[-1])]


def decaying_adam(rate, steps, factor):
    """Adam with a step size that falls from `rate` to `factor * rate` over `steps` steps. Call `.step()` after each step of the fit."""
    return pyro.optim.ExponentialLR(
        {"optimizer": torch.optim.Adam, "optim_args": {"lr": rate}, "gamma": factor ** (1 / steps)}
    )


def run(svi, steps, *args):
    """The losses of `steps` steps. If the optimiser has a schedule, the learning rate decays."""
    losses = []
    for _ in range(steps):
        losses.append(svi.step(*args))
        if isinstance(svi.optim, pyro.optim.PyroLRScheduler):
            svi.optim.step()
    return losses


class AutoNormalByLogarithm(AutoNormal):
    """AutoNormal whose scales are exponentials of the learnt numbers, as in the library. In Pyro's AutoNormal they are softpluses."""

    scale_constraint = constraints.positive


def linear(inputs, outputs):
    """A linear layer with the initial parameters of the library."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(sizes, activation=nn.Softplus):
    layers = [linear(a, b) for a, b in zip(sizes, sizes[1:])]
    return nn.Sequential(*[part for layer in layers for part in (layer, activation())][:-1])


def measure(page, fit, steps, seeds=3, combine=mean):
    """
    Runs `fit(steps)`, which returns figures by name, from some seeds. With `--write`, puts the means (or medians) and standard deviations of the
    figures into figures.json.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    runs = []
    for seed in range(options.seeds):
        pyro.clear_param_store()
        pyro.set_rng_seed(seed)
        runs.append(fit(options.steps))
        print(f"seed {seed}: {runs[-1]}", flush=True)
    figures = {}
    for name in runs[0]:
        values = [run[name] for run in runs]
        figures[name] = value = round(combine(values), 4)
        if len(values) > 1:
            figures[name] = {"value": value, "sd": round(stdev(values), 4), "seeds": len(values)}
        print(f"{name}: {figures[name]}")
    if options.write:
        path = HERE / "figures.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, page: figures}, indent=2, sort_keys=True) + "\n")
