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
    temporary = _temporary(path)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


def check_writable(path: str | os.PathLike) -> None:
    """Raise OSError unless `path` can be written by `atomic_write`, its missing directories made first.

    Makes and removes one empty file in the nearest directory that is there, because permission bits alone do not know
    read-only mounts or the superuser. A link that leads nowhere is there: making a file below it fails, as it should.
    """
    path = Path(path)
    temporary, folder = _temporary(path), path.parent
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder.name)
        folder = folder.parent
    for probe in (temporary, *(folder / name for name in missing)):
        with contextlib.suppress(FileNotFoundError):
            os.lstat(probe)  # a name, or a whole path, that is too long for the file system
    probe = folder / temporary.name
    with open(probe, "xb"):
        pass
    probe.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":  # Windows cannot open a directory, and its rename is already durable
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
