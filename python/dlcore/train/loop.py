"""The training loop: fast.ai v1's `fit_one_cycle` without its callbacks.

AdamW(betas .9, .99) with weight decay on every parameter, one cycle over all epochs, β1 moving as momentum does.
"""

import time
from collections.abc import Callable
from typing import Any

import dlcore as dl
from dlcore import optim

from .progress import Progress
from .schedule import OneCycle

Metric = Callable[[Any, Any], float]


def fit_one_cycle(
    model: Any,
    train_loader: Any,
    valid_loader: Any,
    loss_func: Callable[[Any, Any], Any],
    metric: Metric,
    epochs: int,
    max_lr: float,
    wd: float = 1e-2,
    show: Progress | None = None,
) -> list[dict[str, float]]:
    """Train `model` in place; returns one row an epoch: epoch, train_loss, valid_loss, the metric by name, time in s.

    A loader's batches are (inputs…, target) and the model is called with the inputs. train_loss is the bias-corrected
    moving average (β = .98) of the batch losses, never restarted; valid_loss and the metric are exact means over the
    validation set. Raises ValueError when the training set has no full batch.
    """
    total = epochs * len(train_loader)
    if total == 0:
        raise ValueError(f"fit_one_cycle: nothing to train on: {epochs} epochs of {len(train_loader)} batches")
    optimizer = optim.AdamW(model.parameters(), lr=max_lr, betas=(0.9, 0.99), weight_decay=wd)
    schedule = OneCycle(optimizer, max_lr, total)
    average, rows = 0.0, []
    show = show or Progress()
    with show:
        show.begin(epochs, len(train_loader), ("epoch", "train_loss", "valid_loss", metric.__name__, "time"))
        for epoch in range(1, epochs + 1):
            begin = time.perf_counter()
            model.train()
            for *inputs, target in train_loader:
                loss = loss_func(model(*inputs), target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                average = 0.98 * average + 0.02 * loss.item()
                train_loss = average / (1 - 0.98**schedule.done)
                show.batch(epoch, train_loss)
            valid_loss, value = validate(model, valid_loader, loss_func, metric)
            row = {"epoch": epoch, "train_loss": train_loss, "valid_loss": valid_loss, metric.__name__: value}
            rows.append(row | {"time": time.perf_counter() - begin})
            show.row(rows[-1])
    return rows


def validate(model: Any, loader: Any, loss_func: Callable[[Any, Any], Any], metric: Metric) -> tuple[float, float]:
    """(loss, metric) of `model` in eval mode: means over all samples, each batch weighted by its size."""
    model.eval()
    n, loss, value = 0, 0.0, 0.0
    with dl.no_grad():
        for *inputs, target in loader:
            pred, size = model(*inputs), target.shape[0]
            loss += size * loss_func(pred, target).item()
            value += size * metric(pred, target)
            n += size
    if n == 0:
        raise ValueError("validate: the validation set is empty")
    return loss / n, value / n
