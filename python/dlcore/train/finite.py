"""Stopping when numbers go bad, and saying where they did."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np

import dlcore as dl

from .callback import Callback, Run
from .rng import kept_rng

_log = logging.getLogger("dlcore")


class StopOnNaN(Callback):
    """Ends the fit before a loss that is not finite is learnt from, and names where it arose in `reason`.

    That is the first parameter or input that is not finite, else the first op in the model that made such a value:
    the batch is run once more under `autograd.check_finite`. The line goes to the log and to the fit's screen too.
    """

    order = -20
    reason = ""

    def on_train_begin(self, run: Run) -> None:
        self.reason = ""

    def on_backward_begin(self, run: Run) -> None:
        if math.isfinite(run.loss.item()):
            return
        where = _bad_parameter(run) or _bad_input(run) or _bad_op(run)
        self.reason = (
            f"stopped: the loss of batch {run.batch + 1} of epoch {run.epoch + 1} is {run.loss.item()}; {where}"
        )
        _log.warning("%s", self.reason)
        run.learn.show.line(self.reason)
        run.stop_training = True


def _first_bad(x: Any) -> str | None:
    if not x.dtype.is_floating_point:
        return None
    values = x.detach().float().cpu().numpy()
    bad = ~np.isfinite(values)
    if not bad.any():
        return None
    index = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), values.shape))
    return f"{values[index]} at {list(index)}, {int(bad.sum())} of {values.size} values are not finite"


def _bad_parameter(run: Run) -> str | None:
    for name, p in run.learn.model.named_parameters():
        found = _first_bad(p)
        if found:
            return f"parameter {name} is {found}: a step before this one was too large (lr {run.learn.opt.lr:.3g})"
    return None


def _bad_input(run: Run) -> str | None:
    for name, x in (*((f"input {i}", x) for i, x in enumerate(run.inputs)), ("the target", run.target)):
        found = _first_bad(x) if hasattr(x, "dtype") else None
        if found:
            return f"{name} is {found}"
    return None


def _bad_op(run: Run) -> str:
    """Runs the batch again, with buffers and random streams put back afterwards."""
    model = run.learn.model
    before = [(b, b.detach().clone()) for b in model.buffers()]
    try:
        with kept_rng(), dl.no_grad(), dl.autograd.check_finite():
            run.loss_func(model(*run.inputs), run.target)
    except FloatingPointError as error:
        return str(error).removeprefix("check_finite: ")
    finally:
        with dl.no_grad():
            for buffer, value in before:
                buffer.copy_(value)
    return "run again it is finite: the loss, or a callback, does not depend on the batch alone"
