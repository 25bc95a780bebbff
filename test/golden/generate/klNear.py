"""KL divergences of distributions that are almost the same, by their textbook formulas in 60 digits (mpmath 1.3):

    python3 test/golden/generate/klNear.py > test/golden/klNear.json

A row is [family of q, parameters of q, family of p, parameters of p, KL(q | p)]. Parameters are float64 numbers, about 1e-7 apart.
"""
import json
from mpmath import besseli, cos, digamma, euler, exp, gamma, log, loggamma, mp, mpf, matrix, log1p, expm1, coth, sinh, pi, quad, beta

mp.dps = 60
E = 1e-7


def normal(q, p):
    r = q["scale"] / p["scale"]
    return (r**2 - 1) / 2 - log(r) + ((q["loc"] - p["loc"]) / p["scale"]) ** 2 / 2


def scales(q, p):
    return normal({"loc": 0, **q}, {"loc": 0, **p})


def gammas(q, p):
    a, b, c, d = q["concentration"], q["rate"], p["concentration"], p["rate"]
    return (a - c) * digamma(a) - loggamma(a) + loggamma(c) + c * (log(b) - log(d)) + a * (d - b) / b


def chi2(x):
    return {"concentration": x["df"] / 2, "rate": mpf(1) / 2}


def rate(x):
    return {"concentration": mpf(1), "rate": x["rate"]}


def dirichlet(q, p):
    a, b = q["concentration"], p["concentration"]
    total = sum(a)
    return (
        loggamma(total) - loggamma(sum(b)) - sum(map(loggamma, a)) + sum(map(loggamma, b))
        + sum((x - y) * (digamma(x) - digamma(total)) for x, y in zip(a, b))
    )


def beta_of(x):
    if "mean" in x:
        return {"concentration": [x["mean"] * x["concentration"], (1 - x["mean"]) * x["concentration"]]}
    return {"concentration": [x["concentration1"], x["concentration0"]]}


def uniform(q, p):
    return log((p["high"] - p["low"]) / (q["high"] - q["low"]))


def whole(q, p):
    return log((p["high"] - p["low"] + 1) / (q["high"] - q["low"] + 1))


def laplace(q, p):
    d, r = abs(q["loc"] - p["loc"]), q["scale"] / p["scale"]
    return d / p["scale"] + r * exp(-d / q["scale"]) - 1 - log(r)


def gumbel(q, p):
    d, r = (q["loc"] - p["loc"]) / p["scale"], q["scale"] / p["scale"]
    return exp(-d) * gamma(1 + r) - 1 + d + (r - 1) * euler - log(r)


def weibull(q, p):
    r, d = p["concentration"] / q["concentration"], p["concentration"] * log(q["scale"] / p["scale"])
    return exp(d) * gamma(1 + r) - 1 - d + (r - 1) * euler - log(r)


def as_weibull(x):
    return {"scale": 1 / x["rate"], "concentration": mpf(1)}


def cauchy(q, p):
    return log(((q["scale"] + p["scale"]) ** 2 + (q.get("loc", 0) - p.get("loc", 0)) ** 2) / (4 * q["scale"] * p["scale"]))


def pareto(q, p):
    r = p["alpha"] / q["alpha"]
    return p["alpha"] * log(q["scale"] / p["scale"]) + r - 1 - log(r)


def von_mises(q, p):
    k, m = q["concentration"], p["concentration"]
    a = besseli(1, k) / besseli(0, k)
    return k * a - m * a * cos(q["loc"] - p["loc"]) - log(besseli(0, k)) + log(besseli(0, m))


def prob(x):
    return x["probs"] if "probs" in x else 1 / (1 + exp(-x["logits"]))


def trial(q, p):
    a, b = prob(q), prob(p)
    return a * log(a / b) + (1 - a) * log((1 - a) / (1 - b))


def binomial(q, p):
    return q["totalCount"] * trial(q, p)


def geometric(q, p):
    return trial(q, p) / prob(q)


def negative_binomial(q, p):
    return q["totalCount"] * trial(q, p) / (1 - prob(q))


def poisson(q, p):
    return q["rate"] * log(q["rate"] / p["rate"]) + p["rate"] - q["rate"]


def weights(x):
    w = x["probs"] if "probs" in x else [exp(l) for l in x["logits"]]
    return [y / sum(w) for y in w]


def categorical(q, p):
    return sum(a * log(a / b) for a, b in zip(weights(q), weights(p)))


def continuous_bernoulli(q, p):
    h, k = q["logits"] / 2, p["logits"] / 2
    return log(sinh(k) / k) - log(sinh(h) / h) - (k - h) * (coth(h) - 1 / h)


def covariance(x):
    if "scaleTril" in x:
        l = matrix(x["scaleTril"])
        return l * l.T
    if "covarianceMatrix" in x:
        return matrix(x["covarianceMatrix"])
    if "precisionMatrix" in x:
        return matrix(x["precisionMatrix"]) ** -1
    w = matrix(x["covFactor"])
    return w * w.T + mp.diag(x["covDiag"])


def multivariate_normal(q, p):
    s, t = covariance(q), covariance(p)
    d = matrix(p["loc"]) - matrix(q["loc"])
    inv = t**-1
    m = inv * s
    return (sum(m[i, i] for i in range(s.rows)) + (d.T * inv * d)[0] - s.rows + log(mp.det(t)) - log(mp.det(s))) / 2


def log_density_beta(a, b, x):
    return (a - 1) * log(x) + (b - 1) * log1p(-x) - log(beta(a, b))


def by_quadrature(log_q, log_p):
    return lambda q, p: quad(lambda x: exp(log_q(q, x)) * (log_q(q, x) - log_p(p, x)), [0, 0.01, 0.5, 0.99, 1])


def kumaraswamy(q, x):
    a, b = q["concentration1"], q["concentration0"]
    return log(a) + log(b) + (a - 1) * log(x) + (b - 1) * log1p(-(x**a))


def beta_density(p, x):
    return log_density_beta(p["concentration1"], p["concentration0"], x)


def cb_density(p, x):
    return p["logits"] * (x - mpf(1) / 2) - log(sinh(p["logits"] / 2) / (p["logits"] / 2))


def flat(p, x):
    return -log(p["high"] - p["low"])


ROWS = []


def exact(x):
    return [exact(y) for y in x] if isinstance(x, list) else mpf(x)


def add(names, formula, *pairs, read=(lambda x: x, lambda x: x)):
    q_name, p_name = names.split() if " " in names else (names, names)
    for q, p in pairs:
        value = formula(read[0]({k: exact(v) for k, v in q.items()}), read[1]({k: exact(v) for k, v in p.items()}))
        ROWS.append([q_name, q, p_name, p, float(value)])


near = lambda x, e=E: x * (1 + e)
add("Normal", normal, ({"loc": 0.3, "scale": 1.5}, {"loc": 0.3, "scale": near(1.5)}), ({"loc": 2.0, "scale": 0.01}, {"loc": near(2.0, 1e-9), "scale": near(0.01, -E)}))
add("LogNormal", normal, ({"loc": 0.3, "scale": 0.7}, {"loc": near(0.3), "scale": near(0.7)}))
add("HalfNormal", scales, ({"scale": 3.1}, {"scale": near(3.1)}), ({"scale": near(1e-5)}, {"scale": 1e-5}))
add("Exponential", gammas, ({"rate": 1.7}, {"rate": near(1.7)}), read=(rate, rate))
for a, b in [(0.3, 2.0), (2.5, 0.1), (40.0, 7.0), (1e6, 3.0)]:
    for name in ("Gamma", "InverseGamma"):
        add(name, gammas, ({"concentration": a, "rate": b}, {"concentration": near(a), "rate": b}), ({"concentration": a, "rate": b}, {"concentration": near(a), "rate": near(b)}))
add("Chi2", gammas, ({"df": 5.0}, {"df": near(5.0)}), read=(chi2, chi2))
add("Chi2 Gamma", gammas, ({"df": 7.0}, {"concentration": near(3.5), "rate": near(0.5)}), read=(chi2, lambda x: x))
add("Exponential Gamma", gammas, ({"rate": 2.3}, {"concentration": near(1.0), "rate": 2.3}), read=(rate, lambda x: x))
add("Gamma Exponential", gammas, ({"concentration": near(1.0), "rate": 2.3}, {"rate": near(2.3)}), read=(lambda x: x, rate))
for a, b in [(0.4, 3.0), (2.5, 1.5), (800.0, 300.0), (1e7, 2e7)]:
    q = {"concentration1": a, "concentration0": b}
    add("Beta", dirichlet, (q, {"concentration1": near(a), "concentration0": b}), (q, {"concentration1": near(a), "concentration0": near(b)}), (q, {"concentration1": near(a), "concentration0": near(b, -E)}), read=(beta_of, beta_of))
for m, c in [(0.3, 4.0), (0.02, 5e3)]:
    q = {"mean": m, "concentration": c}
    add("BetaProportion", dirichlet, (q, {"mean": near(m), "concentration": c}), (q, {"mean": m, "concentration": near(c)}), (q, {"mean": near(m), "concentration": near(c)}), read=(beta_of, beta_of))
add("Beta BetaProportion", dirichlet, ({"concentration1": 2.0, "concentration0": 6.0}, {"mean": near(0.25), "concentration": 8.0}), read=(beta_of, beta_of))
for a in ([0.3, 2.0, 5.0], [300.0, 20.0, 1e4]):
    add("Dirichlet", dirichlet, ({"concentration": a}, {"concentration": [near(x) for x in a]}), ({"concentration": a}, {"concentration": [near(a[0]), a[1], near(a[2], -E)]}))
add("Uniform", uniform, ({"low": -1.0, "high": 2.0}, {"low": near(-1.0), "high": near(2.0)}), ({"low": 0.1, "high": 0.3}, {"low": near(0.1, -E), "high": 0.3}))
add("DiscreteUniform", whole, ({"low": 3, "high": 10**8}, {"low": 2, "high": 10**8 + 5}))
add("Laplace", laplace, ({"loc": 0.5, "scale": 2.0}, {"loc": near(0.5), "scale": 2.0}), ({"loc": 0.5, "scale": 2.0}, {"loc": near(0.5), "scale": near(2.0)}))
add("Gumbel", gumbel, ({"loc": 0.5, "scale": 2.0}, {"loc": near(0.5), "scale": 2.0}), ({"loc": 0.5, "scale": 2.0}, {"loc": 0.5, "scale": near(2.0)}), ({"loc": 0.5, "scale": near(2.0)}, {"loc": near(0.5), "scale": 2.0}), ({"loc": 0.5, "scale": 2.0}, {"loc": 1.5, "scale": 5.0}))
add("Weibull", weibull, ({"scale": 1.3, "concentration": 0.7}, {"scale": near(1.3), "concentration": 0.7}), ({"scale": 1.3, "concentration": 4.0}, {"scale": 1.3, "concentration": near(4.0)}), ({"scale": 1.3, "concentration": 4.0}, {"scale": 2.5, "concentration": 1.1}))
add("Weibull Exponential", weibull, ({"scale": 0.8, "concentration": near(1.0)}, {"rate": 1.25}), read=(lambda x: x, as_weibull))
add("Exponential Weibull", weibull, ({"rate": 1.25}, {"scale": near(0.8), "concentration": near(1.0)}), read=(as_weibull, lambda x: x))
add("Cauchy", cauchy, ({"loc": 0.5, "scale": 2.0}, {"loc": near(0.5), "scale": near(2.0)}))
add("HalfCauchy", cauchy, ({"scale": 2.0}, {"scale": near(2.0)}))
add("Pareto", pareto, ({"scale": 2.0, "alpha": 1.5}, {"scale": 2.0, "alpha": near(1.5)}), ({"scale": 2.0, "alpha": 1.5}, {"scale": near(2.0, -E), "alpha": 1.5}))
for k in (1e-3, 0.5, 8.0, 3e3, 1e6):
    add("VonMises", von_mises, ({"loc": 1.0, "concentration": k}, {"loc": 1.0, "concentration": near(k)}), ({"loc": 1.0, "concentration": k}, {"loc": near(1.0), "concentration": near(k)}))
add("VonMises", von_mises, ({"loc": 1.0, "concentration": 2.0}, {"loc": 0.3, "concentration": 40.0}))
for x in ({"probs": 0.3}, {"probs": 0.999}, {"probs": 1e-4}, {"logits": 0.4}, {"logits": -25.0}, {"logits": 12.0}):
    name, value = next(iter(x.items()))
    y = {name: near(value)} if value != 0.999 else {name: near(value, -E)}
    add("Bernoulli", trial, (x, y), (y, x))
    add("Geometric", geometric, (x, y))
    add("Binomial", binomial, ({"totalCount": 12, **x}, {"totalCount": 12, **y}))
    add("NegativeBinomial", negative_binomial, ({"totalCount": 2.5, **x}, {"totalCount": 2.5, **y}))
add("Bernoulli", trial, ({"logits": 0.4}, {"probs": 0.5986876}), ({"logits": 3.0}, {"logits": -5.0}))
add("Poisson", poisson, ({"rate": 3.2}, {"rate": near(3.2)}), ({"rate": 1e8}, {"rate": near(1e8)}))
for name in ("Categorical", "OneHotCategorical"):
    add(name, categorical, ({"probs": [0.2, 0.5, 0.3]}, {"probs": [near(0.2), 0.5, near(0.3, -E)]}), ({"logits": [0.1, -2.0, 30.0]}, {"logits": [near(0.1), near(-2.0), 30.0]}), ({"logits": [1e3, 1e3 + 1.0]}, {"logits": [1e3, near(1e3 + 1.0, 1e-10)]}), ({"logits": [0.1, -2.0, 3.0]}, {"logits": [1.0, 4.0, -3.0]}))
for l in (1e-3, 0.3, 5.0, -40.0):
    add("ContinuousBernoulli", continuous_bernoulli, ({"logits": l}, {"logits": near(l)}), ({"logits": l}, {"logits": l + 1e-7}))
tril = [[1.2, 0.0, 0.0], [0.3, 0.7, 0.0], [-0.5, 0.2, 2.0]]
other = [[near(x, E * (i + 1)) for i, x in enumerate(r)] for r in tril]
loc, there = [0.1, -1.0, 2.0], [near(0.1), -1.0, near(2.0)]
cov = [[1.5, 0.3, 0.1], [0.3, 2.0, -0.4], [0.1, -0.4, 0.8]]
bent = [[near(1.5), near(0.3), 0.1], [near(0.3), 2.0, -0.4], [0.1, -0.4, near(0.8, -E)]]
add("MultivariateNormal", multivariate_normal, ({"loc": loc, "scaleTril": tril}, {"loc": there, "scaleTril": other}), ({"loc": loc, "scaleTril": tril}, {"loc": loc, "scaleTril": other}), ({"loc": loc, "covarianceMatrix": cov}, {"loc": loc, "covarianceMatrix": bent}), ({"loc": loc, "precisionMatrix": cov}, {"loc": loc, "precisionMatrix": bent}))
low = {"loc": loc, "covFactor": [[0.5], [-1.0], [0.2]], "covDiag": [1.0, 0.5, 2.0]}
add("LowRankMultivariateNormal", multivariate_normal, (low, {"loc": there, "covFactor": [[near(0.5)], [-1.0], [0.2]], "covDiag": [near(1.0), 0.5, 2.0]}))
one = {"concentration1": 1 + E, "concentration0": 1 - 2 * E}
interval = {"low": 0.0, "high": 1.0}
add("Beta Uniform", by_quadrature(beta_density, flat), (one, interval))
add("Uniform Beta", by_quadrature(flat, beta_density), (interval, one))
add("Kumaraswamy Beta", by_quadrature(kumaraswamy, beta_density), (one, {"concentration1": 1.0, "concentration0": 1 + E}))
add("Kumaraswamy Uniform", by_quadrature(kumaraswamy, flat), (one, interval))
add("Beta ContinuousBernoulli", by_quadrature(beta_density, cb_density), (one, {"logits": 1e-7}))
add("ContinuousBernoulli Uniform", by_quadrature(cb_density, flat), ({"logits": 1e-7}, interval))
print("[\n" + ",\n".join(json.dumps(row) for row in ROWS) + "\n]")
