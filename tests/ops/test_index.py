"""gather, scatter, scatter_add: every dtype, repeats, odd sizes, indices that are wrong, bits at any thread count."""

import numpy as np
import pytest

import dlcore as dl
from dlcore import testing

from .cases import Arg, Case, bools, index, ints, normal, t
from .common import run_cases, threads

EVERY = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")
NUMBERS = ("float32", "float64", "int64", "int32", "uint8")


def drawn(dtype):
    return bools if dtype == "bool" else normal if dtype.startswith("float") else ints(0, 99)


def to_each(name, fn, inputs, oracle, rows, dtypes=EVERY, grad=("float32", "float64"), **kw):
    """A case a dtype; inputs are functions of the draw."""
    return [Case(f"{name} {d}", fn, inputs(drawn(d)), oracle, rows, (d,), grad=d in grad, **kw) for d in dtypes]


def take(x, i, dim):
    return np.take_along_axis(x[tuple(slice(n) if k != dim % x.ndim else slice(None) for k, n in enumerate(i.shape))],
                              i, dim)  # fmt: skip


def places(i, dim):
    at = list(np.indices(i.shape))
    at[dim] = i
    return tuple(at)


def put(x, i, src, dim):
    y = x.copy()
    for at, to in zip(np.ndindex(i.shape), zip(*(p.ravel() for p in places(i, dim)), strict=True), strict=True):
        y[to] = src[at]
    return y


def add(x, i, src, dim):
    y = x.copy()
    np.add.at(y, places(i, dim), src[tuple(slice(n) for n in i.shape)])
    return y


def shapes(draw):
    """(x, index) along dimension 1 of two, with index smaller elsewhere too."""
    return [
        (t(3, 5, draw=draw), index(3, 7, high=5)),
        (t(4, 67, draw=draw), index(2, 130, high=67)),
        (t(3, 1, draw=draw), index(3, 2, high=1)),
        (t(3, 5, draw=draw), index(0, 7, high=5)),
        (t(3, 5, draw=draw), index(3, 0, high=5)),
        (t(33, 1031, draw=draw), index(33, 1031, high=1031)),
    ]


def with_src(draw):
    return [(x, i, Arg(tuple(max(n, 1) for n in i.shape), draw)) for x, i in shapes(draw)]


def first(args):
    """The same for dimension 0: all shapes turned."""
    return lambda draw: [tuple(Arg(a.shape[::-1], a.draw, a.dtype, a.grad) for a in row) for row in args(draw)]


def unique(*shape, high):
    """Indices without repeats along the last dimension."""
    return Arg(shape, lambda rng, s: np.stack([rng.permutation(high)[: s[-1]] for _ in range(s[0])]), "int64", False)


def distinct_places(draw):
    return [(t(3, 7, draw=draw), unique(3, 5, high=7), t(3, 5, draw=draw)),
            (t(2, 300, draw=draw), unique(2, 130, high=300), t(2, 130, draw=draw))]  # fmt: skip


def bf16(m, f):
    """f of the floating arguments as bfloat16, and the result back in their dtype."""
    return lambda x, *xs: f(*(a.detach().to(m.bfloat16) if a.is_floating_point() else a for a in (x, *xs))).to(x.dtype)


def rounded(x):
    exponent = np.frexp(x)[1]
    return np.ldexp(np.round(np.ldexp(x, 8 - exponent)), exponent - 8)


ROWS = ("gather", "scatter_add")
CASES = [
    *to_each("gather", lambda dl, F, x, i: dl.gather(x, 1, i), shapes, lambda x, i: take(x, i, 1), ROWS,
             grad_length=1031),
    *to_each("gather first", lambda dl, F, x, i: x.gather(0, i), first(shapes), lambda x, i: take(x, i, 0), ROWS,
             ("float32", "float64", "uint8"), grad_length=1031),
    Case("gather 1-d and 4-d", lambda dl, F, x, i: x.gather(-1, i),
         [(t(5), index(9, high=5)), (t(2, 3, 5, 7), index(2, 2, 5, 9, high=7))], lambda x, i: take(x, i, -1), ROWS),
    Case("gather of nothing but one", lambda dl, F, x, i: x.gather(0, i),
         [(t(), index(high=1)), (t(), index(3, high=1))], lambda x, i: np.broadcast_to(x, i.shape), ROWS),
    Case("gather bfloat16", lambda m, F, x, i: bf16(m, lambda x, i: m.gather(x, 1, i))(x, i),
         shapes(normal), lambda x, i: rounded(take(x, i, 1)), ROWS[:1], ("float32",), grad=False),
    Case("take_along_dim", lambda dl, F, x, i: dl.take_along_dim(x, i, 1),
         [(t(3, 5), index(3, 2, low=-5, high=5)), (t(1, 5, 2), index(4, 3, 1, high=5))],
         lambda x, i: np.take_along_axis(x, i, 1), ROWS),
    Case("take", lambda dl, F, x, i: dl.take(x, i), [(t(3, 5), index(2, 2, low=-15, high=15))],
         lambda x, i: x.ravel()[i], ROWS),
    Case("gather of no index", lambda dl, F, x, i: x.gather(0, i), [(t(5), index(2, 0, high=1))],
         lambda x, i: np.zeros((2, 0))),
    Case("take_along_dim of all", lambda dl, F, x, i: x.take_along_dim(i), [(t(3, 5), index(2, 2, high=15))],
         lambda x, i: x.ravel()[i.ravel()], ROWS),
    *to_each("scatter", lambda dl, F, x, i, s: dl.scatter(x, 1, i, s), distinct_places,
             lambda x, i, s: put(x, i, s, 1), ("scatter",)),
    *to_each("scatter repeats", lambda dl, F, x, i, s: x.scatter(1, i, s), with_src,
             lambda x, i, s: put(x, i, s, 1), ("scatter",), ("float32", "float64", "uint8"),
             torch_oracle=False),  # PyTorch leaves open which of equal indices wins, and sends each a gradient
    *to_each("scatter first repeats", lambda dl, F, x, i, s: x.scatter(0, i, s), first(with_src),
             lambda x, i, s: put(x, i, s, 0), ("scatter",), ("float32", "float64", "int32"), torch_oracle=False),
    Case("scatter bfloat16", lambda m, F, x, i, s: bf16(m, lambda x, i, s: m.scatter(x, 1, i, s))(x, i, s),
         distinct_places(normal), lambda x, i, s: rounded(put(x, i, s, 1)), ("scatter",), ("float32",), grad=False),
    Case("scatter a number", lambda dl, F, x, i: x.scatter(1, i, 2.5), shapes(normal),
         lambda x, i: put(x, i, np.full(i.shape, 2.5), 1), ("scatter",)),
    *to_each("scatter_add", lambda dl, F, x, i, s: dl.scatter_add(x, 1, i, s), with_src,
             lambda x, i, s: add(x, i, s, 1), ("scatter_add",), NUMBERS, length=1031, scale="abs"),
    *to_each("scatter_add first", lambda dl, F, x, i, s: x.scatter_add(0, i, s), first(with_src),
             lambda x, i, s: add(x, i, s, 0), ("scatter_add",), NUMBERS, length=1031, scale="abs"),
    Case("scatter_add bool", lambda dl, F, x, i, s: x.scatter_add(1, i, s), with_src(bools),
         lambda x, i, s: add(x, i, s, 1), ("scatter_add",), ("bool",), grad=False),
    Case("scatter_add broadcast index", lambda dl, F, x, i, s: x.scatter_add(0, i.unsqueeze(-1).expand(-1, 9), s),
         [(t(5, 9), index(8, high=5), t(8, 9))],
         lambda x, i, s: add(x, np.broadcast_to(i[:, None], (8, 9)), s, 0), ("scatter_add",), length=8, scale="abs"),
]  # fmt: skip
test_op = run_cases(CASES)


def test_bits_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    i, src = rng.integers(0, 50, (2000, 70)), rng.standard_normal((2000, 70)).astype(np.float32)

    def run():
        zero = dl.zeros(2000, 70)
        return [zero.scatter_add(d, dl.tensor(i), dl.tensor(src)).numpy().tobytes() for d in (0, 1)]

    with threads(1):
        expected = run()
    for n in (2, 3, 7):
        with threads(n):
            assert run() == expected, n


def test_in_place():
    x = dl.zeros(2, 3)
    i = dl.tensor([[0, 0], [2, 1]])
    assert x.scatter_(1, i, 1.5) is x
    x.scatter_add_(1, i, dl.ones(2, 2))
    testing.assert_close(x, np.float32([[3.5, 0, 0], [0, 2.5, 2.5]]))
    x.scatter_add_(0, dl.tensor([[0, 1, 0]]), x)  # what is written is also read
    testing.assert_close(x, np.float32([[7, 0, 0], [0, 2.5, 2.5]]))
    j = dl.tensor([2, 0, 1])
    assert j.scatter_(0, j, j).tolist() == [0, 1, 2]


def test_in_place_of_what_has_a_history():
    leaf = dl.tensor([1.0, 2.0, 3.0], requires_grad=True)
    src = dl.tensor([5.0, 7.0], requires_grad=True)
    x = leaf * 2
    x.scatter_(0, dl.tensor([0, 0]), src)
    x.scatter_add_(0, dl.tensor([1, 2]), src)
    assert x.tolist() == [7.0, 9.0, 13.0]
    x.backward(dl.tensor([1.0, 10.0, 100.0]))
    assert leaf.grad.tolist() == [0.0, 20.0, 200.0] and src.grad.tolist() == [10.0, 101.0]
    with pytest.raises(RuntimeError, match="leaf"):
        leaf.scatter_(0, dl.tensor([0]), 1.0)


def test_nothing_is_written_where_an_index_is_wrong():
    x = dl.zeros(2, 3)
    for act in (x.scatter_, x.scatter_add_):
        with pytest.raises(IndexError, match=r"index\[1,0\] is 3 but there are 3 elements in dimension 1 \(0 to 2\)"):
            act(1, dl.tensor([[0], [3]]), dl.ones(2, 1))
    assert x.tolist() == dl.zeros(2, 3).tolist()


def test_wrong_arguments():
    x, i = dl.ones(2, 3), dl.tensor([[0, -1]])
    with pytest.raises(IndexError, match=r"gather: index\[0,1\] is -1 but there are 3 elements in dimension 1"):
        x.gather(1, i)
    with pytest.raises(IndexError, match="gather"):
        x.gather(2, i)
    with pytest.raises(dl.DTypeError, match=r"gather: index must hold integers .*convert with .long\(\)"):
        x.gather(1, dl.ones(2, 3))
    with pytest.raises(dl.ShapeError, match=r"as many dimensions as input; input=\(2,3\) index=\(1,\)"):
        x.gather(1, dl.tensor([0]))
    with pytest.raises(dl.ShapeError, match="index has size 3 in dimension 0 but input only 2"):
        x.gather(1, dl.tensor([[0], [0], [0]]))
    with pytest.raises(dl.ShapeError, match="index has size 2 in dimension 1 but src only 1"):
        x.scatter(1, dl.tensor([[0, 1]]), dl.ones(1, 1))
    with pytest.raises(dl.DTypeError, match="src must have input's dtype; input=float32 src=int64"):
        x.scatter_add(1, dl.tensor([[0]]), dl.tensor([[1]]))
    with pytest.raises(dl.ShapeError, match="take_along_dim: input and indices must have equally many dimensions"):
        dl.take_along_dim(x, dl.tensor([0]), 1)


@pytest.mark.parametrize("wrong", [-1, 50, 2**62, -(2**63)])
def test_a_wrong_index_among_many_lines(wrong):
    i = np.random.default_rng(0).integers(0, 50, (300, 70))
    i[211, 69] = wrong
    x, src, index = dl.ones(300, 50), dl.ones(300, 70), dl.tensor(i)
    message = rf"index\[211,69\] is {wrong} but there are 50 elements in dimension 1"
    for call in (
        lambda: x.gather(1, index),
        lambda: x.scatter(1, index, 2.0),
        lambda: x.scatter_add(1, index, src),
        lambda: x.scatter_add_(1, index, src),
    ):
        with pytest.raises(IndexError, match=message):
            call()
    assert (x.numpy() == 1).all()
