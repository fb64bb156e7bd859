"""Lesson 2: fit a line by gradient descent, written with tensor operations only.

100 points, y = 3·x + 2 + noise: x is uniform in -1 … 1, the noise Gaussian with deviation 0.25. From a = (-1, 1) each
step moves a against the gradient of the mean squared error over all points. What is left is the noise: about
0.25² · 98/100 = 0.061, the least-squares loss of the same points, which is printed for comparison.
"""

import numpy as np

import dlcore as dl

from .settings import Settings

DEFAULTS = Settings(epochs=100, bs=100, lr=1e-1)
IGNORES = ("bs", "workers", "data", "device")  # every step uses all points, and they are made here
DEFAULT_DATA = "100 points made from the seed"


def mse(y_hat, y):
    return ((y_hat - y) ** 2).mean()


def make_points(n=100):
    """x (n, 2), whose second column is all ones so that a[1] is the line's height, and y (n,)."""
    x = dl.stack([dl.rand(n) * 2 - 1, dl.ones(n)], dim=1)
    return x, x @ dl.tensor(3.0, 2.0) + 0.25 * dl.randn(n)


def train(s, show):
    x, y = make_points()
    a = dl.tensor(-1.0, 1).requires_grad_()
    rows = []
    show.begin(s.epochs, 0, ("step", "mse"))
    for step in range(s.epochs):
        loss = mse(x @ a, y)
        if step % 10 == 0:
            rows.append({"step": step, "mse": loss.item()})
            show.row(rows[-1])
        loss.backward()
        with dl.no_grad():
            a.sub_(s.lr * a.grad)
            a.grad.zero_()
    final = mse(x @ a, y).item()
    best = np.linalg.lstsq(x.numpy(), y.numpy(), rcond=None)[0]
    least = float(((x.numpy() @ best - y.numpy()) ** 2).mean())
    show.line(f"a = {a.detach().numpy().round(4).tolist()}, mse {final:.6f}; least squares gives {least:.6f}")
    return {"a": a}, rows, {"mse": final, "least_squares_mse": least}
