"""The loop itself: epochs of batches, each followed by validation; what happens between is the callbacks'."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import dlcore as dl
from dlcore.data import DataLoader

from .callback import Moments, Run
from .metrics import Tally
from .rng import kept_rng


def fit(run: Run, moments: Moments) -> None:
    """All of `run`'s epochs, or the rest of them. `on_train_end` is called whatever happens."""
    try:
        while run.epoch < run.epochs and not run.stop_training:
            _epoch(run, moments)
    except BaseException as error:
        run.exception = error
        raise
    finally:
        for call in moments.train_end:
            call(run)


def _epoch(run: Run, moments: Moments) -> None:
    learn, begin = run.learn, time.perf_counter()
    if not run.resumed:
        learn.model.train()
        for call in moments.epoch_begin:
            call(run)
    if not (run.resumed and (run.batch == run.batches or run.stop_epoch)):
        for batch in _batches(learn.data.train_dl, run):
            *inputs, target = learn.data.placed(batch)
            run.inputs, run.target = tuple(inputs), target
            train_batch(run, moments)
            if run.stop_epoch or run.stop_training:
                break
    run.resumed = False
    run.inputs, run.target, run.pred, run.loss = (), None, None, None
    run.row = {"epoch": run.epoch + 1, "train_loss": run.smooth_loss}
    if run.validates and learn.data.valid_dl is not None and not (run.stop_training and run.batch < run.batches):
        with kept_rng():  # a metric that draws must not change what is trained next
            loss, values = validate(learn, learn.data.valid_dl, learn.metrics)
        run.row |= {"valid_loss": loss, **dict(zip(learn.metric_names, values, strict=True))}
    run.row["time"] = time.perf_counter() - begin
    run.epoch, run.batch, run.stop_epoch = run.epoch + 1, 0, False
    for call in moments.epoch_end:
        call(run)


def _batches(loader: Any, run: Run) -> Iterator[Any]:
    """The epoch's batches, or those that a resumed epoch has still to do."""
    if run.batch == 0:
        return iter(loader)
    if isinstance(loader, DataLoader):
        return loader.iterate(run.batch)
    rest = iter(loader)
    for _ in range(run.batch):
        next(rest, None)
    return rest


def train_batch(run: Run, moments: Moments) -> None:
    """One batch, forward and back, with every moment of it."""
    learn = run.learn
    for call in moments.batch_begin:
        call(run)
    if learn.low_precision:
        with dl.autocast(learn.low_dtype):
            _forward(run, moments)
    else:
        _forward(run, moments)
    loss = run.loss.item()
    run.average = 0.98 * run.average + 0.02 * loss
    run.smooth_loss = run.average / (1 - 0.98 ** (run.iteration + 1))
    for call in moments.backward_begin:
        call(run)
    if not (run.stop_epoch or run.stop_training):  # a loss that was refused goes no further
        run.loss.backward()
        for call in moments.backward_end:
            call(run)
        if not run.skip_step:
            learn.opt.step()
        for call in moments.step_end:
            call(run)
        if not run.skip_zero:
            learn.opt.zero_grad()
    run.batch += 1
    run.iteration += 1
    run.skip_step = run.skip_zero = False
    for call in moments.batch_end:
        call(run)


def _forward(run: Run, moments: Moments) -> None:
    run.pred = run.learn.model(*run.inputs)
    for call in moments.loss_begin:
        call(run)
    run.loss = run.loss_func(run.pred, run.target)


def validate(learn: Any, loader: Any, metrics: list) -> tuple[float, list[float]]:
    """(loss, metrics) of the model in eval mode over a loader: means over all samples, and `@whole` metrics.

    Modes are put back afterwards. ValueError for an empty set.
    """
    total, tally = 0.0, Tally(metrics)
    for pred, target in predictions(learn, loader):
        size = target.shape[0]
        total += size * learn.loss_func(pred, target).item()
        tally.add(pred.cpu(), target.cpu(), size)
    if not tally.samples:
        raise ValueError("validate: the validation set is empty")
    return total / tally.samples, tally.values()


def forward(learn: Any, inputs: tuple) -> Any:
    """The model's output as it stands, never bfloat16."""
    if not learn.low_precision:
        return learn.model(*inputs)
    with dl.autocast(learn.low_dtype):
        pred = learn.model(*inputs)
    return pred.float() if pred.dtype == dl.bfloat16 else pred


def predictions(learn: Any, loader: Any) -> Iterator[tuple[Any, Any]]:
    """(prediction, target) of each batch, in eval mode and without gradients."""
    modes = [(m, m.training) for m in learn.model.modules()]
    learn.model.eval()
    try:
        with dl.no_grad():
            for batch in loader:
                *inputs, target = learn.data.placed(batch)
                yield forward(learn, tuple(inputs)), target
    finally:
        for m, mode in modes:
            object.__setattr__(m, "training", mode)
