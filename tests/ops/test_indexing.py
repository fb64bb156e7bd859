"""x[key] and x[key] = value with tensors, lists, masks and arrays in the key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcore as dl
from dlcore import testing

from .broadcast import DTYPES
from .cases import Case, bools, index, t
from .common import make, run_cases, threads
from .test_index import bf16, drawn, rounded

X = (4, 3, 5)
WITH_INDICES = {
    "rows": (lambda i, j: i, lambda x, i, j: x[i]),
    "columns": (lambda i, j: (slice(None), i), lambda x, i, j: x[:, i]),
    "last": (lambda i, j: (Ellipsis, j), lambda x, i, j: x[..., j]),
    "two neighbours": (lambda i, j: (i, j), lambda x, i, j: x[i, j]),
    "two apart": (lambda i, j: (i, slice(None), j), lambda x, i, j: x[i, :, j]),
    "apart by None": (lambda i, j: (i, None, j), lambda x, i, j: x[i, None, j]),
    "after a slice": (lambda i, j: (slice(1, 4, 2), i, j), lambda x, i, j: x[1:4:2, i, j]),
    "after an int": (lambda i, j: (1, Ellipsis, j), lambda x, i, j: x[1][..., j]),
    "around an int": (lambda i, j: (i, 1, j), lambda x, i, j: x[:, 1][i, j]),  # NumPy would count the 1 as an index too
    "with None": (lambda i, j: (None, i, slice(None), None), lambda x, i, j: x[None, i, :, None]),
    "all three": (lambda i, j: (i, j, i), lambda x, i, j: x[i, j, i]),
}
FOUND = ("nonzero_count", "nonzero")
INDICES = [
    (t(*X), index(6, low=-3, high=3), index(6, low=-3, high=3)),
    (t(*X), index(2, 1, low=-3, high=3), index(4, low=-3, high=3)),
    (t(*X), index(0, high=3), index(1, high=3)),
]
MASKS = {
    "all": ((*X,), lambda m: m, lambda x, m: x[m]),
    "rows": (X[:1], lambda m: m, lambda x, m: x[m]),
    "two": (X[:2], lambda m: (m, slice(1, None)), lambda x, m: x[m, 1:]),
    "last two": (X[1:], lambda m: (Ellipsis, m), lambda x, m: x[..., m]),
    "of a slice": (X[1:], lambda m: (slice(1, 3), m), lambda x, m: x[1:3][:, m]),
    "of none": (X[1:], lambda m: (slice(0, 0), m), lambda x, m: x[0:0][:, m]),
    "and an index": (X[:2], lambda m: (m, [2]), lambda x, m: x[m, [2]]),
    "and an index apart": (X[:1], lambda m: (m, slice(None), [2]), lambda x, m: x[m, :, [2]]),
}


def case_of_indices(name, key, oracle):
    return Case(f"getitem {name}", lambda dl, F, x, i, j: x[key(i, j)], INDICES, oracle,
                ("index_offsets", "gather", "scatter_add"), grad_length=16)  # fmt: skip


def case_of_a_mask(name, shape, key, oracle):
    return Case(f"getitem mask {name}", lambda dl, F, x, m: x[key(m)], [(t(*X), t(*shape, draw=bools, dtype="bool"))],
                oracle, FOUND if name == "of none" else (*FOUND, "gather", "scatter_add"))  # fmt: skip


def added(x, i, j, v):
    y = x.copy()
    np.add.at(y, (i, j), v)
    return y


def last_put(x, i, j, v):
    y, (i, j) = x.copy(), np.broadcast_arrays(i, j)
    values = np.broadcast_to(v, (*i.shape, x.shape[-1]))
    for at in np.ndindex(i.shape):
        y[i[at], j[at]] = values[at]
    return y


LONG = [(t(1031, 33), index(2000, low=-1031, high=1031))]
CASES = [
    *(case_of_indices(name, *rest) for name, rest in WITH_INDICES.items()),
    *(case_of_a_mask(name, *rest) for name, rest in MASKS.items()),
    *(Case(f"getitem {d}", lambda dl, F, x, i, j: x[:, i, j], [(t(*X, draw=drawn(d)), *INDICES[0][1:])],
           lambda x, i, j: x[:, i, j], ("gather",), (d,), grad=False) for d in (*DTYPES, "float16")),
    Case("getitem bfloat16", lambda m, F, x, i, j: bf16(m, lambda x, i, j: x[i, :, j])(x, i, j), INDICES,
         lambda x, i, j: rounded(x[i, :, j]), ("gather",), ("float32",), grad=False),
    Case("getitem lists", lambda dl, F, x: x[[0, -1], ..., [True, False, True, False, False]], [(t(*X),)],
         lambda x: x[[0, -1], ..., [0, 2]], ("gather", "scatter_add")),
    Case("getitem an int tensor", lambda dl, F, x, i: x[i, :, [1, 2]], [(t(*X), index(high=3))],
         lambda x, i: x[i][:, [1, 2]], ("gather", "scatter_add")),
    *(Case(f"index_put {name}", lambda dl, F, x, i, j, v, a=add: dl.index_put(x, (i, j), v, accumulate=a),
           [(*INDICES[0], t(6, 5)), (*INDICES[1], t(2, 1, 5)), (*INDICES[2], t(5)), (*INDICES[0], t())],
           added if add else last_put, ("gather", "scatter_add" if add else "scatter"), grad_length=40,
           length=6 if add else 1, scale="abs", torch_oracle=add)  # which of equal indices wins is open there
      for name, add in (("accumulate", True), ("last stays", False))),
    Case("getitem True", lambda dl, F, x: x[:, True], [(t(3),)], lambda x: x[:, None], ("gather", "scatter_add")),
    Case("getitem of many", lambda dl, F, x, i: x[i], LONG, lambda x, i: x[i], ("gather", "scatter_add"),
         grad_length=2000),
    Case("getitem a mask of many", lambda dl, F, x, m: x[m], [(t(330, 1031), t(330, 1031, draw=bools, dtype="bool"))],
         lambda x, m: x[m], ("gather", "scatter_add")),
]  # fmt: skip
test_op = run_cases(CASES)

KEYS = [  # on which NumPy and PyTorch agree: no int beside an index
    np.array([[2, 0], [1, 1]]), np.arange(4) % 2 == 0, [1, 2], [], [[0, 1], [2, 3]], True, False,
    (slice(None), [2, 0]), ([0, 1], slice(None), [3, 3]), (np.zeros((4, 3), bool), slice(1)),
    (slice(1, 3), [True, False, True]), (None, [3], [1]), (Ellipsis, [0, 4]), (slice(0, 0), [1]),
]  # fmt: skip


@pytest.mark.parametrize("layout", ["contiguous", "strided", "transposed"])
@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("dtype", [*DTYPES, "float16"])
def test_keys_read_and_write_as_numpys(key, dtype, layout, isa):
    a = np.random.default_rng(0).integers(0, 9, X).astype(dtype)
    x, expected = make(a, layout), a[key]
    assert x[key].shape == expected.shape and x[key].numpy().tobytes() == expected.tobytes()
    a[key] = values = np.arange(expected.size).reshape(expected.shape).astype(dtype)
    x[key] = dl.tensor(values[None])  # leading sizes of 1 are dropped
    np.testing.assert_array_equal(x.numpy(), a)
    a[key] = 1
    x[key] = 1
    np.testing.assert_array_equal(x.numpy(), a)


@given(st.data())
def test_any_mix_of_keys(data):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    common = data.draw(st.sampled_from([(1,), (3,), (2, 1), (2, 3)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    key = []
    for n in shape:
        kind = data.draw(st.sampled_from(["slice", "index", "mask", "new", "stop"]))
        if kind == "stop":
            break
        if kind == "new":
            key.append(None)
        mask = np.arange(n) == n - 1
        one = {"index": rng.integers(-n, n, common), "mask": mask, "slice": slice(n // 2, None)}
        key.append(one.get(kind, slice(None)))
    key = tuple(key)
    a = rng.integers(0, 9, shape)
    x, expected = dl.tensor(a), a[key]
    np.testing.assert_array_equal(x[key].numpy(), expected)
    x[key] = -1
    a[key] = -1
    np.testing.assert_array_equal(x.numpy(), a)


def test_an_int_is_applied_before_the_indices():
    x = dl.tensor(np.arange(24).reshape(2, 3, 4))
    assert x[0, :, [1, 2]].shape == (3, 2)  # NumPy: (2, 3)
    assert x[dl.tensor(1), 0, dl.tensor(3)].item() == 15


def test_the_last_of_equal_indices_stays():
    x = dl.zeros(3, 40)
    values = dl.tensor(np.arange(120, dtype=np.float32).reshape(3, 40))
    for n in (1, 3):
        with threads(n):
            x[[1, 1, 1]] = values
            testing.assert_close(x[1], values[2])


def test_values_from_the_same_memory():
    x = dl.arange(5)
    x[[0, 1, 2]] = x[1:4]
    assert x.tolist() == [1, 2, 3, 3, 4]
    x[x > 2] = x[:3]
    assert x.tolist() == [1, 2, 1, 2, 3]


def test_a_changed_index_is_noticed_on_the_way_back():
    x, i = dl.ones(3, requires_grad=True), dl.tensor([0, 1])
    y = x[i].sum()
    i[0] = 2
    with pytest.raises(RuntimeError, match="pick_backward saved was changed"):
        y.backward()


def test_index_put_in_place():
    x = dl.zeros(2, 2)
    assert x.index_put_(([0, 0],), dl.ones(2), accumulate=True) is x
    x.index_put_((dl.tensor([[False, False], [True, True]]),), dl.tensor([5.0, 7.0]))
    assert x.tolist() == [[2.0, 2.0], [5.0, 7.0]]
    leaf = dl.ones(3, requires_grad=True)
    y = leaf * 1
    y.index_put_(([0],), dl.zeros(1))
    y.sum().backward()
    assert leaf.grad.tolist() == [0.0, 1.0, 1.0]
    with pytest.raises(dl.DTypeError, match="index_put_: values must have input's dtype float32, got int64"):
        x.index_put_(([0],), dl.tensor([1]))


def test_a_write_that_would_lose_a_gradient_raises():
    x, leaf = dl.zeros(3), dl.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="setitem"):
        leaf[[0]] = 1.0
    with pytest.raises(RuntimeError, match="setitem"):
        x[x == 0] = leaf
    with dl.no_grad():
        leaf[[0]] = 2.0
    assert leaf.tolist() == [2.0, 1.0, 1.0]


def test_wrong_keys():
    x = dl.ones(2, 3)
    with pytest.raises(IndexError, match=r"index\[1\] is -3 but there are 2 elements in dimension 0 \(-2 to 1\)"):
        x[[0, -3]]
    with pytest.raises(IndexError, match=r"index\[0\] is 3 but there are 3 elements in dimension 1"):
        x[[0], [3]] = 7
    with pytest.raises(IndexError, match=r"a mask of shape \(3,\) does not fit dimensions 0 to 0 .* shape \(2, 3\)"):
        x[dl.tensor([True, False, True])]
    with pytest.raises(IndexError, match=r"index: 3 indices for a tensor of shape \(2, 3\)"):
        x[[0], 0, 0]
    with pytest.raises(IndexError, match="only one"):
        x[..., [0], ...]
    with pytest.raises(dl.ShapeError, match=r"index: shapes \(2,\) and \(3,\) do not broadcast"):
        x[[0, 1], [0, 1, 2]]
    with pytest.raises(dl.DTypeError, match=r"a uint8 tensor may mean a mask or indices; say which with .bool\(\)"):
        x[dl.tensor([1], dtype=dl.uint8)]
    with pytest.raises(dl.DTypeError, match="index: needs integers or bools, got float32"):
        x[dl.tensor([1.0])]
    with pytest.raises(IndexError, match="got str"):
        x["a"]
    with pytest.raises(dl.ShapeError, match=r"values of shape \(3,\) do not broadcast to the indexed shape \(2,\)"):
        x[[0, 1], [0, 1]] = dl.ones(3)
    assert x.sum().item() == 6
