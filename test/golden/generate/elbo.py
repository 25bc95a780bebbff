"""test/golden/elbo.json: exact ELBOs and evidences of small models with finitely many configurations, and their gradients.

A program makes choices, each with log probabilities of its values under the model and the guide, and adds log densities of observations. It
runs once for every configuration. Then ELBO = Σ q (log p - log q) and evidence = log Σ p; gradients are central differences. Variances of
estimators, bounds of several particles and the models with continuous latents are not computed here.
"""

from functools import cache
from itertools import combinations

from mpmath import exp, log, log1p, mp, mpf, pi

from distributions import slopes
from golden import encode, main, nested

mp.dps = 40
STEP = mpf(10) ** -12


def log_softmax(logits):
    return normalised(tuple(logits))


@cache
def normalised(logits):
    top = max(logits)
    total = top + log(sum(exp(x - top) for x in logits))
    return [x - total for x in logits]


def log_bernoulli(logit):
    return [-log1p(exp(logit)), -log1p(exp(-logit))]


def log_normal(x, loc, log_scale):
    return -(((x - loc) / exp(log_scale)) ** 2) / 2 - log_scale - log(2 * pi) / 2


def configurations(program):
    """(log p, log q) of every configuration: the last choice that has further values takes the next one, and later choices start again."""
    path = []
    while True:
        sizes, terms = [], [mpf(0), mpf(0)]

        def choose(of_p, of_q=None):
            at = len(sizes)
            if at == len(path):
                path.append(0)
            sizes.append(len(of_p))
            terms[0] += of_p[path[at]]
            terms[1] += 0 if of_q is None else of_q[path[at]]
            return path[at]

        def score(log_density):
            terms[0] += log_density

        program(choose, score)
        yield terms
        while path and path[-1] == sizes[len(path) - 1] - 1:
            path.pop()
        if not path:
            return
        path[-1] += 1


def elbo(program):
    return sum(exp(q) * (p - q) for p, q in configurations(program))


def evidence(program):
    return log(sum(exp(p) for p, _ in configurations(program)))


def chain(P, data):
    def program(choose, score):
        a = choose(log_softmax(P["a_logits"]), log_softmax(P["qa"]))
        b = choose(log_softmax(P["b_logits"][a]), log_softmax(P["qb"]))
        c = choose(log_softmax(P["c_logits"][b]), log_softmax(P["qc"]))
        score(log_normal(data["x"], P["x_loc"][c], P["x_logscale"]))

    return [program]


def mixture(P, data):
    # The elements of the plate are independent: the ELBO and the log evidence are sums over them.
    def element(x, logits):
        def program(choose, score):
            z = choose(log_softmax(P["weights_logits"]), log_softmax(logits))
            score(log_normal(x, P["locs"][z], P["logscale"]))

        return program

    return [element(x, logits) for x, logits in zip(data["x"], P["z_logits"])]


def hidden_markov(P, data):
    def program(choose, score):
        z = None
        for t, x in enumerate(data["x"]):
            z = choose(
                log_softmax(P["init_logits"] if z is None else P["trans_logits"][z]), log_softmax(P["z_logits"][t])
            )
            score(log_softmax(P["emit_logits"][z])[int(x)])

    return [program]


def masked(P, data):
    def program(choose, score):
        z = choose(log_bernoulli(P["prior"]), log_bernoulli(P["q"]))
        score(mpf(z) / 4)
        # The observations are 1, 0 and 1, of which the second is masked. The scale is 3.
        score(3 * 2 * log_bernoulli(P["l1"] if z else P["l0"])[1])

    return [program]


def branching(P, data):
    def program(choose, score):
        z = choose(log_softmax(P["z_logits"]), log_softmax(P["qz"]))
        if z == 1:
            w = choose(log_bernoulli(P["w_logit"]), log_bernoulli(P["qw"]))
            score(log_normal(data["x"], P["m1"][w], P["x_logscale"]))
        else:
            score(log_normal(data["x"], P["m0"], P["x_logscale"]))

    return [program]


def two_steps(P, data):
    def program(choose, score):
        a = choose(log_softmax(P["z1_logits"]), log_softmax(P["q1"]))
        b = choose(log_softmax(P["z2_logits"][a]), log_softmax(P["q2"][a]))
        score(log_softmax(P["x_logits"][a][b])[int(data["x"])])

    return [program]


def subset(P, data, elements):
    """A subsample of two of five elements, each of which is scaled by 5 / 2."""

    def element(i):
        def program(choose, score):
            z = choose(log_bernoulli(P["theta_logit"]), log_bernoulli(P["q_logits"][i]))
            score(log_bernoulli(P["loc1"] if z else P["loc0"])[int(data["y"][i])])

        return program

    return mpf(5) / 2 * sum(elbo(element(i)) for i in elements)


MODELS = {
    "a1_chain_independent_guide": chain,
    "b_gmm_plate": mixture,
    "d1_hmm_meanfield_guide": hidden_markov,
    "j1_mask_scale_factor": masked,
    "k1_branching_on_read_value": branching,
    "g_renyi_discrete": two_steps,
}


def total(value, programs):
    return sum(value(program) for program in programs)


def exact(x):
    return {key: nested(mpf, item) for key, item in x.items()}


def fill(entry, key, f, params):
    """Put f(params) into the entry, and its gradient with respect to the parameters for which the entry has a gradient."""
    entry[key] = encode(f(params))
    grad = entry.get(f"grad{key[0].upper()}{key[1:]}", {})
    for name in grad:
        slope = slopes(lambda x: f({**params, name: x}), params[name], step=STEP)
        grad[name] = nested(encode, slope)


def compute(data):
    for name, entry in data["models"].items():
        params, observed = exact(entry.get("params", {})), exact(entry.get("observed", {}))
        if name in MODELS:
            fill(entry, "elbo", lambda P: total(elbo, MODELS[name](P, observed)), params)
            if "logEvidence" in entry:
                fill(entry, "logEvidence", lambda P: total(evidence, MODELS[name](P, observed)), params)
        if name == "e_subsampled_plate":
            pairs = list(combinations(range(5), 2))
            fill(entry, "elbo", lambda P: sum(subset(P, observed, pair) for pair in pairs) / len(pairs), params)
    return data


if __name__ == "__main__":
    main("elbo", compute, least=lambda path: 1e-20)
