"""Every public op is a row of a test_properties_*.py, has another hypothesis test, or is an exception with a reason."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ..surface import public_ops
from .broadcast import operands
from .properties import Op, tensor


def all_properties() -> list[Op]:
    files = sorted(Path(__file__).parent.glob("test_properties_*.py"))
    return [op for path in files for op in importlib.import_module(f"{__package__}.{path.stem}").OPS]


def _names(why: str, owner: str, names: str) -> dict[str, str]:
    return {f"{owner}.{name}": why for name in names.split()}


ELSEWHERE = {  # a hypothesis test of its own
    "dl.einsum": "tests/ops/test_einsum.py",
    "Tensor.__getitem__": "tests/ops/test_indexing.py",
    "Tensor.__setitem__": "tests/ops/test_indexing.py",
    **{
        f"Tensor.{name}": "tests/ops/test_properties.py"
        for name in "numpy tolist item shape ndim dim numel size __array__ __len__ __iter__".split()
        + "__bool__ __float__ __int__ __index__".split()
    },
}
EXCEPTIONS = {
    **_names("says what the tensor is", "Tensor", "dtype device is_leaf stride"),
    **_names("says what the tensor is", "Tensor", "is_floating_point is_contiguous"),
    **_names("copies of leaves; tests/test_pickle.py", "Tensor", "__copy__ __deepcopy__"),
    **_names("cuts or controls the graph; tests/autograd", "Tensor", "data detach requires_grad requires_grad_"),
    **_names("cuts or controls the graph; tests/autograd", "Tensor", "backward register_hook retain_grad"),
    **_names("moves between devices; tests/cuda", "Tensor", "cpu cuda is_pinned pin_memory record_stream"),
    **_names("the function of float(), long(), …; tests/ops/test_copy.py", "Tensor", "to double"),
    **_names("dtypes NumPy cannot widen or has not; tests/ops/test_copy.py", "Tensor", "half bfloat16"),
    **_names("random draws; tests/ops/test_random.py", "Tensor", "uniform_ normal_"),
    **_names(
        "random draws; tests/ops/test_random.py", "dl", "rand randn randint randperm rand_like randn_like bernoulli"
    ),
    **_names("random draws; tests/ops/test_dropout.py", "F", "dropout dropout1d dropout2d"),
    **_names("a table, of no tensor; tests/ops/test_mel.py", "F", "melscale_fbanks"),
}


def test_every_public_op_is_a_property() -> None:
    ops = public_ops()
    functions = {name: id(vars(owner)[attribute]) for name, (owner, attribute) in ops.items()}  # aliases are one
    listed = {op.name for op in all_properties()} | set(ELSEWHERE) | set(EXCEPTIONS)
    unknown = sorted(listed - set(functions))
    assert not unknown, f"{unknown} are listed and are no public ops"
    covered = {functions[name] for name in listed}
    missing = sorted(name for name, function in functions.items() if function not in covered)
    assert not missing, f"no property tests {missing}: add a row to a test_properties_*.py, or a reason here"


def test_no_exception_is_a_property() -> None:
    ops = public_ops()
    functions = {name: id(vars(owner)[attribute]) for name, (owner, attribute) in ops.items()}
    properties = {functions[op.name] for op in all_properties()}
    stale = sorted(name for name in (*ELSEWHERE, *EXCEPTIONS) if functions[name] in properties)
    assert not stale, f"{stale} are properties now: take them from the lists"
    for name, file in ELSEWHERE.items():
        text = (Path(__file__).parents[2] / file).read_text()
        assert "@given" in text, f"{name}: {file} has no hypothesis test"


@given(operands(1), st.data())
def test_out_of_the_library(a, data):
    """Lists, rows, sizes and Python's numbers are NumPy's."""
    (a,) = a
    x = tensor(a)
    np.testing.assert_array_equal(np.asarray(x), a)
    assert x.tolist() == a.tolist() and np.asarray(x).dtype == a.dtype
    assert (x.shape, x.ndim, x.dim(), x.numel(), x.size()) == (a.shape, a.ndim, a.ndim, a.size, a.shape)
    if a.ndim:
        dim = data.draw(st.integers(-a.ndim, a.ndim - 1))
        assert len(x) == len(a) and x.size(dim) == a.shape[dim]
        assert [row.tolist() for row in x] == a.tolist()
    if a.size:
        at = tuple(data.draw(st.integers(0, n - 1)) for n in a.shape)
        y, b = x[at], a[at]
        assert y.item() == b and (float(y), int(y), bool(y)) == (float(b), int(b), bool(b))
        if a.dtype.kind in "iu":
            assert list(range(20))[y] == list(range(20))[b]
