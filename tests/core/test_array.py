"""Views against NumPy, layouts of results, empty and many-dimensional arrays, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore import _C, testing

f32 = _C.DType.float32


def wrap(shape, dtype="f4"):
    x = np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
    return x, _C.from_numpy(x)


def same(array, expected, of=None):
    """Equal values and shape, and, given the array it is a view of, the same memory."""
    got = array.numpy()
    assert got.shape == expected.shape and array.ndim == expected.ndim and array.size == expected.size
    np.testing.assert_array_equal(got, expected)
    if of is not None and expected.size:
        assert np.shares_memory(got, of)


# ---- One random step: (of our Array, of NumPy's array), or None where it does not apply.
def permute(draw, a, x):
    order = tuple(draw(st.permutations(range(x.ndim))))
    named = tuple(d - x.ndim if draw(st.booleans()) else d for d in order)
    return a.permute(named), x.transpose(order)


def transpose(draw, a, x):
    if x.ndim == 0:
        return None
    i, j = (draw(st.integers(-x.ndim, x.ndim - 1)) for _ in range(2))
    return a.transpose(i, j), x.swapaxes(i, j)


def expand(draw, a, x):
    if x.ndim > 5:
        return None
    shape = tuple(draw(st.integers(0, 3)) if n == 1 and draw(st.booleans()) else n for n in x.shape)
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=1))) + shape
    return a.expand(shape), np.broadcast_to(x, shape)


def index(draw, a, x):
    def one(n):
        if n and draw(st.booleans()):
            return draw(st.integers(-n, n - 1))
        bound = st.none() | st.integers(-n - 2, n + 2)
        return slice(draw(bound), draw(bound), draw(st.none() | st.integers(1, 3)))

    cut = draw(st.integers(0, x.ndim))
    key = [one(n) for n in x.shape[:cut]]
    if cut < x.ndim and draw(st.booleans()):
        tail = draw(st.integers(0, x.ndim - cut))
        key += [Ellipsis] + [one(n) for n in x.shape[x.ndim - tail :]]
    if x.ndim < 7 and draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), None)
    return a.index(tuple(key)), x[tuple(key)]


def cut(draw, a, x):
    if x.ndim == 0:
        return None
    d = draw(st.integers(-x.ndim, x.ndim - 1))
    n, step = x.shape[d], draw(st.integers(1, 3))
    start = draw(st.integers(0, n))
    length = draw(st.integers(0, -(-(n - start) // step)))
    key = [slice(None)] * x.ndim
    key[d] = slice(start, start + length * step, step)
    return a.slice(d, start, length, step), x[tuple(key)]


def squeeze(draw, a, x):
    if x.ndim == 0:
        return None
    d = draw(st.integers(-x.ndim, x.ndim - 1))
    return a.squeeze(d), x.squeeze(d) if x.shape[d] == 1 else x


def unsqueeze(draw, a, x):
    if x.ndim == 8:
        return None
    d = draw(st.integers(-x.ndim - 1, x.ndim))
    return a.unsqueeze(d), np.expand_dims(x, d)


def view(draw, a, x):
    """Where NumPy can regroup without a copy so must we; where it cannot, ShapeError names reshape."""
    shape, rest = [], x.size
    while rest > 1 and len(shape) < 5 and draw(st.booleans()):
        n = draw(st.sampled_from([k for k in range(1, rest + 1) if rest % k == 0]))
        shape.append(n)
        rest //= n
    shape = tuple(shape) + ((rest,) if rest != 1 or not shape else ())
    expected = x.view()
    try:
        expected.shape = shape
    except AttributeError:
        with pytest.raises(_C.ShapeError, match="without a copy; use reshape"):
            a.view(shape)
        return None
    named = tuple(-1 if i == 0 and x.size and draw(st.booleans()) else n for i, n in enumerate(shape))
    return a.view(named), expected


STEPS = [permute, transpose, expand, index, cut, squeeze, unsqueeze, view]


@given(st.data())
@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_chains_of_views_agree_with_numpy(data):
    shape = tuple(data.draw(st.lists(st.integers(0, 4), max_size=4)))
    base, a = wrap(shape)
    x = base
    for _ in range(data.draw(st.integers(1, 6))):
        step = data.draw(st.sampled_from(STEPS))(data.draw, a, x)
        if step is not None:
            a, x = step
            same(a, x, base)
            assert a.is_contiguous == x.flags.c_contiguous or x.size == 0
    same(_C.contiguous(a), x)
    assert _C.contiguous(a).is_contiguous


# ---- Layouts of results: one rule (result_layout) for pointwise ops.
def image(n, c, h, w):
    return _C.from_numpy(np.zeros((n, h, w, c), "f4")).permute((0, 3, 1, 2))


def plain(*shape):
    return _C.from_numpy(np.zeros(shape, "f4"))


LAYOUTS = [  # operands of add, strides of the result
    ("row-major", plain(2, 3, 4, 5), plain(2, 3, 4, 5), (60, 20, 5, 1)),
    ("channels last", image(2, 3, 4, 5), image(2, 3, 4, 5), (60, 1, 15, 3)),
    ("the operand that is not row-major decides", plain(2, 3, 4, 5), image(2, 3, 4, 5), (60, 1, 15, 3)),
    ("a broadcast operand says nothing", image(2, 3, 4, 5), plain(3, 1, 1), (60, 1, 15, 3)),
    ("nor does an expanded one", image(2, 3, 4, 5), plain(1, 3, 1, 1).expand((2, 3, 4, 5)), (60, 1, 15, 3)),
    ("both of one channel", image(2, 1, 4, 5), image(2, 1, 4, 5), (20, 20, 5, 1)),
    ("maps of 1 × 1", image(2, 3, 1, 1), image(2, 3, 1, 1), (3, 1, 1, 1)),
    ("every second column of a channels-last image", image(2, 3, 4, 5).slice(3, 0, 3, 2), plain(1), (36, 1, 9, 3)),
    ("any other order of dimensions", plain(4, 3, 2).permute((2, 1, 0)), plain(1), (1, 2, 6)),
    ("nothing in it", image(0, 3, 4, 5), image(0, 3, 4, 5), (60, 20, 5, 1)),
]


@pytest.mark.parametrize(("a", "b", "strides"), [c[1:] for c in LAYOUTS], ids=[c[0].replace(" ", "_") for c in LAYOUTS])
def test_a_result_keeps_its_operands_layout(a, b, strides):
    assert _C.add_fwd(a, b).strides == strides
    assert _C.add_fwd(b, a).strides == strides, "whatever the order of the operands"


def test_channels_last_is_recognised():
    assert image(2, 3, 4, 5).is_channels_last and not plain(2, 3, 4, 5).is_channels_last
    assert image(2, 1, 4, 5).is_channels_last and image(2, 1, 4, 5).is_contiguous, "one channel is both"
    assert plain(2, 3, 1, 1).is_channels_last, "so is a map of 1 × 1"
    assert not image(2, 3, 4, 5).slice(3, 0, 3, 2).is_channels_last, "a gap between the rows"
    assert not plain(2, 3, 4).is_channels_last


def test_empty_arrays_are_ordinary():
    for shape in ((0,), (0, 3), (3, 0, 2), (2, 0, 0)):
        x, a = wrap(shape)
        same(_C.relu_fwd(a), x)
        same(a.permute(tuple(reversed(range(x.ndim)))), x.T)
        same(a.view((0, 7)), x.reshape(0, 7))
        same(_C.clone(a), x)


def test_scalars_have_no_dimensions():
    x, a = wrap(())
    assert a.shape == () and a.size == 1 and a.item() == 0.0
    same(_C.relu_fwd(a), x)
    same(a.expand((2, 3)), np.broadcast_to(x, (2, 3)))


def test_eight_dimensions_and_not_nine():
    shape = (2, 1, 3, 1, 2, 2, 1, 2)
    x, a = wrap(shape)
    same(_C.relu_fwd(a.permute((7, 6, 5, 4, 3, 2, 1, 0))), x.T)
    for call in (lambda: a.unsqueeze(0), lambda: a.expand((1, *shape)), lambda: _C.empty((1,) * 9, f32)):
        with pytest.raises(_C.ShapeError, match="at most 8 dimensions"):
            call()
    with pytest.raises(_C.ShapeError, match="at most 8"):
        _C.from_numpy(np.zeros((1,) * 9, "f4"))


def test_writing_counts_versions_of_the_storage():
    _, a = wrap((3, 4))
    row = a.index((0,))
    before = row.version
    _C.copy_into(a, _C.clone(a))
    assert row.version == before + 1, "a view sees that its storage was written"


def test_poisoned_memory_reads_as_nan():
    with testing.poison():
        assert np.isnan(_C.empty((5, 7), f32).numpy()).all()
        assert np.isnan(_C.empty((3,), _C.DType.float64).numpy()).all()


REFUSED = [
    (lambda a: a.permute((0, 1)), ValueError, r"permute: 2 dimensions named for a tensor of shape \(2,3,4\)"),
    (lambda a: a.permute((0, 1, 1)), ValueError, r"permute: dimension 1 is named twice in \(0,1,1\)"),
    (lambda a: a.permute((0, 1, 3)), IndexError, "permute: dim 3 is out of range for a tensor of 3 dimensions; use -3"),
    (lambda a: a.transpose(0, -4), IndexError, "dim -4 is out of range"),
    (lambda a: a.expand((2, 5, 4)), ValueError, r"shape \(2,3,4\) does not expand to \(2,5,4\): only sizes of 1"),
    (lambda a: a.unsqueeze(0).expand((-5, 2, 3, 4)), ValueError, "only sizes of 1 can grow"),
    (lambda a: a.expand((1 << 40, 1 << 20, 2, 3, 4)), MemoryError, "overflows 64 bits"),
    (lambda a: a.expand((3, 4)), ValueError, "has more dimensions than the wanted"),
    (lambda a: a.expand((-1, 2, 3, 4)), ValueError, "a new leading dimension needs a size"),
    (lambda a: a.view((5, 5)), ValueError, r"shape \(2,3,4\) has 24 elements, but \(5,5\) needs 25"),
    (lambda a: a.view((-1, -1)), ValueError, "only one size may be -1"),
    (lambda a: a.view((-1, 7)), ValueError, r"24 elements, which do not divide into \(-1,7\)"),
    (lambda a: a.view((-2, 12)), ValueError, "must not be negative"),
    (lambda a: a.permute((2, 1, 0)).view((24,)), ValueError, "without a copy; use reshape"),
    (lambda a: a.index((2,)), IndexError, r"index 2 is out of range for dimension 0 of size 2; shape \(2,3,4\)"),
    (lambda a: a.index((0, 0, 0, 0)), IndexError, r"4 indices for a tensor of shape \(2,3,4\)"),
    (lambda a: a.index((..., ...)), IndexError, "only one"),
    (lambda a: a.index((0, slice(None), 4)), IndexError, r"index 4 .* for dimension 2 of size 4; shape \(2,3,4\)"),
    (lambda a: a.index((..., -5)), IndexError, r"index -5 .* for dimension 2 of size 4; shape \(2,3,4\)"),
    (lambda a: a.index((1.0,)), IndexError, "got float$"),
    (lambda a: a.index((slice(None, None, -1),)), ValueError, "step must be positive, got -1"),
    (lambda a: a.squeeze(3), IndexError, "squeeze: dim 3"),
    (lambda a: a.unsqueeze(4), IndexError, "unsqueeze: dim 4"),
    (lambda a: a.item(), ValueError, r"one element, got shape \(2,3,4\); use .tolist"),
    (lambda a: _C.empty((2, -1), f32), ValueError, r"must not be negative, got \(2,-1\)"),
    (lambda a: _C.channels_last(a), ValueError, r"needs 4 dimensions \(N, C, H, W\), got \(2,3,4\)"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refuses(call, error, text):
    with pytest.raises(error, match=text):
        call(wrap((2, 3, 4))[1])


def test_empty_like_keeps_the_memory_order_of_every_dense_array():
    """Pointwise kernels walk input and output as one run of memory: the two must agree in every dimension above 1."""
    for shape in itertools.product((1, 2, 3), repeat=4):
        for order in itertools.permutations(range(4)):
            x = _C.empty([shape[d] for d in order], f32).permute(list(np.argsort(order)))
            y = _C.empty_like(x)
            same = all(n == 1 or a == b for n, a, b in zip(shape, x.strides, y.strides, strict=True))
            assert same, f"{shape}: strides {x.strides} became {y.strides}"
