"""float16 and bfloat16: every bit pattern, every tie, and what computes with them says so."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl

PATTERNS = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)


def bits(x: dl.Tensor) -> np.ndarray:
    return x.view(dl.uint8).numpy().view(np.uint16).ravel()


def bfloat16_bits(x: np.ndarray) -> np.ndarray:
    """By comparison: the nearer of the two neighbours, the even one of a tie."""
    finite = np.arange(0x7F80)  # positive ones, ascending
    wide = (finite.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    magnitude = np.abs(x.astype(np.float64))
    at = np.clip(np.searchsorted(wide, magnitude, "right") - 1, 0, len(finite) - 1)
    low, up = wide[at], np.where(at + 1 < len(finite), wide[np.minimum(at + 1, len(finite) - 1)], 2.0**128)
    below, above = magnitude - low, up - magnitude
    at = at + ((above < below) | ((above == below) & (at % 2 == 1)))
    return (at | np.signbit(x) * 0x8000).astype(np.uint16)


def hard_floats() -> np.ndarray:
    """Every half, every midpoint of two, their neighbours, and a sample of all floats."""
    halves = np.sort(PATTERNS.view(np.float16)[np.isfinite(PATTERNS.view(np.float16))].astype(np.float64))
    middle = ((halves[1:] + halves[:-1]) / 2).astype(np.float32)
    edge = np.float32([0.0, -0.0, 65504, 65519.996, 65520, np.inf, -np.inf, 2.0**-24, 2.0**-25, 3.4e38])
    parts = [halves.astype(np.float32), middle, np.nextafter(middle, np.float32(1e9)), -middle, edge]
    sample = np.random.default_rng(0).integers(0, 1 << 32, 200_000, dtype=np.uint32).view(np.float32)
    return np.concatenate([*parts, sample[np.abs(sample) >= np.finfo(np.float32).tiny]])


def test_float16_is_numpys(isa):
    halves = PATTERNS.view(np.float16)
    nan = np.isnan(halves)
    wide = dl.from_numpy(halves.copy()).float().numpy()
    np.testing.assert_array_equal(wide[~nan].view(np.uint32), halves.astype(np.float32)[~nan].view(np.uint32))
    assert np.isnan(wide[nan]).all() and nan.any()
    x = hard_floats()
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(bits(dl.tensor(x).half()), x.astype(np.float16).view(np.uint16))
        close = x.astype(np.float64) * (1 + 1e-12)  # rounds to a tie on the way through float32
        np.testing.assert_array_equal(bits(dl.tensor(close).half()), close.astype(np.float16).view(np.uint16))


def test_bfloat16_rounds_to_nearest_even(isa):
    x = hard_floats()
    finite = x[np.isfinite(x)]
    np.testing.assert_array_equal(bits(dl.tensor(finite).bfloat16()), bfloat16_bits(finite))
    every = dl.tensor(PATTERNS.view(np.uint8)).view(dl.bfloat16)
    wide = (PATTERNS.astype(np.uint32) << 16).view(np.float32)
    nan = np.isnan(wide)
    np.testing.assert_array_equal(every.float().numpy()[~nan], wide[~nan])
    np.testing.assert_array_equal(bits(every.float().bfloat16())[~nan], PATTERNS[~nan])


@pytest.mark.parametrize("dtype", [dl.float16, dl.bfloat16])
def test_storage(dtype):
    x = dl.tensor([[1.5, -2.0], [0.25, 3.0]]).to(dtype)
    assert x.dtype == dtype and x.is_floating_point() and x.array.dtype.itemsize == 2
    assert x.tolist() == [[1.5, -2.0], [0.25, 3.0]] and x[0, 0].item() == 1.5
    assert repr(x[0]) == f"tensor([ 1.5, -2. ], dtype={dtype})"
    assert dl.cat([x, x]).dtype == dtype and x.T.contiguous().tolist() == [[1.5, 0.25], [-2.0, 3.0]]
    x[1] = 7
    assert x.tolist() == [[1.5, -2.0], [7.0, 7.0]]
    assert dl.zeros(3, dtype=dtype).dtype == dtype and dl.full((1,), 0.5, dtype=dtype).item() == 0.5


def test_promotion():
    half, brain = dl.zeros(1, dtype=dl.float16), dl.zeros(1, dtype=dl.bfloat16)
    assert dl.cat([half, brain]).dtype == dl.float32 and dl.cat([half, dl.tensor([1])]).dtype == dl.float16
    assert (half + dl.ones(1)).dtype == dl.float32


def test_gradients_pass_through_a_conversion():
    x = dl.tensor([1.0, 3.0], requires_grad=True)
    (x.half().float() * dl.tensor([2.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda h: h + h, "add: a float16 tensor is for storage; convert with"),
        (lambda h: h * 2.0, "mul: a float16 tensor is for storage"),
        (lambda h: h.add_(1), "add_: a float16 tensor is for storage"),
        (lambda h: h == h, "eq: a float16 tensor is for storage"),
        (lambda h: h.sum(), "sum: a float16 tensor is for storage"),
        (lambda h: h.relu(), r"relu: needs a float32 or float64 tensor, got float16 of shape \(2,\)"),
        (lambda h: h.bfloat16().numpy(), "NumPy has no bfloat16; convert with .float()"),
    ],
)
def test_what_computes_asks_for_floats(call, text):
    with pytest.raises(dl.DTypeError, match=text):
        call(dl.zeros(2, dtype=dl.float16))


def test_view_as_another_dtype():
    x = dl.tensor([[1.0, 2.0, 3.0, 4.0]] * 2)
    assert x.view(dl.uint8).shape == (2, 16) and x.view(dl.float64).shape == (2, 2)
    np.testing.assert_array_equal(x.view(dl.int32).numpy(), x.numpy().view(np.int32))
    np.testing.assert_array_equal(x[1:, 2:].view(dl.int64).numpy(), x.numpy()[1:, 2:].view(np.int64))
    with pytest.raises(dl.ShapeError, match="not a whole number of float64 elements"):
        x[:, :3].view(dl.float64)
    with pytest.raises(dl.ShapeError, match="needs a last dimension without gaps; use .contiguous"):
        x.T.view(dl.uint8)
