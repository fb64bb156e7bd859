"""Sequences of several lengths in one tensor: padded, packed, and between the two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcore import _C, creation
from dlcore.ops.copy import cat, stack
from dlcore.ops.index_slices import index_select
from dlcore.tensor import Tensor


class PackedSequence(NamedTuple):
    """Sequences, longest first, as the rows of step 0, then of step 1, …: no row is padding.

    ``data`` is (rows, …); ``batch_sizes`` (steps,) int64 counts the rows of each step. Where the sequences were not
    sorted, ``sorted_indices`` says which one stands at each place, and ``unsorted_indices`` where each one stands; else
    both are None. Made by ``pack_padded_sequence`` or ``pack_sequence``.
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


def _lengths(op: str, lengths: Any, sequences: int, steps: int) -> np.ndarray:
    values = np.asarray(lengths.tolist() if isinstance(lengths, Tensor) else lengths, np.int64)
    if values.shape != (sequences,):
        raise _C.ShapeError(f"{op}: needs one length for each of the {sequences} sequences, got {values.tolist()}")
    if values.size and not 0 < values.min() <= values.max() <= steps:
        raise ValueError(f"{op}: lengths must be 1 to {steps}, the padded size, got {values.tolist()}")
    return values


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """The first ``lengths[n]`` steps of each sequence of ``input``, (T, N, …) or (N, T, …) with ``batch_first``.

    ``enforce_sorted=False`` sorts the sequences by length first, and what is computed is put back in their own order.
    ValueError where lengths are not in 1 … T or, with ``enforce_sorted``, grow (PyTorch: RuntimeError). Any dtype.

    >>> import dlcore as dl
    >>> x = dl.tensor([[1.0, 2.0], [3.0, 0.0]])
    >>> p = dl.nn.utils.rnn.pack_padded_sequence(x.unsqueeze(2), [2, 1], batch_first=True)
    >>> p.data.flatten().tolist(), p.batch_sizes.tolist()
    ([1.0, 3.0, 2.0], [2, 1])
    """
    if input.ndim < 2:
        raise _C.ShapeError(f"pack_padded_sequence: needs two or more dimensions, got shape {input.shape}")
    steps, sequences = (input.shape[1], input.shape[0]) if batch_first else input.shape[:2]
    values = _lengths("pack_padded_sequence", lengths, sequences, steps)
    order = np.arange(sequences)
    if not enforce_sorted:
        order = np.argsort(-values, kind="stable")
    elif (np.diff(values) > 0).any():
        raise ValueError(
            f"pack_padded_sequence: lengths must not grow, got {values.tolist()}; pass enforce_sorted=False"
        )
    longest = int(values.max(initial=0))
    present = np.arange(longest)[:, None] < values[order]  # (step, place)
    step, place = np.nonzero(present)
    at = order[place] * steps + step if batch_first else step * sequences + order[place]
    data = index_select(input.reshape(steps * sequences, *input.shape[2:]), 0, creation.tensor(at))
    batch_sizes = creation.tensor(present.sum(1))
    if enforce_sorted:
        return PackedSequence(data, batch_sizes)
    return PackedSequence(data, batch_sizes, creation.tensor(order), creation.tensor(np.argsort(order)))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """(padded, lengths) of packed sequences, in their own order: (T, N, …), or (N, T, …) with ``batch_first``.

    T is the longest length, or ``total_length``; ValueError where that is less. Steps past a sequence's end hold
    ``padding_value``.

    >>> import dlcore as dl
    >>> from dlcore.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
    >>> p = pack_padded_sequence(dl.ones(2, 3, 1), [3, 1], batch_first=True)
    >>> y, lengths = pad_packed_sequence(p, batch_first=True)
    >>> y.squeeze(2).tolist(), lengths.tolist()
    ([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]], [3, 1])
    """
    data, sizes = sequence.data, np.asarray(sequence.batch_sizes.tolist(), np.int64)
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(f"pad_packed_sequence: total_length {steps} is less than the longest sequence, {len(sizes)}")
    sequences, rows = int(sizes.max(initial=0)), data.shape[0]
    at = np.full((steps, sequences), rows)  # the row of padding, behind all others
    present = np.arange(sequences) < sizes[:, None]
    at[: len(sizes)][present] = np.arange(rows)
    lengths = present.sum(0)
    if sequence.unsorted_indices is not None:
        places = np.asarray(sequence.unsorted_indices.tolist(), np.int64)
        at, lengths = at[:, places], lengths[places]
    if batch_first:
        at = at.T
    padding = creation.full((1, *data.shape[1:]), padding_value, dtype=data.dtype)
    flat = index_select(cat([data, padding]), 0, creation.tensor(np.ascontiguousarray(at).reshape(-1)))
    return flat.view(*at.shape, *data.shape[1:]), creation.tensor(lengths)


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Tensors (length, …) stacked to (T, N, …), or (N, T, …) with ``batch_first``, padded on one side to the longest.

    >>> import dlcore as dl
    >>> dl.nn.utils.rnn.pad_sequence([dl.ones(1), dl.ones(2)], batch_first=True).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    if padding_side not in ("right", "left"):
        raise ValueError(f'pad_sequence: padding_side is "right" or "left", got {padding_side!r}')
    steps = max(s.shape[0] for s in sequences)
    padded = []
    for s in sequences:
        parts = [s, creation.full((steps - s.shape[0], *s.shape[1:]), padding_value, dtype=s.dtype)]
        padded.append(cat(parts if padding_side == "right" else parts[::-1]))
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded tensor, each a view of its own length."""
    x = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [x[n, : int(length)] for n, length in enumerate(_lengths("unpad_sequence", lengths, *x.shape[:2]))]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Tensors (length, …) packed; ``enforce_sorted`` as for ``pack_padded_sequence``."""
    return pack_padded_sequence(pad_sequence(sequences), [s.shape[0] for s in sequences], False, enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed one, in their own order."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences))
