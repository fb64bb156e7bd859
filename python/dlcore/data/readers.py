"""Readers of data files. They run no code from a file, open no other file, and never trust a size they read.

A header may declare at most `max_bytes`, and at most 1000 times the bytes that the file has on disk (deflate cannot
pack tighter than 1032:1, so an honest file stays below); anything beyond is refused before memory is asked for.
"""

import contextlib
import gzip
import math
import os
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from .errors import DataError

MAX_BYTES = 1 << 30  # 1 GiB; full MNIST is 47 MB
_MAX_RATIO = 1000
_GZIP_MAGIC = b"\x1f\x8b"
_IDX_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def open_folder(folder: str | Path, content: str) -> Path:
    """`folder` as a Path. Raises DataError unless it is there and can be listed."""
    try:
        os.scandir(folder).close()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder}: no such folder; --data names the folder that holds the {content}") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from None
    return Path(folder)


def hint(folder: Path, holds: Callable[[Path], object], best: str) -> str:
    """ "; did you mean" and the folders inside `folder` that `holds` accepts, the one called `best` before others."""
    near = []
    for below in sorted(folder.iterdir(), key=lambda path: (path.name != best, path.name)):
        with contextlib.suppress(OSError):  # one that may not be looked into
            if below.is_dir() and holds(below):
                near.append(f"--data {below}")
    return f"; did you mean {' or '.join(near[:3])}?" if near else ""


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of a file, unzipped when it begins like gzip (whatever its name says)."""
    limit = _limit(path, max_bytes)
    with _open(path) as file:
        data = _read(file, path, limit + 1)
    if len(data) > limit:
        raise DataError(f"{path}: unzips to more than {limit:,} bytes, which no honest file of its size does")
    return data


def read_idx(path: Path, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """An array in the idx format of the MNIST files, gzipped or not.

    Header: two zero bytes, a type code, the number of dimensions, then each dimension as big-endian uint32.
    """
    with _open(path) as file:
        head = _read(file, path, 4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _IDX_DTYPES or not 1 <= head[3] <= 4:
            begins = f"it begins with {head.hex(' ')}" if head else "it is empty"
            raise DataError(f"{path}: not an idx file: {begins}, where MNIST's begin with 00 00 08")
        lengths = _read(file, path, 4 * head[3])
        if len(lengths) < 4 * head[3]:
            raise DataError(f"{path}: truncated: the file ends inside its header")
        dims = np.frombuffer(lengths, ">u4").tolist()
        dtype = np.dtype(_IDX_DTYPES[head[2]])
        size = math.prod(dims) * dtype.itemsize
        shape = "×".join(map(str, dims))
        if size > _limit(path, max_bytes):
            raise DataError(f"{path}: damaged: its header declares {shape} values, too many for a file of its size")
        data = _read(file, path, size + 1)
    if len(data) != size:
        fault = "truncated" if len(data) < size else "too long"
        raise DataError(f"{path}: {fault}: its header declares {shape} values; the bytes that follow do not fit that")
    return np.frombuffer(bytearray(data), dtype).reshape(dims)  # a bytearray, so that the array can be written to


def read_table(path: Path, lines: list[str], dtype: np.dtype | type, *, delimiter: str, **options) -> np.ndarray:
    """Numbers from lines of text that all have as many columns as the first: `numpy.loadtxt` with its `options`."""
    while lines and not lines[-1].strip():
        lines.pop()
    skip = options.get("skiprows", 0)
    if len(lines) <= skip:
        raise DataError(f"{path}: holds no rows")
    columns = lines[0].count(delimiter) + 1
    for number, line in enumerate(lines, 1):
        if line.count(delimiter) + 1 != columns:
            raise DataError(
                f"{path}: malformed or truncated: line {number} has {line.count(delimiter) + 1} columns where the "
                f"first has {columns}"
            )
    try:
        return np.loadtxt(lines, dtype, delimiter=delimiter, comments=None, **options)
    except ValueError as error:  # "could not convert string 'x' to int64 at row 1, column 2.", rows from 0
        fault = re.sub(r"row (\d+)", lambda m: f"line {int(m[1]) + skip + 1}", str(error).rstrip("."))
        raise DataError(f"{path}: malformed: {fault}") from None


def read_lines(path: Path, data: bytes | None = None) -> list[str]:
    """The lines of a UTF-8 text file, gzipped or not (or of `data`, which came out of `path`)."""
    try:
        return (read_bytes(path) if data is None else data).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file (byte {error.start})") from None


def read_tar_member(path: Path, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """The content of the first plain file called `name`, in any folder of a tar archive. Unpacks nothing to disk."""
    limit = _limit(path, max_bytes)
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                if member.isfile() and member.name.rsplit("/", 1)[-1] == name:
                    if member.size > limit:
                        raise DataError(f"{path}: damaged: declares {member.size:,} bytes for {name}")
                    file = archive.extractfile(member)
                    return b"" if file is None else file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: truncated or damaged ({str(error).splitlines()[0].rstrip(':')})") from None
    raise DataError(f"{path}: holds no file {name}")


def _open(path: Path) -> IO[bytes]:
    try:
        file = open(path, "rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    zipped = file.read(2) == _GZIP_MAGIC
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if zipped else file  # type: ignore[return-value]


def _read(file: IO[bytes], path: Path, size: int) -> bytes:
    """At most `size` bytes of `file`."""
    try:
        return file.read(size)
    except EOFError:
        raise DataError(f"{path}: truncated: the file ends in the middle of its gzip data") from None
    except (zlib.error, OSError) as error:  # BadGzipFile is an OSError
        raise DataError(f"{path}: damaged gzip data ({error})") from None


def _limit(path: Path, max_bytes: int) -> int:
    """The most bytes that the file may declare, or unzip to."""
    try:
        return min(max_bytes, _MAX_RATIO * path.stat().st_size)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
