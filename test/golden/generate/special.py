"""test/golden/special.json: special functions and their gradients, correctly rounded to float64.

Everything is computed with 100 digits or more. Derivatives of incomplete functions with respect to their shapes are central differences;
all others are closed forms.
"""

from mpmath import besseli, digamma, erf, erfc, erfinv, exp, expm1, inf, log, log1p, loggamma, mp, mpf, pi, psi, sqrt

from functions import I, P, density, hazard, lgamma, log_beta, log_ndtr, ndtr, ndtri, root, slope, with_digits
from golden import encode, main, nested

mp.dps = 100


def gammainc(a, x):
    with with_digits(a, x):
        return P(a, x), [slope(lambda s: P(s, x), a), exp((a - 1) * log(x) - x - loggamma(a))]


def gammaincc(a, x):
    with with_digits(a, x):
        value, grad = gammainc(a, x)
        return 1 - value, [-g for g in grad]


def gamma_implicit(a, x):
    _, (da, dx) = gammainc(a, x)
    return -da / dx, None


def gammaincinv(a, q):
    # P(a, x) < x^a / Γ(a + 1), and log P is concave in log x.
    density = lambda u: exp(a * u - exp(u) - loggamma(a)) / P(a, exp(u))
    return exp(root(lambda u: log(P(a, exp(u)) / q), density, (log(q) + loggamma(a + 1)) / a)), None


def betainc(a, b, x):
    with mp.workdps(220):
        dx = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - log_beta(a, b))
        return I(a, b, x), [slope(lambda s: I(s, b, x), a), slope(lambda s: I(a, s, x), b), dx]


def logBeta(a, b):
    with mp.workdps(700):
        return log_beta(a, b), [digamma(a) - digamma(a + b), digamma(b) - digamma(a + b)]


def bessel(n, x):
    return besseli(n, x) * exp(-abs(x))


def sigmoid(x):
    return exp(x) / (1 + exp(x)) if x < 0 else 1 / (1 + exp(-x))


def softplus(x):
    return log1p(exp(x)) if x < 0 else x + log1p(exp(-x))


def logsumexp(xs):
    top = max(xs)
    if top == -inf:
        return -inf, None
    total = sum(exp(x - top) for x in xs)
    return top + log(total), [[exp(x - top) / total for x in xs]]


def multigammaln(a, d):
    return d * (d - 1) / 4 * log(pi) + sum(loggamma(a - j / 2) for j in range(int(d))), None


# Each function returns the value, and the gradient with respect to its arguments or None.
FUNCTIONS = {
    "lgamma": lambda x: (lgamma(x), [digamma(x)]),
    "digamma": lambda x: (digamma(x), [psi(1, x)]),
    "trigamma": lambda x: (psi(1, x), [psi(2, x)]),
    "erf": lambda x: (erf(x), [2 / sqrt(pi) * exp(-x * x)]),
    "erfc": lambda x: (erfc(x), [-2 / sqrt(pi) * exp(-x * x)]),
    "erfcx": lambda x: (exp(x * x) * erfc(x), [2 * x * exp(x * x) * erfc(x) - 2 / sqrt(pi)]),
    "erfinv": lambda x: (erfinv(x), [sqrt(pi) / 2 * exp(erfinv(x) ** 2)]),
    "ndtri": lambda p: (ndtri(p), [1 / density(ndtri(p))]),
    "log_ndtr": lambda x: (log_ndtr(x), [hazard(x)]),
    "ndtr": lambda x: (ndtr(x), [density(x)]),
    "gammainc": gammainc,
    "gammaincc": gammaincc,
    "gammaImplicitGrad": gamma_implicit,
    "gammaincinv": gammaincinv,
    "betainc": betainc,
    "logBeta": logBeta,
    "i0e": lambda x: (bessel(0, x), [bessel(1, x) - (x > 0) * bessel(0, x) + (x < 0) * bessel(0, x)]),
    "i1e": lambda x: (bessel(1, x), None),
    "logI0": lambda x: (log(besseli(0, x)), [besseli(1, x) / besseli(0, x)]),
    "softplus": lambda x: (softplus(x), [sigmoid(x)]),
    "sigmoid": lambda x: (sigmoid(x), [sigmoid(x) * sigmoid(-x)]),
    "logsigmoid": lambda x: (-softplus(-x), [sigmoid(-x)]),
    "log1p": lambda x: (log1p(x), [1 / (1 + x)]),
    "expm1": lambda x: (expm1(x), [exp(x)]),
    "log1mexp": lambda x: (log(-expm1(x)) if x > -1 else log1p(-exp(x)), [exp(x) / expm1(x)]),
    "logsumexp": logsumexp,
    "multigammaln": multigammaln,
}


def compute(data):
    for name, entry in data["functions"].items():
        for point in entry["points"]:
            value, grad = FUNCTIONS[name](*nested(lambda x: mpf(float(x)), point["args"]))
            point["value"] = encode(value)
            if grad is not None:
                point["grad"] = nested(encode, grad)
    return data


main("special", compute)
