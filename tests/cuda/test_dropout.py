"""Dropout's threshold on CUDA."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dlcore as dl
from dlcore.nn import functional as F


def kept(words: int, device: str) -> bool:
    """Whether the first of some elements is, where that many of 2^32 words drop one."""
    dl.manual_seed(0)
    return F.dropout(dl.ones(5).to(device), words / 2**32).cpu().numpy()[0] != 0


def test_a_word_that_is_the_threshold_keeps_its_element(schedules: Callable[..., Iterator[int]]) -> None:
    word, beyond = 0, 1 << 32
    while beyond - word > 1:
        middle = (word + beyond) // 2
        word, beyond = (middle, beyond) if kept(middle, "cpu") else (word, middle)
    for _ in schedules(0):
        assert kept(word, "cuda") and not kept(word + 1, "cuda")
