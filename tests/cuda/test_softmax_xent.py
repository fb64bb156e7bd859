"""Labels that no class has, on the device: an error at the next wait, and no read past scores and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import dlcore as dl
from dlcore.nn import functional as F

Schedules = Callable[..., Iterator[int]]


@pytest.mark.parametrize("wrong", [4, -1])
def test_a_label_without_a_class_reads_one_that_there_is(schedules: Schedules, wrong: int) -> None:
    x, w = dl.ones(3, 4).cuda(), dl.ones(4).cuda()  # 48 and 16 bytes: what follows is closed
    for weight in (None, w):
        for _ in schedules(0):
            losses = F.cross_entropy(x, dl.tensor([0, 1, wrong]).cuda(), weight=weight, reduction="none")
            with pytest.raises(IndexError, match="cross_entropy"):
                dl.cuda.synchronize()
            assert np.ptp(losses.cpu().numpy()) == 0
