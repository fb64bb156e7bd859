"""What can be hung into a fit: ten moments, one object that holds the fit's state.

A callback overrides the moments it needs. Each gets the `Run`, reads from it, and changes it to act: it replaces
`inputs` or `loss`, or sets `skip_step`, `stop_epoch`, `stop_training`. The moments of one fit, in order:

    on_train_begin
      on_epoch_begin                                        model.train()
        on_batch_begin      inputs, target                  → pred
        on_loss_begin       pred                            → loss
        on_backward_begin   loss                            loss.backward()
        on_backward_end     the parameters' gradients       opt.step()
        on_step_end                                         opt.zero_grad()
        on_batch_end        the batch is over
      on_epoch_end          valid_loss and metrics are in `row`
    on_train_end            always, also after an exception

What a callback keeps from one moment to the next belongs into `state_dict`: then a fit resumes bit for bit, and
`lr_find` leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

EVENTS = (
    *("train_begin", "epoch_begin", "batch_begin", "loss_begin", "backward_begin"),
    *("backward_end", "step_end", "batch_end", "epoch_end", "train_end"),
)


class Run:
    """One fit. `epoch` and `batch` count what is done: 0 while the first is on; `iteration` counts batches in all.

    `inputs` (a tuple), `target`, `pred` and `loss` are the batch's; `smooth_loss` is the bias-corrected moving average
    (β = .98) of the losses before any callback changed them. `row` is the epoch's line of the table.
    """

    def __init__(self, learn: Any, epochs: int, batches: int):
        self.learn, self.epochs, self.batches = learn, epochs, batches
        self.epoch = self.batch = self.iteration = 0
        self.inputs: tuple = ()
        self.target: Any = None
        self.pred: Any = None
        self.loss: Any = None
        self.loss_func: Callable[[Any, Any], Any] = learn.loss_func
        self.average, self.smooth_loss = 0.0, 0.0
        self.row: dict[str, float] = {}
        self.skip_step = self.skip_zero = self.stop_epoch = self.stop_training = False
        self.validates, self.resumed = True, False
        self.exception: BaseException | None = None
        self.moments: Moments

    def state_dict(self) -> dict[str, Any]:
        """Where the fit stands."""
        names = ("epochs", "batches", "epoch", "batch", "iteration", "average", "smooth_loss", "stop_epoch")
        return {name: getattr(self, name) for name in (*names, "stop_training", "validates")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class Callback:
    """Base class; overrides what it needs. `order`: lower comes first at every moment; equal ones as they were given.

    `only_watches` is True for what does not take part in training (logs, files): `lr_find` leaves it out.

    >>> from dlcore.train import Callback
    >>> class Count(Callback):
    ...     def on_train_begin(self, run):
    ...         self.batches = 0
    ...     def on_batch_end(self, run):
    ...         self.batches += 1
    """

    order = 0
    only_watches = False

    def on_train_begin(self, run: Run) -> None: ...

    def on_epoch_begin(self, run: Run) -> None: ...

    def on_batch_begin(self, run: Run) -> None: ...

    def on_loss_begin(self, run: Run) -> None: ...

    def on_backward_begin(self, run: Run) -> None: ...

    def on_backward_end(self, run: Run) -> None: ...

    def on_step_end(self, run: Run) -> None: ...

    def on_batch_end(self, run: Run) -> None: ...

    def on_epoch_end(self, run: Run) -> None: ...

    def on_train_end(self, run: Run) -> None: ...

    def state_dict(self) -> dict[str, Any]:
        """What must be restored to continue in the middle of a fit: numbers, texts, lists, dicts, arrays, Tensors."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes what `state_dict` gave; called after `on_train_begin` of the fit that continues."""


class Moments:
    """The callbacks in their order; `moments.batch_end` is the list of methods to call then, overridden ones alone."""

    def __init__(self, callbacks: Sequence[Callback]):
        for callback in callbacks:
            if not isinstance(callback, Callback):
                hint = "; pass an object, not the class" if isinstance(callback, type) else ""
                raise TypeError(f"Learner: a callback is a dlcore.train.Callback, got {callback!r}{hint}")
        self.callbacks = sorted(callbacks, key=lambda c: c.order)
        for event in EVENTS:
            name = "on_" + event
            methods = [
                getattr(c, name) for c in self.callbacks if getattr(type(c), name) is not getattr(Callback, name)
            ]
            setattr(self, event, methods)

    def __getattr__(self, name: str) -> list[Callable[[Run], None]]:  # for mypy: __init__ sets each of EVENTS
        raise AttributeError(name)
