"""Weights as safetensors: a JSON header and raw little-endian arrays, nothing that can run.

The format is https://huggingface.co/docs/safetensors. The metadata is one JSON text under the single key "dlcore":
the library writes several keys in an order that changes from run to run, and equal models must give equal bytes.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import dlcore as dl

from .atomic import atomic_write

_KEY = "dlcore"


def save(tensors: Mapping[str, Any], path: str | os.PathLike, metadata: Mapping[str, Any] | None = None) -> None:
    """Write named Tensors or NumPy arrays to `path`, atomically; `metadata` is anything JSON can hold.

    Raises OSError when the file cannot be written, ValueError for metadata that JSON cannot hold (NaN included),
    DTypeError for bfloat16, which passes through NumPy here and has no type there: convert with ``.float()``.

    >>> import dlcore as dl, tempfile, os
    >>> file = os.path.join(tempfile.mkdtemp(), "a.safetensors")
    >>> save({"a": dl.tensor([3.0, 2.0])}, file, {"recipe": "line"})
    >>> load(file)["a"].numpy().tolist(), load_metadata(file)
    ([3.0, 2.0], {'recipe': 'line'})
    """
    import safetensors.numpy

    if not isinstance(tensors, Mapping):
        raise TypeError(f"save: needs a dict of tensors by name, got {type(tensors).__name__}; see state_dict()")
    # The library stores the bytes of a strided array in memory order, not in index order, so make each one C-ordered:
    # convolution weights are channels-last in memory.
    arrays = {name: np.asarray(_array(value), order="C") for name, value in tensors.items()}
    text = {_KEY: json.dumps(metadata, sort_keys=True, allow_nan=False)} if metadata is not None else None
    data = safetensors.numpy.save(arrays, metadata=text)
    with atomic_write(path) as file:
        file.write(data)


def load(path: str | os.PathLike) -> dict[str, Any]:
    """The Tensors in a safetensors file, by name. Raises FileNotFoundError, or ValueError when it is damaged."""
    import safetensors

    data = Path(path).read_bytes()
    try:
        parts = safetensors.deserialize(data)
    except (safetensors.SafetensorError, ValueError) as error:
        raise ValueError(f"{path}: not a safetensors file, or damaged ({error})") from None
    return {name: _tensor(f"{path}: {name}", part) for name, part in parts}


def load_metadata(path: str | os.PathLike) -> Any:
    """The metadata that `save` put into the file, or None. Reads the header only; raises as `load`."""
    import safetensors

    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(_KEY)
        return None if text is None else json.loads(text)
    except (safetensors.SafetensorError, ValueError) as error:
        raise ValueError(f"{path}: not a safetensors file, or damaged ({error})") from None


_DTYPES = {"BOOL": "bool", "U8": "uint8", "I32": "int32", "I64": "int64"}
_DTYPES |= {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def _tensor(where: str, part: Mapping[str, Any]) -> Any:
    if part["dtype"] not in _DTYPES:
        raise ValueError(f"{where} is of dtype {part['dtype']}, which dlcore does not have; it reads {list(_DTYPES)}")
    flat = dl.tensor(np.frombuffer(part["data"], np.uint8)).view(getattr(dl, _DTYPES[part["dtype"]]))
    return flat.view(tuple(part["shape"]))


def _array(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value
