"""test/golden/specialWide.json: incomplete functions over wide ranges of their shapes, with the derivatives of their quantiles.

dx/da is the derivative of the quantile x at a fixed probability F: -(dF/da) / (dF/dx). Columns are listed in the file; arguments come first.

    python3 test/golden/generate/specialWide.py gamma vonMises     # some of the functions: beta, with shapes up to a million, takes an hour
"""

import sys
from mpmath import besseli, cos, digamma, exp, log, log1p, loggamma, mp, mpf, pi, psi, quad, sqrt

from functions import I, P, log_beta, slope, with_digits
from golden import encode, main

mp.dps = 60


def gamma(a, x):
    with with_digits(a, x):
        value = P(a, x)
        return value, 1 - value, -slope(lambda s: P(s, x), a) / exp((a - 1) * log(x) - x - loggamma(a))


def beta(a, b, x):
    with mp.workdps(200):
        if x > (a + 1) / (a + b + 2):
            rest, db, da = beta(b, a, 1 - x)
            return 1 - rest, -da, -db
        dx = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - log_beta(a, b))
        return I(a, b, x), -slope(lambda s: I(s, b, x), a) / dx, -slope(lambda s: I(a, s, x), b) / dx


def von_mises(x, kappa):
    """P(X < -x), and dx/dκ. Here dF/dκ is the integral of (cos t - A(κ)) times the density, where A is the ratio of Bessel functions."""
    ratio = besseli(1, kappa) / besseli(0, kappa)
    width = 1 / sqrt(1 + kappa) if kappa * x < 5 else 1 / (kappa * x)
    ends = [x + width * 4**n for n in range(-1, 40) if x + width * 4**n < pi]
    tail = lambda f: quad(lambda t: f(t) * exp(kappa * (cos(t) - cos(x))), [x, *ends, pi])
    mass = tail(lambda t: 1)
    front = exp(kappa * cos(x)) / (2 * pi * besseli(0, kappa))
    return front * mass, tail(lambda t: cos(t) - ratio)


def stirling_error(x):
    with mp.workdps(300):
        return (loggamma(x) - (x - mpf(1) / 2) * log(x) + x - log(2 * pi) / 2,)


FUNCTIONS = {
    "gamma": gamma,
    "beta": beta,
    "vonMises": von_mises,
    "stirlingError": stirling_error,
    "polygamma3": lambda x: (psi(3, x),),
    "besselGap": lambda x: (exp(-x) * (besseli(0, x) - besseli(1, x)),),
    "digammaDifference": lambda a, b: (digamma(a + b) - digamma(a),),
}


def compute(data):
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    for name, entry in data["functions"].items():
        if wanted and name not in wanted:
            continue
        for row in entry["rows"]:
            values = FUNCTIONS[name](*map(mpf, row[: FUNCTIONS[name].__code__.co_argcount]))
            row[-len(values) :] = map(encode, values)
    return data


# The tails of von Mises in the file were computed for numbers x that had not yet been rounded to float64.
if __name__ == "__main__":
    main("specialWide", compute, lambda path: 200 if "/vonMises/" in path else 0)
