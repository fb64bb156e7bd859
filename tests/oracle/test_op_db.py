"""Every sample of PyTorch's op database for every name we share: the same, or explained."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("expecttest")  # the database's module imports it

from .explained import EXPLAINED, RANDOM  # noqa: E402
from .op_db import outcomes, shared  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch's own, about its database


@pytest.mark.parametrize("op", shared(), ids=[op.name for op in shared()])
def test_agrees_or_is_explained(op):
    found = list(outcomes(op))
    unexplained = [o.text for o in found if o.kind != "same" and not o.reason]
    assert not unexplained, f"{len(unexplained)} of {len(found)} samples: {unexplained[:5]}"


def test_explanations_are_of_ops_we_share():
    assert {*EXPLAINED, *RANDOM} <= {op.name for op in shared()}
