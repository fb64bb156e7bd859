"""What an argument of the wrong kind says, where no op looks at it first: the op, the kind wanted, the kind got."""

from __future__ import annotations

import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import _C, nn

X = dl.ones(2, 3)

MISTAKES = [
    (lambda: dl.manual_seed(1.5), "manual_seed: needs a whole number, got 1.5"),
    (lambda: dl.set_num_threads("a"), "set_num_threads: needs a whole number, got 'a'"),
    (lambda: dl.randint(0.5, 3.5, (2,)), "randint: needs a whole number, got 0.5"),
    (lambda: dl.randperm(2.5), "randperm: needs a whole number, got 2.5"),
    (lambda: X.unsqueeze("a"), "unsqueeze: needs a whole number, got 'a'"),
    (lambda: X.unsqueeze(1.5), "unsqueeze: needs a whole number, got 1.5"),
    (lambda: X.unsqueeze(np.float32(1.5)), "unsqueeze: needs a whole number, got numpy.float32"),
    (lambda: X.transpose(0, None), "transpose: needs a whole number, got None"),
    (lambda: F.leaky_relu(X, "a"), "leaky_relu: needs a number, got 'a'"),
    (lambda: nn.LeakyReLU("a")(X), "LeakyReLU: needs a number, got 'a'"),
    (lambda: nn.Softmax("a")(X), "Softmax: needs a whole number, got 'a'"),
    (lambda: X.topk("a"), "topk: needs a whole number, got 'a'"),
    (lambda: dl.zeros(2, device=3), "zeros: needs a string, got 3"),
    (lambda: X.sum(0, "yes"), "sum: needs True or False, got 'yes'"),
    (lambda: X.unsqueeze(2**31), "unsqueeze: 2147483648 is out of range"),
    (lambda: X.unsqueeze(dl.tensor([1, 2])), "unsqueeze: needs a whole number, got a Tensor"),
    (lambda: X.sum((0, 0.5)), "sum: needs whole numbers, got 0.5 at index 1"),
    (lambda: X.view(10**5000), "view: an integer has at most 64 bits, got one of 16610 bits"),
    (lambda: X + 10**5000, "add: an integer has at most 64 bits, got one of 16610 bits; write a float"),
    (
        lambda: X + [dl.Tensor.__new__(dl.Tensor)],
        "add: needs a tensor or a number, got list; convert it with dl.tensor(x)",
    ),
    (lambda: X + [10**5000], "add: needs a tensor or a number, got list; convert it with dl.tensor(x)"),
    (lambda: X.diagonal(2**80), f"diagonal: an integer has at most 64 bits, got {2**80}"),
]


@pytest.mark.parametrize(("act", "text"), MISTAKES, ids=[text for _, text in MISTAKES])
def test_the_op_and_both_kinds_are_named(act, text):
    with pytest.raises(TypeError) as e:
        act()
    assert str(e.value) == text


NOT_TENSORS = [
    (lambda: dl.sum([1, 2]), "sum: needs a tensor, got [1, 2]; convert it with dl.tensor(x)"),
    (lambda: dl.reshape(np.ones(4), 2, 2), "reshape: needs a tensor, got numpy.ndarray; convert it with dl.tensor(x)"),
    (lambda: dl.log(2.0), "log: needs a tensor, got 2.0; convert it with dl.tensor(x)"),
    (lambda: F.gelu(None), "gelu: needs a tensor, got None"),
    (lambda: nn.Linear(3, 2)(np.ones((2, 3))), "Linear: needs a tensor, got numpy.ndarray; convert it with dl.tensor"),
    (lambda: dl.cat([X, 1]), "cat: needs a list of tensors, got 1 at index 1; convert it with dl.tensor(x)"),
    (lambda: F.cross_entropy(X, [0, 1]), "cross_entropy: needs a tensor, got [0, 1]; convert it with dl.tensor(x)"),
]


@pytest.mark.parametrize(("act", "text"), NOT_TENSORS, ids=[text for _, text in NOT_TENSORS])
def test_what_is_no_tensor(act, text):
    with pytest.raises(dl.DTypeError) as e:
        act()
    assert text in str(e.value)


def test_a_parameter_and_a_subclass_are_tensors():
    class Mine(dl.Tensor):
        pass

    x = nn.Parameter(dl.ones(2))
    assert _C.array_of(x) is x.array and _C.value_of(x) is x.array and _C.value_of(2.5) == 2.5
    assert dl.sum(Mine(X.array)).item() == 6.0


def test_a_call_with_too_few_arguments():
    with pytest.raises(TypeError, match="^relu_bwd: takes 2 arguments of types .*, got "):
        _C.relu_bwd(X.array)


def test_other_errors_pass_unchanged():
    with pytest.raises(dl.ShapeError, match="matmul: "):
        X @ X
    with pytest.raises(dl.DTypeError, match="relu: needs a float32"):
        dl.relu(dl.tensor([1]))


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (lambda: dl.tensor([2**63]), "tensor: 9223372036854775808 does not fit int64; use dtype=dl.float64"),
        (lambda: dl.tensor([1, -(2**70)]), f"tensor: {-(2**70)} does not fit int64; use dtype=dl.float64"),
        (lambda: dl.tensor([2**63], dtype=dl.int32), "tensor: 9223372036854775808 does not fit int32; use"),
        (
            lambda: dl.tensor(np.int8([1])),
            "tensor: NumPy dtype int8 has no counterpart; convert it with x.astype(np.int64)",
        ),
        (lambda: dl.tensor(np.ones(1, np.longdouble)), "has no counterpart; convert it with x.astype(np.float32)"),
    ],
)
def test_numbers_without_a_dtype_of_ours(act, text):
    with pytest.raises((ValueError, TypeError)) as e:
        act()
    assert text in str(e.value)


def test_integers_beyond_int64_are_rounded_to_a_floating_dtype():
    assert dl.tensor([2**70, 1], dtype=dl.float32).tolist() == [2.0**70, 1.0]
    assert dl.tensor(2**63, dtype=dl.float64).item() == 2.0**63
