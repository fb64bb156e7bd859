"""What the tests know of instruction sets beside their names."""

from __future__ import annotations


def vector_isa(isa: str) -> str:
    """The ISA whose rows run at the cap `isa` for an op that is no product: tiles ("amx") are for products alone."""
    return "avx512" if isa == "amx" else isa
