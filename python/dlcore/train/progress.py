"""What training shows: one table row an epoch and, in a terminal or a notebook, a bar under it.

Without either (a pipe, a log file) there are only the rows, each written at once. Predictions show nothing.
"""

import sys
from typing import Any, Self, TextIO

from .callback import Callback, Run


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
            self.title = ""  # a second fit on the same screen has its own, or none
        if batches and not self.quiet and (self.stream.isatty() or _in_notebook(self.stream)):
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
        texts = (_text(name, values[name]) if name in values else "" for name in self._columns)
        self.line("  ".join(f"{text:>{_width(name)}}" for name, text in zip(self._columns, texts, strict=True)))

    def line(self, text: str) -> None:
        """Any other line, above the bar."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=self.stream, flush=True)


class Watch(Callback):
    """Shows a fit in a `Progress`."""

    order = 90
    only_watches = True

    def __init__(self, show: Progress):
        self.show = show

    def on_train_begin(self, run: Run) -> None:
        validated = ("valid_loss", *run.learn.metric_names) if run.validates and run.learn.data.valid_dl else ()
        self.show.begin(run.epochs, run.batches, ("epoch", "train_loss", *validated, "time"))

    def on_batch_end(self, run: Run) -> None:
        self.show.batch(run.epoch + 1, run.smooth_loss)

    def on_epoch_end(self, run: Run) -> None:
        self.show.row(run.row)


def _in_notebook(stream: TextIO) -> bool:
    """Whether what is written to `stream` ends in a notebook's cell. IPython is only asked where it runs already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return stream is sys.stdout and type(shell).__name__ == "ZMQInteractiveShell"


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
    console = Console(force_jupyter=True) if _in_notebook(stream) else Console(file=stream)
    return Progress(*columns, console=console, transient=True)


def _width(name: str) -> int:
    return max(len(name), 6 if name in ("epoch", "step", "time") else 10)


def _text(name: str, value: float) -> str:
    if name in ("epoch", "step"):
        return str(int(value))
    if name == "time":
        minutes, seconds = divmod(round(value, 1), 60)
        return f"{int(minutes)}:{seconds:04.1f}"
    return f"{value:.6f}" if abs(value) < 1e6 else f"{value:.3g}"
