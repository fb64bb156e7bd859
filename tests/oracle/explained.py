"""Where dlcore answers a sample of PyTorch's op database in another way, and why: the reviewed list.

A pattern is looked for in "<dtype> <refused|differs>: <text>"; the first that fits explains.
"""

from __future__ import annotations

RANDOM = frozenset(  # another stream of random numbers, or memory as it is found: shapes and dtypes are compared
    "bernoulli empty empty_like rand_like randint randn randn_like "
    "nn.functional.dropout nn.functional.dropout2d".split()
)
_TIES = "equal elements: any order of their indices is right; ours is by position"
_FLOATS = "products, convolutions, pools, activations and losses take floats: integers are converted by the caller"
EVERYWHERE: tuple[tuple[str, str], ...] = (
    (r"(int64|bool) refused: .*(needs a float32 or float64|both must be float32|must both be float32)", _FLOATS),
    (
        r"refused: RuntimeError: in-place: this leaf",
        "a leaf that needs a gradient raises; the database clones",
    ),
)
EXPLAINED: dict[str, tuple[tuple[str, str], ...]] = {
    "argsort": ((r"bool differs: values", _TIES),),
    "add": ((r"bool refused: DTypeError: add: alpha must be 1", "bool + bool is or: nothing is scaled"),),
    "linspace": ((r"int64 differs: values", "rounded once from float64, where PyTorch steps in integers"),),
    "logspace": ((r"int64 differs: values", "rounded once from float64, where PyTorch steps in integers"),),
    "kthvalue": ((r"int64 differs: values", _TIES),),
    "nn.functional.grid_sample": (
        (r"x=\(\d+,\d+,\d+,\d+,\d+\)", "images have two dimensions; volumes are not offered"),
        (r"got 'bicubic'", "bilinear and nearest are what is offered"),
    ),
    "nn.functional.scaled_dot_product_attention": ((r"differs: values", "dropout draws from another stream"),),
    "norm": ((r"no gradient", "p = 0 counts what is not 0: constant but for jumps, where PyTorch gives zeros"),),
    "scatter": ((r"argument 'reduce'", "PyTorch has deprecated it for scatter_reduce; see scatter_add"),),
    "sort": ((r"bool differs: values", _TIES),),
    "stft": ((r"there is no complex dtype", "complex numbers are a last dimension of two"),),
    "topk": ((r"int64 differs: values", _TIES),),
    "unfold": ((r"dimension 0 of shape \(\)", "a number has no dimension to take windows from"),),
    "nn.functional.batch_norm": ((r"got x=\(0,\)", "one dimension has no channels: (N, C) is the least"),),
    "nn.functional.embedding": (
        (r"weight must be \(rows, width\)", "a table has two dimensions"),
        (r"weight must be float32 or float64", _FLOATS),
    ),
    "where": ((r"refused: DTypeError: where: the condition must be a bool", "a condition is bool; see .bool()"),),
    "sign": ((r"bool refused: DTypeError: sign", "a bool is its own sign"),),
}
