"""The backend's library: opened when a tensor first goes to the device, never at import."""

from __future__ import annotations

from pathlib import Path

from dlcore import _C

_LIBRARY = Path(__file__).parents[1] / "libdlcore_cuda.so"


def open_backend() -> None:
    """Registers the CUDA kernels of this build, once. Does nothing in a build without them."""
    if not _C.has_cuda() and _LIBRARY.exists():
        _C.load_backend(str(_LIBRARY))


def is_available() -> bool:
    """Whether tensors can go to "cuda": this build has the backend, and the machine a driver and a GPU.

    >>> import dlcore as dl
    >>> device = "cuda" if dl.cuda.is_available() else "cpu"
    """
    return why_not() is None


def why_not() -> str | None:
    """Why tensors cannot go to "cuda" here, in the words of the error that ``x.to("cuda")`` raises; None if they can.

    >>> import dlcore as dl
    >>> dl.cuda.is_available() == (dl.cuda.why_not() is None)
    True
    """
    try:
        open_backend()
        _C.to_device(_C.empty((1,), _C.DType.float32), "cuda")
    except _C.DeviceError as error:
        return str(error)
    return None


def check_sync(on: bool) -> None:
    """Whether a label or index out of range is an error of the op that got it, which then waits for the GPU each time,
    instead of the next copy to the host or `synchronize`. For finding mistakes: it is slow. Raises DeviceError where
    there is no backend.
    """
    open_backend()
    _C.cuda_check_sync(on)


def synchronize() -> None:
    """Waits until the GPU has finished what it was given, on every stream. Raises DeviceError where there is no
    backend, and what a kernel found wrong since the last wait.
    """
    open_backend()
    _C.cuda_synchronize()
