"""Embedding look-up and its dense gradient: a language model's table, and the recommender's."""

from __future__ import annotations

from typing import Any

from ..harness import Lib, Row, backward


def embedding(lib: Lib, rows: int, width: int, batch: tuple[int, ...], train: bool) -> Any:
    table, ids = lib.normal(rows, width, grad=train), lib.ints(rows, *batch)
    if not train:
        return lambda: lib.F.embedding(ids, table)
    v = lib.normal(*batch, width)
    return lambda: backward(lib.F.embedding(ids, table), v, table)


SHAPES = {"60000x400 batch 48x70": (60000, 400, (48, 70)), "1683x40 batch 64": (1683, 40, (64,))}
ROWS = [
    Row(
        f"embedding {label} {'fwd+bwd' if train else 'fwd'}",
        lambda lib, r=rows, w=width, b=batch, t=train: embedding(lib, r, w, b, t),
        ("embedding_fwd", "embedding_bwd") if train else ("embedding_fwd",),
        # forward: read and write the picked rows; backward: clear the table's gradient, then add the picked rows
        bytes=0.0 if batch == (64,) else 4.0 * width * (48 * 70 * 2 + ((48 * 70 * 3 + rows) if train else 0)),
    )
    for label, (rows, width, batch) in SHAPES.items()
    for train in (False, True)
]
