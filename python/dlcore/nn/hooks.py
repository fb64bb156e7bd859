"""Functions called before and after a Module's forward, and when the gradients of its outputs and inputs are known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from dlcore.autograd import mode, on_watch, record_joint, watch
from dlcore.hooks import HookHandle
from dlcore.tensor import Tensor

if TYPE_CHECKING:
    from dlcore.nn.module import Module

_keys = count()


class ModuleHooks:
    """The hooks of one module, in order of registration. A module without any has none of these."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Callable, bool]] = {}
        self.after: dict[int, tuple[Callable, bool]] = {}
        self.backward: dict[int, Callable] = {}

    def call(self, module: Module, args: tuple, kwargs: dict) -> Any:
        for hook, with_kwargs in tuple(self.before.values()):
            changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            if changed is not None and with_kwargs:
                args, kwargs = changed
            elif changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        watched = _Gradients(module, self) if self.backward and mode.recording else None
        if watched:
            args = watched.enter(args)
        output = module.forward(*args, **kwargs)
        for hook, with_kwargs in tuple(self.after.values()):
            changed = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
            if changed is not None:
                output = changed
        return watched.leave(output) if watched else output


class _Gradients:
    """One call's gradients on their way to backward hooks: those of the outputs wait here for those of the inputs."""

    def __init__(self, module: Module, hooks: ModuleHooks):
        self.module, self.hooks = module, hooks
        self.places: list[int] = []  # of the inputs that need a gradient, among the positional arguments
        self.arguments = 0
        self.outputs: tuple = ()

    def enter(self, args: tuple) -> tuple:
        self.arguments = len(args)
        self.places = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        if not self.places:
            return args
        inputs = [args[i] for i in self.places]
        passed = record_joint([x.array for x in inputs], inputs_backward, inputs, (), self)
        new = dict(zip(self.places, passed, strict=True))
        return tuple(new.get(i, x) for i, x in enumerate(args))

    def leave(self, output: Any) -> Any:
        several = isinstance(output, (tuple, list))
        outputs = list(output) if several else [output]
        places = [i for i, y in enumerate(outputs) if isinstance(y, Tensor) and y.requires_grad]
        if not places:
            return output
        values = [outputs[i] for i in places]
        passed = record_joint([y.array for y in values], outputs_backward, values, (), self)
        for i, y in zip(places, passed, strict=True):
            outputs[i] = y
        return type(output)(outputs) if several else outputs[0]

    def run(self, gradients: list) -> list:
        """The hooks, with gradients (Arrays or None) of the arguments; what they make of them."""
        inputs = tuple(None if g is None else Tensor(g) for g in gradients)
        for hook in tuple(self.hooks.backward.values()):
            changed = hook(self.module, inputs, self.outputs)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(inputs):
                raise RuntimeError(
                    f"{type(self.module).__name__}: a full backward hook returned {len(changed)} gradients for "
                    f"{len(inputs)} positional arguments"
                )
            inputs = changed
        return [None if g is None else g.array for g in inputs]


def outputs_backward(gs: list, node: Any) -> list:
    watched: _Gradients = node.attrs
    watched.outputs = tuple(None if g is None else Tensor(g) for g in gs)
    if not watched.places:
        watched.run([None] * watched.arguments)
    return gs


def inputs_backward(gs: list, node: Any) -> list:
    watched: _Gradients = node.attrs
    every: list = [None] * watched.arguments
    for i, g in zip(watched.places, gs, strict=True):
        every[i] = g
    changed = watched.run(every)
    return [changed[i] for i in watched.places]


def _register(module: Module, kind: str, entry: Any) -> HookHandle:
    if module._hooks is None:
        object.__setattr__(module, "_hooks", ModuleHooks())
    hooks, key = getattr(module._hooks, kind), next(_keys)
    hooks[key] = entry
    return HookHandle(hooks, key)


def register_forward_pre_hook(module: Module, hook: Callable, *, with_kwargs: bool = False) -> HookHandle:
    """Calls ``hook(module, args)`` before forward; what it returns, if anything, replaces the positional arguments.

    With ``with_kwargs`` it is ``hook(module, args, kwargs)`` and returns (args, kwargs) or None.
    """
    return _register(module, "before", (hook, with_kwargs))


def register_forward_hook(module: Module, hook: Callable, *, with_kwargs: bool = False) -> HookHandle:
    """Calls ``hook(module, args, output)`` after forward; what it returns, if anything, replaces the output.

    >>> import dlcore as dl
    >>> layer, shapes = dl.nn.Linear(3, 2), []
    >>> handle = layer.register_forward_hook(lambda module, args, output: shapes.append(output.shape))
    >>> _ = layer(dl.zeros(5, 3))
    >>> handle.remove()
    >>> shapes
    [(5, 2)]
    """
    return _register(module, "after", (hook, with_kwargs))


def register_full_backward_hook(module: Module, hook: Callable) -> HookHandle:
    """Calls ``hook(module, grad_input, grad_output)`` when the gradients of a call's inputs are known.

    Both are tuples: grad_input has an entry a positional argument (None for what needs no gradient), grad_output one an
    output that needs one. A tuple that the hook returns replaces grad_input. Where no input needs a gradient it is
    called once grad_output is known. A call's parameters are not among them: give those their own hooks.
    """
    return _register(module, "backward", hook)


def name_layers_in_errors(cls: Any) -> None:
    """Lets ``autograd.check_finite`` name the layer: the calls of Module are replaced while a watch is on."""
    plain = cls.__call__

    def watched(self: Module, *args: Any, **kwargs: Any) -> Any:
        with watch.layer(self, args):
            return plain(self, *args, **kwargs)

    on_watch(lambda watching: setattr(cls, "__call__", watched if watching else plain))
