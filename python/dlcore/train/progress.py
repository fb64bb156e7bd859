"""What training shows: one table row an epoch and, in a terminal, a bar under it.

Without a terminal (a pipe, a log file) there are only the rows, each written at once.
"""

import sys
from typing import Any, Self, TextIO


class Progress:
    """The epoch table on `stream` (standard output by default); `quiet` shows nothing.

    Use it as a context manager: leaving it, also by an exception, removes the bar and gives the terminal back.
    """

    def __init__(self, stream: TextIO | None = None, quiet: bool = False):
        self.stream = stream or sys.stdout
        self.quiet = quiet
        self.title = ""
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def begin(self, epochs: int, batches: int, columns: tuple[str, ...]) -> None:
        """Print the title and the head of the table, and start the bar where there is a terminal and `batches`."""
        self._epochs, self._columns = epochs, columns
        if self.title:
            self.line(self.title)
        if batches and self.stream.isatty() and not self.quiet:
            self._bar = _bar(self.stream)
            self._task = self._bar.add_task("", total=epochs * batches, epoch="", loss="")
            self._bar.start()
        self.line("  ".join(f"{name:>{_width(name)}}" for name in columns))

    def batch(self, epoch: int, loss: float) -> None:
        """One batch is done."""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, epoch=f"{epoch}/{self._epochs}", loss=f"{loss:.6f}")

    def row(self, values: dict[str, float]) -> None:
        """One epoch is done."""
        self.line("  ".join(f"{_text(name, values[name]):>{_width(name)}}" for name in self._columns))

    def line(self, text: str) -> None:
        """Any other line, above the bar."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self.stream, flush=True)


def _bar(stream: TextIO) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeRemainingColumn(compact=True),
    )
    return Progress(*columns, console=Console(file=stream), transient=True)


def _width(name: str) -> int:
    return max(len(name), 6 if name in ("epoch", "step", "time") else 10)


def _text(name: str, value: float) -> str:
    if name in ("epoch", "step"):
        return str(int(value))
    if name == "time":
        minutes, seconds = divmod(round(value, 1), 60)
        return f"{int(minutes)}:{seconds:04.1f}"
    return f"{value:.6f}" if abs(value) < 1e6 else f"{value:.3g}"
