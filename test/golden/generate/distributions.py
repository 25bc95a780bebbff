"""test/golden/distributions.json: log densities, their gradients, distribution functions and pathwise gradients, correctly rounded.

A family is given by its log density as in a textbook, and by its distribution function (both tails) if this has a closed form. Gradients are
central differences with 200 digits. A pathwise gradient is the derivative of the quantile with respect to a parameter, -(dF/dp) / f. Moments,
entropies, quantiles and the columns mag, gradMag and textbookAbsError (the error of a textbook formula in float64) are not computed here.
"""

import sys

from mpmath import atan, besseli, cos, det, erf, erfc, exp, expm1, inf, log, log1p, loggamma, matrix, mp, mpf, pi, sqrt

from functions import I, P, TooManyTerms, log_beta, log_ndtr, ndtr
from golden import encode, main, nested

mp.dps = 200
H = mpf(10) ** -60


def normal(x, loc, scale):
    return -(((x - loc) / scale) ** 2) / 2 - log(scale) - log(2 * pi) / 2


def tails(f):
    """Both tails of a symmetric distribution, from its lower tail f, which loses no digits: the upper tail is f(-z)."""
    return lambda z: (f(z), f(-z))


def sigmoid(z):
    return 1 / (1 + exp(-z)) if z > 0 else exp(z) / (1 + exp(z))


def student(x, df, loc, scale):
    half = mpf(1) / 2

    def lower(t):
        tail = (1 - I(half, df / 2, t * t / (df + t * t))) / 2 if t * t < df else I(df / 2, half, df / (df + t * t)) / 2
        return tail if t < 0 else 1 - tail

    return tails(lower)((x - loc) / scale)


def gamma_tails(a, x):
    with mp.workdps(300):
        lower = P(a, x)
    return lower, 1 - lower


def logit(p):
    return log(p) - log1p(-p)


def log_probs(probs, logits):
    """log p of each class, from either parameter."""
    if probs is not None:
        total = sum(probs)
        return [log(p / total) if p > 0 else -inf for p in probs]
    top = max(logits)
    total = top + log(sum(exp(x - top) for x in logits))
    return [x - total for x in logits]


def times(x, log_p):
    return mpf(0) if x == 0 else x * log_p


def bernoulli(x, probs=None, logits=None):
    if probs is not None:
        return times(x, log(probs) if probs > 0 else -inf) + times(1 - x, log1p(-probs) if probs < 1 else -inf)
    return -softplus((1 - 2 * x) * logits)


def softplus(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def choose(n, k):
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)


def negative_binomial(k, total_count, probs=None, logits=None):
    front = loggamma(total_count + k) - loggamma(total_count) - loggamma(k + 1)
    if probs is not None:
        return front + total_count * log1p(-probs) + times(k, log(probs) if probs > 0 else -inf)
    return front - total_count * softplus(logits) - times(k, softplus(-logits))


def gated(base, gate, value, *args, **params):
    rest = log1p(-gate) + base(value, *args, **params)
    return log(gate + exp(rest)) if value == 0 else rest


def continuous_bernoulli(x, probs):
    # The constant 2 atanh(1 - 2p) / (1 - 2p) is 2 at p = 1/2.
    t = 1 - 2 * probs
    constant = log(2) if t == 0 else log((log1p(t) - log1p(-t)) / t)
    return constant + x * log(probs) + (1 - x) * log1p(-probs)


def asymmetric(x, loc, scale, asymmetry):
    left, right = scale * asymmetry, scale / asymmetry
    z = (x - loc) / (left if x < loc else right)
    return -abs(z) - log(left + right)


def asymmetric_tails(x, loc, scale, asymmetry):
    left, right = scale * asymmetry, scale / asymmetry
    if x < loc:
        lower = left / (left + right) * exp((x - loc) / left)
        return lower, 1 - lower
    upper = right / (left + right) * exp(-(x - loc) / right)
    return 1 - upper, upper


def truncated(x, loc, scale, low=None, high=None):
    return normal(x, loc, scale) - log(mass(*ends(loc, scale, low, high)))


def ends(loc, scale, low, high):
    return (-inf if low is None else (low - loc) / scale, inf if high is None else (high - loc) / scale)


def mass(a, b):
    """P(a < Z < b) of a standard normal, as a difference of tail probabilities that are not close to 1."""
    lower = lambda z: mpf(0) if z == -inf else mpf(1) if z == inf else ndtr(z)
    return lower(-a) - lower(-b) if a > 0 else lower(b) - lower(a)


def truncated_tails(x, loc, scale, low=None, high=None):
    a, b = ends(loc, scale, low, high)
    z = (x - loc) / scale
    whole = mass(a, b)
    return mass(a, z) / whole, mass(z, b) / whole


def gaussian(x, loc, covariance=None, tril=None, precision=None):
    n = len(x)
    if tril is not None:
        covariance = matrix(tril) * matrix(tril).T
    elif precision is None:
        covariance = matrix(covariance)
    d = matrix([a - b for a, b in zip(x, loc)])
    if precision is not None:
        square, log_det = (d.T * matrix(precision) * d)[0], -log(det(matrix(precision)))
    else:
        square, log_det = (d.T * mp.lu_solve(covariance, d))[0], log(det(covariance))
    return square, log_det, n


def multivariate_normal(x, loc, scale_tril=None, covariance_matrix=None, precision_matrix=None):
    square, log_det, n = gaussian(x, loc, covariance_matrix, scale_tril, precision_matrix)
    return -(square + log_det + n * log(2 * pi)) / 2


def low_rank(x, loc, cov_factor, cov_diag):
    w = matrix(cov_factor)
    covariance = w * w.T + mp.diag(list(cov_diag))
    square, log_det, n = gaussian(x, loc, covariance)
    return -(square + log_det + n * log(2 * pi)) / 2


def multivariate_student(x, df, loc, scale_tril):
    square, log_det, n = gaussian(x, loc, tril=scale_tril)
    front = loggamma((df + n) / 2) - loggamma(df / 2) - n * log(df * pi) / 2 - log_det / 2
    return front - (df + n) / 2 * log1p(square / df)


def wishart(x, df, scale_tril):
    p = len(x)
    v = matrix(scale_tril) * matrix(scale_tril).T
    inside = mp.lu_solve(v, matrix(x)) if p == 1 else v**-1 * matrix(x)
    trace = sum(inside[i, i] for i in range(p))
    many = p * (p - 1) * log(pi) / 4 + sum(loggamma((df - j) / 2) for j in range(p))
    return (df - p - 1) / 2 * log(det(matrix(x))) - trace / 2 - df * p * log(2) / 2 - df / 2 * log(det(v)) - many


def lkj_cholesky(x, dim, concentration):
    n = int(dim)
    # Lewandowski, Kurowicka and Joe 2009; rows are numbered from 0.
    powers = sum((n - 1 - k + 2 * concentration - 2) * log(x[k][k]) for k in range(1, n))
    alpha = concentration + mpf(n - 1) / 2
    many = (n - 1) * (n - 2) * log(pi) / 4 + sum(loggamma(alpha - mpf(1 + j) / 2) for j in range(n - 1))
    return powers - ((n - 1) * log(pi) / 2 + many - (n - 1) * loggamma(alpha))


def dirichlet(x, concentration):
    return (
        sum((c - 1) * log(v) for c, v in zip(concentration, x))
        + loggamma(sum(concentration))
        - sum(map(loggamma, concentration))
    )


def multinomial(x, total_count, probs=None, logits=None):
    front = loggamma(total_count + 1) - sum(loggamma(k + 1) for k in x)
    return front + sum(times(k, p) for k, p in zip(x, log_probs(probs, logits)))


def dirichlet_multinomial(x, concentration, total_count):
    whole = sum(concentration)
    front = loggamma(total_count + 1) + loggamma(whole) - loggamma(total_count + whole)
    return front + sum(loggamma(c + k) - loggamma(c) - loggamma(k + 1) for c, k in zip(concentration, x))


def ordered_logistic(k, predictor, cutpoints):
    k = int(k)
    low = cutpoints[k - 1] - predictor if k > 0 else -inf
    high = cutpoints[k] - predictor if k < len(cutpoints) else inf
    below = lambda z: mpf(0) if z == -inf else mpf(1) if z == inf else sigmoid(z)
    return log(below(high) - below(low) if high < 0 else below(-low) - below(-high))


def relaxed_one_hot(x, temperature, logits):
    n = len(x)
    score = [l - temperature * log(v) for l, v in zip(logits, x)]
    top = max(score)
    total = top + log(sum(exp(s - top) for s in score))
    return loggamma(n) + (n - 1) * log(temperature) + sum(s - log(v) for s, v in zip(score, x)) - n * total


def relaxed_bernoulli(x, temperature, logits):
    z = logits - temperature * (log(x) - log1p(-x))
    return log(temperature) + z - 2 * softplus(z) - log(x) - log1p(-x)


def mixture(x, mixing_probs, loc, scale):
    # The weights are not normalised, so their gradient does not account for the fact that they sum to 1.
    parts = [log(w) + normal(x, l, s) for w, l, s in zip(mixing_probs, loc, scale)]
    top = max(parts)
    return top + log(sum(exp(p - top) for p in parts))


def walk(x, scale, num_steps):
    return sum(normal(b, a, scale) for a, b in zip([mpf(0), *x[:-1]], x))


def gumbel_tails(z):
    return exp(-exp(-z)), -expm1(-exp(-z))


DENSITIES = {
    "Normal": normal,
    "LogNormal": lambda x, loc, scale: normal(log(x), loc, scale) - log(x),
    "StudentT": lambda x, df, loc, scale: (
        loggamma((df + 1) / 2)
        - loggamma(df / 2)
        - log(df * pi) / 2
        - log(scale)
        - (df + 1) / 2 * log1p(((x - loc) / scale) ** 2 / df)
    ),
    "Cauchy": lambda x, loc, scale: -log(pi * scale) - log1p(((x - loc) / scale) ** 2),
    "HalfCauchy": lambda x, scale: log(2) - log(pi * scale) - log1p((x / scale) ** 2),
    "HalfNormal": lambda x, scale: log(2) + normal(x, 0, scale),
    "Laplace": lambda x, loc, scale: -abs(x - loc) / scale - log(2 * scale),
    "Logistic": lambda x, loc, scale: -abs(x - loc) / scale - 2 * log1p(exp(-abs(x - loc) / scale)) - log(scale),
    "Gumbel": lambda x, loc, scale: -(x - loc) / scale - exp(-(x - loc) / scale) - log(scale),
    "Exponential": lambda x, rate: log(rate) - rate * x,
    "Gamma": lambda x, concentration, rate: (
        concentration * log(rate)
        + times(concentration - 1, log(x) if x > 0 else -inf)
        - rate * x
        - loggamma(concentration)
    ),
    "InverseGamma": lambda x, concentration, rate: (
        concentration * log(rate) - (concentration + 1) * log(x) - rate / x - loggamma(concentration)
    ),
    "Beta": lambda x, concentration1, concentration0: (
        times(concentration1 - 1, log(x) if x > 0 else -inf)
        + times(concentration0 - 1, log1p(-x) if x < 1 else -inf)
        - log_beta(concentration1, concentration0)
    ),
    "Chi2": lambda x, df: DENSITIES["Gamma"](x, df / 2, mpf(1) / 2),
    "Uniform": lambda x, low, high: -log(high - low),
    "Weibull": lambda x, scale, concentration: (
        log(concentration / scale)
        + times(concentration - 1, log(x / scale) if x > 0 else -inf)
        - (x / scale) ** concentration
    ),
    "Pareto": lambda x, scale, alpha: log(alpha) + alpha * log(scale) - (alpha + 1) * log(x),
    "VonMises": lambda x, loc, concentration: concentration * cos(x - loc) - log(2 * pi * besseli(0, concentration)),
    "TruncatedNormal": truncated,
    "SkewNormal": lambda x, loc, scale, skewness: (
        log(2) + normal(x, loc, scale) + log_ndtr(skewness * (x - loc) / scale)
    ),
    "AsymmetricLaplace": asymmetric,
    "Kumaraswamy": lambda x, concentration1, concentration0: (
        log(concentration1 * concentration0)
        + times(concentration1 - 1, log(x) if x > 0 else -inf)
        + times(concentration0 - 1, log(-expm1(concentration1 * log(x))) if 0 < x < 1 else mpf(0) if x == 0 else -inf)
    ),
    "FisherSnedecor": lambda x, df1, df2: (
        df1 / 2 * log(df1 / df2)
        + times(df1 / 2 - 1, log(x) if x > 0 else -inf)
        - (df1 + df2) / 2 * log1p(df1 * x / df2)
        - log_beta(df1 / 2, df2 / 2)
    ),
    "ContinuousBernoulli": continuous_bernoulli,
    "LogUniform": lambda x, low, high: -log(x) - log(log(high / low)),
    "SoftLaplace": lambda x, loc, scale: (
        log(2 / pi) - log(scale) - abs(x - loc) / scale - log1p(exp(-2 * abs(x - loc) / scale))
    ),
    "Gompertz": lambda x, concentration, rate: log(concentration * rate) + rate * x - concentration * expm1(rate * x),
    "Levy": lambda x, loc, scale: log(scale / (2 * pi)) / 2 - 3 * log(x - loc) / 2 - scale / (2 * (x - loc)),
    "BetaProportion": lambda x, mean, concentration: DENSITIES["Beta"](
        x, mean * concentration, (1 - mean) * concentration
    ),
    "Bernoulli": bernoulli,
    "Binomial": lambda x, total_count, probs=None, logits=None: (
        choose(total_count, x)
        + (
            times(x, log(probs) if probs > 0 else -inf) + times(total_count - x, log1p(-probs) if probs < 1 else -inf)
            if probs is not None
            else -times(x, softplus(-logits)) - times(total_count - x, softplus(logits))
        )
    ),
    "NegativeBinomial": negative_binomial,
    "NegativeBinomial2": lambda x, mean, concentration: negative_binomial(
        x, concentration, mean / (mean + concentration)
    ),
    "Poisson": lambda x, rate: times(x, log(rate) if rate > 0 else -inf) - rate - loggamma(x + 1),
    "Geometric": lambda x, probs=None, logits=None: (
        times(x, log1p(-probs) if probs < 1 else -inf) + log(probs)
        if probs is not None
        else -times(x, softplus(logits)) - softplus(-logits)
    ),
    "BetaBinomial": lambda x, concentration1, concentration0, total_count: (
        choose(total_count, x)
        + log_beta(x + concentration1, total_count - x + concentration0)
        - log_beta(concentration1, concentration0)
    ),
    "ZeroInflatedPoisson": lambda x, gate, rate: gated(DENSITIES["Poisson"], gate, x, rate),
    "ZeroInflatedNegativeBinomial": lambda x, gate, **params: gated(negative_binomial, gate, x, **params),
    "GammaPoisson": lambda x, concentration, rate: negative_binomial(x, concentration, 1 / (1 + rate)),
    "DiscreteUniform": lambda x, low, high: -log(high - low + 1),
    "Categorical": lambda x, probs=None, logits=None: log_probs(probs, logits)[int(x)],
    "OrderedLogistic": ordered_logistic,
    "Dirichlet": dirichlet,
    "Multinomial": multinomial,
    "DirichletMultinomial": dirichlet_multinomial,
    "OneHotCategorical": lambda x, probs=None, logits=None: sum(
        times(a, b) for a, b in zip(x, log_probs(probs, logits))
    ),
    "MultivariateNormal": multivariate_normal,
    "LowRankMultivariateNormal": low_rank,
    "MultivariateStudentT": multivariate_student,
    "LKJCholesky": lkj_cholesky,
    "Wishart": wishart,
    "GaussianRandomWalk": walk,
    "MixtureSameFamily(Normal)": mixture,
    "RelaxedOneHotCategorical": relaxed_one_hot,
    "RelaxedBernoulli": relaxed_bernoulli,
    "Delta": lambda x, v, log_density: log_density if x == v else -inf,
}

# P(X <= x) and P(X > x).
TAILS = {
    "Normal": lambda x, loc, scale: tails(ndtr)((x - loc) / scale),
    "LogNormal": lambda x, loc, scale: tails(ndtr)((log(x) - loc) / scale),
    "StudentT": student,
    "Cauchy": lambda x, loc, scale: tails(
        lambda z: atan(1 / abs(z)) / pi if z < 0 else 1 - atan(1 / z) / pi if z > 0 else mpf(1) / 2
    )((x - loc) / scale),
    "HalfCauchy": lambda x, scale: (2 * atan(x / scale) / pi, 2 * atan(scale / x) / pi if x > 0 else mpf(1)),
    "HalfNormal": lambda x, scale: (erf(x / scale / sqrt(2)), erfc(x / scale / sqrt(2))),
    "Laplace": lambda x, loc, scale: tails(lambda z: exp(z) / 2 if z < 0 else 1 - exp(-z) / 2)((x - loc) / scale),
    "Logistic": lambda x, loc, scale: tails(sigmoid)((x - loc) / scale),
    "Gumbel": lambda x, loc, scale: gumbel_tails((x - loc) / scale),
    "Exponential": lambda x, rate: (-expm1(-rate * x), exp(-rate * x)),
    "Gamma": lambda x, concentration, rate: gamma_tails(concentration, rate * x),
    "InverseGamma": lambda x, concentration, rate: gamma_tails(concentration, rate / x)[::-1],
    "Beta": lambda x, concentration1, concentration0: (
        I(concentration1, concentration0, x),
        I(concentration0, concentration1, 1 - x),
    ),
    "Chi2": lambda x, df: gamma_tails(df / 2, x / 2),
    "Uniform": lambda x, low, high: ((x - low) / (high - low), (high - x) / (high - low)),
    "Weibull": lambda x, scale, concentration: (
        -expm1(-((x / scale) ** concentration)),
        exp(-((x / scale) ** concentration)),
    ),
    "Pareto": lambda x, scale, alpha: (-expm1(alpha * log(scale / x)), (scale / x) ** alpha),
    "TruncatedNormal": truncated_tails,
    "AsymmetricLaplace": asymmetric_tails,
    "Kumaraswamy": lambda x, concentration1, concentration0: (
        1 - (1 - x**concentration1) ** concentration0,
        (1 - x**concentration1) ** concentration0,
    ),
    "FisherSnedecor": lambda x, df1, df2: (
        I(df1 / 2, df2 / 2, df1 * x / (df1 * x + df2)),
        I(df2 / 2, df1 / 2, df2 / (df1 * x + df2)),
    ),
    "LogUniform": lambda x, low, high: (log(x / low) / log(high / low), log(high / x) / log(high / low)),
    "SoftLaplace": lambda x, loc, scale: tails(lambda z: 2 / pi * atan(exp(z)))((x - loc) / scale),
    "Gompertz": lambda x, concentration, rate: (
        -expm1(-concentration * expm1(rate * x)),
        exp(-concentration * expm1(rate * x)),
    ),
    "Levy": lambda x, loc, scale: (erfc(sqrt(scale / (2 * (x - loc)))), erf(sqrt(scale / (2 * (x - loc))))),
    "BetaProportion": lambda x, mean, concentration: TAILS["Beta"](x, mean * concentration, (1 - mean) * concentration),
}


def slopes(f, x, unit=1, step=H):
    """The derivative of f with respect to every number in x, which may be a nested list. The step is relative to x or, at 0, to `unit`."""
    if isinstance(x, list):
        return [slopes(lambda item, i=i: f([*x[:i], item, *x[i + 1 :]]), x[i], unit, step) for i in range(len(x))]
    h = step * (abs(x) if x != 0 else unit)
    return (f(x + h) - f(x - h)) / (2 * h)


def leaves(x):
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, list) else [abs(x)]


def keep(old, new):
    """The new numbers, but null where the file has null, which means that a number is not compared."""
    if isinstance(new, list):
        return [keep(old[i] if isinstance(old, list) else old, item) for i, item in enumerate(new)]
    return old if old is None else encode(new)


def point_of(name, params, point):
    density = DENSITIES[name]
    value = nested(lambda x: mpf(float(x)), point["value"])
    point["logProb"] = encode(density(value, **params))
    unit = min([mpf(1), *(x for x in leaves(list(params.values())) if x > 0)])
    for key, old in point.get("grad", {}).items():
        if old is None or point.get("edge"):
            continue
        f = (lambda x: density(x, **params)) if key == "value" else (lambda x: density(value, **{**params, key: x}))
        with mp.workdps(700):
            slope = slopes(f, value if key == "value" else params[key], unit)
        if key == "scale_tril":
            slope = [[x if j <= i else mpf(0) for j, x in enumerate(row)] for i, row in enumerate(slope)]
        point["grad"][key] = keep(old, slope)
    if name not in TAILS or point.get("edge"):
        return
    try:
        lower, upper = TAILS[name](value, **params)
    except TooManyTerms:
        return
    for key, x in (("cdf", lower), ("sf", upper)):
        if point.get(key) is not None:
            point[key] = encode(x)
    for key, old in (point.get("pathwise") or {}).items():
        if old is not None:
            side = 0 if lower < upper else 1
            slope = slopes(lambda p: TAILS[name](value, **{**params, key: p})[side], params[key], unit)
            point["pathwise"][key] = encode((slope if side else -slope) / exp(density(value, **params)))


def compute(data):
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    for name, entry in data["distributions"].items():
        if wanted and name not in wanted:
            continue
        for case in entry["cases"]:
            params = {key: nested(lambda p: mpf(float(p)), x) for key, x in case["params"].items() if x is not None}
            for point in case["points"]:
                point_of(name, params, point)
    return data


# Numbers that are wrong in the file, because they were computed by differences that lost all digits; and the right numbers.
WRONG = {
    "StudentT/cases/0/points/5/": "scores and paths far out: 4e-100, 2e-100 and 1",
    "HalfNormal/cases/3/points/0/grad/scale": "0: the value is the scale",
}


def units(path):
    # Some gradients lie half way between two float64 numbers.
    return 2**63 if any(part in path for part in WRONG) else 1 if "/grad/" in path else 0


# A gradient below 1e-60, here or in the file, is the rounding error of a gradient of 0.
if __name__ == "__main__":
    main("distributions", compute, units, least=lambda path: 1e-60 if "/grad/" in path else 0)
