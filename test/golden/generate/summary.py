"""Reference numbers of test/golden/summary.json: convergence diagnostics, intervals and moments of small sets of chains, by ArviZ 0.23.

    pip install "arviz==0.23.*" && python test/golden/generate/summary.py > test/golden/summary.json
"""
import json
import warnings

warnings.simplefilter("ignore")
import arviz as az
import numpy as np

rng = np.random.default_rng(7)


def autoregressive(chains, draws, phi, shift=0.0):
    x = np.zeros((chains, draws))
    for t in range(draws):
        x[:, t] = (phi * x[:, t - 1] if t else 0.0) + rng.normal(size=chains)
    return x + shift * np.arange(chains)[:, None]


cases = {
    "autoregressive": autoregressive(4, 100, 0.7),
    "antithetic": autoregressive(2, 60, -0.6),
    "heavy tails, odd length": rng.standard_t(1.5, size=(3, 51)),
    "chains that disagree": autoregressive(2, 40, 0.3, shift=3.0),
    "counts with ties": rng.poisson(1.2, size=(2, 50)).astype(float),
    "one chain": autoregressive(1, 80, 0.9),
}
out = {"meta": {"by": f"arviz {az.__version__}, numpy {np.__version__}", "generator": "generate/summary.py"}, "cases": []}
for name, x in cases.items():
    x = np.round(x, 6)
    low, high = az.hdi(x.ravel(), hdi_prob=0.94)
    row = {
        "name": name,
        "draws": x.tolist(),
        "mean": x.mean(),
        "sd": x.std(ddof=1),
        "median": np.median(x),
        "hpdi": [low, high],
        "quantiles": np.quantile(x, [0.05, 0.5, 0.9]).tolist(),
        "essBulk": float(az.ess(x, method="bulk")),
        "essTail": float(az.ess(x, method="tail")),
        "rHat": None if len(x) == 1 else float(az.rhat(x, method="rank")),
    }
    out["cases"].append(row)
print(json.dumps(out))
