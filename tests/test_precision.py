"""autocast: the dtype of every op inside it, its blocks, and what its mistakes say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dlcore as dl
from dlcore import _C, nn
from dlcore.nn import functional as F

from .precision import BF16, F32, F64, UNIT, draw, wide

X, W, IMAGE, FILTERS = draw(3, 8), draw(5, 8, seed=1), draw(2, 4, 6, 6), draw(8, 4, 3, 3, seed=2)
LABELS = dl.tensor([0, 3, 7])

# What each op gives for bfloat16 operands inside a block: every public op of its kind stands for the others.
PRODUCTS: dict[str, Callable[[], dl.Tensor]] = {
    "linear": lambda: F.linear(X, W, dl.zeros(5)),
    "matmul": lambda: X @ W.T,
    "mm": lambda: dl.mm(X, W.T),
    "bmm": lambda: dl.bmm(X.unsqueeze(0), W.T.unsqueeze(0)),
    "einsum": lambda: dl.einsum("ij,kj->ik", X, W),
    "conv2d": lambda: F.conv2d(IMAGE, FILTERS, dl.zeros(8)),
    "conv2d depthwise": lambda: F.conv2d(IMAGE, FILTERS[:4, :1], groups=4),
    "conv1d": lambda: F.conv1d(IMAGE[:, :, 0], FILTERS[:, :, 0]),
    "conv_transpose2d": lambda: F.conv_transpose2d(IMAGE, FILTERS[:4], dl.zeros(4)),
    "addmm": lambda: dl.addmm(dl.zeros(5), X, W.T),
}
FLOAT32: dict[str, Callable[[dl.Tensor], dl.Tensor]] = {
    "softmax": lambda x: F.softmax(x, 1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "cross_entropy": lambda x: F.cross_entropy(x, LABELS),
    "nll_loss": lambda x: F.nll_loss(x, LABELS),
    "mse_loss": lambda x: F.mse_loss(x, X),
    "l1_loss": lambda x: F.l1_loss(x, x),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, X),
    "huber_loss": lambda x: F.huber_loss(x, X),
    "kl_div": lambda x: F.kl_div(x, dl.sigmoid(x)),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(dl.sigmoid(x), dl.sigmoid(X)),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, dl.sigmoid(X)),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(1),
    "var": lambda x: x.var(),
    "std": lambda x: x.std(1),
    "norm": lambda x: x.norm(),
    "prod": lambda x: x.prod(1),
    "logsumexp": lambda x: x.logsumexp(1),
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(1),
    "normalize": F.normalize,
    "layer_norm": lambda x: F.layer_norm(x, 8, dl.ones(8), dl.zeros(8)),
    "group_norm": lambda x: F.group_norm(x, 2, dl.ones(8), dl.zeros(8)),
    "rms_norm": lambda x: F.rms_norm(x, 8),
    "instance_norm": lambda x: F.instance_norm(x.reshape(1, 3, 8)),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
    "lstm": lambda x: nn.LSTM(8, 4)(x)[0],
    "gru": lambda x: nn.GRU(8, 4)(x)[0],
    "interpolate": lambda x: F.interpolate(x.reshape(1, 1, 3, 8), scale_factor=2.0, mode="bilinear"),
}
SAME: dict[str, Callable[[dl.Tensor], dl.Tensor]] = {
    "relu": F.relu,
    "relu in place": lambda x: F.relu(x.clone(), inplace=True),
    "gelu": F.gelu,
    "sigmoid": dl.sigmoid,
    "hardswish": F.hardswish,
    "exp": dl.exp,
    "sin": dl.sin,
    "abs": dl.abs,
    "add": lambda x: x + x,
    "add a number": lambda x: 1 + x * 2.5,
    "div": lambda x: 1 / x,
    "pow": lambda x: x**2,
    "maximum": lambda x: dl.maximum(x, 0.5),
    "clamp": lambda x: x.clamp(-1, 1),
    "where": lambda x: dl.where(x > 0, x, 0.1),
    "max": lambda x: x.max(),
    "amax": lambda x: x.amax(1),
    "batch_norm": lambda x: F.batch_norm(x, dl.zeros(8), dl.ones(8), dl.ones(8), dl.zeros(8), training=True),
    "max_pool2d": lambda x: F.max_pool2d(x.reshape(1, 1, 3, 8), 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x.reshape(1, 1, 3, 8), 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x.reshape(1, 1, 3, 8), 1),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x.reshape(1, 1, 3, 8), (1, 3)),
    "dropout": lambda x: F.dropout(x, 0.5),
    "flatten": lambda x: x.reshape(1, 3, 8).flatten(1),
    "permute": lambda x: x.T.contiguous(),
    "cat": lambda x: dl.cat([x, x]),
    "stack": lambda x: dl.stack([x, x]),
    "slice": lambda x: x[1:, ::2],
    "pad": lambda x: F.pad(x, (1, 2)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_give_bfloat16(name: str) -> None:
    assert PRODUCTS[name]().dtype == F32
    with dl.autocast("bfloat16"):
        assert PRODUCTS[name]().dtype == BF16


@pytest.mark.parametrize("name", FLOAT32)
def test_what_needs_digits_gives_float32_and_sends_bfloat16_back(name: str) -> None:
    x = X.bfloat16().requires_grad_()
    with dl.autocast("bfloat16"):
        y = FLOAT32[name](x)
    assert y.dtype == F32
    y.sum().backward()
    assert x.grad.dtype == BF16 and np.isfinite(wide(x.grad)).all()
    with dl.autocast("bfloat16"):
        assert FLOAT32[name](X).dtype == F32


@pytest.mark.parametrize("name", SAME)
def test_all_others_keep_what_comes_in(name: str) -> None:
    x = X.bfloat16().requires_grad_()
    with dl.autocast("bfloat16"):
        y = SAME[name](x)
        dl.manual_seed(0)
        assert SAME[name](X).dtype == F32
    assert y.dtype == BF16
    y.float().sum().backward()
    assert x.grad.dtype == BF16 and x.grad.shape == x.shape
    expected = wide(SAME[name](x.detach().float())) if name != "dropout" else wide(y)
    assert np.abs(wide(y) - expected).max() <= UNIT * np.maximum(np.abs(expected), 1).max() * 2


def test_a_float32_operand_makes_the_result_float32() -> None:
    with dl.autocast("bfloat16"):
        assert (X.bfloat16() + X).dtype == F32 and (X @ W.T + dl.zeros(5)).dtype == F32
        assert (X.double() @ W.T.double()).dtype == F64


def test_every_op_marked_float32_is_in_the_table() -> None:
    marked = {n for n in dir(F) if getattr(getattr(F, n), "in_float32", False)}
    covered = {n.split()[0] for n in FLOAT32} | {"scaled_dot_product_attention"}
    alike = {"affine_grid", "grid_sample", "cosine_similarity", "pairwise_distance"}
    assert marked - covered - alike == set()


# ---- blocks
def test_a_parameter_is_rounded_once_a_block_and_again_when_it_has_changed() -> None:
    w = draw(5, 8).requires_grad_()

    def casts(call: Callable[[], Any]) -> int:
        count = 0
        before = _C.convert

        def counted(x: Any, dtype: Any) -> Any:
            nonlocal count
            count += x is w.array
            return before(x, dtype)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_C, "convert", counted)
            call()
        return count

    def twice() -> None:
        with dl.autocast("bfloat16"):
            assert F.linear(X, w).tolist() == F.linear(X, w).tolist()

    def changed() -> None:
        with dl.autocast("bfloat16"):
            before = F.linear(X, w)
            with dl.no_grad():
                w.add_(1)
            assert (F.linear(X, w) != before).any()

    assert casts(twice) == 1 and casts(lambda: (twice(), twice())) == 2 and casts(changed) == 2


def test_blocks_nest_and_are_disabled_inside() -> None:
    block = dl.autocast("bfloat16")
    assert not dl.is_autocast_enabled()
    with block:
        with dl.autocast("bfloat16", enabled=False):
            assert (X @ W.T).dtype == F32 and not dl.is_autocast_enabled()
            with block:
                assert (X @ W.T).dtype == BF16
        assert (X @ W.T).dtype == BF16 and dl.is_autocast_enabled()
    assert (X @ W.T).dtype == F32
    with pytest.raises(KeyError), block:
        raise KeyError
    assert not dl.is_autocast_enabled()


def test_it_decorates_and_belongs_to_one_thread() -> None:
    @dl.autocast(dl.bfloat16)
    def product() -> dl.Tensor:
        return X @ W.T

    assert product().dtype == BF16 and product.__name__ == "product"
    seen = []
    with dl.autocast("bfloat16"):
        thread = threading.Thread(target=lambda: seen.append((X @ W.T).dtype))
        thread.start()
        thread.join()
    assert seen == [F32]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dl.autocast("float64"), ValueError, "or, on CUDA, \"float16\", got 'float64'"),
        (lambda: dl.autocast("cpu"), ValueError, r"got 'cpu'; write dl.autocast\(\"bfloat16\"\)"),
        (lambda: dl.autocast("bfloat16", 1), TypeError, "enabled must be True or False, got 1"),
        (lambda: X.bfloat16() @ W.T, dl.DTypeError, "both float64, or both bfloat16, got bfloat16 .* and float32"),
        (lambda: F.conv2d(IMAGE.bfloat16(), FILTERS), dl.DTypeError, "x and w must both be float32"),
        (lambda: F.softmax(X.bfloat16(), 1), dl.DTypeError, "softmax"),
    ],
)
def test_mistakes(call: Callable[[], Any], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_bfloat16_model_trains_without_a_block() -> None:
    w, b = (t.bfloat16().detach().requires_grad_() for t in (draw(5, 8), draw(5)))
    F.relu(F.linear(X.bfloat16(), w, b)).sum().backward()
    assert w.grad.dtype == b.grad.dtype == BF16
