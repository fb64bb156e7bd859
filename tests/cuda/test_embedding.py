"""Indices that no row has, on the device: an error at the next wait, and no read past the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

Schedules = Callable[..., Iterator[int]]


@pytest.mark.parametrize("wrong", [4, -1, 2**40])
def test_an_index_without_a_row_reads_one_that_there_is(schedules: Schedules, wrong: int) -> None:
    table = dl.ones(4, 4).cuda()  # 64 bytes: what follows is closed
    for _ in schedules(0):
        rows = F.embedding(dl.tensor([0, wrong]).cuda(), table)
        with pytest.raises(IndexError, match="embedding"):
            dl.cuda.synchronize()
        assert np.all(rows.cpu().numpy() == 1)
