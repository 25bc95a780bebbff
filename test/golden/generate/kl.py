"""test/golden/kl.json: KL(p | q) = E_p[log p - log q] from the densities of distributions.py, without the closed form of any divergence.

For discrete families it is a sum over the support, for continuous ones an integral by the double exponential rule (Takahasi and Mori 1974),
split where a density has a kink and around the bulk of p. Only multivariate normals and Dirichlets use closed forms. Gradients are central
differences.
"""

from mpmath import cosh, det, digamma, exp, inf, isfinite, log, loggamma, matrix, mp, mpf, pi, sinh, sqrt

from distributions import DENSITIES, slopes
from golden import encode, main, nested

mp.dps = 60
STEP = mpf(1) / 50
DIFFERENCE = mpf(10) ** -14

SUPPORTS = {
    **dict.fromkeys(
        "Exponential Gamma Chi2 InverseGamma HalfNormal HalfCauchy Weibull LogNormal".split(), (mpf(0), inf)
    ),
    **dict.fromkeys("Beta ContinuousBernoulli Kumaraswamy".split(), (mpf(0), mpf(1))),
}
COUNTS = {"Poisson": 200, "Geometric": 400, "Bernoulli": 2, "Binomial": 11}


def support(dist, params):
    if dist == "Uniform":
        return params["low"], params["high"]
    if dist == "Pareto":
        return params["scale"], inf
    if dist == "VonMises":
        return -pi, pi
    return SUPPORTS.get(dist, (-inf, inf))


def bulk(dist, params):
    """The approximate centre and width of p."""
    if dist == "Gamma":
        return params["concentration"] / params["rate"], sqrt(params["concentration"]) / params["rate"]
    if dist == "Beta":
        a, b = params["concentration1"], params["concentration0"]
        return a / (a + b), sqrt(a * b / (a + b + 1)) / (a + b)
    if dist == "LogNormal":
        return exp(params["loc"]), params["scale"] * exp(params["loc"])
    return params.get("loc"), params.get("scale", 1 / params["rate"] if "rate" in params else mpf(1))


def between(a, b):
    # Points next to an end at 0 keep their digits, however small they are. Points next to other ends do not.
    for k in range(-375 if a == 0 else -215, 216):
        u = pi / 2 * sinh(k * STEP)
        part = (b - a) / (1 + exp(2 * abs(u)))
        yield (a + part if u < 0 else b - part), (b - a) * pi / 4 * cosh(k * STEP) * STEP / cosh(u) ** 2


def beyond(a, width):
    """Points and weights from a to infinity, or to minus infinity if the width is negative."""
    for k in range(-375, 301):
        u = pi / 2 * sinh(k * STEP)
        yield a + width * exp(u), abs(width) * exp(u) * pi / 2 * cosh(k * STEP) * STEP


def integral(f, ends, cuts, width):
    a, b = ends
    inner = sorted({x for x in cuts if a < x < b})
    points = [*([] if a == -inf else [a]), *inner, *([] if b == inf else [b])]
    total = mpf(0)
    for low, high in zip(points, points[1:]):
        total += sum(w * f(x) for x, w in between(low, high))
    if a == -inf:
        total += sum(w * f(x) for x, w in beyond(points[0], -width))
    if b == inf:
        total += sum(w * f(x) for x, w in beyond(points[-1], width))
    return total


def scalar(p, pp, q, qq):
    log_p, log_q = (lambda x: DENSITIES[p](x, **pp)), (lambda x: DENSITIES[q](x, **qq))
    ends, (low, high) = support(p, pp), support(q, qq)
    if ends[0] < low or ends[1] > high:
        return inf
    if p == "Pareto" and q == "Normal" and pp["alpha"] <= 2:
        return inf
    centre, width = bulk(p, pp)
    cuts = (
        []
        if centre is None
        else [centre - 12 * width, centre - 3 * width, centre, centre + 3 * width, centre + 12 * width]
    )
    cuts += [params["loc"] for dist, params in ((p, pp), (q, qq)) if dist == "Laplace"]

    def f(x):
        density = log_p(x)
        return mpf(0) if density == -inf else exp(density) * (density - log_q(x))

    return integral(f, ends, cuts, width)


def counts(p, pp, q, qq):
    total = mpf(0)
    for k in range(COUNTS[p]):
        log_p = DENSITIES[p](mpf(k), **pp)
        if log_p > -inf:
            total += exp(log_p) * (log_p - DENSITIES[q](mpf(k), **qq))
    return total


def classes(pp, qq):
    n = len(next(iter(pp.values())))
    log_p, log_q = ([DENSITIES["Categorical"](k, **params) for k in range(n)] for params in (pp, qq))
    return sum(exp(a) * (a - b) for a, b in zip(log_p, log_q) if a > -inf)


def dirichlet(pp, qq):
    a, b = pp["concentration"], qq["concentration"]
    front = loggamma(sum(a)) - loggamma(sum(b)) + sum(loggamma(y) - loggamma(x) for x, y in zip(a, b))
    return front + sum((x - y) * (digamma(x) - digamma(sum(a))) for x, y in zip(a, b))


def covariance(params):
    if "scale_tril" in params:
        return matrix(params["scale_tril"]) * matrix(params["scale_tril"]).T
    return matrix(params["cov_factor"]) * matrix(params["cov_factor"]).T + mp.diag(params["cov_diag"])


def gaussian(pp, qq):
    s, t = covariance(pp), covariance(qq)
    d = matrix([x - y for x, y in zip(pp["loc"], qq["loc"])])
    inverse = t**-1
    trace = sum((inverse * s)[i, i] for i in range(len(d)))
    return (trace + (d.T * inverse * d)[0] - len(d) + log(det(t)) - log(det(s))) / 2


def divergence(p, pp, q, qq):
    if p in COUNTS:
        return counts(p, pp, q, qq)
    if p == "Categorical":
        return classes(pp, qq)
    if p == "Dirichlet":
        return dirichlet(pp, qq)
    if p == "Delta":
        return pp["log_density"] - DENSITIES[q](pp["v"], **qq)
    if p.endswith("MultivariateNormal"):
        return gaussian(pp, qq)
    if p.startswith("Independent"):
        each = [[{key: x[i] for key, x in params.items()} for i in range(len(pp["loc"]))] for params in (pp, qq)]
        return sum(scalar("Normal", a, "Normal", b) for a, b in zip(*each))
    return scalar(p, pp, q, qq)


def exact(params):
    return {key: nested(lambda x: mpf(float(x)), x) for key, x in params.items()}


def lower(key, slope):
    """The gradient, with 0 in the upper half if the parameter is a triangular factor."""
    return (
        [[x if j <= i else mpf(0) for j, x in enumerate(row)] for i, row in enumerate(slope)]
        if key == "scale_tril"
        else slope
    )


def compute(data):
    for case in data["cases"]:
        sides = {side: exact(case[side]["params"]) for side in "pq"}
        f = lambda params: divergence(case["p"]["dist"], params["p"], case["q"]["dist"], params["q"])
        case["kl"] = encode(f(sides))
        for side, grad in case.get("grad", {}).items():
            for key in grad:
                slope = slopes(lambda x: f({**sides, side: {**sides[side], key: x}}), sides[side][key], step=DIFFERENCE)
                # If a parameter is an end of a support, only a one-sided derivative exists. The number in the file is left as it is.
                if not isinstance(slope, mpf) or isfinite(slope):
                    grad[key] = nested(encode, lower(key, slope))
    return data


if __name__ == "__main__":
    main("kl", compute, least=lambda path: 1e-20)
