"""einsum against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcore as dl

from .cases import Case, t
from .common import run_cases

EQUATIONS = [
    ("ij,jk->ik", (5, 7), (7, 3)),
    ("ij,kj->ki", (5, 7), (3, 7)),
    ("bij,bjk->bik", (2, 5, 7), (2, 7, 3)),
    ("bhqd,bhkd->bhqk", (2, 3, 5, 7), (2, 3, 4, 7)),
    ("i,j->ij", (5,), (7,)),
    ("i,i->", (67,), (67,)),
    ("ij->ji", (5, 7)),
    ("ij->", (5, 7)),
    ("ii->i", (5, 5)),
    ("ii", (5, 5)),
    ("iij,jk->ik", (5, 5, 7), (7, 3)),
    ("...ij,...jk->...ik", (2, 1, 5, 7), (3, 7, 2)),
    ("...i->...", (2, 3, 5)),
    ("ij,jk,kl->il", (5, 7), (7, 3), (3, 2)),
    ("ij,i,j", (5, 7), (5,), (7,)),
    ("bi,oij,bj->bo", (2, 5), (3, 5, 7), (2, 7)),
    ("ij,jk", (0, 7), (7, 3)),
    ("ij,jk->ik", (5, 0), (0, 3)),
    ("ba,ca", (5, 7), (3, 7)),
]
CASES = [
    Case(
        f"einsum {equation} {shapes}",
        lambda dl, F, *xs, equation: dl.einsum(equation, *xs),
        [tuple(t(*shape) for shape in shapes)],
        lambda *xs, equation: np.einsum(equation, *xs),
        attrs={"equation": equation},
        length=2048,
        scale="abs",
    )
    for equation, *shapes in EQUATIONS
]
test_op = run_cases(CASES)


def test_a_size_of_one_broadcasts():
    a, b = np.random.default_rng(0).standard_normal((3, 1)), np.random.default_rng(1).standard_normal((4, 2))
    got = dl.einsum("ij,jk->ik", dl.tensor(a), dl.tensor(b)).numpy()
    np.testing.assert_allclose(got, np.broadcast_to(a, (3, 4)) @ b, rtol=1e-12)


@st.composite
def products(draw):
    sizes = dict(zip("abcde", draw(st.lists(st.integers(1, 4), min_size=5, max_size=5)), strict=True))
    terms = [draw(st.lists(st.sampled_from("abcde"), max_size=4, unique=True)) for _ in range(draw(st.integers(1, 3)))]
    letters = sorted({c for term in terms for c in term})
    output = draw(st.lists(st.sampled_from(letters), unique=True)) if letters else []
    shapes = [[sizes[c] for c in term] for term in terms]
    return ",".join("".join(term) for term in terms) + "->" + "".join(output), shapes


@given(products(), st.integers(0, 99))
def test_any_product_is_numpys(product, seed):
    equation, shapes = product
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    got = dl.einsum(equation, *[dl.tensor(x) for x in arrays]).numpy()
    np.testing.assert_allclose(got, np.einsum(equation, *arrays), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("equation", "error", "text"),
    [
        ("ij", ValueError, "names 1 operands, but 2 are given"),
        ("ij,jkl->ik", ValueError, r"'jkl' in 'ij,jkl->ik' names 3 dimensions of shape \(4, 5\)"),
        ("i,jk->ik", ValueError, r"'i' in .* names 1 dimensions of shape \(2, 3\)"),
        ("ij,jk->iz", ValueError, "the output 'iz'"),
        ("ij,kl->ii", ValueError, "may name each letter of the operands once"),
        ("i1,jk->i", ValueError, "may hold letters and one"),
        (
            "ij,jk->ik",
            dl.ShapeError,
            r"'j' in 'ij,jk->ik' is 3 in one operand and 4 in another; shapes \(2, 3\)",
        ),
    ],
)
def test_mistakes(equation, error, text):
    with pytest.raises(error, match=text):
        dl.einsum(equation, dl.zeros(2, 3), dl.zeros(4, 5))
