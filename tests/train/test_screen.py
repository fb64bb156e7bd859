"""The epoch table as a terminal shows it, rendered to a file that can be looked at."""

import io

import pytest

from dlcore.train import Progress, accuracy, error_rate

from .common import bunch, learner
from .test_progress import Terminal


def test_the_epoch_table_in_a_terminal(monkeypatch, tmp_path):
    """Every frame goes through rich's own terminal into an SVG; the last one is the table alone."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")
    stream = Terminal()
    learn = learner(bunch(400), metrics=[accuracy, error_rate], show=Progress(stream))
    learn.fit_one_cycle(3, 1e-2)
    from rich.console import Console
    from rich.text import Text

    shown = stream.getvalue()
    bars = [line for line in shown.replace("\r", "\n").split("\n") if "epoch " in line and "/75" in line]
    assert bars
    console = Console(record=True, width=90, file=io.StringIO())
    for line in [*_rows(shown), Text.from_ansi(bars[-1]).plain]:
        console.print(line, highlight=False, markup=False)
    console.save_svg(str(tmp_path / "table.svg"), title="learn.fit_one_cycle(3, 1e-2)")
    rows = _rows(shown)
    assert [row.split()[0] for row in rows] == ["epoch", "1", "2", "3"]
    assert rows[0].split() == ["epoch", "train_loss", "valid_loss", "accuracy", "error_rate", "time"]
    assert len({len(row) for row in rows}) == 1  # columns stand under their names


def _rows(text):
    from rich.text import Text

    plain = [Text.from_ansi(line).plain.rstrip() for line in text.replace("\r", "\n").split("\n")]
    return [line for line in plain if line[:6].strip() in ("epoch", "1", "2", "3") and "/" not in line]


def test_one_plain_line_an_epoch_elsewhere_and_none_for_predictions(capsys):
    learn = learner(bunch(), show=Progress())
    learn.fit(2)
    assert len(capsys.readouterr().out.splitlines()) == 3
    learn.get_preds()
    learn.validate()
    learn.predict(learn.data.valid_ds[0][0])
    learn.lr_find(num_it=5)
    assert capsys.readouterr() == ("", "")


def test_a_notebook_gets_the_bar(monkeypatch):
    """Where IPython runs in a kernel; asked of the modules that are there already, so nothing is imported for it."""
    import sys
    import types

    from dlcore.train import progress

    assert not progress._in_notebook(sys.stdout)
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert progress._in_notebook(sys.stdout) and not progress._in_notebook(io.StringIO())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert not progress._in_notebook(sys.stdout)


@pytest.mark.parametrize("module", ["dlcore", "dlcore.train"])
def test_imports_stay_light(module):
    import subprocess
    import sys

    code = f"import sys, {module}; print([m for m in ('matplotlib', 'rich', 'pandas', 'torch') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
