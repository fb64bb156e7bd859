import math

import numpy as np
import pytest

import dlcore as dl
from dlcore.formats import save
from dlcore.train.tree import read, write


def plain(tree):
    """With tensors as (dtype, shape, values), so that == looks into them."""
    if isinstance(tree, dict):
        return {k: plain(v) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(map(plain, tree))
    if isinstance(tree, dl.Tensor | np.ndarray):
        return type(tree).__name__, str(tree.dtype), tuple(tree.shape), tree.tolist()
    return "nan" if isinstance(tree, float) and math.isnan(tree) else tree


def test_a_tree_comes_back_as_it_was(tmp_path):
    tree = {
        "numbers": [1, 0.1, 1e-300, True, None, "text", math.inf, -math.inf, math.nan],
        "pair": (1, (2.5, [])),
        "state": {0: {"step": 3, "m": dl.tensor([[1.0, 2.0]])}, 1: {}},
        "$odd": 1,
        "arrays": [np.arange(3), np.array([], "f8"), np.float32(2), np.array(5.0)],
        "half": dl.tensor([1.0, -3.5]).bfloat16(),
        "a": {"b": dl.tensor([1.0])},
        "a.b": dl.tensor([2]),
        "scalar": dl.tensor(7, dtype=dl.int64),
    }
    write(tmp_path / "t", tree)
    got = read(tmp_path / "t")
    tree["arrays"][2] = 2.0
    assert plain(got) == plain(tree)
    assert got["half"].dtype == dl.bfloat16


def test_what_it_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="cannot hold callbacks.0.f: function"):
        write(tmp_path / "t", {"callbacks": [{"f": plain}]})
    assert not (tmp_path / "t").exists()


def test_other_files_are_refused(tmp_path):
    save({"w": dl.zeros(2)}, tmp_path / "weights")
    with pytest.raises(ValueError, match="not one that dlcore.train wrote"):
        read(tmp_path / "weights")
    save({"w": dl.zeros(2)}, tmp_path / "broken", {"tree": {"w": {"$tensor": "gone"}, "x": {"$run": "code"}}})
    with pytest.raises(ValueError, match="damaged"):
        read(tmp_path / "broken")
    (tmp_path / "noise").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ValueError, match="not a safetensors file"):
        read(tmp_path / "noise")
    text = b'{"__metadata__":{"dlcore":"{\\"tree\\":' + b"[" * 100_000 + b"]" * 100_000 + b'}"}}'
    (tmp_path / "deep").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match="nested without end|not a safetensors file"):
        read(tmp_path / "deep")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "absent")
