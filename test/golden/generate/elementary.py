"""Reference values of the elementary functions, from mpmath 1.3: python3 test/golden/generate/elementary.py > test/golden/elementary.json

A row is [arguments..., nearest, rest]: the value is the float64 `nearest` plus `rest` units in its last place. Arguments are random numbers
of every size, and hard cases: near multiples of pi/2 (the nearest float64 is 6381956970095103 * 2^797), near 1, subnormal numbers, and powers
that almost overflow.
"""
import json
import random
from mpmath import atan, cos, exp, floor, inf, log, mp, mpf, power, sin, tan

mp.prec = 2400
random.seed(1)
TINY = 2.0**-1022


def row(f, *args):
    value = f(*map(mpf, args))
    nearest = float(value)
    if nearest in (0, inf, -inf):
        return None
    ulp = mpf(2) ** max(int(floor(log(abs(mpf(nearest)), 2))) - 52, -1074)
    return [*args, nearest, round(float((value - mpf(nearest)) / ulp), 4)]


def sizes(n, low, high):
    return [random.choice((-1, 1)) * 2.0 ** random.uniform(low, high) for _ in range(n)]


around = sizes(30, -4, 3)
every = sizes(10, -1000, 0) + [5e-324, -3e-320, TINY, 1e-17]
angles = (
    around + every + sizes(15, 3, 1000)
    + [float(k * mp.pi / 2) for k in (1, 2, 3, 5, 710, 355 * 7, 1048575, 2**29 + 1)]
    + [6381956970095103 * 2.0**797, 1e22, 5.319372648326541e255, 1647099.0, 1048576.0, 1048577.5, 8.642868107598044]
)
near_one = [1 + s for s in sizes(15, -50, -2)]
positive = [abs(x) for x in around + sizes(20, -1022, 1023) + every] + near_one
squashed = around + every + sizes(15, 3, 9.4) + [-19.47078632656485, 5.043750151526183, 0.6931471805599453, 0.6931471805599454, -1.3862943611198906, 0.5165760869874555]
bases = [abs(x) for x in around]
powers = (
    [(b, y) for b, y in zip(bases, sizes(30, -2, 4))]
    + [(b, random.uniform(-1020, 1020) / float(log(b, 2))) for b in positive]
    + [(random.uniform(1, 9), float(k)) for k in (2, 3, -1, -2, 0.5)]
    + [(2.5, -806.0), (3e-310, 1.5e-2), (1 + 2.0**-52, 2.0**61), (1.7976931348623157e308, 1.0), (0.3, 618.3)]
)
functions = {
    "exp": (exp, squashed),
    "expm1": (lambda x: exp(x) - 1, squashed),
    "log": (log, positive),
    "log1p": (lambda x: log(1 + x), [x - 1 for x in near_one] + positive + [x for x in around if x > -1] + every),
    "tanh": (mp.tanh, squashed + [0.062578945999065563, 0.25541111595458432]),
    "tanhSlope": (lambda x: (2 / (exp(x) + exp(-x))) ** 2, squashed + [353.9, -354.2, 360.0, -1.3504220915191834, -1.7284473789085948, -14.977661152960067, 2.7704684518601463, 5.8955955398444289, 373.1]),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), squashed),
    "logisticDensity": (lambda x: 1 / (exp(x / 2) + exp(-x / 2)) ** 2, squashed),
    "softplus": (lambda x: log(1 + exp(x)), squashed),
    "logSigmoid": (lambda x: -log(1 + exp(-x)), squashed),
    "sin": (sin, angles),
    "cos": (cos, angles),
    # Further angles near odd multiples of pi/4, where rounding errors are largest.
    "tan": (tan, angles + [-0.773091191479297, -0.7681156661764457, 0.7961328949861678, 2.351449636095486, 123.29845932115968, 676179.9136106782]),
    "atan": (atan, angles + [s * t for s in (0.4375, 0.6875, 1.1875, 2.4375) for t in near_one]),
    "pow": (power, powers),
}
# These points are drawn after the points above, so that those points do not change.
weighted = list(zip(sizes(75, -40, 40), [abs(x) for x in sizes(60, -60, 60)] + near_one))
functions |= {
    "log1mexp": (lambda x: log(1 - exp(x)), [-abs(x) for x in squashed + sizes(20, -6, 4)]),
    "xlogy": (lambda x, y: x * log(y), weighted),
    "xlog1py": (lambda x, y: x * log(1 + y), weighted),
    # Points at which the two terms cancel are left out.
    "logaddexp": (
        lambda x, y: log(exp(x) + exp(y)),
        [(x, x + d) for x, d in zip(sizes(80, -2, 9) + [0.0, -1.0], sizes(80, -8, 6) + [1e-17, 1.0]) if not -1 < x < 0 and not -1 < x + d < 0],
    ),
}
# The last rows have squares that overflow, or quotients near 0 and 1.
over = sizes(20, 520, 1000) + [x * 1e-9 for x in near_one] + near_one
functions["logOnePlusSquareOver"] = (
    lambda x, y: log(1 + x * x / y),
    list(zip(sizes(60, -40, 40) + over, [abs(x) for x in sizes(60, -60, 60) + sizes(35, -3, 6)] + near_one)),
)
# Quotients near 1, at the limits of "near", and quotients that overflow or underflow.
divisors = [abs(x) for x in sizes(35, -300, 300) + sizes(35, -3, 3)]
quotients = near_one + [abs(x) for x in sizes(45, -6, 6)] + [0.5, 2.0, 0.5000001, 1.9999999, 1e-299, 1e299]
functions["logRatio"] = (
    lambda x, y: log(x / y), [(q * d, d) for q, d in zip(quotients, divisors)] + [(2.0**600, 2.0**-500), (3e-200, 7e150)],
)
print(json.dumps({
    name: [r for x in points if (r := row(f, *(x if isinstance(x, tuple) else (x,))))] for name, (f, points) in functions.items()
}, separators=(",", ":")).replace('],"', '],\n"'))
