"""Pyro's figures for docs/tutorials/networks/prodlda.md: the same documents, networks, estimator, optimiser and number of steps."""

import pyro
import pyro.distributions as dist
import torch
from pyro.infer import SVI, TraceMeanField_ELBO
from shared import linear, measure, uniform
from torch import nn
from torch.nn import functional as F

TOPICS = [
    "goal match team coach league score player season",
    "bank rate market stock price trade loan tax",
    "cell gene virus protein dose trial patient blood",
    "star planet orbit galaxy moon probe comet lens",
    "choir opera piano violin concert tune chord drum",
]
TOPICS = [words.split(" ") for words in TOPICS]
COMMON = "day year new people time said last first".split(" ")
vocabulary = [word for topic in TOPICS for word in topic] + COMMON
V, K, LENGTH, HIDDEN = len(vocabulary), len(TOPICS), 80, 50

def pick(xs):
    return xs[int(uniform() * len(xs))]


def document():
    a, b, share = pick(TOPICS), pick(TOPICS), uniform()
    counts = [0.0] * V
    for _ in range(LENGTH):
        u = uniform()
        counts[vocabulary.index(pick(COMMON if u < 0.3 else a if u < 0.3 + 0.7 * share else b))] += 1
    return counts


docs = torch.tensor([document() for _ in range(480)])


class Encoder(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.first, self.second = linear(V, HIDDEN), linear(HIDDEN, HIDDEN)
        self.loc, self.scale = linear(HIDDEN, K), linear(HIDDEN, K)
        self.loc_norm, self.scale_norm = nn.BatchNorm1d(K), nn.BatchNorm1d(K)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        hidden = self.drop(F.softplus(self.second(F.softplus(self.first(x)))))
        return self.loc_norm(self.loc(hidden)), (self.scale_norm(self.scale(hidden)) / 2).exp()


class Decoder(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.beta, self.norm, self.drop = linear(K, V), nn.BatchNorm1d(V), nn.Dropout(dropout)

    def forward(self, theta):
        return self.norm(self.beta(self.drop(theta))).softmax(-1)


def quality_of(dropout, steps):
    """The number of words that are in the right topic, and the perplexity."""
    pyro.clear_param_store()
    encoder, decoder = Encoder(dropout), Decoder(dropout)

    def model(docs):
        pyro.module("decoder", decoder)
        with pyro.plate("documents", len(docs)):
            weights = pyro.sample("theta", dist.LogNormal(torch.zeros(len(docs), K), 1.0).to_event(1))
            theta = weights / weights.sum(-1, keepdim=True)
            pyro.sample("words", dist.Multinomial(LENGTH, decoder(theta)), obs=docs)

    def guide(docs):
        pyro.module("encoder", encoder)
        loc, scale = encoder(docs)
        with pyro.plate("documents", len(docs)):
            pyro.sample("theta", dist.LogNormal(loc, scale).to_event(1))

    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.003}), TraceMeanField_ELBO())
    for step in range(steps):
        i = step % 15
        svi.step(docs[32 * i : 32 * i + 32])
    # Evaluate without dropout, and normalise with the moments of the whole corpus.
    encoder.drop.eval()
    decoder.drop.eval()
    with torch.no_grad():
        loss = sum(TraceMeanField_ELBO().loss(model, guide, docs) for _ in range(50)) / 50 / len(docs)
        orders = (torch.lgamma(torch.tensor(LENGTH + 1.0)) - torch.lgamma(docs + 1).sum(-1)).mean().item()
        beta = (decoder.beta.weight * decoder.norm.weight.unsqueeze(-1)).T
        recovered = 0
        for row in beta:
            words = [vocabulary[i] for i in row.argsort(descending=True)[:8]]
            recovered += max(sum(word in topic for word in words) for topic in TOPICS)
        return recovered, torch.tensor((loss + orders) / LENGTH).exp().item()


def fit(steps):
    (words, perplexity), (words_without, perplexity_without) = quality_of(0.2, steps), quality_of(0.0, steps)
    return {
        "words of 40, dropout 0.2": words,
        "words of 40, dropout 0": words_without,
        "perplexity, dropout 0.2": perplexity,
        "perplexity, dropout 0": perplexity_without,
    }


if __name__ == "__main__":
    pyro.enable_validation(False)
    measure("prodlda", fit, steps=3000, seeds=10)
