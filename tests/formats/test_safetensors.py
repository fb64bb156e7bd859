import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlcore as dl
from dlcore.formats import load, load_metadata, save


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])
def test_every_dtype_and_shape_comes_back(tmp_path, dtype):
    random = np.random.RandomState(0)
    arrays = {str(shape): (random.rand(*shape) * 9).astype(dtype) for shape in [(3, 5), (0, 4), (1,), (2, 3, 4, 5)]}
    arrays["scalar"] = np.array(3, dtype)
    save({name: dl.from_numpy(array) for name, array in arrays.items()}, tmp_path / "w")
    back = load(tmp_path / "w")
    assert set(back) == set(arrays)
    for name, array in arrays.items():
        assert back[name].numpy().dtype == array.dtype
        np.testing.assert_array_equal(back[name].numpy(), array)


def test_bfloat16_is_read_but_not_written(tmp_path):
    header = b'{"a":{"dtype":"BF16","shape":[2,1],"data_offsets":[0,4]}}'
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header + np.uint16([0x3FC0, 0xC000]).tobytes())
    back = load(tmp_path / "w")["a"]
    assert back.dtype == dl.bfloat16 and back.tolist() == [[1.5], [-2.0]]
    with pytest.raises(dl.DTypeError, match="no bfloat16; convert with .float()"):
        save({"a": back}, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_dtype_of_others_is_named(tmp_path):
    header = b'{"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}'
    (tmp_path / "w").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ValueError, match="a is of dtype I16, which dlcore does not have"):
        load(tmp_path / "w")


def test_strided_memory_is_stored_in_index_order(tmp_path):
    """Channels-last weights are the usual case: a copy of their memory as it lies would be a different tensor."""
    array = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    save({"t": array.transpose(2, 0, 1), "s": array[:, ::2]}, tmp_path / "w")
    back = load(tmp_path / "w")
    np.testing.assert_array_equal(back["t"].numpy(), array.transpose(2, 0, 1))
    np.testing.assert_array_equal(back["s"].numpy(), array[:, ::2])


def test_what_is_loaded_can_be_written_to_and_needs_no_gradient(tmp_path):
    save({"a": dl.tensor([1.0, 2.0], requires_grad=True)}, tmp_path / "w")
    back = load(tmp_path / "w")["a"]
    back.numpy()[0] = 5
    assert back.tolist() == [5.0, 2.0] and not back.requires_grad


def test_metadata(tmp_path):
    save({}, tmp_path / "w", {"b": [1, None], "a": {"π": 3.5}})
    assert load_metadata(tmp_path / "w") == {"b": [1, None], "a": {"π": 3.5}}
    save({"a": np.zeros(1)}, tmp_path / "w")
    assert load_metadata(tmp_path / "w") is None
    with pytest.raises(ValueError, match="JSON"):
        save({}, tmp_path / "x", {"loss": float("nan")})
    assert not (tmp_path / "x").exists()


def test_equal_models_give_equal_bytes_in_every_process(tmp_path):
    code = (
        "import sys, numpy as np\nfrom dlcore.formats import save\n"
        "save({n: np.ones(3) for n in 'abcdefgh'}, sys.argv[1], {n: n for n in 'abcdefgh'})\n"
    )
    contents = set()
    for i in range(3):
        path = tmp_path / str(i)
        subprocess.run([sys.executable, "-c", code, path], check=True, env={**os.environ, "PYTHONHASHSEED": str(i)})
        contents.add(path.read_bytes())
    assert len(contents) == 1


@given(st.data())
def test_a_damaged_file_is_a_value_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("w") / "w"
    save({"a": np.arange(6.0), "b": np.zeros(2, np.int32)}, path, {"x": 1})
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for read in (load, load_metadata):
        try:
            read(path)
        except ValueError as error:
            assert str(path) in str(error) or isinstance(error, dl.DTypeError)
        except dl.DTypeError:  # a dtype that safetensors knows and we do not
            pass


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        load_metadata(tmp_path / "none")
