"""What the tests know of instruction sets beside their names."""

from __future__ import annotations

from dlcore import _C

FOR_PRODUCTS = ("avx512bf16", "amx")  # they have rows of products alone
HERE_FOR_PRODUCTS = [isa for isa in FOR_PRODUCTS if isa in _C.isas()]


def vector_isa(isa: str) -> str:
    """The ISA whose rows run at the cap `isa` for an op that is no product."""
    return "avx512" if isa in FOR_PRODUCTS else isa
