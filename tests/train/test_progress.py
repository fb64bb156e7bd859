import io
import re

import pytest

from dlcore.train import Progress

COLUMNS = ("epoch", "train_loss", "valid_loss", "accuracy", "time")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def show(stream, **options):
    with Progress(stream, **options) as progress:
        progress.begin(2, 3, COLUMNS)
        for epoch in (1, 2):
            for _ in range(3):
                progress.batch(epoch, 0.5)
            progress.row({"epoch": epoch, "train_loss": 0.5, "valid_loss": 0.25, "accuracy": 0.9876, "time": 59.97})


def test_plain_lines_without_a_terminal():
    stream = io.StringIO()
    show(stream)
    assert stream.getvalue() == (
        " epoch  train_loss  valid_loss    accuracy    time\n"
        "     1    0.500000    0.250000    0.987600  1:00.0\n"
        "     2    0.500000    0.250000    0.987600  1:00.0\n"
    )


def test_a_bar_in_a_terminal_that_leaves_only_the_table(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    show(stream)
    text = stream.getvalue()
    assert "\x1b[?25l" in text and text.rstrip().endswith("\x1b[2K") or "\x1b[?25h" in text  # the cursor comes back
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert "epoch 2/2" in plain and "6/6" in plain and "loss 0.500000" in plain
    assert plain.count("accuracy") == 1 and "     2    0.500000    0.250000    0.987600  1:00.0" in plain


def test_an_exception_gives_the_terminal_back(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), Progress(stream) as progress:
        progress.begin(2, 3, COLUMNS)
        raise KeyboardInterrupt
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1


def test_no_bar_where_there_is_nothing_to_count():
    stream = Terminal()
    with Progress(stream) as progress:
        progress.begin(100, 0, ("step", "mse"))
        progress.row({"step": 10, "mse": 2.8e25})
        progress.row({"step": 20, "mse": float("nan")})
    assert stream.getvalue() == "  step         mse\n    10     2.8e+25\n    20         nan\n"


def test_quiet(capsys):
    show(None, quiet=True)
    assert capsys.readouterr() == ("", "")
