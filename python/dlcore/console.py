"""Text for people: streams that do not fail half-way through a run, and names that stay on one line."""

import contextlib
import errno
import io
import os
from collections.abc import Callable
from typing import Any, TextIO


class ReaderGone(Exception):
    """The other end of a pipe was closed. Not an OSError: typer ends the process at one that says EPIPE."""


class Output(io.TextIOBase):
    """A text stream over `stream`, which may be None: Python's way to say that it was closed from the start.

    What the stream cannot encode is written as "?". The first write that fails is kept as `fault` and the rest is
    dropped, so that a full disk costs the log and not the training. Where `stops`, a reader that went away raises
    ReaderGone all the same: nobody waits for the result of `dlcore train … | head -1`.
    """

    def __init__(self, stream: TextIO | None, stops: bool = False):
        self._stream, self._stops = stream, stops
        self.fault = None if stream is not None else OSError(errno.EBADF, "it is closed")

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._stream, "encoding", None) or "utf-8"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        return super().fileno() if self._stream is None else self._stream.fileno()

    def write(self, text: str) -> int:
        self._try(lambda stream: stream.write(text.encode(self.encoding, "replace").decode(self.encoding)))
        return len(text)

    def flush(self) -> None:
        self._try(lambda stream: stream.flush())

    def abandon(self) -> None:
        """Send what is still buffered to nowhere, so that Python's exit does not try it again."""
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())

    def _try(self, action: Callable[[Any], Any]) -> None:
        if self.fault is None:
            try:
                action(self._stream)
            except OSError as fault:
                self.fault = fault
                if self._stops and isinstance(fault, BrokenPipeError):
                    raise ReaderGone from None


def printable(text: object) -> str:
    r"""`str(text)` with what cannot be printed, line breaks too, as escapes; a byte that is not UTF-8 as its number.

    >>> printable("bad\nname"), printable(b"caf\xe9".decode(errors="surrogateescape"))
    ('bad\\nname', 'caf\\xe9')
    """
    return "".join(c if c.isprintable() else _escape(c) for c in str(text))


def _escape(c: str) -> str:
    return f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else repr(c)[1:-1]
