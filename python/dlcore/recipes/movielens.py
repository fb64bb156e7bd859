"""Lesson 4: predict how a person rates a film, from 40 learnt numbers for each of them.

The rating is the dot product of the two embeddings plus a bias for the person and one for the film, squeezed by a
sigmoid into 0 … 5.5. (fast.ai's EmbeddingDotBias; the course printed a mean squared error of .8147 after 5 epochs.)
"""

import numpy as np

import dlcore as dl
from dlcore import nn
from dlcore.data.movielens import movielens
from dlcore.train import Learner, mse

from .loaders import make_data
from .settings import Settings

DEFAULTS = Settings(epochs=5, bs=64, lr=5e-3)
N_FACTORS = 40
Y_MAX = 5.5  # above the best rating, 5, which a sigmoid would reach only at infinity
DEFAULT_DATA = "MovieLens 100K"


def small_embedding(n, size):
    """An embedding that starts as fast.ai's: normal numbers, what is beyond ±2 folded back to near 0, times 0.01."""
    embedding = nn.Embedding(n, size)
    start = np.fmod(dl.randn(n, size).numpy(), 2) * 0.01
    with dl.no_grad():
        embedding.weight.copy_(dl.from_numpy(start))
    return embedding


class DotBias(nn.Module):
    def __init__(self, n_users, n_items):
        super().__init__()
        self.user, self.item = small_embedding(n_users, N_FACTORS), small_embedding(n_items, N_FACTORS)
        self.user_bias, self.item_bias = small_embedding(n_users, 1), small_embedding(n_items, 1)

    def forward(self, user, item):
        dot = (self.user(user) * self.item(item)).sum(1)
        bias = self.user_bias(user) + self.item_bias(item)
        return (dot + bias.reshape(-1)).sigmoid() * Y_MAX


def train(s, show):
    ratings = movielens(s.data)
    model = DotBias(ratings.n_users, ratings.n_items)
    learn = Learner(make_data(s, ratings.train, ratings.valid), model, metrics=mse, show=show)
    learn.fit_one_cycle(s.epochs, s.lr, wd=1e-1)
    rows = learn.recorder.rows
    return model.state_dict(), rows, {"mse": rows[-1]["mse"]}
