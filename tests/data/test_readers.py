import gzip
import io
import struct
import tarfile
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcore.data import DataError
from dlcore.data.readers import read_bytes, read_idx, read_lines, read_table, read_tar_member
from tests.synthetic import idx_bytes


def write(folder, data, name="file"):
    (folder / name).write_bytes(data)
    return folder / name


def fault(call, *args, **options):
    """The message of the DataError that `call` raises: one line that begins with the file's path."""
    with pytest.raises(DataError) as info:
        call(*args, **options)
    message = str(info.value)
    assert message.startswith(f"{args[0]}: ") and "\n" not in message
    return message.removeprefix(f"{args[0]}: ")


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(7,), (0,), (2, 3), (3, 4, 5), (2, 1, 3, 2)])
def test_idx_arrays_come_back(tmp_path, dtype, shape, zipped):
    array = (np.random.RandomState(0).rand(*shape) * 100).astype(dtype)
    data = idx_bytes(array)
    back = read_idx(write(tmp_path, gzip.compress(data) if zipped else data))
    assert back.shape == shape and back.dtype.newbyteorder("=") == array.dtype
    np.testing.assert_array_equal(back, array)


def test_idx_faults(tmp_path):
    good = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    assert "cannot be read (No such file" in fault(read_idx, tmp_path / "none")
    assert "cannot be read (Is a directory)" in fault(read_idx, tmp_path)
    assert "it is empty" in fault(read_idx, write(tmp_path, b""))
    assert "it begins with 50 4b 03 04" in fault(read_idx, write(tmp_path, b"PK\x03\x04" + good))
    assert "not an idx file" in fault(read_idx, write(tmp_path, b"\0\0\x07\x01" + good[4:]))
    assert "not an idx file" in fault(read_idx, write(tmp_path, b"\0\0\x08\x09" + good[4:]))
    assert "truncated: its header declares 2×3×4" in fault(read_idx, write(tmp_path, good[:-1]))
    assert "truncated" in fault(read_idx, write(tmp_path, good[:9]))
    assert "too long: its header declares 2×3×4" in fault(read_idx, write(tmp_path, good + b"\0"))


def test_zipped_faults(tmp_path):
    zipped = gzip.compress(idx_bytes(np.random.RandomState(0).randint(0, 255, (50, 20), np.int32).astype(np.uint8)))
    assert "ends in the middle of its gzip data" in fault(read_idx, write(tmp_path, zipped[:-20]))
    assert "ends in the middle of its gzip data" in fault(read_idx, write(tmp_path, zipped[:12]))
    damaged = bytearray(zipped)
    damaged[-6] ^= 1  # in the checksum
    assert "damaged gzip data" in fault(read_bytes, write(tmp_path, bytes(damaged)))
    damaged = bytearray(zipped)
    damaged[10:14] = b"\xff\xff\xff\xff"  # not a block of deflate
    assert "damaged gzip data" in fault(read_idx, write(tmp_path, bytes(damaged)))


@pytest.mark.parametrize("dims", [(2**31, 2**31), (2**32 - 1,) * 4, (60_000, 28, 28)])
def test_a_header_cannot_make_us_allocate(tmp_path, dims):
    path = write(tmp_path, struct.pack(f">BBBB{len(dims)}I", 0, 0, 8, len(dims), *dims) + b"x" * 100)
    tracemalloc.start()
    message = fault(read_idx, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "too many for a file of its size" in message and peak < 2**20


def test_a_bomb_is_refused(tmp_path):
    bomb = gzip.compress(gzip.compress(b"\0" * 10**8))  # 100 MB in 400 bytes: read_bytes unzips one layer
    inner = write(tmp_path, gzip.decompress(bomb))
    assert "unzips to more than" in fault(read_bytes, inner, max_bytes=10**6)
    header = struct.pack(">BBBBI", 0, 0, 8, 1, 10**8)
    path = write(tmp_path, gzip.compress(header + b"\0" * 10**8))
    assert "too many for a file of its size" in fault(read_idx, path, max_bytes=10**7)


@given(st.data())
def test_any_bytes_give_an_array_or_a_data_error(tmp_path_factory, data):
    good = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    raw = bytearray(data.draw(st.sampled_from([good, gzip.compress(good)])))
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))] + data.draw(st.binary(max_size=8))
    path = write(tmp_path_factory.mktemp("f"), bytes(raw))
    try:
        assert isinstance(read_idx(path), np.ndarray)
    except DataError as error:
        assert str(error).startswith(str(path))


def table(path, text, dtype=np.int64, **options):
    return read_table(path, text.split("\n"), dtype, delimiter=",", ndmin=2, **options)


def test_tables(tmp_path):
    np.testing.assert_array_equal(table(tmp_path, "1,2\n3,4\n"), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(table(tmp_path, "a,b\r\n3,4\r\n\r\n", skiprows=1), [[3, 4]])
    lines = read_lines(write(tmp_path, gzip.compress(b"\xef\xbb\xbf1,2\n")))
    assert lines == ["1,2", ""]


def test_table_faults(tmp_path):
    assert fault(table, tmp_path, "") == "holds no rows"
    assert fault(table, tmp_path, "a,b\n\n", skiprows=1) == "holds no rows"
    assert "line 3 has 1 columns where the first has 2" in fault(table, tmp_path, "1,2\n3,4\n5\n")
    assert "line 2 has 1 columns" in fault(table, tmp_path, "1,2\n\n3,4")
    assert "could not convert string 'x' to int64 at line 2, column 2" in fault(table, tmp_path, "1,2\n3,x\n")
    assert "at line 3, column 1" in fault(table, tmp_path, "a,b\n1,2\n,3\n", skiprows=1)
    assert "'300' to uint8" in fault(table, tmp_path, "1,300", np.uint8)
    assert "'99999999999999999999'" in fault(table, tmp_path, "1,99999999999999999999")
    assert "not a text file (byte 2)" in fault(read_lines, write(tmp_path, b"1,\xff\xfe"))


@given(st.text('0123456789,.-e\n\r\0x"# ', max_size=60))
def test_any_text_gives_a_table_or_a_data_error(text):
    try:
        assert isinstance(table("file", text), np.ndarray)
    except DataError as error:
        assert str(error).startswith("file: ")


def tar_bytes(members, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def member(name, size, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def test_tar_members(tmp_path):
    for mode in ("w:gz", "w"):
        data = tar_bytes([(member("other", 2), b"no"), (member("deep/down/x.inter", 5), b"hello")], mode)
        assert read_tar_member(write(tmp_path, data), "x.inter") == b"hello"


def test_tar_faults(tmp_path):
    plain = tar_bytes([(member("x", 2000), b"h" * 2000)], "w")
    assert "holds no file y" in fault(read_tar_member, write(tmp_path, plain), "y")
    assert "truncated or damaged" in fault(read_tar_member, write(tmp_path, plain[:1000]), "x")
    zipped = tar_bytes([(member("x", 9000), np.random.RandomState(0).bytes(9000))])
    assert "truncated or damaged" in fault(read_tar_member, write(tmp_path, zipped[:5000]), "x")
    assert "truncated or damaged" in fault(read_tar_member, write(tmp_path, b"not a tar"), "x")
    assert "cannot be read" in fault(read_tar_member, tmp_path / "none", "x")
    huge = member("x", 2**40).tobuf() + b"\0" * 1024
    assert "declares 1,099,511,627,776 bytes" in fault(read_tar_member, write(tmp_path, huge), "x")
    link = tar_bytes([(member("x", 0, tarfile.SYMTYPE, "/etc/passwd"), b"")], "w")
    assert "holds no file x" in fault(read_tar_member, write(tmp_path, link), "x")
