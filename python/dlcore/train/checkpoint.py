"""Checkpoints: a fit's whole state on disk, from which another process goes on bit for bit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import state
from .callback import Callback, Run
from .schedule import Scheduler
from .tree import read, write


class Checkpoint(Callback):
    """Writes the state of the fit to `path` after every `every` batches and at the end of each epoch, atomically.

    The file holds model, optimiser, schedule, random streams, the loaders' places, the recorder and what callbacks
    keep. `Learner.resume(path)` continues from it. A relative path is below the Learner's.
    """

    order = 100  # everything else is done with the batch
    only_watches = True

    def __init__(self, path: str | os.PathLike, every: int = 100):
        if every < 1:
            raise ValueError(f"Checkpoint: every must be at least 1 batch, not {every}")
        self.path, self.every = Path(path), every

    def on_train_begin(self, run: Run) -> None:
        self.file = Path(run.learn.path) / self.path
        self.file.parent.mkdir(parents=True, exist_ok=True)

    def on_batch_end(self, run: Run) -> None:
        if run.iteration % self.every == 0:
            write(self.file, state.fit_state(run))

    def on_epoch_end(self, run: Run) -> None:
        write(self.file, state.fit_state(run))


def resume(learn: Any, path: str | os.PathLike, callbacks: Iterable[Callback] | None = None) -> None:
    """Continues the fit that wrote the checkpoint `path`, as if it had never stopped: the same bits.

    Build the Learner as it was built then: same data, model, optimiser, callbacks (those of the fit itself are given
    here). Schedule and place come from the file, also in the middle of an epoch. A fit that was over stays over.
    ValueError, before anything changes, for another model, optimiser or data; FileNotFoundError where there is none.
    """
    file = Path(learn.path) / path
    saved = state.checked(file, read(file), ("learner", "run", "schedules", "callbacks"))
    batches = len(learn.data.train_dl)
    if saved["run"]["batches"] != batches:
        raise ValueError(f"{file}: its epochs had {saved['run']['batches']} batches, this data has {batches}")
    schedules = [Scheduler.from_data(data) for data in saved["schedules"]]
    own = [c for c in learn.callbacks if not isinstance(c, Scheduler)]
    given = [c for c in callbacks or () if not isinstance(c, Scheduler)]
    run = Run(learn, saved["run"]["epochs"], batches)
    state.check_fit(learn, saved, [*own, *given])
    _take_optimizer(learn, file, saved["learner"])
    learn.low_precision = saved["low_precision"]
    before, learn.callbacks = learn.callbacks, own
    try:
        learn._run(run, [*schedules, *given], saved)
    finally:
        learn.callbacks = before


def _take_optimizer(learn: Any, file: Path, saved: dict[str, Any]) -> None:
    """An optimiser over what was trained then, with its state; all as before where that does not fit."""
    opt, trained = learn.opt, [(p, p.requires_grad) for p in learn.model.parameters()]
    try:
        state.refreeze(learn, saved["frozen"])
        learn.opt.load_state_dict(saved["opt"])
    except ValueError as error:
        learn.opt = opt
        for p, was in trained:
            p.requires_grad_(was)
        raise ValueError(f"{file}: {error}") from None
