"""What a mistake says: the op, the rule, the shapes and a hint, in one line. Read them aloud when you change one."""

import copy
from pathlib import Path

import numpy as np
import pytest

import dlcore as dl
import dlcore.nn.functional as F
from dlcore import nn, optim

X = dl.ones(2, 3)

MESSAGES = [
    (lambda: F.conv2d(dl.ones(1, 1, 4, 4), dl.ones(1, 1, 2, 2), padding=2**62), "conv2d: stride, padding and dilation"),
    (lambda: dl.data.DataLoader(5), "DataLoader: the data set needs len() and [i], which int lacks"),
    (lambda: dl.data.DataLoader([1], batch_size=2.5), "DataLoader: batch_size must be a whole number, got 2.5"),
    (lambda: dl.data.DataLoader([1], batch_size=None), "DataLoader: batch_size must be a whole number, got None"),
    (lambda: dl.formats.save(5, "x"), "save: needs a dict of tensors by name, got int; see state_dict()"),
    (lambda: X + dl.ones(2, 4), "add: shapes (2,3) and (2,4) do not broadcast: 3 against 4 in dimension -1"),
    (lambda: X + "a", "add: needs a tensor or a number, got 'a'"),
    (lambda: X + np.ones((2, 3)), "add: needs a tensor or a number, got numpy.ndarray; convert it with dl.tensor(x)"),
    (lambda: np.ones((2, 3)) + X, "add: needs a tensor or a number, got numpy.ndarray; convert it with dl.tensor(x)"),
    (lambda: X @ dl.ones(4, 5), "matmul: shapes (2,3) and (4,5) do not match: the last size of a, 3, must equal"),
    (lambda: nn.Conv2d(3, 4, 3)(dl.ones(1, 1, 8, 8)), "conv2d: w expects 3 input channels (groups=1) but x has 1"),
    (lambda: F.cross_entropy(X, dl.tensor([0, 3])), "target[1] is 3 but there are 3 classes (0 to 2)"),
    (lambda: F.mse_loss(dl.ones(3, 1), dl.ones(3)), "drop input's last dimension with input.squeeze(-1)"),
    (lambda: nn.Embedding(5, 2)(dl.tensor([5])), "embedding: indices[0] is 5 but there are 5 rows (0 to 4)"),
    (
        lambda: X["a"],
        "index: needs ints, slices, None, ..., or integers or bools in a tensor, list or NumPy array; got str",
    ),
    (lambda: X[X], "index: needs integers or bools, got float32 of shape (2, 3); convert with .long()"),
    (lambda: X[[0, 2]], "index: index[1] is 2 but there are 2 elements in dimension 0 (-2 to 1); index=(2,)"),
    (lambda: X[[True]], "a mask of shape (1,) does not fit dimensions 0 to 0 of a tensor of shape (2, 3)"),
    (lambda: X.gather(1, dl.tensor([[3]])), "gather: index[0,0] is 3 but there are 3 elements in dimension 1 (0 to 2)"),
    (lambda: X.masked_fill(X, 0), "masked_fill: mask must be bool, got float32 of shape (2, 3); convert with .bool()"),
    (lambda: X.topk(4), "topk: k=4 but dimension 1 has 3 elements; x=(2,3)"),
    (lambda: dl.searchsorted(X, dl.ones(3, 1)), "needs values with as many rows; sorted=(2,3) values=(3,1)"),
    (lambda: X[5], "index 5 is out of range for dimension 0 of size 2"),
    (lambda: X.T.view(6), "cannot be viewed as (6,) without a copy; use reshape"),
    (lambda: X.item(), "item: needs a tensor of one element, got shape (2,3)"),
    (lambda: dl.relu(dl.tensor([1])), "relu: needs a float32 or float64 tensor, got int64 of shape (1,); convert with"),
    (lambda: dl.zeros(10**15), "out of memory: asked for 4000000000000000 bytes"),
    (lambda: dl.set_num_threads(1.5), "set_num_threads: needs a whole number, got 1.5"),
    (lambda: nn.LSTM(5, 4)(dl.ones(7, 3, 6)), "LSTM: the input's last size must be input_size=5, got (7, 3, 6)"),
    (
        lambda: nn.GRU(3, 4)(dl.ones(7, 2, 3), dl.ones(1, 3, 4)),
        "GRU: hx must be (1, 2, 4), got (1, 3, 4)",
    ),
    (
        lambda: F.scaled_dot_product_attention(X, dl.ones(4, 5), X),
        "scaled_dot_product_attention: query and key must have the same last size; query=(2, 3) key=(4, 5)",
    ),
    (lambda: nn.MultiheadAttention(8, 3), "num_heads must divide embed_dim, both positive; got 3 and 8"),
    (lambda: dl.stft(dl.ones(9), 16, center=False), "stft: 9 samples are fewer than a frame of n_fft=16"),
    (
        lambda: dl.ones(9).unfold(0, 3, 1).add_(1),
        "(expanded, or windows that overlap) cannot be written to",
    ),
    (lambda: X.cuda(), "keep tensors on the cpu"),
    (lambda: F.conv1d(X, dl.ones(4, 3)), "conv1d: needs x (N, C, L) or (C, L) and a weight of 3 dimensions; x=(2, 3)"),
    (lambda: nn.ConvTranspose2d(3, 4, 2)(dl.ones(1, 1, 8, 8)), "conv_transpose2d: w expects 3 input channels but x"),
    (lambda: F.pad(X, (3, 0), "reflect"), "adds at most 2 elements to dimension 1 of size 3, got (3, 0); x=(2, 3)"),
    (
        lambda: F.interpolate(dl.ones(1, 1, 2, 2), (0, 3)),
        "the output size must be positive, got (0,3) for x=",
    ),
    (lambda: F.interpolate(dl.ones(1, 2, 3), 4, mode="bilinear"), "got 'bilinear' and x=(1, 2, 3)"),
    (lambda: F.grid_sample(dl.ones(2, 1, 3, 3), dl.ones(1, 2, 2, 2)), "x=(2,1,3,3) grid=(1,2,2,2)"),
    (lambda: F.max_pool1d(dl.ones(1, 2, 3, 4), 2), "max_pool1d: needs rows (N, C, L) or (C, L), got x=(1, 2, 3, 4)"),
    (lambda: F.adaptive_max_pool2d(dl.ones(1, 1, 2, 2), 0), "adaptive_max_pool2d: output_size must be positive, got"),
    (lambda: F.pixel_shuffle(dl.ones(1, 6, 2, 2), 2), "pixel_shuffle: 2² must divide the 6 channels; x=(1, 6, 2, 2)"),
    (lambda: F.unfold(dl.ones(1, 1, 2, 2), 3), "unfold: the kernel (3, 3) with dilation (1, 1) does not fit the image"),
    (lambda: F.fold(dl.ones(1, 4, 3), 3, 2), "fold: an image (3, 3) has 2 × 2 windows (2, 2) but there are 3 columns"),
    (lambda: dl.optim.SGD([X], lr=-1), "SGD: lr must not be negative, got -1"),
    (lambda: dl.optim.Adam(X), "Adam: params must be a list of tensors or of dicts, got one tensor; write [tensor]"),
    (lambda: dl.optim.Adam([X], betas=(0.9, 1)), "Adam: betas are two numbers in [0, 1), got (0.9, 1)"),
    (lambda: dl.optim.RMSprop([X], form="rude"), 'RMSprop: form is "pytorch" or "ruder", got \'rude\''),
    (lambda: dl.optim.lr_scheduler.StepLR(X, 2), "StepLR: needs an optimizer, got Tensor"),
    (lambda: dl.optim.lr_scheduler.OneCycleLR(dl.optim.SGD([X]), 1.0), "OneCycleLR: needs total_steps, or epochs and"),
    (lambda: nn.utils.vector_to_parameters(X, [X]), "the parameters take a vector of 6 elements, got shape (2, 3)"),
    (lambda: nn.Linear(3, 2).to(dl.int64), "Linear.to: parameters need a floating dtype, got int64"),
    (lambda: nn.Sequential(nn.ReLU()).get_submodule("1"), "the model has no module '1'; it has 0"),
    (lambda: nn.ModuleList([3]), "ModuleList: entry 0 is a int; it must be a Module"),
    (
        lambda: nn.Linear(3, 2).load_state_dict({}),
        "load_state_dict: Linear does not fit; missing: bias; missing",
    ),
    (lambda: nn.Linear(3, 2).summary(), "summary: needs the model's inputs, as tensors or as shapes with the batch"),
    (lambda: X.retain_grad(), "retain_grad: this tensor does not need a gradient"),
    (lambda: dl.autograd.grad(X.sum(), X), "autograd.grad: input 0 of shape (2, 3) does not need a gradient"),
    (lambda: copy.deepcopy(X.clone().requires_grad_() * 2), "deepcopy: this tensor of shape (2, 3) is a result of ops"),
    (lambda: log_finite(), "check_finite: the result of log at test_messages.py:"),
]


def log_finite():
    with dl.autograd.check_finite():
        dl.log(X - 1)


KINDS = (ValueError, TypeError, IndexError, RuntimeError, MemoryError, AttributeError, ArithmeticError)


@pytest.mark.parametrize("act, text", MESSAGES, ids=[text[:40] for _, text in MESSAGES])
def test_a_mistake_explains_itself(act, text):
    if "cpu" in text and dl._C.has_cuda():
        pytest.skip("a backend is loaded")
    with pytest.raises(
        (ValueError, TypeError, IndexError, RuntimeError, MemoryError, AttributeError, ArithmeticError)
    ) as e:
        act()
    assert text in str(e.value) and "\n" not in str(e.value)


GOLDEN = [
    case.strip().split("\n    ")
    for case in (Path(__file__).parent / "golden_messages.txt").read_text().split("\n\n")
    if not case.startswith("#")
]
NAMES = {"dl": dl, "np": np, "nn": nn, "F": F, "optim": optim, "X": X, "IMG": dl.ones(1, 3, 8, 8)}
NAMES |= {"W": dl.ones(3, requires_grad=True), "U": dl.ones(1, dtype=dl.uint8)}


@pytest.mark.parametrize(("code", "text"), GOLDEN, ids=[code for code, _ in GOLDEN])
def test_golden(code, text):
    if "cpu" in text and dl._C.has_cuda():
        pytest.skip("a backend is loaded")
    with pytest.raises(Exception) as caught:
        eval(code, dict(NAMES))
    assert f"{caught.type.__name__}: {caught.value.args[0]}" == text


def test_there_are_a_hundred_and_each_is_one_line():
    assert len(GOLDEN) >= 100 and all(len(case) == 2 for case in GOLDEN)
