"""The table of a model's layers, as fast.ai's model_summary shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dlcore import _C, creation
from dlcore.autograd import no_grad
from dlcore.nn.module import Module
from dlcore.tensor import Tensor


class Layer(NamedTuple):
    """One row: a call of a layer. `parameters` counts its own, and those that an earlier row has counted as 0."""

    name: str
    type: str
    shape: str
    parameters: int
    trainable: int


class Summary:
    """What ``summary`` returns; printing it shows the table."""

    def __init__(self, layers: list[Layer]):
        self.layers = layers
        self.parameters = sum(x.parameters for x in layers)
        self.trainable = sum(x.trainable for x in layers)

    def __repr__(self) -> str:
        head = ("Layer", "Type", "Output shape", "Parameters", "Trainable")
        rows = [(x.name, x.type, x.shape, f"{x.parameters:,}" if x.parameters else "", _word(x)) for x in self.layers]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        form = "  ".join(f"{{:{'>' if i == 3 else '<'}{w}}}" for i, w in enumerate(widths))
        lines = [form.format(*row).rstrip() for row in (head, *rows)]
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        frozen = self.parameters - self.trainable
        total = f"{self.parameters:,} parameters: {self.trainable:,} trainable, {frozen:,} frozen"
        return "\n".join([lines[0], rule, *lines[1:], rule, total])


def _word(layer: Layer) -> str:
    if not layer.parameters:
        return ""
    return "yes" if layer.trainable == layer.parameters else "in part" if layer.trainable else "no"


def summary(model: Module, *inputs: Any, dtype: _C.DType = _C.DType.float32) -> Summary:
    """Runs `model` once and lists each layer that ran: output shape, parameters, and whether they are trainable.

    An input is a Tensor, or a shape, batch included, of zeros of `dtype`; a tuple of ints is one shape. The run is in
    eval mode and records nothing; modes are put back after it. Rows are modules that hold no other, and those with
    parameters of their own; layers that did not run are listed last. Raises what the model's forward raises.

    >>> from dlcore import nn
    >>> nn.summary(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)), (8, 3))
    Layer  Type    Output shape  Parameters  Trainable
    ──────────────────────────────────────────────────
    0      Linear  (8, 4)                16  yes
    1      ReLU    (8, 4)
    2      Linear  (8, 1)                 5  yes
    ──────────────────────────────────────────────────
    21 parameters: 21 trainable, 0 frozen
    """
    if not inputs:
        raise TypeError("summary: needs the model's inputs, as tensors or as shapes with the batch: (1, 3, 224, 224)")
    tensors = [x if isinstance(x, Tensor) else creation.zeros(*x, dtype=dtype) for x in inputs]
    calls: list[tuple[str, Module, str]] = []
    with _watched(model, calls), no_grad():
        model(*tensors)
    ran = {id(m) for _, m, _ in calls}
    for name, m in _rows(model):
        if id(m) not in ran:
            calls.append((name, m, "not run"))
    seen: set[int] = set()
    layers = []
    for name, m, shape in calls:
        own = [p for p in m.parameters(recurse=False) if id(p) not in seen]
        seen.update(map(id, own))
        sizes = [(p.numel(), p.requires_grad) for p in own]
        layers.append(Layer(name, type(m).__name__, shape, sum(n for n, _ in sizes), sum(n for n, t in sizes if t)))
    return Summary(layers)


def _rows(model: Module) -> list[tuple[str, Module]]:
    named = [(name or "model", m) for name, m in model.named_modules()]
    return [(name, m) for name, m in named if not m._modules or next(m.parameters(recurse=False), None) is not None]


@contextmanager
def _watched(model: Module, calls: list[tuple[str, Module, str]]) -> Iterator[None]:
    """Notes name and output shape of each row's call, in order of their ends, in eval mode."""
    modes = [(m, m.training) for m in model.modules()]
    handles = []
    for name, m in _rows(model):

        def note(module: Module, args: tuple, output: Any, name: str = name) -> None:
            calls.append((name, module, _shape(output)))

        handles.append(m.register_forward_hook(note))
    try:
        model.eval()
        yield
    finally:
        for handle in handles:
            handle.remove()
        for m, mode in modes:
            object.__setattr__(m, "training", mode)


def _shape(output: Any) -> str:
    if isinstance(output, Tensor):
        return str(output.shape)
    if isinstance(output, dict):
        return "{" + ", ".join(f"{k}: {_shape(v)}" for k, v in output.items()) + "}"
    if isinstance(output, (list, tuple)):
        return "[" + ", ".join(map(_shape, output)) + "]"
    return type(output).__name__
