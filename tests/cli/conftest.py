"""A place where the command line can do no harm and find nothing: no cache, no network, an empty directory."""

import os
from pathlib import Path

import pytest

import dlcore as dl
from dlcore import cli
from tests.synthetic import write_mnist


@pytest.fixture(autouse=True)
def empty_world(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("DLCORE_HOME", str(tmp_path / "home"))
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_CONFIG_FILE", os.devnull), ("PIP_FIND_LINKS", "")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(Path(dl.__file__).parents[1]))  # what PYTHONPATH=python meant at the root


@pytest.fixture
def mnist_dir(tmp_path):
    """A folder with a small MNIST set: 200 digits to train, 50 to validate."""
    (tmp_path / "mnist").mkdir()
    return write_mnist(tmp_path / "mnist", 200, 50)


@pytest.fixture
def files():
    """A function that lists every file below the working directory."""
    return lambda: sorted(os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names)


@pytest.fixture
def run(capfd):
    """A function that runs the command line in this process: (exit code, stdout, stderr)."""

    def run(*args):
        code = cli.main([str(arg) for arg in args])
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def fails(run, files):
    """A function that makes a mistake at the command line and returns its one line; no file may appear."""

    def fails(*args):
        code, out, err = run(*args)
        assert code == 2, (code, out, err)
        lines = [line for line in err.splitlines() if not line.startswith("fetching ")]
        assert len(lines) == 1 and lines[0].startswith("dlcore: "), err
        assert "Traceback" not in out + err
        assert files() == []
        return lines[0].removeprefix("dlcore: ")

    return fails
