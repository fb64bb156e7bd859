"""Fixtures of every test: the same seed, and the thread count put back. Markers are listed in pyproject.toml."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

import dlcore as dl
from dlcore import testing

# 100 examples an op, the same ones on every run and machine: a failure in CI is a failure at the desk.
settings.register_profile("dlcore", max_examples=100, derandomize=True, deadline=None, database=None)
settings.load_profile("dlcore")


@pytest.fixture(autouse=True)
def _same_start() -> Iterator[None]:
    """Each test starts from seed 0, and a test that changes the thread count does not change the next test's."""
    random.seed(0)
    np.random.seed(0)
    dl.manual_seed(0)
    before = dl.get_num_threads()
    yield
    if dl.get_num_threads() != before:
        dl.set_num_threads(before)


@pytest.fixture(params=sorted({k["isa"] for k in testing.kernels() if k["device"] == "cpu"}))
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once on each ISA that was built and that this machine has."""
    with testing.isa(request.param):
        yield request.param
