"""Whole training steps of the course's three models: forward, loss, backward, Adam; same weights, same batch."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row


def mlp(lib: Lib, low: bool = False) -> Any:
    """784-50-10, ReLU, batch 64."""
    nn = lib.nn
    model = lib.fill(nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10)))
    return classifier(lib, model, lib.normal(64, 784), low)


def cnn(lib: Lib, low: bool = False) -> Any:
    """conv 1-32, conv 32-64, each with ReLU and 2×2 max-pool, fc 128, fc 10; 28², batch 64."""
    nn = lib.nn
    body = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    body += [nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    head = [nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10)]
    return classifier(lib, lib.fill(nn.Sequential(*body, *head)), lib.normal(64, 1, 28, 28), low)


def classifier(lib: Lib, model: Any, x: Any, low: bool = False) -> Any:
    labels = lib.ints(10, 64)
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)

    def loss_of() -> Any:
        return lib.F.cross_entropy(model(x), labels)

    compiled = lib.compile(loss_of)

    def step() -> Any:
        if low:
            with lib.dl.autocast("cpu", lib.dl.bfloat16) if lib.peer else lib.dl.autocast("bfloat16"):
                loss = compiled()
        else:
            loss = compiled()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def recommender(lib: Lib) -> Any:
    """EmbeddingDotBias on MovieLens 100k's 944 users and 1683 films, 40 factors, y_range (0, 5.5), batch 64."""
    nn = lib.nn
    tables = [lib.fill(nn.Embedding(*size)) for size in ((944, 40), (1683, 40), (944, 1), (1683, 1))]
    user, item, user_bias, item_bias = tables
    users, items, ratings = lib.ints(944, 64), lib.ints(1683, 64), lib.uniform(64, low=1, high=5)
    optimizer = lib.optim.Adam([p for table in tables for p in table.parameters()], lr=5e-3)

    def loss_of() -> Any:
        dot = (user(users) * item(items)).sum(1) + user_bias(users).squeeze(1) + item_bias(items).squeeze(1)
        return lib.F.mse_loss(lib.dl.sigmoid(dot) * 5.5, ratings)

    compiled = lib.compile(loss_of)

    def step() -> Any:
        loss = compiled()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def inference(lib: Lib) -> Any:
    nn = lib.nn
    model = lib.fill(nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10)))
    x, no_grad, compiled = lib.normal(1, 784), lib.dl.no_grad, lib.compile(model)

    def call() -> Any:
        with no_grad():
            return compiled(x)

    return call


ROWS = [
    Row("step mlp 784-50-10 batch 64 adam", mlp),
    Row("step cnn 1-32-64-fc128-10 28² batch 64 adam", cnn),
    Row("step mlp 784-50-10 batch 64 adam autocast bf16", lambda lib: mlp(lib, True), rtol=2e-2),
    Row("step cnn 1-32-64-fc128-10 28² batch 64 adam autocast bf16", lambda lib: cnn(lib, True), rtol=2e-2),
    Row("step EmbeddingDotBias 40 batch 64 adam", recommender),
    Row("inference mlp 784-50-10 batch 1", inference),
]
