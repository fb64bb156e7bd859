"""remainder, fmod, floor_divide, atan2, bits, compositions like lerp, and the in-place forms of functions."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl

from .cases import Case, away_from_zero, bools, ints, pairs, t
from .common import run_cases

SHAPES = (((67,), (67,)), ((5, 7), (7,)), ((5, 1), (1, 7)), ((2, 3, 5, 7), (2, 3, 5, 7)), ((0, 3), (3,)))
INTEGERS = ("uint8", "int32", "int64")


def clear(rng, shape):
    """Quotients clear of the whole numbers, where a remainder jumps: dividends k + 1/2 … of divisors near 1."""
    return rng.integers(-9, 9, shape) + rng.uniform(0.4, 0.6, shape)


def near_one(rng, shape):
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.999, 1.001, shape)


def divided(draw_a, draw_b):
    return [(t(*a, draw=draw_a), t(*b, draw=draw_b)) for a, b in SHAPES]


CASES = [
    Case(
        "remainder",
        lambda dl, F, x, y: x % y,
        divided(clear, near_one),
        np.remainder,
        ("remainder_fwd",),
        scale="max",
        length=16,
        grad_length=16,
    ),
    Case(
        "fmod",
        lambda dl, F, x, y: x.fmod(y),
        divided(clear, near_one),
        np.fmod,
        ("fmod_fwd",),
        scale="max",
        length=16,
        grad_length=16,
    ),
    Case(
        "floor_divide",
        lambda dl, F, x, y: x // y,
        divided(clear, near_one),
        np.floor_divide,
        ("floor_divide_fwd",),
        grad=False,
    ),
    Case(
        "atan2",
        lambda dl, F, x, y: dl.atan2(x, y),
        divided(away_from_zero, away_from_zero),
        np.arctan2,
        ("atan2_fwd",),
        scale="max",
        grad_length=16,
    ),
    *(
        Case(
            f"{name} of integers",
            lambda dl, F, x, y, name=name: getattr(x, name)(y),
            divided(ints(0, 100), ints(1, 9)),
            oracle,
            (f"{name}_fwd",),
            dtypes=INTEGERS,
            grad=False,
        )
        for name, oracle in (("remainder", np.remainder), ("fmod", np.fmod), ("floor_divide", np.floor_divide))
    ),
    *(
        Case(
            f"{name} of negative integers",
            lambda dl, F, x, y, name=name: getattr(x, name)(y),
            divided(ints(-100, 100), ints(-9, 0)),
            oracle,
            (f"{name}_fwd",),
            dtypes=INTEGERS[1:],
            grad=False,
        )
        for name, oracle in (("remainder", np.remainder), ("fmod", np.fmod), ("floor_divide", np.floor_divide))
    ),
    *(
        Case(f"bitwise {name}", call, pairs(*SHAPES, draw=draw), oracle, (row,), dtypes=dtypes, grad=False)
        for name, call, oracle, row in (
            ("and", lambda dl, F, x, y: x & y, np.bitwise_and, "bitwise_and_fwd"),
            ("or", lambda dl, F, x, y: x | y, np.bitwise_or, "bitwise_or_fwd"),
            ("xor", lambda dl, F, x, y: x ^ y, np.bitwise_xor, "bitwise_xor_fwd"),
        )
        for dtypes, draw in ((INTEGERS, ints(0, 200)), (("bool",), bools))
        for name in [f"{name} of {dtypes[-1]}"]
    ),
    Case(
        "remainder of a number",
        lambda dl, F, x: 7.5 % x,
        [(t(5, 7, draw=near_one),)],
        lambda x: np.remainder(7.5, x),
        scale="max",
        length=16,
        grad_length=16,
        torch_oracle=False,  # PyTorch has no gradient of it
    ),
    Case(
        "atan2 of a number",
        lambda dl, F, x: dl.atan2(x, 2.0),
        [(t(5, 7),)],
        lambda x: np.arctan2(x, 2.0),
        scale="max",
        torch_oracle=False,
    ),  # PyTorch takes tensors only
    Case("lerp", lambda dl, F, x, y: dl.lerp(x, y, 0.25), pairs(*SHAPES), lambda x, y: x + 0.25 * (y - x), scale="max"),
    Case(
        "lerp by a tensor",
        lambda dl, F, x, y, w: dl.lerp(x, y, w),
        [(t(5, 7), t(5, 7), t(7))],
        lambda x, y, w: x + w * (y - x),
        scale="max",
        grad_length=64,
    ),
    Case(
        "addcmul",
        lambda dl, F, x, a, b: dl.addcmul(x, a, b, value=0.5),
        [(t(5, 7), t(5, 7), t(7))],
        lambda x, a, b: x + 0.5 * a * b,
        scale="max",
        grad_length=64,
    ),
    Case(
        "addcdiv",
        lambda dl, F, x, a, b: dl.addcdiv(x, a, b, value=0.5),
        [(t(5, 7), t(5, 7), t(7, draw=away_from_zero))],
        lambda x, a, b: x + 0.5 * a / b,
        scale="max",
        length=16,
        grad_length=128,
    ),
    Case("nan_to_num", lambda dl, F, x: dl.nan_to_num(x), [(t(5, 7),)], lambda x: x),
    Case(
        "clamp by tensors",
        lambda dl, F, x, low, high: x.clamp(low, high),
        [(t(5, 7), t(7, draw=lambda r, s: r.uniform(-2, -0.5, s)), t(5, 7, draw=lambda r, s: r.uniform(0.5, 2, s)))],
        lambda x, low, high: np.minimum(np.maximum(x, low), high),
        grad_length=16,
    ),
]
test_op = run_cases(CASES)


def test_division_by_zero():
    x = dl.tensor([1.0, -1.0, 0.0])
    np.testing.assert_array_equal((x // 0).numpy(), [np.inf, -np.inf, np.nan])
    assert np.isnan((x % 0).numpy()).all()
    for op in (lambda a, b: a // b, lambda a, b: a % b, dl.fmod):
        with pytest.raises(ValueError, match="an integer divided by zero"):
            op(dl.tensor([1, 2]), dl.tensor([1, 0]))
        with pytest.raises(ValueError, match="an integer divided by zero"):
            op(dl.tensor([1, 2]), 0)


def test_the_least_integer_over_minus_one_does_not_trap():
    for dtype in (dl.int32, dl.int64):
        least = dl.tensor([np.iinfo(str(dtype).split(".")[-1]).min], dtype=dtype)
        assert (least % -1).item() == 0 and dl.fmod(least, -1).item() == 0
        assert (least // -1).item() == least.item()  # wraps around, as NumPy


def test_floor_division_agrees_with_the_remainder():
    x = dl.tensor(np.float32([1.0, -1.0, 0.3, 6.0]))
    assert (x // 0.1).tolist() == np.floor_divide(x.numpy(), np.float32(0.1)).tolist()


def test_bits():
    assert (~dl.tensor([0, -1])).tolist() == [-1, 0] and (~dl.tensor([True])).tolist() == [False]
    assert (~dl.tensor([1], dtype=dl.uint8)).tolist() == [254]
    assert (dl.tensor([True]) & dl.tensor([3])).tolist() == [1] and (3 ^ dl.tensor([1])).tolist() == [2]
    with pytest.raises(dl.DTypeError, match="bitwise_and: is defined for integers and bools, got float32"):
        dl.ones(2) & dl.ones(2)


def test_what_is_not_finite():
    x = dl.tensor([1.0, np.nan, np.inf, -np.inf])
    assert x.isnan().tolist() == [False, True, False, False] and x.isinf().tolist() == [False, False, True, True]
    assert x.isfinite().tolist() == [True, False, False, False]
    assert x.nan_to_num(7.0, 8.0, 9.0).tolist() == [1, 7, 8, 9]
    assert x.nan_to_num().tolist()[2:] == [np.finfo("f4").max, -np.finfo("f4").max]
    whole = dl.tensor([1])
    assert whole.isfinite().tolist() == [True] and whole.isinf().tolist() == [False] and whole.nan_to_num() is whole


IN_PLACE = {"relu": (), "sigmoid": (), "tanh": (), "exp": (), "log": (), "sqrt": (), "rsqrt": (), "abs": (), "neg": (),
            "square": (), "reciprocal": (), "pow": (3,), "clamp": (0.6, 1.5), "floor": (), "ceil": (), "round": (),
            "trunc": (), "sin": (), "cos": (), "remainder": (0.7,), "fmod": (0.7,)}  # fmt: skip


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    a = np.random.default_rng(0).uniform(0.5, 2, (5, 7)).astype("f4")
    x = dl.tensor(a)
    view, wanted = x[1:], getattr(x, name)(*IN_PLACE[name]).numpy().copy()
    assert getattr(x, f"{name}_")(*IN_PLACE[name]) is x
    np.testing.assert_array_equal(x.numpy(), wanted)
    np.testing.assert_array_equal(view.numpy(), wanted[1:])
    leaf = dl.tensor(a).requires_grad_()
    with pytest.raises(RuntimeError, match="this leaf tensor needs a gradient"):
        getattr(leaf, f"{name}_")(*IN_PLACE[name])
    y = leaf * 1  # a history: the gradient goes through the new value
    getattr(y, f"{name}_")(*IN_PLACE[name]).sum().backward()
    other = dl.tensor(a).requires_grad_()
    getattr(other * 1, name)(*IN_PLACE[name]).sum().backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), other.grad.numpy())


def test_in_place_with_tensors_and_misfits():
    x, y = dl.tensor([1.0, 2.0]), dl.tensor([3.0, 4.0])
    assert x.lerp_(y, 0.5).tolist() == [2, 3] and x.addcmul_(y, y).tolist() == [11, 19]
    assert x.addcdiv_(y, y, value=2).tolist() == [13, 21]
    whole = dl.tensor([1, 2])
    with pytest.raises(dl.DTypeError, match="exp_: a .*float32 result .* does not fit into a .*int64 tensor"):
        whole.exp_()
    assert whole.tolist() == [1, 2]


def test_clamp_shares_a_tie():
    x, low = dl.tensor([1.0, 0.0, 3.0]).requires_grad_(), dl.tensor([1.0, 1.0, 1.0]).requires_grad_()
    x.clamp(low, 2.0).sum().backward()
    assert x.grad.tolist() == [0.5, 0, 0] and low.grad.tolist() == [0.5, 1, 0]
