"""What the scripts of this folder share: data, networks and the file of figures."""

import argparse
import json
import subprocess
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyro
import torch
from torch import nn

HERE = Path(__file__).parent
torch.set_num_threads(1)


def load(name, seed, n):
    """Labels [n] and pictures [n, pixels], those of the tutorial: the library draws them."""
    command = ["npx", "tsx", "docs/tutorials/pyro/data.ts", name, str(seed), str(n)]
    rows = np.frombuffer(subprocess.check_output(command, cwd=HERE.parents[2])).reshape(n, -1)
    return torch.tensor(rows[:, 0]).long(), torch.tensor(rows[:, 1:]).float()


def linear(inputs, outputs):
    """A linear layer that starts as the library's do."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(sizes, activation=nn.Softplus):
    layers = [linear(a, b) for a, b in zip(sizes, sizes[1:])]
    return nn.Sequential(*[part for layer in layers for part in (layer, activation())][:-1])


def measure(page, fit, steps, seeds=3, combine=mean):
    """Runs `fit(steps)`, which returns figures by name, from some seeds; `--write` puts their means, or medians, into figures.json."""
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
        figures[name] = round(combine(values), 4)
        print(f"{name}: {figures[name]:.4f}" + (f" +- {stdev(values):.4f}" if len(values) > 1 else ""))
    if options.write:
        path = HERE / "figures.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, page: figures}, indent=2, sort_keys=True) + "\n")
