"""Learner: data, model, loss and optimiser brought together, and a few lines to train them.

Who owns what: the Learner has the model, the optimiser and the data; a `Run` (callback.py) is one fit and says where
it stands; everything else that training does is a callback. Each of these has `state_dict` and `load_state_dict`, and
state.py puts them together: a checkpoint is that state on disk, and `lr_find` is a fit between a copy of it and its
return.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from dlcore import nn

from . import inference, interpret, state
from .callback import Callback, Moments, Run
from .checkpoint import resume
from .databunch import DataBunch
from .gradients import LossScaler
from .groups import BATCH_NORMS, lr_range, make_groups
from .loop import fit as run_fit
from .losses import default_loss
from .lr_find import lr_find
from .metrics import MetricFunc, name_of
from .optimizer import AdamW, OptimWrapper
from .progress import Progress, Watch
from .recorder import Recorder
from .schedule import Scheduler, one_cycle_phases

LR = slice(3e-3)
Rate = float | slice | Sequence[float]


class Learner:
    """Trains `model` on `data`. Names, defaults and behaviour are fast.ai v1's.

    `opt_func(groups, lr=…)` makes the optimiser; `loss_func(pred, target)` defaults to what suits `data.label`;
    `metrics` are functions of (pred, target), see dlcore.train.metrics. `wd`: weight decay, decoupled with `true_wd`
    (else added to gradients), of batch norms and biases only with `bn_wd`. `train_bn`: batch norms stay trainable in
    frozen layers. `layer_groups`: where the model is cut into groups (see `split`). `show`: where progress goes.
    Files go below `path`. Parameters get other optimisers in `freeze_to`; else an optimiser lives through all fits.

    >>> import numpy as np
    >>> import dlcore as dl
    >>> from dlcore.data import TensorDataset
    >>> from dlcore.train import DataBunch, Learner, Progress, accuracy
    >>> x = np.random.RandomState(0).randn(256, 2).astype(np.float32)
    >>> points = TensorDataset(x, (x[:, 0] > x[:, 1]).astype(np.int64))
    >>> model = dl.nn.Sequential(dl.nn.Linear(2, 8), dl.nn.ReLU(), dl.nn.Linear(8, 2))
    >>> learn = Learner(DataBunch.create(points, points, bs=16), model, metrics=accuracy, show=Progress(quiet=True))
    >>> learn.fit_one_cycle(5, 1e-1)
    >>> learn.recorder.metrics[-1][0] > 0.9
    True
    """

    def __init__(
        self,
        data: DataBunch,
        model: nn.Module,
        opt_func: Callable[..., Any] = AdamW,
        loss_func: Callable[[Any, Any], Any] | None = None,
        metrics: MetricFunc | Sequence[MetricFunc] = (),
        *,
        wd: float = 1e-2,
        true_wd: bool = True,
        bn_wd: bool = True,
        train_bn: bool = True,
        path: str | os.PathLike | None = None,
        model_dir: str = "models",
        callbacks: Iterable[Callback] = (),
        layer_groups: Any = None,
        show: Progress | None = None,
    ):
        if not isinstance(model, nn.Module):
            raise TypeError(f"Learner: model must be an nn.Module, got {type(model).__name__}")
        self.data, self.model, self.opt_func = data, model.to(data.device), opt_func
        self.loss_func = default_loss(data.label) if loss_func is None else loss_func
        self.metrics = [metrics] if callable(metrics) else list(metrics)
        self.wd, self.true_wd, self.bn_wd, self.train_bn = wd, true_wd, bn_wd, train_bn
        self.path = Path(data.path if path is None else path)
        self.model_dir, self.callbacks, self.show = model_dir, list(callbacks), show or Progress()
        self.layer_groups = make_groups(model, layer_groups)
        self.opt: OptimWrapper = None  # type: ignore[assignment]  # made by the first fit
        self.low_precision, self.low_dtype = False, "bfloat16"
        self.recorder = Recorder(self)

    @property
    def metric_names(self) -> list[str]:
        return [name_of(m) for m in self.metrics]

    # ---- training
    def fit(
        self, epochs: int, lr: Rate = LR, wd: float | None = None, callbacks: Iterable[Callback] | None = None
    ) -> None:
        """`epochs` at a constant rate (a slice: by layer group, see `lr_range`)."""
        self._ready(lr, wd)
        self._run(Run(self, epochs, len(self.data.train_dl)), list(callbacks or ()))

    def fit_one_cycle(
        self,
        cyc_len: int,
        max_lr: Rate = LR,
        moms: tuple[float, float] = (0.95, 0.85),
        div_factor: float = 25.0,
        pct_start: float = 0.3,
        final_div: float | None = None,
        wd: float | None = None,
        callbacks: Iterable[Callback] | None = None,
        tot_epochs: int | None = None,
        start_epoch: int | None = None,
    ) -> None:
        """One cycle over `cyc_len` epochs: see `one_cycle`. (Not `cyc_len` cycles.)

        With `tot_epochs` the cycle is that long and this fit does part of it, from `start_epoch` on.
        ValueError when the training set has no full batch.
        """
        self._ready(max_lr, wd)
        batches, start = len(self.data.train_dl), start_epoch or 0
        epochs = cyc_len if tot_epochs is None else min(cyc_len, tot_epochs - start)
        total = batches * (start + cyc_len if tot_epochs is None else tot_epochs)
        rates = lr_range(max_lr, len(self.layer_groups))
        phases = one_cycle_phases(total, rates, moms, div_factor, pct_start, final_div)
        self._run(Run(self, epochs, batches), [Scheduler(phases, start * batches), *(callbacks or ())])

    lr_find = lr_find
    resume = resume

    def _ready(self, lr: Rate, wd: float | None) -> None:
        """An optimiser with these rates: the one there is, or a new one."""
        rates = lr_range(lr, len(self.layer_groups))
        if self.opt is None:
            self._new_optimizer()
        self.opt.set_lrs(rates)
        self.opt.wd = self.wd if wd is None else wd

    def _new_optimizer(self) -> None:
        options = {"true_wd": self.true_wd, "bn_wd": self.bn_wd}
        self.opt = OptimWrapper(self.opt_func, self.layer_groups, **options)  # type: ignore[arg-type]

    def _run(self, run: Run, callbacks: list[Callback], saved: dict[str, Any] | None = None) -> None:
        """A fit, or with `saved` the rest of the one whose state that is."""
        if run.epochs * run.batches <= 0:
            raise ValueError(f"fit: nothing to train on: {run.epochs} epochs of {run.batches} batches")
        recorder = Recorder(self)
        moments = Moments([recorder, *self.callbacks, *callbacks, Watch(self.show)])
        run.moments = moments
        self.recorder = recorder
        self.opt.zero_grad()  # a fit that an exception ended may have left some
        with self.show:
            for call in moments.train_begin:
                call(run)
            if saved is not None:
                state.restore_fit(run, saved)
            run_fit(run, moments)

    # ---- layer groups
    def split(self, split_on: Any) -> Learner:
        """Cuts the model into layer groups at the modules given (or by a function of the model, or as listed)."""
        self.layer_groups = make_groups(self.model, split_on)
        self._forget_optimizer()
        return self

    def freeze_to(self, n: int) -> None:
        """Only layer groups from `n` on are trained, and batch norms everywhere unless `train_bn=False`.

        The optimiser starts anew, as in fast.ai: its moments belong to other parameters.
        """
        groups = self.layer_groups
        if not -len(groups) <= n < len(groups):
            raise ValueError(f"freeze_to: group {n} of {len(groups)} layer groups; split() the model first")
        cut = n % len(groups)
        for i, group in enumerate(groups):
            for m in group:
                for p in m.parameters(recurse=False):
                    p.requires_grad_(i >= cut or (self.train_bn and isinstance(m, BATCH_NORMS)))
        self._forget_optimizer()

    def freeze(self) -> None:
        """All but the last layer group."""
        if len(self.layer_groups) < 2:
            raise ValueError("freeze: the model is one layer group, and nothing would be left to train; split() it")
        self.freeze_to(-1)

    def unfreeze(self) -> None:
        """The whole model is trained."""
        self.freeze_to(0)

    def _forget_optimizer(self) -> None:
        self.opt = None  # type: ignore[assignment]

    # ---- precision
    def to_bf16(self) -> Learner:
        """Products in bfloat16 (`dl.autocast`); parameters, their gradients and losses stay float32."""
        self.low_precision, self.low_dtype = True, "bfloat16"
        return self

    def to_fp16(self, loss_scale: float | None = None) -> Learner:
        """fast.ai's mixed precision: the loss is scaled (dynamically, or by `loss_scale`) and a step whose gradients
        overflow is skipped. Products are float16's on CUDA; a CPU has none, and they are bfloat16's, as with `to_bf16`,
        which needs no scale."""
        scaler = LossScaler() if loss_scale is None else LossScaler(loss_scale, dynamic=False)
        self.to_fp32().to_bf16().callbacks.append(scaler)
        if self.data.device == "cuda":
            self.low_dtype = "float16"
        return self

    def to_fp32(self) -> Learner:
        self.low_precision = False
        self.callbacks = [c for c in self.callbacks if not getattr(c, "is_precision", False)]
        return self

    # ---- looking
    def summary(self) -> Any:
        """The model's layers with output shapes and parameters, for a batch of the data; nothing is trained."""
        *inputs, _ = self.data.one_batch()
        return nn.summary(self.model, *inputs)

    validate = inference.validate
    get_preds = inference.get_preds
    predict = inference.predict
    TTA = inference.tta
    show_results = interpret.show_results

    # ---- files
    def save(self, name: str, with_opt: bool = True) -> Path:
        """Model and optimiser into path/models/NAME.safetensors, atomically; returns its path."""
        return state.save(self, self._file(name), with_opt)

    def load(self, name: str, with_opt: bool = True) -> Learner:
        """What `save` wrote; ValueError, with nothing changed, where the model (or with `with_opt` the optimiser) does
        not fit. A file saved without optimiser leaves it as it is."""
        state.load(self, self._file(name), with_opt)
        return self

    def export(self, name: str | os.PathLike = "export.safetensors") -> Path:
        """Model, classes and transforms as one file for `load_learner`: see export.py."""
        from .export import export

        return export(self, name)

    def _file(self, name: str) -> Path:
        return self.path / self.model_dir / f"{name}.safetensors"

    def __repr__(self) -> str:
        kind, groups = type(self.model).__name__, len(self.layer_groups)
        return (
            f"Learner({kind}, {groups} layer groups; {self.data!r}; metrics {', '.join(self.metric_names) or 'none'})"
        )
