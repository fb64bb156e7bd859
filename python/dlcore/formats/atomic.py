"""Files appear whole or not at all: temporary file beside the target, fsync, rename.

A rename inside one directory is atomic on POSIX, so a reader (or a crash, or a full disk) meets the old file or the
new one, never a mix. The directory is synced too: without that a power cut can forget the rename itself.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """Open `path` for writing bytes; it takes its place only when the block ends without an exception.

    Raises OSError as `open` does; whatever goes wrong, no temporary file stays behind and an old `path` is untouched.

    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_write(target) as file:
    ...     _ = file.write(b"whole")
    >>> target.read_bytes()
    b'whole'
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


def check_writable(directory: str | os.PathLike) -> None:
    """Raise OSError unless files can be made in `directory`, or in its nearest existing parent when it does not exist.

    Writes and removes one empty file, because permission bits alone do not know read-only mounts or the superuser.
    """
    directory = Path(directory).absolute()
    while not directory.exists():
        directory = directory.parent
    probe = directory / f".dlcore-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    with open(probe, "xb"):
        pass
    probe.unlink()


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":  # Windows cannot open a directory, and its rename is already durable
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
