"""test/golden/threefry.json: random bits as JAX 0.10 makes them, from the published description of the generator.

Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), and JAX's rules for keys with
jax_threefry_partitionable: element i of a draw comes from the generator at counter i.
"""

from fractions import Fraction
from mpmath import erfinv, mp, mpf, sqrt
from golden import main

WORD = 2**32
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key, counter):
    ks = (key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDA)
    x, y = ((counter[i] + ks[i]) % WORD for i in (0, 1))
    for block in range(5):
        for r in ROTATIONS[block % 2]:
            x = (x + y) % WORD
            y = (y << r | y >> (32 - r)) % WORD ^ x
        x = (x + ks[(block + 1) % 3]) % WORD
        y = (y + ks[(block + 2) % 3] + block + 1) % WORD
    return [x, y]


def words(key, n):
    return [word for i in range(n) for word in threefry(key, divmod(i, WORD))]


def fractions(key, n):
    """The upper 52 of 64 bits, as a fraction in [0, 1)."""
    w = words(key, n)
    return [Fraction((w[2 * i] * WORD + w[2 * i + 1]) >> 12, 2**52) for i in range(n)]


def normal(fraction):
    """sqrt(2) erfinv(u), where u in (-1, 1) is rounded to float64 in the same way as in JAX."""
    low = -1 + Fraction(1, 2**53)
    scaled = float(Fraction(float(fraction * Fraction(float(1 - low)))) + low)
    mp.dps = 40
    return float(sqrt(2) * erfinv(mpf(max(float(low), scaled))))


def compute(data):
    for item in data["knownAnswers"]:
        item["words"] = threefry(item["key"], item["counter"])
    for item in data["keys"]:
        item["key"] = list(divmod(item["seed"] % WORD**2, WORD))
    for item in data["splits"]:
        item["keys"] = words(item["key"], item["n"])
    for item in data["folds"]:
        item["folded"] = threefry(item["key"], [0, item["data"]])
    for item in data["bits32"]:
        n = len(item["bits"])
        w = words(item["key"], n)
        item["bits"] = [w[2 * i] ^ w[2 * i + 1] for i in range(n)]
    for item in data["bits64"]:
        item["words"] = words(item["key"], len(item["words"]) // 2)
    for item in data["uniforms"]:
        item["values"] = [float(u) for u in fractions(item["key"], len(item["values"]))]
    for item in data["normals"]:
        item["values"] = [normal(u) for u in fractions(item["key"], len(item["values"]))]
    return data


# JAX's own erfinv is an approximation: normals agree with the exact one to a few units in the last place.
main("threefry", compute, lambda path: 8 if path.startswith("/normals") else 0)
