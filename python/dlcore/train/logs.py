"""Callbacks that write what the table shows: a CSV file, TensorBoard's event files."""

from __future__ import annotations

import csv
import io
import os
import struct
import time
from pathlib import Path
from typing import Any, BinaryIO

from dlcore.formats import atomic_write

from .callback import Callback, Run


class CSVLogger(Callback):
    """The table as path/NAME.csv, whole after each epoch; a resumed fit goes on with it. `read` gives it back.

    >>> from dlcore.train import CSVLogger
    >>> CSVLogger("history").name
    'history'
    """

    order = 30
    only_watches = True

    def __init__(self, name: str = "history"):
        self.name = name
        self.rows: list[dict[str, float]] = []

    def on_train_begin(self, run: Run) -> None:
        self.rows = []

    def on_epoch_end(self, run: Run) -> None:
        self.rows.append(run.row)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.rows[0]), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(self.rows)
        path = Path(run.learn.path) / f"{self.name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())

    def read(self, folder: str | os.PathLike) -> list[dict[str, float]]:
        """The rows in folder/NAME.csv, as numbers."""
        with open(Path(folder) / f"{self.name}.csv", newline="") as file:
            return [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rows = state["rows"]


class TensorBoard(Callback):
    """Writes learning rate, momentum and smoothed loss of every `every`-th batch and the table's numbers of each epoch
    into path/LOG_DIR, as an event file that TensorBoard shows; it needs no package."""

    order = 30
    only_watches = True

    def __init__(self, log_dir: str = "runs", every: int = 10):
        self.log_dir, self.every = log_dir, every
        self._file: BinaryIO | None = None

    def on_train_begin(self, run: Run) -> None:
        folder = Path(run.learn.path) / self.log_dir
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns():020d}.{os.getpid()}.dlcore"
        self._file = open(folder / name, "xb")
        self._write(_field(3, b"brain.Event:2"), 0)

    def on_batch_end(self, run: Run) -> None:
        if run.iteration % self.every == 0:
            opt = run.learn.opt
            values = {"lr": opt.lr, "mom": opt.mom, "train_loss": run.smooth_loss}
            self._scalars(
                {f"batch/{name}": value for name, value in values.items() if value is not None}, run.iteration
            )

    def on_epoch_end(self, run: Run) -> None:
        values = {name: value for name, value in run.row.items() if name not in ("epoch", "time")}
        self._scalars({f"epoch/{name}": value for name, value in values.items()}, run.epoch)
        if self._file:
            self._file.flush()

    def on_train_end(self, run: Run) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _scalars(self, values: dict[str, float], step: int) -> None:
        each = (_field(1, tag.encode()) + b"\x15" + struct.pack("<f", value) for tag, value in values.items())
        self._write(_field(5, b"".join(_field(1, value) for value in each)), step)

    def _write(self, content: bytes, step: int) -> None:
        """One TFRecord around one Event: its length and its content, each behind them a masked CRC-32C."""
        event = b"\x09" + struct.pack("<d", time.time()) + b"\x10" + _varint(step) + content
        length = struct.pack("<Q", len(event))
        if self._file:
            self._file.write(length + _masked(length) + event + _masked(event))


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # Castagnoli's polynomial, reflected
        table.append(value)
    return table


_CRC = _table()


def crc32c(data: bytes) -> int:
    """The CRC-32C of `data` (RFC 3720, appendix B.4).

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
