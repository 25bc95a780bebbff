"""Special functions with any number of digits, for the scripts of this folder.

Incomplete gamma and beta functions are series of positive terms, which lose no digits.
"""

from mpmath import erfc, exp, inf, log, log1p, loggamma, mp, mpf, pi, sqrt


def lgamma(x):
    return inf if x <= 0 and x == int(x) else loggamma(x).real


def ndtr(x):
    return erfc(-x / sqrt(2)) / 2 if abs(x) < 10**10 else mpf(x > 0)


def log_ndtr(x):
    # Below -10^7, two terms of the asymptotic series are right to the last bit of float64.
    if x > 0:
        return log1p(-ndtr(-x))
    return log(ndtr(x)) if x > -(10**7) else -x * x / 2 - log(-x) - log(2 * pi) / 2 - 1 / x**2


def density(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def hazard(x):
    return density(x) / ndtr(x) if x > -(10**7) else -x - 1 / x


def root(g, slope, x):
    """The root of an increasing concave function, by Newton's method from a point to the left of it."""
    while True:
        step = g(x) / slope(x)
        x -= step
        if abs(step) <= abs(x) * mpf(10) ** -70:
            return x


def ndtri(p):
    if p >= 0.5:
        return -ndtri(1 - p) if p > 0.5 else mpf(0)
    return root(lambda x: log(ndtr(x) / p), hazard, -sqrt(-2 * log(p)))


class TooManyTerms(Exception):
    """A series would need too many terms."""


def series(first, ratio, most=100_000):
    """first (1 + r_1 (1 + r_2 (1 + ...))). The ratios r_n are positive and, from some n on, below 1."""
    total = term = mpf(first)
    n = 1
    while term > total * mpf(10) ** -mp.dps:
        term *= ratio(n)
        total += term
        n += 1
        if n > most:
            raise TooManyTerms
    return total


def P(a, x):
    if x == 0:
        return mpf(0)
    return series(exp(a * log(x) - x - loggamma(a + 1)), lambda n: x / (a + n))


def I(a, b, x):
    if x in (0, 1):
        return mpf(x)
    if x > (a + 1) / (a + b + 2):
        return 1 - I(b, a, 1 - x)
    front = exp(a * log(x) + b * log1p(-x) - log_beta(a, b)) / a
    return series(front, lambda n: x * (a + b + n - 1) / (a + n))


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def with_digits(a, x):
    """A context with so many digits that the upper tail keeps 100 of them."""
    tail = (x - a - a * log(x / a)) / log(10) if x > a > 0 else mpf(0)
    return mp.workdps(220 + int(tail))


def slope(f, x):
    h = abs(x) * mpf(10) ** -60
    return (f(x + h) - f(x - h)) / (2 * h)
