"""What a trained Learner says: of a set, of one item, of an item seen several ways. Nothing here shows progress."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import dlcore as dl
import dlcore.nn.functional as F

from . import loop
from .losses import activation_of, sample_losses


class Prediction(NamedTuple):
    """`label`: the class's name (names of a multicategory; a number, point or mask else); `target`: what a target of
    the data would be, as a Tensor; `output`: probabilities, or the model's output where the loss has none."""

    label: Any
    target: Any
    output: Any

    def __str__(self) -> str:
        return str(self.label)


def validate(learn: Any, dl: Any = None, metrics: Any = None) -> list[float]:
    """[loss, metrics…] over the validation set, or another loader: exact means over its samples, in eval mode."""
    loader = learn.data.loader("valid") if dl is None else dl
    chosen = learn.metrics if metrics is None else [metrics] if callable(metrics) else list(metrics)
    loss, values = loop.validate(learn, loader, chosen)
    return [loss, *values]


def get_preds(learn: Any, ds_type: str = "valid", with_loss: bool = False, activ: Any = None) -> tuple:
    """(predictions, targets) of the "valid", "test" or "train" set, in its order; with `with_loss` also each sample's
    loss, which is computed before the activation.

    The activation is softmax, sigmoid or exp where the loss takes their input (see `activation_of`), or `activ`.
    """
    pairs = [(pred.cpu(), target.cpu()) for pred, target in loop.predictions(learn, learn.data.in_order(ds_type))]
    if not pairs:
        raise ValueError(f"get_preds: the {ds_type} set is empty")
    raw, targets = (dl.cat(list(part)) for part in zip(*pairs, strict=True))
    with dl.no_grad():
        preds = (activation_of(learn.loss_func) if activ is None else activ)(raw)
        return (preds, targets, sample_losses(learn.loss_func, raw, targets)) if with_loss else (preds, targets)


def predict(learn: Any, item: Any, thresh: float = 0.5) -> Prediction:
    """The prediction for one sample's input (a tuple for several inputs), through the validation transforms.

    `thresh`: from which probability on a multicategory's class is named.
    """
    inputs = learn.data.one_item(item)
    model = learn.model
    modes = [(m, True) for m in model.modules() if m.training]
    if modes:
        model.eval()
    try:
        with dl.no_grad():
            output = activation_of(learn.loss_func)(loop.forward(learn, inputs).cpu())[0]
    finally:
        for m, mode in modes:
            object.__setattr__(m, "training", mode)
    return named(learn.data, output, thresh)


def named(data: Any, output: Any, thresh: float = 0.5) -> Prediction:
    """One sample's probabilities, or output, as a Prediction."""
    if data.label == "category":
        index = output.argmax(0)
        i = int(index.item())
        return Prediction(data.classes[i] if data.classes else i, index, output)
    if data.label == "multicategory":
        hot = output.numpy() > thresh
        names = [data.classes[i] if data.classes else int(i) for i in np.flatnonzero(hot)]
        return Prediction(names, dl.from_numpy(hot.astype(np.float32)), output)
    if data.label == "segmentation":
        mask = output.argmax(0)
        return Prediction(mask, mask, output)
    return Prediction(output.tolist() if output.ndim else output.item(), output, output)


def tta(
    learn: Any,
    ds_type: str = "valid",
    beta: float = 0.4,
    scale: float = 1.35,
    flip: bool = True,
    with_loss: bool = False,
) -> tuple:
    """Test-time augmentation of pictures (n, c, h, w): beta · plain + (1 - beta) · the mean over zooms by `scale` into
    the four corners, each also mirrored left to right unless `flip=False`.

    Returns (probabilities, targets), and with `with_loss` the loss of each sample: for probabilities their
    -log(p), not (as in fast.ai v1) a softmax of what is one already.
    """
    loader = learn.data.in_order(ds_type)
    activation = activation_of(learn.loss_func)
    plain: list[Any] = []
    seen: list[Any] = []
    targets: list[Any] = []
    views = [(r, c, mirror) for r in (0, 1) for c in (0, 1) for mirror in ((False, True) if flip else (False,))]
    for pred, target, x in _with_inputs(learn, loader):
        if x.ndim != 4:
            raise ValueError(f"TTA: needs pictures (n, c, h, w), got inputs of shape {x.shape}")
        with dl.no_grad():
            total: Any = sum(activation(_eval(learn, zoom(x, scale, *view))) for view in views)
            plain.append(activation(pred))
            seen.append(total * (1 / len(views)))
        targets.append(target)
    with dl.no_grad():
        probs = dl.cat(plain) * beta + dl.cat(seen) * (1 - beta)
        target = dl.cat(targets)
        if not with_loss:
            return probs, target
        return probs, target, _losses_of_probs(learn, probs, target)


def zoom(x: Any, scale: float, row: float, column: float, mirror: bool = False) -> Any:
    """Pictures enlarged by `scale` about the place (row, column), 0 … 1 from top left, and mirrored; same size."""
    part = 1 - 1 / scale
    theta = [[1 / scale, 0.0, part * (2 * column - 1)], [0.0, 1 / scale, part * (2 * row - 1)]]
    if mirror:
        theta[0][0] = -theta[0][0]
    grid = F.affine_grid(dl.tensor([theta] * x.shape[0]), list(x.shape), align_corners=True)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=True)


def _with_inputs(learn: Any, loader: Any) -> Any:
    for x, target in loader:
        with dl.no_grad():
            yield _eval(learn, x), target, x


def _eval(learn: Any, x: Any) -> Any:
    modes = [m for m in learn.model.modules() if m.training]
    learn.model.eval()
    try:
        return loop.forward(learn, learn.data.placed((x,))).cpu()
    finally:
        for m in modes:
            object.__setattr__(m, "training", True)


def _losses_of_probs(learn: Any, probs: Any, target: Any) -> Any:
    if learn.data.label in ("category", "segmentation"):
        return sample_losses(F.nll_loss, dl.log(dl.clamp(probs, min=1e-7)), target)
    if learn.data.label == "multicategory":
        return sample_losses(F.binary_cross_entropy, probs, target.to(probs.dtype))
    return sample_losses(learn.loss_func, probs, target)
