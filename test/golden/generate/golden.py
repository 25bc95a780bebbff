"""Code that the scripts of this folder share: it reads a golden file, computes its outputs again, and compares or writes them."""

import json
import math
import struct
import sys
from pathlib import Path


def load(name):
    return json.loads((Path(__file__).parent.parent / f"{name}.json").read_text())


def encode(x):
    """The nearest float64 as JSON has it: infinite numbers and NaN are strings."""
    x = float(x)
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def nested(f, x):
    return [nested(f, item) for item in x] if isinstance(x, list) else f(x)


def place(x):
    """The position of a float among all floats in order: neighbouring floats are 1 apart."""
    (n,) = struct.unpack("<q", struct.pack("<d", x))
    return n if n >= 0 else -(n & 0x7FFFFFFFFFFFFFFF)


def differences(path, old, new, units, least=lambda path: 0):
    if isinstance(new, dict):
        for key in new:
            yield from differences(f"{path}/{key}", old.get(key), new[key], units, least)
    elif isinstance(new, list):
        for i, x in enumerate(new):
            yield from differences(f"{path}/{i}", old[i], x, units, least)
    elif isinstance(new, float) and isinstance(old, (int, float)):
        off = abs(place(float(old)) - place(new))
        if off > units(path) and max(abs(old), abs(new)) > least(path):
            yield f"{path}: the file has {old!r}, computed {new!r} ({off} units in the last place)"
    elif old != new:
        yield f"{path}: the file has {old!r}, computed {new!r}"


def main(name, compute, units=lambda path: 0, least=lambda path: 0):
    """
    Compute the outputs of a file from the inputs in it. For the path of an entry, `units` gives by how many units in the last place it may
    differ, and `least` the size below which it is not compared.
    """
    old = load(name)
    new = compute(json.loads(json.dumps(old)))
    found = list(differences("", old, new, units, least))
    if "--write" in sys.argv:
        text = json.dumps(new, separators=(",", ":"))
        (Path(__file__).parent.parent / f"{name}.json").write_text(text + "\n")
    print(*found, f"{name}.json: {len(found)} numbers differ", sep="\n")
    sys.exit(1 if found and "--write" not in sys.argv else 0)
